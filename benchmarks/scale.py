"""Ten times the cases: how much more time, and how much memory."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import Result, cpu_ratios, interleaved
from benchmarks.projects import FTGATE, WITHOUT, recorded


def run(*, quick: bool) -> list[Result]:
    """Measure 1,000 against 10,000 cases (quick: 200 against 2,000)."""
    few, rounds = (200, 1) if quick else (1000, 3)
    many = 10 * few
    with tempfile.TemporaryDirectory() as directory:
        small = recorded(Path(directory) / "small", few)
        large = recorded(Path(directory) / "large", many)
        costs = interleaved(
            {
                "small": partial(small.pytest, "test_eval.py", *FTGATE),
                "large": partial(large.pytest, "test_eval.py", *FTGATE),
                "mock": partial(large.pytest, "test_plain.py", *WITHOUT),
                "replayed": partial(large.pytest, "test_replayed.py", *WITHOUT),
            },
            rounds,
        )
    return [
        Result(
            f"{many:,} eval tests / {few:,} eval tests",
            cpu_ratios(costs["large"], costs["small"]),
            at_most=10.5,
        ),
        Result(
            f"{many:,} tests: eval tests / MockTransport",
            cpu_ratios(costs["large"], costs["mock"]),
        ),
        Result(
            f"{many:,} tests: replay alone / MockTransport",
            cpu_ratios(costs["replayed"], costs["mock"]),
        ),
        Result(
            f"{many:,} eval tests: peak memory",
            tuple(cost.peak_mb for cost in costs["large"]),
            "MB",
            at_most=250,
        ),
    ]
