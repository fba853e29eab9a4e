"""The verdict on a ladder in one sentence, from the values of its iterations on the same cases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import Struct

from pytest_ftgate.iterations import BestScore, Gain, Settle
from pytest_ftgate.stats import saturation
from pytest_ftgate.stats.intervals import finite
from pytest_ftgate.verdicts.amounts import amount, counted
from pytest_ftgate.verdicts.ladder.phrases import points, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.iterations import SaturationRules, SaturationVerdict
    from pytest_ftgate.model import Direction
    from pytest_ftgate.stats.design import Design
    from pytest_ftgate.stats.paired import Estimate
    from pytest_ftgate.stats.saturation import Saturation
    from pytest_ftgate.verdicts.measures import Unit

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

FEW_CASES = 200
_MOST_TRIALS = 20

Basis = Literal["trend", "best_gain"]


class Scale(Struct, frozen=True):
    """How a KPI is told and read: its unit, which way is better, and its range."""

    unit: Unit
    direction: Direction
    span: float


class Judged(Struct, frozen=True):
    """The verdict on one KPI of a ladder; ``margin`` is in the KPI's unit."""

    verdict: SaturationVerdict
    reason: str
    margin: float
    basis: Basis | None
    trend: Gain | None
    best_gain: Gain | None
    bad: tuple[str, ...]
    best: BestScore | None
    settle: Settle | None
    notes: tuple[str, ...]


def judge_scores(
    scores: Floats,
    names: Sequence[str],
    scale: Scale,
    rules: SaturationRules,
    *,
    trials: Ints | int = 1,
    design: Design | None = None,
) -> Judged:
    """Judge K iterations on n cases.

    Args:
        scores: (K, n) finite case values in the KPI's unit, oldest iteration first.
        names: the K iterations' names; they decide nothing.
        scale: the KPI's.
        rules: window and margin.
        trials: behind each value: a number or (K, n).
        design: weights, strata and clusters of the cases.
    """
    found = saturation.judge(
        scores if scale.direction == "higher" else -scores,
        window=rules.window,
        margin=rules.margin * scale.span,
        span=scale.span,
        trials=trials,
        design=design,
    )
    typical = float(np.mean(trials)) if np.size(trials) else 1.0
    settle = _settle(found, typical)
    best = _best(found, scores, names, scale, design)
    return Judged(
        verdict=found.verdict,
        reason=_Sentence(found, scale.unit, settle).text(),
        margin=found.margin,
        basis=_basis(found),
        trend=_gain(found.trend),
        best_gain=_gain(found.best_gain),
        bad=tuple(names[at] for at in found.bad),
        best=best,
        settle=settle,
        notes=tuple(_notes(found, names, scale, best)),
    )


def _basis(found: Saturation) -> Basis | None:
    """The estimate that decided, by the rules of :func:`saturation.decide` in their order."""
    trend, best = found.trend, found.best_gain
    if trend is None or best is None or found.verdict == "not_enough_evidence":
        return None
    by_best = {
        "regressing": best.high < 0,
        "plateau": best.high < found.margin,
        "improving": best.low > 0,
    }
    return "best_gain" if by_best[found.verdict] else "trend"


def _gain(found: Estimate | None) -> Gain | None:
    if found is None:
        return None
    return Gain(gain=finite(found.delta), low=finite(found.low), high=finite(found.high))


def _settle(found: Saturation, trials: float) -> Settle | None:
    """What would settle an open verdict; ``None`` when it is settled."""
    if found.verdict == "too_few_iterations":
        return Settle(iterations=2 * found.window - found.iterations)
    if found.verdict != "not_enough_evidence":
        return None
    # A bad try bends the trend until it has left the last two windows.
    oldest = found.iterations - 2 * found.window
    iterations = max((at - oldest + 1 for at in found.bad), default=found.window)
    needed = saturation.cases_to_decide(found)
    if needed is None:
        return Settle(iterations=iterations)
    more = math.ceil(trials * needed / found.n)
    return Settle(
        iterations=iterations,
        cases=needed,
        trials=more if trials < more <= _MOST_TRIALS else None,
    )


