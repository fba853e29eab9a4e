"""The gate on real outcomes, extracted from public repositories (see tests/stats/outcomes.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_ftgate.model import Gate, Record, SuiteResult, Verdict
from pytest_ftgate.verdicts.selfcheck import selfcheck
from tests.runs.making import scored
from tests.stats.outcomes import LLMDRIFT, LLMDRIFT_MODELS, TAUBENCH
from tests.verdicts.arms import echo, gate, judged, kpi, run_of, slice_of

# Mean cost of a question, in US dollars, by the repository's own accounting.
COST = {"gpt-4-0314": 0.013827, "gpt-4-0613": 0.001074, "gpt-3.5-turbo-0301": 0.000518}


def drift(model: str) -> list[Record]:
    column = LLMDRIFT_MODELS.index(model)
    found = []
    for number, (stratum, *outcomes, count) in enumerate(LLMDRIFT):
        for each in range(count):
            found.append(
                scored(
                    f"q{number}-{each}",
                    echo(float(outcomes[column])),
                    stratum=stratum,
                    cost=COST.get(model, 0.000658),
                )
            )
    return found


def moved(before: str, after: str, *protect: str) -> SuiteResult:
    gates = [
        Gate(kpi="echo", max_drop=0.02, protect_slices=protect),
        Gate(kpi="cost_per_task", max_drop=0.001),
    ]
    (suite,) = judged(run_of(drift(after), gates=gates), drift(before)).suites
    return suite


def test_gpt_4_blocks_overall_and_on_primes_not_on_composites() -> None:
    suite = moved("gpt-4-0314", "gpt-4-0613", "prime", "composite")
    row = kpi(suite)
    assert (row.baseline, row.value) == (0.840, 0.511)
    assert (row.b, row.c) == (476, 147)
    assert row.mcnemar_p == pytest.approx(1.4e-41, rel=0.02)
    assert gate(suite)[0] == "block"
    primes, composites = slice_of(suite, "stratum:prime"), slice_of(suite, "stratum:composite")
    assert (primes.baseline, primes.value, primes.b, primes.c) == (0.976, 0.024, 476, 0)
    assert (composites.baseline, composites.value, composites.b, composites.c) == (
        0.704,
        0.998,
        0,
        147,
    )
    assert (primes.flag, composites.flag) == ("block", "none")


def test_a_lower_cost_does_not_rescue_it() -> None:
    suite = moved("gpt-4-0314", "gpt-4-0613")
    assert gate(suite, "cost_per_task")[0] == "pass"
    assert kpi(suite, "cost_per_task").delta == pytest.approx(-0.012753)
    assert suite.verdict == "block"


def test_gpt_35_gains_and_its_composites_are_flagged() -> None:
    suite = moved("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613")
    row = kpi(suite)
    assert (row.baseline, row.value, row.b, row.c) == (0.496, 0.762, 153, 419)
    composites = slice_of(suite, "stratum:composite")
    assert (composites.baseline, composites.value) == (0.844, 0.656)
    assert (composites.b, composites.c, composites.flag) == (147, 53, "warn")
    verdict, reason = gate(suite)
    assert (verdict, suite.verdict) == ("warn", "warn")
    assert "rose by 26.6 points" in reason
    assert reason.endswith("worse in slices stratum:composite -18.8 points")


def airline(trials: tuple[int, ...]) -> list[Record]:
    return [
        scored(f"airline-{number}", echo(float(task[trial])), trial=place)
        for number, task in enumerate(TAUBENCH.split())
        for place, trial in enumerate(trials)
    ]


def trial_pairs() -> Iterator[tuple[int, int, Verdict]]:
    for first in range(4):
        for second in range(4):
            if first != second:
                yield first, second, judged(run_of(airline((second,))), airline((first,)))


def test_no_trial_of_tau_bench_blocks_another() -> None:
    flips = set()
    for first, second, verdict in trial_pairs():
        row = kpi(verdict.suites[0])
        assert verdict.verdict in ("warn", "inconclusive"), (first, second)
        assert row.mcnemar_p is not None
        assert row.mcnemar_p > 0.5
        flips.add((row.b or 0) + (row.c or 0))
    assert (min(flips), max(flips)) == (11, 19)


def test_the_self_check_finds_few_false_alarms_on_tau_bench() -> None:
    run = run_of(airline((0, 1, 2, 3)))
    (found,) = selfcheck(run).suites
    assert (found.cases, found.trials, found.splits) == (50, 4, 400)
    assert (found.pairs, found.blocked_pairs) == (12, 0)
    assert found.false_alarms is not None
    assert found.false_alarms <= 0.05
