"""Krippendorff's alpha with the percentile interval of an item bootstrap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from pytest_ftgate.stats.agreement import item_counts
from pytest_ftgate.stats.intervals import CONFIDENCE, Interval
from pytest_ftgate.stats.resample import DRAWS, multinomial_weights, unique_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Level = Literal["nominal", "ordinal", "interval", "ratio"]
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")
_CELLS_AT_ONCE = 4_000_000


def alpha(
    ratings: ArrayLike,
    *,
    level: Level = "ordinal",
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Krippendorff's alpha (2011) and its interval when items are drawn anew.

    Args:
        ratings: (raters, items) numbers, NaN for a missing rating; items with fewer than two
            ratings say nothing and are left out.
        level: level of measurement of the ratings.
        confidence: two-sided, in (0, 1).
        draws: bootstrap resamples of the items; 0 for none, and then the bounds are -1 and 1.
        seed: of the resamples.

    Returns:
        Alpha in [-1, 1], its interval, and the number of items. NaN with bounds -1 and 1 where
        no two ratings differ or none can be paired: then there is nothing to agree about. A
        resample in which no two ratings differ counts as 0: it shows no reliability.
    """
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    counts, values = item_counts(ratings)
    if level == "ratio" and values.size and values[0] < 0:
        raise ValueError("the ratio level needs ratings >= 0")
    counts = counts[counts.sum(axis=1) >= 2]
    if counts.shape[0] == 0:
        return Interval(math.nan, -1.0, 1.0, 0)
    rows, times = unique_rows(counts)
    value = float(_alphas(times[None, :].astype(np.float64), rows, values, level)[0])
    if math.isnan(value) or draws <= 0:
        return Interval(value, -1.0, 1.0, counts.shape[0])
    rng = np.random.default_rng(seed)
    chunk = max(1, _CELLS_AT_ONCE // max(rows.shape))
    sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
    seen = np.concatenate(
        [_alphas(multinomial_weights(times, size, rng), rows, values, level) for size in sizes]
    )
    tail = 0.5 - 0.5 * confidence
    low, high = np.quantile(np.nan_to_num(seen, nan=0.0), [tail, 1.0 - tail])
    return Interval(value, float(low), float(high), counts.shape[0])


def _alphas(times: Floats, rows: Floats, values: Floats, level: Level) -> Floats:
    """Alpha of each resample: 1 - (N - 1) * observed / expected disagreement, unnormalised.

    Args:
        times: (resamples, u) how often each distinct item occurs.
        rows: (u, v) ratings of each distinct item by value, at least two.
        values: (v,) the values.
        level: level of measurement.
    """
    raters = rows.sum(axis=1)
    marginals = times @ rows
    total = marginals.sum(axis=1)
    if level == "ordinal":
        # The ordinal metric is the squared distance of mid-ranks, which move with the marginals.
        scale = np.cumsum(marginals, axis=1) - 0.5 * marginals
        squares = times * raters / (raters - 1.0) @ rows
        inner = np.einsum("bv,bv->b", squares, scale * scale)
        outer = np.einsum("bu,bu->b", times / (raters - 1.0), (scale @ rows.T) ** 2)
        observed = 2.0 * (inner - outer)
        expected = 2.0 * (
            total * np.einsum("bv,bv->b", marginals, scale * scale)
            - np.einsum("bv,bv->b", marginals, scale) ** 2
        )
    else:
        metric = _metric(values, level)
        within = np.einsum("uv,uv->u", rows @ metric, rows) / (raters - 1.0)
        observed = times @ within
        expected = np.einsum("bv,bv->b", marginals @ metric, marginals)
    differs = expected > 1e-12 * np.maximum(total, 1.0) ** 2
    ratio = np.divide(observed, expected, out=np.full_like(total, np.nan), where=differs)
    return np.asarray(1.0 - (total - 1.0) * ratio)


def _metric(values: Floats, level: Level) -> Floats:
    """Squared difference of every two values: (v, v)."""
    if level == "nominal":
        return np.asarray(1.0 - np.eye(values.size))
    difference = np.subtract.outer(values, values)
    if level == "interval":
        return np.asarray(difference**2)
    total = np.add.outer(values, values)
    share = np.divide(difference, total, out=np.zeros_like(difference), where=total > 0)
    return np.asarray(share**2)
