"""Confusion tables, precision, recall, F1, and the interval and comparison of macro F1.

Macro F1 is not a mean over cases, so it is linearised: the influence of case i is
n * dF/dw_i, its derivative with respect to the case's weight. Value plus influence then behaves
like a case value of an ordinary mean KPI, and estimator E serves macro F1 with weights, strata,
clusters and trials, one arm or two (delta method; Hampel 1974 for influence functions). A case of
a rare class moves macro F1 by more than 1/n, so E's pseudo-case grows by the mean square of
n / (classes * cases of the class), which is 1 for balanced classes. A perfect score has zero
influences everywhere and keeps the width of the pseudo-case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.grouping import codes, group_means, vector
from pytest_ftgate.stats.intervals import CONFIDENCE, Interval
from pytest_ftgate.stats.paired import ALPHA, Estimate, estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_ftgate.stats.grouping import Labels

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """A weighted confusion table over L classes.

    ``labels`` are the classes in sorted order, all that were expected or predicted.
    ``counts[i, j]`` is the weight of rows with expected class i and predicted class j; the extra
    last column holds predictions that could not be made. Precision, recall and F1 are vectors of
    L numbers, NaN where they do not exist (0 / 0).
    """

    labels: tuple[str, ...]
    counts: Floats

    @property
    def total(self) -> float:
        """Weight of all rows."""
        return float(self.counts.sum())

    @property
    def hits(self) -> Floats:
        """Weight of correct rows by class."""
        return np.diagonal(self.counts).copy()

    @property
    def expected(self) -> Floats:
        """Weight of rows by expected class."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def predicted(self) -> Floats:
        """Weight of rows by predicted class, without predictions that could not be made."""
        return np.asarray(self.counts[:, :-1].sum(axis=0))

    @property
    def accuracy(self) -> float:
        """Share of correct rows; a prediction that could not be made is wrong."""
        return float(self.hits.sum() / self.total) if self.total > 0 else math.nan

    @property
    def precision(self) -> Floats:
        """Share of correct rows among those predicted as the class."""
        return _share(self.hits, self.predicted)

    @property
    def recall(self) -> Floats:
        """Share of correct rows among those expected to be of the class."""
        return _share(self.hits, self.expected)

    @property
    def f1(self) -> Floats:
        """2 TP / (2 TP + FP + FN) by class."""
        return _share(2.0 * self.hits, self.expected + self.predicted)

    @property
    def macro_f1(self) -> float:
        """Unweighted mean of F1 over the classes that were expected or predicted."""
        f1 = self.f1
        known = ~np.isnan(f1)
        return float(f1[known].mean()) if known.any() else math.nan


def confusion(
    expected: Sequence[str],
    predicted: Sequence[str | None],
    *,
    weights: ArrayLike | None = None,
) -> Confusion:
    """Count expected against predicted classes.

    Args:
        expected: n class names.
        predicted: n class names, ``None`` for a prediction that could not be made.
        weights: n non-negative numbers; default 1 each.
    """
    labels, rows, columns = _encode(expected, predicted)
    return _tabulate(labels, rows, columns, _weights(weights, len(expected)))


