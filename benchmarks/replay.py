"""What replay, grading, records, gates and summary cost over the same tests without the plugin."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import Result, cpu_ratios, interleaved
from benchmarks.projects import FTGATE, RECORDING, WITHOUT, recorded


def run(*, quick: bool) -> list[Result]:
    """Measure with 1,000 tests (quick: 200)."""
    count, rounds = (200, 3) if quick else (1000, 7)
    with tempfile.TemporaryDirectory() as directory:
        project = recorded(Path(directory) / "project", count, yaml=True)
        start = project.pytest
        costs = interleaved(
            {
                "mock": partial(start, "test_plain.py", *WITHOUT),
                "eval": partial(start, "test_eval.py", *FTGATE),
                "prompted": partial(start, "test_prompted.py", *FTGATE),
                "replayed": partial(start, "test_replayed.py", *WITHOUT),
                "own client": partial(start, "test_client_per_test.py", *FTGATE),
                "yaml": partial(start, "test_yaml.py", *RECORDING, "--record-mode=none"),
                "empty": partial(start, "test_empty.py", *WITHOUT),
            },
            rounds,
        )
    mock = costs["mock"]
    title = f"{count:,} tests"
    return [
        Result(f"{title}: MockTransport, no plugin", tuple(c.cpu_s for c in mock), "s CPU"),
        Result(
            f"{title}: eval tests / MockTransport", cpu_ratios(costs["eval"], mock), at_most=1.25
        ),
        Result(
            f"{title}: eval tests that render a prompt / MockTransport",
            cpu_ratios(costs["prompted"], mock),
        ),
        Result(
            f"{title}: replay alone / MockTransport",
            cpu_ratios(costs["replayed"], mock),
            at_most=1.10,
        ),
        Result(f"{title}: pytest-recording / MockTransport", cpu_ratios(costs["yaml"], mock)),
        Result(f"{title}: empty tests / MockTransport", cpu_ratios(costs["empty"], mock)),
        Result(
            f"{title}: a client per test / a shared one",
            cpu_ratios(costs["own client"], costs["eval"]),
            at_most=1.3,
        ),
    ]
