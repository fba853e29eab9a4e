"""Estimator E: the paired difference of a mean KPI, its bounds and the p of a drop.

One closed form serves every KPI that is a mean over cases. A pseudo-case keeps the interval of a
bounded KPI from collapsing when all differences are equal; in simulation its coverage lies
between 94.7 and 100 %, where the percentile and BCa bootstraps reach 85-93 % at 30-50 cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.distributions import t_cdf, t_ppf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean difference with one-sided bounds, each at confidence 1 - alpha.

    ``low`` and ``high`` together are a two-sided interval at confidence 1 - 2 alpha. ``p`` is the
    one-sided p of a drop, P(t_df <= delta / se). When the data cannot bound the difference, the
    bounds are the ends of the possible range (infinite for an unbounded KPI) and p is 1; without
    any case ``delta`` is NaN.
    """

    delta: float
    low: float
    high: float
    se: float
    df: float
    p: float
    n: int
    alpha: float = ALPHA

    @property
    def discordance(self) -> float:
        """Mean squared difference per case, n se^2 + delta^2, as :mod:`power` wants it."""
        # Products overflow to infinity; powers of floats raise.
        return self.n * (self.se * self.se) + self.delta * self.delta


def compare(
    candidate: ArrayLike,
    baseline: ArrayLike,
    *,
    span: float | None = 1.0,
    trials: tuple[ArrayLike, ArrayLike] = (1, 1),
    higher_is_better: bool = True,
    design: Design | None = None,
    alpha: float = ALPHA,
) -> Estimate:
    """Compare two arms on the same cases.

    Args:
        candidate: n case values, each the mean over the candidate's trials of that case.
        baseline: n case values of the baseline, in the same order of cases.
        span: highest minus lowest possible value of the KPI; ``None`` if it is unbounded.
        trials: number of trials behind the candidate's and the baseline's case values, each a
            number or n numbers, >= 1.
        higher_is_better: ``False`` turns the difference round, so that a drop is always a loss.
        design: weights, strata and clusters of the cases; default all alike and independent.
        alpha: one-sided error of each bound, in (0, 0.5).
    """
    first, second = (np.asarray(arm, dtype=np.float64) for arm in (candidate, baseline))
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(
            f"the arms must be two vectors of one length, got {first.shape}, {second.shape}"
        )
    (result,) = compare_many(
        first[:, None],
        second[:, None],
        spans=[span],
        trials=trials,
        higher_is_better=[higher_is_better],
        design=design,
        alpha=alpha,
    )
    return result


def compare_many(
    candidate: ArrayLike,
    baseline: ArrayLike,
    *,
    spans: Sequence[float | None],
    trials: tuple[ArrayLike, ArrayLike] = (1, 1),
    higher_is_better: Sequence[bool] | None = None,
    design: Design | None = None,
    alpha: float = ALPHA,
) -> tuple[Estimate, ...]:
    """Compare two arms on the same cases in m KPIs at once: :func:`compare`, a column a KPI.

    Args:
        candidate: (n, m) case values.
        baseline: (n, m) case values.
        spans: m spans, ``None`` for an unbounded KPI.
        trials: as for :func:`compare`; the same for all KPIs.
        higher_is_better: m flags; default all true.
        design: as for :func:`compare`.
        alpha: as for :func:`compare`.
    """
    first, second = (np.asarray(arm, dtype=np.float64) for arm in (candidate, baseline))
    if first.ndim != 2 or first.shape != second.shape or first.shape[1] != len(spans):
        raise ValueError(
            f"two (cases, {len(spans)}) matrices wanted, got {first.shape}, {second.shape}"
        )
    difference = first - second
    if higher_is_better is not None and not all(higher_is_better):
        difference *= np.where(np.asarray(higher_is_better, bool), 1.0, -1.0)
    per_trial = sum(_mean_inverse(count, first.shape[0]) for count in trials) / 2.0
    e2 = [0.0 if span is None else span * span * per_trial for span in spans]
    return estimate_many(difference, e2=e2, spans=spans, design=design, alpha=alpha)


def estimate(
    differences: ArrayLike,
    *,
    e2: float,
    span: float | None = None,
    design: Design | None = None,
    alpha: float = ALPHA,
) -> Estimate:
    """Estimator E on given case differences.

    Args:
        differences: n finite numbers, oriented so that higher is better.
        e2: squared deviation of the pseudo-case; 0 for none.
        span: bounds are clipped to [-span, span] unless ``None``.
        design: weights, strata and clusters of the cases; default all alike and independent.
        alpha: one-sided error of each bound, in (0, 0.5).
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"differences must be one-dimensional, got shape {values.shape}")
    (result,) = estimate_many(values[:, None], e2=[e2], spans=[span], design=design, alpha=alpha)
    return result


def estimate_many(
    differences: Floats,
    *,
    e2: Sequence[float],
    spans: Sequence[float | None],
    design: Design | None = None,
    alpha: float = ALPHA,
) -> tuple[Estimate, ...]:
    """:func:`estimate` on each column of (n, m) differences."""
    n = differences.shape[0]
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"alpha must lie in (0, 0.5), got {alpha}")
    if not np.isfinite(differences).all():
        raise ValueError("differences must be finite; leave unknown values out")
    design = design or Design.of(n)
    if design.n != n:
        raise ValueError(f"the design is for {design.n} cases, the differences are {n}")
    if design.effective_n == 0:
        return tuple(_unknown(math.nan, span, 0, alpha) for span in spans)
    deltas = design.mean(differences)
    variances, freedoms = design.variance(differences, np.asarray(e2, dtype=np.float64))
    counting = n if design.weight is None else int(np.count_nonzero(design.weight))
    quantile = {df: t_ppf(1.0 - alpha, df) for df in set(freedoms.tolist()) if df > 0}
    results = []
    for delta, variance, df, span in zip(
        deltas.tolist(), variances.tolist(), freedoms.tolist(), spans, strict=True
    ):
        if df <= 0:
            results.append(_unknown(delta, span, counting, alpha))
            continue
        se = math.sqrt(variance)
        limit = math.inf if span is None else span
        results.append(
            Estimate(
                delta=delta,
                low=max(delta - quantile[df] * se, -limit),
                high=min(delta + quantile[df] * se, limit),
                se=se,
                df=df,
                p=t_cdf(_t_value(delta, se), df),
                n=counting,
                alpha=alpha,
            )
        )
    return tuple(results)


def _t_value(delta: float, se: float) -> float:
    if se > 0:
        return delta / se
    return math.copysign(math.inf, delta) if delta else 0.0


def _unknown(delta: float, span: float | None, n: int, alpha: float) -> Estimate:
    limit = math.inf if span is None else span
    return Estimate(
        delta=delta, low=-limit, high=limit, se=math.inf, df=0.0, p=1.0, n=n, alpha=alpha
    )


def _mean_inverse(trials: ArrayLike, n: int) -> float:
    """Mean over cases of 1 / trials."""
    count = np.asarray(trials, dtype=np.float64)
    if count.ndim > 1 or (count.ndim == 1 and count.size != n):
        raise ValueError(f"trials must be a number or {n} numbers, got shape {count.shape}")
    if count.size == 0:
        return 1.0
    if not (np.isfinite(count) & (count >= 1)).all():
        raise ValueError("trials must be >= 1; leave cases without a trial out")
    return float((1.0 / count).mean())
