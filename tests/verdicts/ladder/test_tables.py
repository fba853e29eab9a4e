"""Weights, strata, clusters and trials of cases reach the statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Record, Run
from pytest_ftgate.stats import saturation
from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.paired import Estimate
from tests.runs.making import held, missed, scored
from tests.verdicts.ladder.making import SUITE, chain, judged, records_of, run_with, simulated

CASES, COUNT = 60, 12
SCORES = simulated(np.random.default_rng(12), CASES, np.linspace(0.5, 0.8, COUNT).tolist())
WEIGHTS = np.arange(CASES) % 3 + 1.0
STRATA = np.array(["easy", "hard", "typical"])[np.arange(CASES) % 3]
CLUSTERS = [None if case % 4 else f"k{case // 8}" for case in range(CASES)]


def run(**values: Any) -> Run:
    """A ladder whose cases have these fields, a value a case."""
    parts = []
    for fact, row in zip(chain(COUNT), SCORES, strict=True):
        records = records_of(fact["variant"], row)
        parts.append(
            (
                fact,
                [
                    replace(record, **{name: given[at] for name, given in values.items()})
                    for at, record in enumerate(records)
                ],
            )
        )
    return run_with(*parts)


def same(found: Any, wanted: Estimate | None) -> None:
    assert wanted is not None
    assert (found.gain, found.low, found.high) == pytest.approx(
        (wanted.delta, wanted.low, wanted.high)
    )


@pytest.mark.parametrize(
    ("values", "design"),
    [
        ({}, Design.of(CASES)),
        ({"weight": WEIGHTS.tolist()}, Design.of(CASES, weights=WEIGHTS)),
        ({"stratum": STRATA.tolist()}, Design.of(CASES, strata=STRATA)),
        ({"cluster": CLUSTERS}, Design.of(CASES, clusters=CLUSTERS)),
    ],
)
def test_the_design_of_the_cases(values: dict[str, Any], design: Design) -> None:
    result = judged(run(**values))
    wanted = saturation.judge(SCORES, design=design)
    assert result.verdict == wanted.verdict
    same(result.trend, wanted.trend)
    same(result.best_gain, wanted.best_gain)


def test_trials_are_averaged_and_counted() -> None:
    second = simulated(np.random.default_rng(13), CASES, [0.7] * COUNT)
    parts: list[tuple[dict[str, Any], list[Record]]] = [
        (
            fact,
            [
                scored(
                    f"c{case:03d}",
                    held() if value else missed(),
                    suite=SUITE,
                    trial=trial,
                )
                for case in range(CASES)
                for trial, value in enumerate((SCORES[at, case], second[at, case]))
            ],
        )
        for at, fact in enumerate(chain(COUNT))
    ]
    result = judged(run_with(*parts, trials=2))
    wanted = saturation.judge((SCORES + second) / 2, trials=2)
    same(result.trend, wanted.trend)
    same(result.best_gain, wanted.best_gain)
    assert {line.trials for line in result.log} == {2}


def test_a_case_is_what_its_newest_record_says() -> None:
    old = run(stratum=["easy"] * CASES)
    new = run_with(
        (chain(1)[0], [replace(r, stratum="hard") for r in records_of("v1", SCORES[0])]), number=2
    )
    stop = judged(old, new).early_stop
    assert stop is not None
    assert set(stop.strata) == {"hard"}
