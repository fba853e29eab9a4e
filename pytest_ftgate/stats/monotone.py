"""Estimator E with bounds that a worse case never loosens.

A case that gets much worse than the others widens the interval, and with several trials, weights
or clusters by more than it lowers the mean: a drop that was significant would no longer be. The
bounds here are those of the most telling comparison that the data vouch for: the upper one is the
lowest that any version of the data gives in which no case did worse than it did, the lower one the
highest that any version gives in which no case did better. Both can only move down when a case
gets worse. For one trial a case of equal weight they are E's own, or within rounding of them.

The bound is a convex function of the case differences d (for given degrees of freedom), so its
minimum over versions d' >= d raises the worst cases to a floor a - B / w, w the case's share of
the weight and a the mean after raising (the Karush-Kuhn-Tucker conditions); B is searched for.
Satterthwaite's degrees of freedom and strata of unequal weights leave this exact to second order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.distributions import t_ppf
from pytest_ftgate.stats.grouping import vector
from pytest_ftgate.stats.paired import ALPHA, Estimate, estimate, estimate_many

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_STEPS = 16
_HALVINGS = 34
_ROUNDS = 6
_SLACK = 1.3  # strata of five cases weigh a deviation by up to 5 / 4
_ALIKE = 1e-9
_CERTAIN = 1e-4


def estimate_monotone(
    differences: ArrayLike,
    *,
    e2: float,
    margin: float,
    span: float | None = None,
    design: Design | None = None,
    alpha: float = ALPHA,
) -> Estimate:
    """:func:`paired.estimate`, with the bound and p that the regression gate decides by.

    Of a drop of at least the margin these are the upper bound and p, each the lowest over the
    versions that still drop by the margin; else the lower bound, the highest over all versions.

    Args:
        differences: n finite numbers, oriented so that higher is better.
        e2: squared deviation of the pseudo-case; 0 for none.
        margin: the tolerated drop, >= 0.
        span: bounds are clipped to [-span, span] unless ``None``.
        design: weights, strata and clusters of the cases; default all alike and independent.
        alpha: one-sided error of each bound, in (0, 0.5).
    """
    d = vector(differences, "differences")
    design = design or Design.of(d.size)
    seen = estimate(d, e2=e2, span=span, design=design, alpha=alpha)
    if seen.n == 0 or seen.df <= 0 or not seen.se > 0:
        return seen
    if seen.low > -margin:  # passes, as nearly all do
        return seen
    if seen.delta > -margin:
        return _with_low(seen, _Search(-d, e2, design, seen), margin)
    # A p that is next to nothing is significant after any correction.
    return seen if seen.p < _CERTAIN else _with_high(seen, _Search(d, e2, design, seen), margin)


def _with_high(seen: Estimate, search: _Search, margin: float) -> Estimate:
    if seen.high - search.most_gain >= 0:
        return seen
    tried = search.versions(highest=-margin)
    high = min([seen.high, *(other.high for other in tried)])
    return replace(seen, high=high, p=min([seen.p, *(other.p for other in tried)]))


def _with_low(seen: Estimate, search: _Search, margin: float) -> Estimate:
    if seen.low + search.most_gain <= -margin:
        return seen
    return replace(seen, low=max([seen.low, *(-other.high for other in search.versions())]))


class _Search:
    """The search for the version of the data with the lowest upper bound.

    A unit is a cluster, or a case where there are none.

    Attributes:
        most_gain: no version lowers the bound by more than this.
    """

    def __init__(self, d: Floats, e2: float, design: Design, seen: Estimate) -> None:
        self._d, self._e2, self._design, self._alpha = d, e2, design, seen.alpha
        weight = np.ones(d.size) if design.weight is None else design.weight
        share = weight / weight.sum()
        if design.clusters is None:
            self._means, self._share = d, share
        else:
            total = np.bincount(design.clusters, weights=share)
            sums = np.bincount(design.clusters, weights=share * d)
            self._means = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
            self._share = total
        strata = design.strata if design.clusters is None else None
        self._strata = np.zeros(self._means.size, np.intp) if strata is None else strata
        member = (self._strata == np.arange(self._strata.max() + 1)[:, None]) * self._share
        self._stratum = member / member.sum(axis=1, keepdims=True)
        # Units of equal weight in one stratum share one floor: no mean has to be solved for.
        self._alike = strata is None and bool(np.ptp(self._share) < _ALIKE * self._share.max())
        self.most_gain = self._most_gain(t_ppf(1.0 - seen.alpha, seen.df) / seen.se)

    def versions(self, *, highest: float | None = None) -> list[Estimate]:
        """Estimates of the versions around the best; their mean is at most ``highest``."""
        deepest = self._deepest()
        least = 0.0 if highest is None else self._shallowest(highest, deepest)
        coarse = np.linspace(least, deepest, _STEPS + 1)
        tried = self._estimates(coarse)
        best = int(np.argmin([each.high for each in tried]))
        around = coarse[max(best - 1, 0)], coarse[min(best + 1, _STEPS)]
        return [*tried, *self._estimates(np.linspace(*around, _STEPS + 1))]

    def _estimates(self, depths: Floats) -> tuple[Estimate, ...]:
        """The estimate after raising every unit to its floor, at each depth."""
        floors = self._floors(depths)
        if self._design.clusters is None:
            raised = np.maximum(self._d[:, None], floors)
        else:
            lift = np.maximum(floors - self._means[:, None], 0.0)
            raised = self._d[:, None] + lift[self._design.clusters]
        return estimate_many(
            raised,
            e2=[self._e2] * depths.size,
            spans=[None] * depths.size,
            design=self._design,
            alpha=self._alpha,
        )

    def _floors(self, depths: Floats) -> Floats:
        """Each unit's floor a - depth / share, a the mean of its stratum after raising.

        (units, depths); of units that are all alike one row, the floor itself at that depth.
        """
        if self._alike:
            return np.asarray(self._means.max() - depths)[None, :]
        inverse = np.divide(
            1.0, self._share, out=np.full(self._share.size, np.inf), where=self._share > 0
        )
        with np.errstate(invalid="ignore"):
            reach = np.where(self._share[:, None] > 0, inverse[:, None] * depths, np.inf)
        means = self._means[:, None]
        low = np.repeat((self._stratum @ self._means)[:, None], depths.size, axis=1)
        high = np.full_like(low, self._means.max())
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            short = self._stratum @ np.maximum(means, middle[self._strata] - reach) > middle
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return np.asarray(low[self._strata] - reach)

    def _deepest(self) -> float:
        """The depth at which no unit is raised."""
        if self._alike:
            return float(np.ptp(self._means))
        return max(0.0, float((self._share * -self._inside()).max()))

    def _shallowest(self, highest: float, deepest: float) -> float:
        """The least depth at which the mean after raising still is at most ``highest``."""
        low, high = 0.0, deepest
        for _ in range(_ROUNDS):
            depths = np.linspace(low, high, _STEPS + 1)
            means = self._share @ np.maximum(self._means[:, None], self._floors(depths))
            first = int(np.argmax(means <= highest)) if means[-1] <= highest else _STEPS
            low, high = float(depths[max(first - 1, 0)]), float(depths[first])
        return high

    def _inside(self) -> Floats:
        """Each unit's difference from the mean of its stratum."""
        return np.asarray(self._means - (self._stratum @ self._means)[self._strata])

    def _most_gain(self, pull: float) -> float:
        """The bound is convex: raising gains at most slope times way, where the slope is down."""
        inside = self._inside()
        coupling = abs(float((self._share**2) @ inside))
        slope = self._share * (1.0 + _SLACK * pull * (self._share * inside - coupling))
        way = self._means.max() - self._means
        return float(np.maximum(-slope, 0.0) @ way)
