"""Where each key of the configuration belongs, for those that stand elsewhere."""

from __future__ import annotations

SETTINGS = (
    "record", "split", "holdout", "trials", "limit", "seed", "shard", "concurrency", "baseline",
    "baseline_ref", "missing_baseline", "json", "markdown", "html", "gate", "store", "cassettes",
    "baselines", "max_errors", "on_partial", "on_inconclusive", "outputs", "passthrough_hosts",
    "keep_request_ids", "confirm", "junit_properties",
)  # fmt: skip
"""The keys of ``[tool.ftgate]`` in pyproject.toml that are no keys of an experiment as well."""

TOP = ("suite", "primary_kpi", "current")
VARIANT = ("name", "parent", "change")
SHARED = (
    "kind", "provider", "api", "base_url", "model", "params", "prompt", "examples", "shots",
    "schema", "constrain", "tools", "retrieval", "retries",
)  # fmt: skip
PARAMS = ("temperature", "max_tokens", "max_completion_tokens", "top_p", "stop", "seed")
GATE = ("min", "max", "mode", "max_drop", "alpha", "protect_slices")
SATURATION = ("window", "margin", "calls_per_month")
MARKER = ("dataset", "experiment", "task", "must_pass")

HOMES = {
    **dict.fromkeys(SETTINGS, "Put it below [tool.ftgate] of pyproject.toml"),
    **dict.fromkeys(MARKER, "It is an argument of the test's marker, llm_eval(...)"),
    **dict.fromkeys(TOP, "Put it at the top of the file, above the first [table]"),
    **dict.fromkeys(SHARED, "Put it below [defaults] or into a [[variant]]"),
    **dict.fromkeys(VARIANT, "Put it into a [[variant]]"),
    **dict.fromkeys(GATE, "Put it below the [kpi.NAME] that it speaks of"),
    **dict.fromkeys(SATURATION, "Put it below [saturation]"),
}
"""What to do with a key that an experiment has in the wrong place."""

EXPERIMENT = frozenset(
    (*TOP, *SHARED, *VARIANT, *GATE, *SATURATION, "defaults", "kpi", "prices", "saturation")
)
"""The keys that an experiment.toml has and ``[tool.ftgate]`` has not."""
