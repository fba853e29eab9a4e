"""Agreement between raters: raw, Cohen's and Fleiss' kappa, Gwet's AC1 and AC2.

Ratings are a matrix (raters, items) of numbers, NaN where a rater did not rate an item. A
coefficient is NaN where chance alone would agree perfectly or nothing was rated twice.
Krippendorff's alpha has a module of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Weighting = Literal["identity", "linear", "quadratic", "ordinal"]


class ItemCounts(NamedTuple):
    """How many raters gave item i the value ``values[j]``: ``counts[i, j]``."""

    counts: Floats
    values: Floats


def item_counts(ratings: ArrayLike, *, values: Sequence[float] | None = None) -> ItemCounts:
    """Count the ratings of each item by value.

    Args:
        ratings: (raters, items), NaN for a missing rating.
        values: the scale in ascending order; default the values that occur.
    """
    matrix = np.asarray(ratings, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"ratings must be (raters, items), got shape {matrix.shape}")
    if np.isinf(matrix).any():
        raise ValueError("ratings must be finite or NaN")
    seen = np.unique(matrix[~np.isnan(matrix)])
    scale = seen if values is None else np.asarray(values, dtype=np.float64)
    if (np.diff(scale) <= 0).any():
        raise ValueError("the values of the scale must ascend")
    strange = np.setdiff1d(seen, scale)
    if strange.size:
        raise ValueError(f"ratings {strange.tolist()} are not on the scale {scale.tolist()}")
    items = matrix.shape[1]
    counts = np.zeros((items, scale.size))
    for row in matrix:
        rated = np.flatnonzero(~np.isnan(row))
        counts[rated, np.searchsorted(scale, row[rated])] += 1.0
    return ItemCounts(counts, scale)


def percent_agreement(ratings: ArrayLike) -> float:
    """Share of agreeing pairs of ratings of an item, averaged over items rated at least twice."""
    counts, _ = item_counts(ratings)
    return _observed(counts, np.eye(counts.shape[1]))


def kappa_of_table(table: ArrayLike, *, weights: Weighting = "identity") -> float:
    """Cohen's kappa of a square table of counts, first rater by rows (Cohen 1960, 1968).

    Args:
        table: (q, q) counts; the categories are taken as equally spaced.
        weights: ``identity`` for the unweighted coefficient, else how near misses count.
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"the table must be square, got shape {counts.shape}")
    if not counts.sum() > 0:
        return math.nan
    near = agreement_weights(np.arange(counts.shape[0], dtype=np.float64), weights)
    share = counts / counts.sum()
    chance = float(share.sum(axis=1) @ near @ share.sum(axis=0))
    return _beyond_chance(float((near * share).sum()), chance)


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    *,
    weights: Weighting = "identity",
    values: Sequence[float] | None = None,
) -> float:
    """Cohen's kappa of two raters, over the items that both rated.

    Args:
        first: n ratings, NaN where missing.
        second: n ratings of the same items.
        weights: ``identity`` for the unweighted coefficient, else how near misses count.
        values: the scale in ascending order; default the values that occur.
    """
    pair = np.stack([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    pair = pair[:, ~np.isnan(pair).any(axis=0)]
    if pair.shape[1] == 0:
        return math.nan
    scale = item_counts(pair, values=values).values
    rows, columns = np.searchsorted(scale, pair)
    share = np.zeros((scale.size, scale.size))
    np.add.at(share, (rows, columns), 1.0 / pair.shape[1])
    near = agreement_weights(scale, weights)
    chance = float(share.sum(axis=1) @ near @ share.sum(axis=0))
    return _beyond_chance(float((near * share).sum()), chance)


def fleiss_kappa(ratings: ArrayLike) -> float:
    """Fleiss' kappa of several raters who all rated every item (Fleiss 1971)."""
    counts, _ = item_counts(ratings)
    raters = counts.sum(axis=1)
    if counts.size == 0:
        return math.nan
    if raters.min() != raters.max():
        raise ValueError("Fleiss' kappa needs the same number of ratings of every item")
    share = counts.sum(axis=0) / counts.sum()
    return _beyond_chance(_observed(counts, np.eye(share.size)), float(share @ share))


def gwet(
    ratings: ArrayLike,
    *,
    weights: Weighting = "identity",
    values: Sequence[float] | None = None,
) -> float:
    """Gwet's AC1 (identity weights) or AC2 (Gwet 2014), stable under skewed marginals.

    Args:
        ratings: (raters, items), NaN for a missing rating.
        weights: how near misses count; ``ordinal`` or ``quadratic`` for rubric scales.
        values: the whole scale in ascending order, values that nobody used included; default
            the values that occur.
    """
    counts, scale = item_counts(ratings, values=values)
    raters = counts.sum(axis=1)
    rated = raters > 0
    if scale.size < 2 or not (raters >= 2).any():
        return math.nan
    near = agreement_weights(scale, weights)
    prevalence = (counts[rated] / raters[rated, None]).mean(axis=0)
    spread = float((prevalence * (1.0 - prevalence)).sum())
    chance = float(near.sum()) / (scale.size * (scale.size - 1)) * spread
    return _beyond_chance(_observed(counts, near), chance)


def agreement_weights(values: Floats, weights: Weighting) -> Floats:
    """How much two ratings agree, 1 on the diagonal (Gwet 2014, chapter 3): (q, q).

    ``linear`` and ``quadratic`` go by the distance of the values, ``ordinal`` by their ranks:
    1 - C(|k - l| + 1, 2) / C(q, 2).
    """
    size = values.size
    if weights == "identity" or size < 2:
        return np.eye(size)
    if weights == "ordinal":
        apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
        return np.asarray(1.0 - apart * (apart + 1.0) / (size * (size - 1.0)))
    distance = np.abs(np.subtract.outer(values, values)) / (values[-1] - values[0])
    if weights == "linear":
        return np.asarray(1.0 - distance)
    if weights == "quadratic":
        return np.asarray(1.0 - distance**2)
    raise ValueError(f"weights must be identity, linear, quadratic or ordinal, got {weights!r}")


def _observed(counts: Floats, near: Floats) -> float:
    """Mean weighted agreement of the pairs of an item, over items rated at least twice."""
    raters = counts.sum(axis=1)
    paired = raters >= 2
    if not paired.any():
        return math.nan
    counts, raters = counts[paired], raters[paired]
    agreeing = (counts * (counts @ near - 1.0)).sum(axis=1)
    return float((agreeing / (raters * (raters - 1.0))).mean())


def _beyond_chance(observed: float, chance: float) -> float:
    return (observed - chance) / (1.0 - chance) if chance < 1.0 - 1e-12 else math.nan
