"""The interval of a single KPI: rates, bounded scores, ratios, relative changes, quantiles.

Every function returns an :class:`Interval`. A bound that the data cannot give is the end of the
possible range, or infinite where there is none; without data the value is NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.distributions import beta_ppf, binom_ppf, norm_ppf, t_ppf
from pytest_ftgate.stats.grouping import vector
from pytest_ftgate.stats.paired import ALPHA, Estimate, estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with a two-sided interval; ``n`` is the number of cases behind it."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class RelativeChange:
    """The change of an unbounded positive KPI, with its two-sided interval.

    ``value`` is candidate / baseline - 1, or the absolute difference when ``relative`` is false
    because one of the two is zero. ``low`` and ``high`` are in the unit of ``value``.
    """

    value: float
    low: float
    high: float
    n: int
    relative: bool


def finite(value: float) -> float | None:
    """The value, or ``None`` for what is unknown or unbounded: the form that JSON can hold."""
    return value if math.isfinite(value) else None


def wilson(successes: float, n: float, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927).

    Args:
        successes: number of successes in [0, n], not necessarily whole.
        n: number of trials, possibly an effective one; 0 gives (0, 1).
        confidence: two-sided, in (0, 1).
    """
    _check_count(successes, n)
    if n == 0:
        return 0.0, 1.0
    z2 = norm_ppf(_upper(confidence)) ** 2
    p = successes / n
    middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n)
    half = math.sqrt(z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))) / (1.0 + z2 / n)
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == n else min(1.0, middle + half)
    return low, high


