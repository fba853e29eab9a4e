"""The verdict on a long ladder: 15 variants, 10,000 cases, 5 KPIs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.histories import SUITE, outcomes, run_of
from benchmarks.measure import Result
from pytest_ftgate.verdicts.ladder import Ladder, assemble

if TYPE_CHECKING:
    from pytest_ftgate.model import Run

KPIS = ("fields", "id", "name", "tone", "queue")
VARIANTS = 15


def run(*, quick: bool) -> list[Result]:
    """Time the assembly of the history and five verdicts on it (quick: 2,000 cases)."""
    cases, rounds = (2_000, 1) if quick else (10_000, 5)
    made = _ladder(cases)
    samples = tuple(_time(made) for _ in range(rounds))
    name = f"{VARIANTS} variants x {cases:,} cases x {len(KPIS)} KPIs: CPU time"
    return [Result(name, samples, "s", at_most=2.0)]


def _ladder(cases: int) -> Run:
    rng = np.random.default_rng(0)
    means = np.linspace(0.6, 0.85, VARIANTS).tolist()
    return run_of({kpi: outcomes(rng, cases, means) for kpi in KPIS})


def _time(made: Run) -> float:
    started = time.process_time()
    ladder = Ladder(assemble([made], SUITE))
    for kpi in KPIS:
        ladder.judge(kpi)
    return time.process_time() - started