def macro_f1(
    expected: Sequence[str],
    predicted: Sequence[str | None],
    *,
    cases: Labels | None = None,
    design: Design | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Macro F1 with its interval, by linearisation and estimator E on one arm.

    Args:
        expected: n class names, a row a trial.
        predicted: n class names, ``None`` for a prediction that could not be made.
        cases: n case ids when a case has several rows; default a case a row.
        design: weights, strata and clusters of the cases, in the order in which the cases first
            appear.
        confidence: two-sided, in (0, 1).
    """
    arm = _arm(expected, predicted, cases, design)
    if arm is None:
        return Interval(math.nan, 0.0, 1.0, 0)
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    seen = estimate(
        arm.case_values,
        e2=arm.pseudo * arm.inverse_trials,
        design=arm.design,
        alpha=0.5 - 0.5 * confidence,
    )
    return Interval(arm.value, max(0.0, seen.low), min(1.0, seen.high), seen.n)


class LinearF1(NamedTuple):
    """Macro F1 as a mean over cases.

    ``values`` has a number a case, which may lie outside of [0, 1], and is empty when no case
    counts; ``e2`` is the squared deviation of the arm's pseudo-case.
    """

    values: Floats
    e2: float


def linear_f1(
    expected: Sequence[str],
    predicted: Sequence[str | None],
    *,
    cases: Labels | None = None,
    design: Design | None = None,
) -> LinearF1:
    """Macro F1 as a mean over cases: its value plus the influence of each case.

    Args:
        expected: n class names, a row a trial.
        predicted: n class names, ``None`` for a prediction that could not be made.
        cases: as for :func:`macro_f1`.
        design: as for :func:`macro_f1`.

    Returns:
        The cases in the order in which they first appear.
    """
    arm = _arm(expected, predicted, cases, design)
    if arm is None:
        return LinearF1(np.empty(0), 1.0)
    return LinearF1(arm.case_values, arm.pseudo * arm.inverse_trials)


def compare_macro_f1(
    expected: Sequence[str],
    candidate: Sequence[str | None],
    baseline: Sequence[str | None],
    *,
    design: Design | None = None,
    alpha: float = ALPHA,
) -> Estimate:
    """Paired difference of macro F1 on the same cases, by linearisation and estimator E.

    Args:
        expected: n class names, a row a case.
        candidate: n classes predicted by the candidate, ``None`` where it could not.
        baseline: n classes predicted by the baseline, ``None`` where it could not.
        design: weights, strata and clusters of the cases.
        alpha: one-sided error of each bound, in (0, 0.5).
    """
    now = _arm(expected, candidate, None, design)
    before = _arm(expected, baseline, None, design)
    if now is None or before is None:
        return estimate([], e2=0.0, span=1.0, alpha=alpha)
    return estimate(
        now.case_values - before.case_values,
        e2=0.5 * (now.pseudo + before.pseudo),
        span=1.0,
        design=now.design,
        alpha=alpha,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """One arm's macro F1, its linearised case values and the size of its pseudo-case."""

    value: float
    case_values: Floats
    pseudo: float
    inverse_trials: float
    design: Design


def _arm(
    expected: Sequence[str],
    predicted: Sequence[str | None],
    cases: Labels | None,
    design: Design | None,
) -> _Arm | None:
    n = len(expected)
    groups = np.arange(n) if cases is None else cases
    if len(groups) != n:
        raise ValueError(f"{n} rows but {len(groups)} case ids")
    grouped = group_means(np.zeros(n), groups)
    design = design or Design.of(grouped.means.size)
    if design.n != grouped.means.size:
        raise ValueError(f"the design is for {design.n} cases, the rows have {grouped.means.size}")
    if design.effective_n == 0:
        return None
    row_weight = _row_weight(groups, design, grouped.first_rows, grouped.sizes)
    labels, rows, columns = _encode(expected, predicted)
    table = _tabulate(labels, rows, columns, row_weight)
    influence = _influence(table, rows, columns, len(labels))
    value = table.macro_f1
    present = table.expected > 0
    share = table.expected[present] / table.total
    classes = int((table.expected + table.predicted > 0).sum())
    return _Arm(
        value=value,
        case_values=value + group_means(influence, groups).means,
        pseudo=float((1.0 / share).sum()) / classes**2,
        inverse_trials=float((1.0 / grouped.sizes).mean()),
        design=design,
    )


def _influence(table: Confusion, rows: Ints, columns: Ints, size: int) -> Floats:
    """N dF/dw of each row: (1 / L) sum over classes of n (2 tp - F (t + p)) / (T + P)."""
    mass = table.expected + table.predicted
    known = mass > 0
    per_class = np.where(known, table.total / np.where(known, mass, 1.0), 0.0)
    penalty = np.append(per_class * np.nan_to_num(table.f1), 0.0)
    gain = np.append(2.0 * per_class, 0.0)
    hit = rows == columns
    linear = np.where(hit, gain[rows], 0.0) - penalty[rows] - penalty[columns]
    return np.asarray(linear / max(int(known.sum()), 1))


def _row_weight(groups: Labels, design: Design, first_rows: Ints, sizes: Ints) -> Floats:
    """Each case's weight, shared equally by its rows."""
    weight = np.ones(design.n) if design.weight is None else design.weight
    code = codes(groups)
    place = np.empty(first_rows.size, np.intp)
    place[code[first_rows]] = np.arange(first_rows.size)
    return np.asarray((weight / sizes)[place[code]])


def _tabulate(labels: tuple[str, ...], rows: Ints, columns: Ints, weight: Floats) -> Confusion:
    size = len(labels)
    flat = np.bincount(rows * (size + 1) + columns, weights=weight, minlength=size * (size + 1))
    return Confusion(labels, np.asarray(flat, np.float64).reshape(size, size + 1))


def _encode(
    expected: Sequence[str], predicted: Sequence[str | None]
) -> tuple[tuple[str, ...], Ints, Ints]:
    if len(expected) != len(predicted):
        raise ValueError(f"{len(expected)} expected but {len(predicted)} predicted labels")
    names = sorted({*expected, *(label for label in predicted if label is not None)})
    number: dict[str | None, int] = {name: i for i, name in enumerate(names)}
    rows = np.fromiter((number[label] for label in expected), np.intp, len(expected))
    number[None] = len(names)
    columns = np.fromiter((number[label] for label in predicted), np.intp, len(predicted))
    return tuple(names), rows, columns


def _weights(weights: ArrayLike | None, n: int) -> Floats:
    if weights is None:
        return np.ones(n)
    weight = vector(weights, "weights", length=n)
    if (weight < 0).any():
        raise ValueError("weights must be >= 0")
    return weight


def _share(part: Floats, whole: Floats) -> Floats:
    known = whole > 0
    return np.where(known, part / np.where(known, whole, 1.0), np.nan)
