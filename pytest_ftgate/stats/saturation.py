"""Has prompting been exhausted? The numbers and the verdict of the iteration log.

Input is a matrix (iterations, cases) of one KPI on the same cases, oldest iteration first,
oriented so that higher is better. Three kinds of evidence are weighed: the trend of the last two
windows, the cross-fitted gain of the best recent iteration over the best earlier one, and whether
a recent iteration was clearly bad (a bad try bends the trend without saying anything about what
is still possible).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.paired import ALPHA, Estimate, estimate, estimate_many

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Verdict = Literal["improving", "plateau", "regressing", "not_enough_evidence", "too_few_iterations"]

WINDOW = 5
MARGIN = 0.03
SPLITS = 8
BAD_DROP = 0.05
BAD_ALPHA = 0.005


@dataclass(frozen=True, slots=True)
class Saturation:
    """The verdict and what it rests on.

    ``trend`` is the gain over the last ``window`` iterations by a straight line, ``best_gain``
    the gain of the best recent iteration over the best earlier one, both in the KPI's unit with
    one-sided 95 % bounds; both are ``None`` with too few iterations. ``bad`` holds the positions
    of clearly bad recent iterations. ``inflation`` estimates by how much the best score seen
    overstates itself because it was picked among ``iterations``; NaN where it cannot be told.
    """

    verdict: Verdict
    trend: Estimate | None
    best_gain: Estimate | None
    bad: tuple[int, ...]
    inflation: float
    iterations: int
    n: int
    window: int
    margin: float


def judge(
    scores: ArrayLike,
    *,
    window: int = WINDOW,
    margin: float = MARGIN,
    span: float = 1.0,
    trials: ArrayLike = 1,
    design: Design | None = None,
    alpha: float = ALPHA,
    seed: int = 0,
) -> Saturation:
    """Judge a history of disciplined iterations.

    Args:
        scores: (K, n) case values, each the mean over the trials of that case and iteration.
        window: w, number of iterations in a window, >= 2.
        margin: the gain over a window that would still be worth having, in the KPI's unit.
        span: highest minus lowest possible value of the KPI.
        trials: trials behind each value: a number, (n,) or (K, n), >= 1.
        design: weights, strata and clusters of the cases.
        alpha: one-sided error of the bounds.
        seed: of the half-splits.
    """
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 2:
        raise ValueError(f"scores must be (iterations, cases), got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("scores must be finite: judge only cases that every iteration scored")
    if window < 2:
        raise ValueError(f"the window must be at least 2, got {window}")
    if not (margin > 0 and span > 0):
        raise ValueError(f"margin and span must be > 0, got {margin} and {span}")
    iterations, n = x.shape
    design = design or Design.of(n)
    if design.n != n:
        raise ValueError(f"the design is for {design.n} cases, the scores have {n}")
    inverse = _mean_inverse(trials, x.shape, 2 * window)
    if iterations < 2 * window:
        return Saturation(
            "too_few_iterations", None, None, (), math.nan, iterations, n, window, margin
        )
    e2 = span**2 * inverse
    trend = recent_trend(x, window=window, e2=e2 / window, design=design, alpha=alpha)
    gain, inflation = _cross_fit(x, window=window, e2=e2, design=design, alpha=alpha, seed=seed)
    bad = bad_iterations(x, window=window, e2=e2, design=design, drop=BAD_DROP * span)
    verdict = decide(trend, gain, bad=bool(bad), margin=margin)
    return Saturation(verdict, trend, gain, bad, inflation, iterations, n, window, margin)


def decide(trend: Estimate, best_gain: Estimate, *, bad: bool, margin: float) -> Verdict:
    """The verdict from the evidence of at least two windows, first rule that holds."""
    if (trend.high < 0 and not bad) or best_gain.high < 0:
        return "regressing"
    if best_gain.high < margin:
        return "plateau"
    rising = trend.low > 0 and trend.high >= margin and not bad
    if best_gain.low > 0 or rising:
        return "improving"
    if trend.high < margin and best_gain.delta < margin and not bad:
        return "plateau"
    return "not_enough_evidence"


def recent_trend(
    scores: Floats, *, window: int, e2: float, design: Design, alpha: float = ALPHA
) -> Estimate:
    """Gain over one window by the least-squares line through the last two windows of each case.

    T_i = w * sum_t c_t x_it with c_t = (t - mean t) / sum (t - mean t)^2, then estimator E.

    Args:
        scores: (K, n), K >= 2 * window.
        window: w.
        e2: squared deviation of the pseudo-case.
        design: weights, strata and clusters of the cases.
        alpha: one-sided error of the bounds.
    """
    time = np.arange(2 * window) - (2 * window - 1) / 2.0
    slope = time / (time @ time)
    return estimate(window * (slope @ scores[-2 * window :]), e2=e2, design=design, alpha=alpha)


def best_gain(
    scores: Floats,
    *,
    window: int,
    e2: float,
    design: Design,
    alpha: float = ALPHA,
    seed: int = 0,
) -> Estimate:
    """Gain of the best recent iteration over the best earlier one, without the winner's curse.

    Cross-fitting: on one half of the cases the best of the last ``window`` iterations and the
    best of all earlier ones are picked, and their difference is scored on the other half; halves
    are swapped, 8 random splits are averaged case by case, then estimator E. A cluster falls into
    one half as a whole. The order of the cases does not matter.

    Args:
        scores: (K, n), K > window.
        window: number of recent iterations.
        e2: squared deviation of the pseudo-case.
        design: weights, strata and clusters of the cases.
        alpha: one-sided error of the bounds.
        seed: of the splits.
    """
    return _cross_fit(scores, window=window, e2=e2, design=design, alpha=alpha, seed=seed)[0]


def bad_iterations(
    scores: Floats, *, window: int, e2: float, design: Design, drop: float = BAD_DROP
) -> tuple[int, ...]:
    """Positions of clearly bad iterations among the last two windows.

    Bad: at least ``drop`` below the best iteration before it, with a one-sided 99.5 % bound below
    zero.

    Args:
        scores: (K, n).
        window: w; the last 2 w iterations are looked at.
        e2: squared deviation of the pseudo-case.
        design: weights, strata and clusters of the cases.
        drop: in the KPI's unit.
    """
    first = max(1, scores.shape[0] - 2 * window)
    late = np.arange(first, scores.shape[0])
    means = design.mean(scores.T)
    if late.size == 0 or np.isnan(means).any():
        return ()
    best_before = np.array([int(np.argmax(means[:t])) for t in late])
    differences = (scores[late] - scores[best_before]).T
    seen = estimate_many(
        differences,
        e2=[e2] * late.size,
        spans=[None] * late.size,
        design=design,
        alpha=BAD_ALPHA,
    )
    return tuple(
        int(t)
        for t, found in zip(late, seen, strict=True)
        if found.delta <= -drop and found.high < 0
    )


def cases_to_decide(found: Saturation) -> int | None:
    """The number of cases at which the same gains, more sharply seen, would give a verdict.

    Bounds come nearer to an estimate with the square root of the number of cases. With k trials of
    each case instead of one, about this number divided by k cases do, as long as chance within the
    case dominates.

    Returns:
        More cases than there are, or ``None`` when there is a verdict already or nothing is known.
    """
    trend, gain = found.trend, found.best_gain
    if found.verdict != "not_enough_evidence" or trend is None or gain is None:
        return None
    if not all(each.df > 0 and each.se > 0 for each in (trend, gain)):
        return None
    # The verdict can change only where a bound crosses 0 or the margin.
    factors = {
        ((each.high - each.delta) / (level - each.delta)) ** 2
        for each in (trend, gain)
        for level in (0.0, found.margin)
        if level != each.delta
    }
    for factor in sorted(factor * (1.0 + 1e-9) for factor in factors if factor > 1.0):
        sharper = (_sharpened(each, factor) for each in (trend, gain))
        if decide(*sharper, bad=bool(found.bad), margin=found.margin) != "not_enough_evidence":
            return max(found.n + 1, math.ceil(found.n * factor))
    return None


def _sharpened(found: Estimate, factor: float) -> Estimate:
    """The estimate as ``factor`` times as many cases would give it."""
    reach = (found.high - found.delta) / math.sqrt(factor)
    return replace(
        found,
        low=found.delta - reach,
        high=found.delta + reach,
        se=found.se / math.sqrt(factor),
    )


def _cross_fit(
    scores: Floats, *, window: int, e2: float, design: Design, alpha: float, seed: int
) -> tuple[Estimate, float]:
    """The cross-fitted gain, and the inflation of the best score of all iterations."""
    iterations, n = scores.shape
    weight = np.ones(n) if design.weight is None else design.weight
    unit = _units(scores, weight, design)
    half = _halves(unit, seed)
    if min((half @ weight).min(), (~half @ weight).min()) <= 0:  # nothing to pick or score on
        return estimate([], e2=0.0, alpha=alpha), math.nan
    gain = np.zeros(n)
    optimism = []
    for fold in (half, ~half):
        chosen_on, scored_on = fold * weight, ~fold * weight
        fitted = scores @ chosen_on.T / chosen_on.sum(axis=1)
        fresh = scores @ scored_on.T / scored_on.sum(axis=1)
        for split in range(SPLITS):
            recent = iterations - window + int(np.argmax(fitted[iterations - window :, split]))
            earlier = int(np.argmax(fitted[: iterations - window, split]))
            rows = ~fold[split]
            gain[rows] += (scores[recent, rows] - scores[earlier, rows]) / SPLITS
            best = int(np.argmax(fitted[:, split]))
            optimism.append(fitted[best, split] - fresh[best, split])
    # A half is half the cases, so its optimism is sqrt(2) times that of the whole.
    inflation = max(0.0, float(np.mean(optimism)) / math.sqrt(2.0))
    return estimate(gain, e2=e2, design=design, alpha=alpha), inflation


def _units(scores: Floats, weight: Floats, design: Design) -> NDArray[np.intp]:
    """Number the independent units by their content, so that the cases' order does not matter."""
    columns = [weight, *(scores * weight)]
    if design.clusters is not None:
        code = design.clusters
        columns = [np.bincount(code), *(np.bincount(code, weights=c) for c in columns)]
    else:
        code = np.arange(design.n)
        columns.append(np.zeros(design.n) if design.strata is None else design.strata)
    order = np.lexsort([np.round(column, 9) for column in columns])
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return np.asarray(rank[code], dtype=np.intp)


def _halves(unit: NDArray[np.intp], seed: int) -> NDArray[np.bool_]:
    """Random halves of the units, case by case: (splits, n), true for the first half."""
    rng = np.random.default_rng(seed)
    count = int(unit.max(initial=-1)) + 1
    places = np.stack([rng.permutation(count) for _ in range(SPLITS)])
    return np.asarray((places < (count + 1) // 2)[:, unit])


def _mean_inverse(trials: ArrayLike, shape: tuple[int, int], recent: int) -> float:
    count = np.asarray(trials, dtype=np.float64)
    try:
        count = np.broadcast_to(count, shape)[-recent:]
    except ValueError:
        raise ValueError(f"trials of shape {count.shape} do not fit scores {shape}") from None
    if count.size == 0:
        return 1.0
    if not (count >= 1).all():
        raise ValueError("trials must be >= 1")
    return float((1.0 / count).mean())
