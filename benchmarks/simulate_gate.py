"""The regression gate on simulated runs, where it is known what the truth is.

Cases have a chance of passing each, 85 % on average; how much it differs between cases is such that
one case in ten comes out otherwise when nothing changed. A true drop takes the same share from the
chance of every case. Beside the gate stand two naive rules: "any drop blocks", and "a drop of more
than the tolerated 2 points blocks".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.histories import SUITE, run_of
from benchmarks.measure import Result
from pytest_ftgate.model import Record
from pytest_ftgate.verdicts.comparing import compare
from pytest_ftgate.verdicts.drops import Rule
from pytest_ftgate.verdicts.frame import Frame
from pytest_ftgate.verdicts.pairs import Pair, Sample
from pytest_ftgate.verdicts.regression import DEFAULT_SHARE, judge_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KPI = "holds"
SIZES = (50, 100, 300, 1000)
DROPS = (0.0, 0.05, 0.10)
PLANNED = {0.05: (20.0, 36.0, 75.0, 99.5), 0.10: (47.0, 76.0, 99.5, 100.0)}
"""The power that the rule was chosen for, in percent, by the size of the true drop."""

REPEATS, QUICK_REPEATS = 10_000, 2_000
WHOLE_PATH_EVERY = 1_000
"""Every so many comparisons are also made from complete runs, which must agree."""

MEAN, DISCORDANCE = 0.85, 0.10
_RULE = Rule(DEFAULT_SHARE)


@dataclass
class Tally:
    """How often each rule blocked, of one true drop at one size."""

    total: int = 0
    blocked: int = 0
    any_drop: int = 0
    beyond: int = 0

    def percent(self, count: int) -> tuple[float, ...]:
        return (100 * count / self.total,)


def run(*, quick: bool) -> list[Result]:
    """Judge every drop at every size; the same numbers every time."""
    repeats = QUICK_REPEATS if quick else REPEATS
    tallies = {(drop, cases): _judge_all(drop, cases, repeats) for drop in DROPS for cases in SIZES}
    return [*_false_blocks(tallies), *_power(tallies), *_with_trials(repeats)]


def chances(rng: np.random.Generator, cases: int) -> Floats:
    """The chance of each case to pass: a beta distribution.

    Its concentration s follows from the discordance of two unchanged runs, 2 E[p (1 - p)] =
    2 m (1 - m) s / (s + 1).
    """
    independent = 2 * MEAN * (1 - MEAN)
    concentration = DISCORDANCE / (independent - DISCORDANCE)
    return rng.beta(MEAN * concentration, (1 - MEAN) * concentration, cases)


def outcomes(
    rng: np.random.Generator, cases: int, drop: float, trials: int = 1
) -> tuple[Floats, Floats]:
    """The share of trials that pass, of each case: before and now."""
    chance = chances(rng, cases)
    before = rng.binomial(trials, chance) / trials
    now = rng.binomial(trials, chance * (1 - drop / MEAN)) / trials
    return before, now


def verdict(frame: Frame, before: Floats, now: Floats, trials: int = 1) -> str:
    """The gate's verdict on one KPI with the default rule."""
    everywhere = np.ones(len(now), np.bool_)
    sample = Sample(frame, everywhere, now, before, np.full(len(now), 1 / trials), 1.0, 1)
    pair = Pair(
        name=KPI,
        unit="rate",
        direction="higher",
        span=1.0,
        fewest_trials=trials,
        seen=sample,
        judged=sample,
        binary=True,
    )
    return judge_pairs({KPI: pair}, {KPI: _RULE}, KPI)[KPI].verdict


def _judge_all(drop: float, cases: int, repeats: int, trials: int = 1) -> Tally:
    rng = np.random.default_rng([cases, round(1000 * drop), trials])
    frame, tally = _frame(cases), Tally()
    for number in range(repeats):
        before, now = outcomes(rng, cases, drop, trials)
        found = verdict(frame, before, now, trials)
        if trials == 1 and number % WHOLE_PATH_EVERY == 0:
            _require_same(before, now, found)
        lost = before.mean() - now.mean()
        tally.total += 1
        tally.blocked += found == "block"
        tally.any_drop += bool(lost > 0)
        tally.beyond += bool(lost > DEFAULT_SHARE + 1e-12)
    return tally


def _frame(cases: int) -> Frame:
    return Frame(
        [
            Record(suite=SUITE, variant="v1", case=f"c{at}", trial=0, status="scored")
            for at in range(cases)
        ]
    )


def _require_same(before: Floats, now: Floats, found: str) -> None:
    """The verdict from complete runs, by every step from records to document.

    A slice that got worse may warn there, and never blocks.
    """
    both = run_of({KPI: np.stack([before, now])}, strata=False)
    (suite,) = compare(both, both, variants=("v1", "v2")).suites
    judged = next(kpi.verdict for kpi in suite.kpis if kpi.name == KPI)
    if (judged == "block") != (found == "block"):
        raise RuntimeError(f"from runs: {judged}, from values: {found}")


def _false_blocks(tallies: dict[tuple[float, int], Tally]) -> Iterator[Result]:
    for cases in SIZES:
        tally = tallies[0.0, cases]
        name = f"nothing changed, n = {cases}: blocked"
        yield Result(name, tally.percent(tally.blocked), "%", at_most=5.0)
        yield Result(f"{name}, naive any drop", tally.percent(tally.any_drop), "%")
        yield Result(f"{name}, naive > 2 points", tally.percent(tally.beyond), "%")


def _power(tallies: dict[tuple[float, int], Tally]) -> Iterator[Result]:
    for drop, planned in PLANNED.items():
        for cases, expected in zip(SIZES, planned, strict=True):
            tally = tallies[drop, cases]
            name = f"drop of {100 * drop:g} points, n = {cases}"
            (share,) = tally.percent(tally.blocked)
            yield Result(f"{name}: blocked", (share,), "%")
            yield Result(
                f"{name}: off the planned {expected:g} %",
                (abs(share - expected),),
                "pts",
                at_most=3,
            )


def _with_trials(repeats: int, trials: int = 3) -> Iterator[Result]:
    """What three trials of each case on both sides bring."""
    for drop, target in ((0.0, 5.0), (0.05, None)):
        for cases in SIZES[:3]:
            tally = _judge_all(drop, cases, repeats, trials)
            what = f"drop of {100 * drop:g} points" if drop else "nothing changed"
            name = f"{what}, n = {cases}, {trials} trials: blocked"
            yield Result(name, tally.percent(tally.blocked), "%", at_most=target)