def clopper_pearson(
    successes: int, n: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Exact interval of a proportion (Clopper & Pearson 1934); arguments as for :func:`wilson`."""
    _check_count(successes, n)
    tail = 1.0 - _upper(confidence)
    low = beta_ppf(tail, successes, n - successes + 1) if successes > 0 else 0.0
    high = beta_ppf(1.0 - tail, successes + 1, n - successes) if successes < n else 1.0
    return low, high


def rate(
    values: ArrayLike,
    *,
    trials: ArrayLike = 1,
    design: Design | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Interval of a pass rate.

    One trial a case, equal weights and no clusters: Wilson. Otherwise Wilson at the effective
    number of trials n* = p (1 - p) / V * (z / t)^2, held between 1 and the number of trials,
    where V is the variance between the independent units; if V is 0, n* is the number of units
    (Korn & Graubard 1998 in spirit). Trials of one case are never pooled as if independent.

    Args:
        values: n numbers in [0, 1], each a case's mean over its trials.
        trials: number of trials a case, a number or n numbers, >= 1.
        design: weights and clusters of the cases (strata leave a single rate as it is).
        confidence: two-sided, in (0, 1).
    """
    x = vector(values, "values")
    if ((x < 0) | (x > 1)).any():
        raise ValueError("a rate's case values lie in [0, 1]")
    design = design or Design.of(x.size)
    count = np.broadcast_to(np.asarray(trials, dtype=np.float64), x.shape)
    if (count < 1).any():
        raise ValueError("trials must be >= 1")
    cases = _counting(design)
    if cases == 0:
        return Interval(math.nan, 0.0, 1.0, 0)
    p = min(1.0, max(0.0, float(design.mean(x[:, None])[0])))
    simple = design.weight is None and design.clusters is None and (count == 1).all()
    n_star = float(x.size) if simple else _effective_trials(x, p, design, count, confidence)
    low, high = wilson(p * n_star, n_star, confidence=confidence)
    return Interval(p, min(low, p), max(high, p), cases)


def score_mean(
    values: ArrayLike,
    *,
    low: float = 0.0,
    high: float = 1.0,
    trials: ArrayLike = 1,
    design: Design | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Interval of the mean of a bounded score: estimator E on one arm.

    Its pseudo-case has the squared deviation (high - low)^2 / k for k trials a case.

    Args:
        values: n numbers in [low, high], each a case's mean over its trials.
        low: lowest possible score.
        high: highest possible score.
        trials: number of trials a case, a number or n numbers, >= 1.
        design: weights, strata and clusters of the cases.
        confidence: two-sided, in (0, 1).
    """
    x = vector(values, "values")
    if not low < high:
        raise ValueError(f"low must be below high, got {low} and {high}")
    if ((x < low) | (x > high)).any():
        raise ValueError(f"case values lie in [{low}, {high}]")
    count = np.asarray(trials, dtype=np.float64)
    if (count < 1).any():
        raise ValueError("trials must be >= 1")
    inverse = float((1.0 / count).mean()) if count.size else 1.0
    seen = estimate(
        x, e2=(high - low) ** 2 * inverse, design=design, alpha=1.0 - _upper(confidence)
    )
    if seen.n == 0:
        return Interval(math.nan, low, high, 0)
    return Interval(seen.delta, max(seen.low, low), min(seen.high, high), seen.n)


def mean(
    values: ArrayLike, *, design: Design | None = None, confidence: float = CONFIDENCE
) -> Interval:
    """T interval of the mean of an unbounded KPI; infinite bounds below two cases."""
    x = vector(values, "values")
    return _interval(estimate(x, e2=0.0, design=design, alpha=1.0 - _upper(confidence)))


def ratio(
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    design: Design | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """T interval of a ratio of sums R = sum(y) / sum(x), by linearisation.

    r_i = (y_i - R x_i) / mean(x) carries the variance (Cochran 1977, 6.3).

    Args:
        numerators: n numbers y.
        denominators: n numbers x >= 0; the value is NaN if they are all zero.
        design: weights, strata and clusters of the cases.
        confidence: two-sided, in (0, 1).
    """
    y = vector(numerators, "numerators")
    x = vector(denominators, "denominators", length=y.size)
    if (x < 0).any():
        raise ValueError("denominators must be >= 0")
    design = design or Design.of(y.size)
    if _counting(design) == 0:
        return Interval(math.nan, -math.inf, math.inf, 0)
    mean_y, mean_x = (float(v) for v in design.mean(np.column_stack([y, x])))
    if mean_x == 0:
        return Interval(math.nan, -math.inf, math.inf, _counting(design))
    value = mean_y / mean_x
    linear = (y - value * x) / mean_x
    seen = estimate(linear + value, e2=0.0, design=design, alpha=1.0 - _upper(confidence))
    return Interval(value, seen.low, seen.high, seen.n)


def relative_change(
    candidate: ArrayLike,
    baseline: ArrayLike,
    *,
    design: Design | None = None,
    alpha: float = ALPHA,
) -> RelativeChange:
    """Relative change of the mean of an unbounded KPI on the same cases, by the delta method.

    log(R_c / R_b) -+ t sd(z) / sqrt(n) with z_i = r_ci / R_c - r_bi / R_b, r the deviations from
    the mean. Where a mean is not positive there is no ratio, and the absolute difference is given.

    Args:
        candidate: n case values, each the mean over trials.
        baseline: n case values in the same order.
        design: weights, strata and clusters of the cases.
        alpha: one-sided error of each bound, in (0, 0.5).
    """
    c = vector(candidate, "candidate")
    b = vector(baseline, "baseline", length=c.size)
    design = design or Design.of(c.size)
    mean_c, mean_b = (float(v) for v in design.mean(np.column_stack([c, b])))
    if not (mean_c > 0 and mean_b > 0):
        seen = estimate(c - b, e2=0.0, design=design, alpha=alpha)
        return RelativeChange(seen.delta, seen.low, seen.high, seen.n, relative=False)
    log_ratio = math.log(mean_c / mean_b)
    seen = estimate(c / mean_c - b / mean_b + log_ratio, e2=0.0, design=design, alpha=alpha)
    return RelativeChange(
        math.expm1(log_ratio),
        _expm1(seen.low),
        _expm1(seen.high),
        seen.n,
        relative=True,
    )


def quantile(values: ArrayLike, q: float, *, confidence: float = CONFIDENCE) -> Interval:
    """A quantile with its distribution-free interval from order statistics.

    The bounds are the values at ranks binom.ppf(a/2) and binom.ppf(1 - a/2) + 1 of n trials with
    probability q, a = 1 - confidence (David & Nagaraja 2003, 7.1); a rank outside 1..n gives an
    infinite bound, so that the two-sided 95 % interval of the 95th percentile needs 72 cases. The
    value itself interpolates linearly between order statistics.

    Args:
        values: n numbers, one for each independent case (its median over trials, say).
        q: in (0, 1): 0.5 for the median.
        confidence: two-sided, in (0, 1).
    """
    x = np.sort(vector(values, "values"))
    if not 0.0 < q < 1.0:
        raise ValueError(f"q must lie in (0, 1), got {q}")
    n = x.size
    if n == 0:
        return Interval(math.nan, -math.inf, math.inf, 0)
    upper = _upper(confidence)
    first = binom_ppf(1.0 - upper, n, q)
    last = binom_ppf(upper, n, q) + 1
    return Interval(
        float(np.interp(q * (n - 1), np.arange(n), x)),  # np.quantile would import numpy.ma
        float(x[first - 1]) if first >= 1 else -math.inf,
        float(x[last - 1]) if last <= n else math.inf,
        n,
    )


def _effective_trials(
    x: Floats, p: float, design: Design, trials: Floats, confidence: float
) -> float:
    variances, freedoms = Design(design.n, design.weight, None, design.clusters).variance(
        x[:, None], np.zeros(1)
    )
    variance, df = float(variances[0]), float(freedoms[0])
    if df <= 0 or variance <= 1e-24:  # no more than the rounding of equal values
        return max(1.0, design.units)
    upper = _upper(confidence)
    shrink = (norm_ppf(upper) / t_ppf(upper, df)) ** 2
    counting = trials if design.weight is None else trials[design.weight > 0]
    return min(max(p * (1.0 - p) / variance * shrink, 1.0), float(counting.sum()))


def _interval(seen: Estimate) -> Interval:
    return Interval(seen.delta, seen.low, seen.high, seen.n)


def _counting(design: Design) -> int:
    return design.n if design.weight is None else int(np.count_nonzero(design.weight))


def _expm1(x: float) -> float:
    return math.inf if x > 700 else math.expm1(x)


def _upper(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    return 0.5 + 0.5 * confidence


def _check_count(successes: float, n: float) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie in 0..n, got {successes} of {n}")