def _best(
    found: Saturation,
    scores: Floats,
    names: Sequence[str],
    scale: Scale,
    design: Design | None,
) -> BestScore | None:
    if scores.size == 0:
        return None
    means = scores.mean(axis=1) if design is None else design.mean(scores.T)
    at = int(np.argmax(means if scale.direction == "higher" else -means))
    return BestScore(variant=names[at], value=float(means[at]), inflation=finite(found.inflation))


class _Sentence(Struct, frozen=True):
    """The verdict as one plain sentence with its interval and what would settle it."""

    found: Saturation
    unit: Unit
    settle: Settle | None

    def text(self) -> str:
        trend, best = self.found.trend, self.found.best_gain
        if trend is None or best is None:
            return self._too_few()
        if self.found.verdict == "not_enough_evidence":
            return self._open(best)
        bound = {
            "regressing": "below 0",
            "improving": "above 0",
            "plateau": f"below {points(self.found.margin, self.unit)}",
        }[self.found.verdict]
        gain = self._trend(trend) if _basis(self.found) == "trend" else self._best_gain(best)
        return f"{gain}, {bound}: {self.found.verdict}"

    def _trend(self, trend: Estimate) -> str:
        return (
            f"gain over the last {self.found.window} iterations {' '.join(self._interval(trend))}"
        )

    def _best_gain(self, best: Estimate) -> str:
        gain, between = self._interval(best)
        last = f"the best of the last {self.found.window} iterations"
        return f"{last} gains {gain} on the best before {between}"

    def _interval(self, estimate: Estimate) -> tuple[str, str]:
        against = (self.found.margin,)
        gain = signed(estimate.delta, self.unit, against=against)
        low, high = (
            signed(bound, self.unit, against=against, bare=True)
            for bound in (estimate.low, estimate.high)
        )
        return gain, f"(90 % CI {low} to {high})"

    def _too_few(self) -> str:
        so_far = counted(self.found.iterations, "disciplined iteration")
        needed = 2 * self.found.window
        missing = needed - self.found.iterations
        return f"{so_far} so far, and a verdict needs {needed}: {missing} more"

    def _open(self, best: Estimate) -> str:
        if not (math.isfinite(best.low) and math.isfinite(best.high)):
            cases = counted(self.found.n, "case")
            return f"all iterations have {cases} in common, too few to tell a gain from chance"
        high = signed(best.high, self.unit, against=(self.found.margin,))
        text = f"{self._best_gain(best)}: it could be as large as {high}, or nothing"
        needs = self._needs()
        return f"{text}; to settle it takes {needs}" if needs else text

    def _needs(self) -> str:
        settle = self.settle
        if settle is None:
            return ""
        ways = []
        if settle.cases is not None:
            ways.append(f"about {counted(settle.cases, 'case')}")
        if settle.trials is not None:
            ways.append(f"{settle.trials} trials of each case where answers vary")
        if settle.iterations is not None:
            ways.append(counted(settle.iterations, "further iteration"))
        return " or ".join(filter(None, (", ".join(ways[:-1]), *ways[-1:])))


def _notes(
    found: Saturation, names: Sequence[str], scale: Scale, best: BestScore | None
) -> list[str]:
    notes = []
    if found.n < FEW_CASES and found.iterations:
        notes.append(
            f"{counted(found.n, 'case')} compared: with fewer than {FEW_CASES} a false plateau is "
            "more likely than 5 %"
        )
    if found.bad:
        bad = ", ".join(names[at] for at in found.bad)
        notes.append(
            f"clearly bad tries among the last {2 * found.window}, which bend the trend: {bad}"
        )
    if best is not None and found.iterations > 1:
        notes.append(_inflation(best, found.iterations, scale))
    return notes


def _inflation(best: BestScore, iterations: int, scale: Scale) -> str:
    text = (
        f"the best score on these cases, {amount(best.value, scale.unit)} ({best.variant}), was "
        f"picked among {iterations}, so it overstates itself"
    )
    if best.inflation is not None:
        text += f" by about {signed(best.inflation, scale.unit).lstrip('+')}"
    return f"{text}; what prompting reaches is measured on the holdout"
