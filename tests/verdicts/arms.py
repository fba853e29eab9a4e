"""Two arms of a comparison for tests: outcomes by case and trial, as a run and a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pytest_ftgate.model import (
    Baseline,
    BaselineHeader,
    Gate,
    KpiResult,
    Observation,
    Record,
    Rules,
    Run,
    SliceResult,
    SuiteResult,
    Verdict,
)
from pytest_ftgate.verdicts.decide import decide
from tests.runs.making import COMPONENT_HASHES, end_of, manifest_of, plan_of, scored
from tests.verdicts.checked import check_document

Outcomes = Sequence[float | Sequence[float]]

ECHO = Gate(kpi="echo", max_drop=0.02)


def echo(value: float) -> Observation:
    held = value == 1
    reason = "" if held else "no echo"
    return Observation(check="echo", kind="text", value=value, passed=held, reason=reason)


def records(outcomes: Outcomes, **changes: Any) -> tuple[Record, ...]:
    """A record for each case ``c0, c1, ...`` and trial, its check ``echo`` 1 or 0."""
    made = []
    for number, value in enumerate(outcomes):
        trials = value if isinstance(value, Sequence) else [value]
        made += [
            scored(f"c{number}", echo(each), trial=trial, **changes)
            for trial, each in enumerate(trials)
        ]
    return tuple(made)


def paired(a: int, b: int, c: int, d: int) -> tuple[list[float], list[float]]:
    """The baseline's and the run's outcomes with these cells of passes and misses."""
    return [1.0] * (a + b) + [0.0] * (c + d), [1.0] * a + [0.0] * b + [1.0] * c + [0.0] * d


def baseline(found: Sequence[Record], **header: Any) -> Baseline:
    facts: dict[str, Any] = {
        "suite": "triage",
        "run": "r0",
        "variant": "v0",
        "models": ("gpt-4.1-mini",),
        "components": COMPONENT_HASHES,
    }
    return Baseline(header=BaselineHeader(**{**facts, **header}), records=tuple(found))


def run_of(
    found: Sequence[Record],
    *,
    gates: Sequence[Gate] = (ECHO,),
    rules: Rules | None = None,
    **plan: Any,
) -> Run:
    trials = 1 + max((record.trial for record in found), default=0)
    made = plan_of(*found, gates=tuple(gates), trials=trials, **{"primary_kpi": "echo", **plan})
    manifest = manifest_of(made, rules=rules or Rules())
    return Run(manifest=manifest, records=tuple(found), end=end_of(len(found)))


def judged(
    run: Run,
    against: Baseline | Sequence[Record],
    *,
    anchors: Mapping[str, Baseline] | None = None,
    **options: Any,
) -> Verdict:
    """The verdict against a baseline; the document it makes is checked."""
    found = against if isinstance(against, Baseline) else baseline(against)
    verdict = decide(run, baselines={"triage": found}, anchors=anchors or {}, **options)
    check_document(verdict)
    return verdict


def compared(before: Outcomes, now: Outcomes, **options: Any) -> SuiteResult:
    """The suite's result with these outcomes of the check ``echo``."""
    (suite,) = judged(run_of(records(now), **options), records(before)).suites
    return suite


def gate(suite: SuiteResult, name: str = "echo") -> tuple[str, str]:
    found = {each.name: each for each in suite.gates}
    assert name in found, f"{name} is not among {', '.join(found)}"
    return found[name].verdict, found[name].reason


def kpi(suite: SuiteResult, name: str = "echo") -> KpiResult:
    found = {each.name: each for each in suite.kpis}
    assert name in found, f"{name} is not among {', '.join(found)}"
    return found[name]


def slice_of(suite: SuiteResult, name: str, kpi_name: str = "echo") -> SliceResult:
    found = {(each.slice, each.kpi): each for each in suite.slices}
    return found[name, kpi_name]


def tagged(found: Sequence[Record], tags: Sequence[str], cases: set[str]) -> list[Record]:
    return [
        replace(record, tags=tuple(tags)) if record.case in cases else record for record in found
    ]
