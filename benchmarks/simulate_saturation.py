"""The saturation verdict on simulated histories, where it is known what the truth is.

A plateau is false where the last 5 iterations truly gained at least 3 points. Beside the verdict
stand two naive rules: "the best of the last 5 gained under 3 points on the best before: plateau",
and "none of the last three steps gained 3 points: plateau".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.histories import SUITE, outcomes, run_of
from benchmarks.measure import Result
from pytest_ftgate.iterations import SaturationRules
from pytest_ftgate.verdicts.ladder import Ladder, assemble
from pytest_ftgate.verdicts.ladder.judging import Scale, judge_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RULES = SaturationRules()
WINDOW, MARGIN = RULES.window, RULES.margin
SIZES = (200, 300)
REPEATS, QUICK_REPEATS = 1000, 150
WHOLE_PATH_EVERY = 50
"""Every so many histories are also judged from complete runs, which must agree."""

_RATE = Scale("rate", "higher", 1.0)


@dataclass(frozen=True)
class Family:
    """A kind of history: ``means`` draws the true rates of K iterations, ``gains`` says whether
    its last window truly gains at least 3 points."""

    name: str
    means: Callable[[np.random.Generator, int], Floats]
    gains: bool
    drift: float = 0.0


@dataclass
class Tally:
    """How often each rule said what of one family at one size."""

    verdicts: Counter[str] = field(default_factory=Counter)
    best: int = 0
    steps: int = 0

    def share(self, verdict: str) -> float:
        return 100 * self.verdicts[verdict] / self.total

    @property
    def total(self) -> int:
        return self.verdicts.total()


def flat(rng: np.random.Generator, count: int) -> Floats:
    """Nothing that was tried changes anything."""
    return np.full(count, rng.uniform(0.75, 0.9))


def saturating(rng: np.random.Generator, count: int) -> Floats:
    """A steep start that levels off before the last window."""
    pace = rng.uniform(0.8, 1.6)
    return rng.uniform(0.75, 0.9) - 0.2 * np.exp(-np.arange(count) / pace)


def linear(rng: np.random.Generator, count: int) -> Floats:
    """Each window gains 3 to 6 points."""
    return _rising(rng.uniform(MARGIN, 2 * MARGIN), count)


def at_the_margin(_: np.random.Generator, count: int) -> Floats:
    """Each window gains 3 points exactly: the hardest case there is."""
    return _rising(MARGIN, count)


def with_bad_tries(rng: np.random.Generator, count: int) -> Floats:
    """As linear, with one or two tries in the last two windows that lose 8 to 25 points."""
    means = linear(rng, count)
    last = np.arange(count - 2 * WINDOW, count - 1)
    for at in rng.choice(last, rng.integers(1, 3), replace=False):
        means[at] -= rng.uniform(0.08, 0.25)
    return means


FAMILIES = (
    Family("linear", linear, gains=True),
    Family("bad tries", with_bad_tries, gains=True),
    Family("drifting", linear, gains=True, drift=0.1),
    Family("at the margin", at_the_margin, gains=True),
    Family("saturating", saturating, gains=False),
    Family("flat", flat, gains=False),
)
_POOLED = ("linear", "bad tries", "drifting")


def run(*, quick: bool) -> list[Result]:
    """Judge every family at every size; the same numbers every time."""
    repeats = QUICK_REPEATS if quick else REPEATS
    tallies = {
        (family.name, cases): _judge_all(family, cases, repeats)
        for family in FAMILIES
        for cases in SIZES
    }
    return [*_targets(tallies), *_rows(tallies)]


def _rising(gain: float, count: int, end: float = 0.9) -> Floats:
    return np.asarray(end - gain / WINDOW * np.arange(count)[::-1], dtype=np.float64)


def _judge_all(family: Family, cases: int, repeats: int) -> Tally:
    rng = np.random.default_rng([cases, *family.name.encode()])
    tally = Tally()
    for number in range(repeats):
        count = int(rng.integers(10, 16))
        means = family.means(rng, count).tolist()
        scores = outcomes(rng, cases, means, drift=family.drift)
        verdict = _verdict(scores)
        if number % WHOLE_PATH_EVERY == 0:
            _require_same(scores, verdict)
        tally.verdicts[verdict] += 1
        tally.best += _naive_best(scores)
        tally.steps += _naive_steps(scores)
    return tally


def _verdict(scores: Floats) -> str:
    names = [f"v{at}" for at in range(len(scores))]
    return judge_scores(scores, names, _RATE, RULES).verdict


def _require_same(scores: Floats, verdict: str) -> None:
    """The verdict from complete runs, by every step from records to document."""
    runs = [run_of({"holds": scores}, strata=False)]
    judged = Ladder(assemble(runs, SUITE)).judge("holds")
    if judged.verdict != verdict:
        raise RuntimeError(f"from runs: {judged.verdict}, from values: {verdict}")


def _naive_best(scores: Floats) -> bool:
    means = scores.mean(axis=1)
    return bool(means[-WINDOW:].max() - means[:-WINDOW].max() < MARGIN)


def _naive_steps(scores: Floats) -> bool:
    return bool((np.diff(scores.mean(axis=1))[-3:] < MARGIN).all())


def _targets(tallies: dict[tuple[str, int], Tally]) -> Iterator[Result]:
    for cases in SIZES:
        pooled = [tallies[name, cases] for name in _POOLED]
        total = sum(tally.total for tally in pooled)

        def percent(count: int, total: int = total) -> tuple[float, ...]:
            return (100 * count / total,)

        plateaus = sum(tally.verdicts["plateau"] for tally in pooled)
        improving = sum(tally.verdicts["improving"] for tally in pooled)
        title = f"gain of 3 to 6 points, n = {cases}"
        yield Result(f"{title}: false plateau", percent(plateaus), "%", at_most=5.0)
        yield Result(f"{title}: improving", percent(improving), "%", at_least=75.0)
        yield Result(
            f"{title}: false plateau, naive best", percent(sum(t.best for t in pooled)), "%"
        )
        yield Result(
            f"{title}: false plateau, naive steps", percent(sum(t.steps for t in pooled)), "%"
        )


def _rows(tallies: dict[tuple[str, int], Tally]) -> Iterator[Result]:
    for family in FAMILIES:
        for cases in SIZES:
            tally = tallies[family.name, cases]
            for verdict in ("plateau", "improving", "regressing", "not_enough_evidence"):
                name = f"{family.name}, n = {cases}: {verdict.replace('_', ' ')}"
                yield Result(name, (tally.share(verdict),), "%")
            for rule, count in (("best", tally.best), ("steps", tally.steps)):
                share = (100 * count / tally.total,)
                yield Result(f"{family.name}, n = {cases}: plateau, naive {rule}", share, "%")
