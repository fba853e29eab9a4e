"""Has the data moved? Permutation tests of the mix of tags and of a numeric feature.

Both compare a reference set with a current one by shuffling which set each case belongs to. The
population stability index is not offered: it exceeds its usual limit of 0.1 in most unchanged
draws of 100 cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.grouping import vector

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

DRAWS = 2_000
_GRID = 1_000
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Drift:
    """A test statistic and its permutation p, (1 + as extreme) / (1 + draws).

    p is 1 when one of the two sets is empty.
    """

    statistic: float
    p: float


def tag_mix(
    reference: Sequence[Collection[str]],
    current: Sequence[Collection[str]],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Drift:
    """Chi-square of tag frequencies between two sets of cases, by permutation of the cases.

    A case may carry several tags; a case without any counts under a tag of its own. With one tag
    a case the statistic is Pearson's.

    Args:
        reference: the tags of each reference case.
        current: the tags of each current case.
        draws: number of permutations.
        seed: of the permutations.
    """
    untagged: frozenset[str | None] = frozenset({None})
    cases = [frozenset(tags) or untagged for tags in (*reference, *current)]
    if not reference or not current:
        return Drift(0.0, 1.0)
    tags = sorted({tag for case in cases for tag in case}, key=lambda tag: (tag is None, tag or ""))
    column = {tag: j for j, tag in enumerate(tags)}
    rows = np.zeros((len(cases), len(tags)))
    for i, case in enumerate(cases):
        rows[i, [column[tag] for tag in case]] = 1.0
    patterns, code = np.unique(rows, axis=0, return_inverse=True)
    counts = np.bincount(code.ravel(), minlength=patterns.shape[0])
    now = np.bincount(code.ravel()[len(reference) :], minlength=patterns.shape[0])
    totals = counts @ patterns
    share = len(current) / len(cases)

    def chi_square(drawn: Floats) -> Floats:
        deviation = drawn @ patterns - share * totals
        return np.asarray((deviation**2 / (share * (1.0 - share) * totals)).sum(axis=1))

    return _permutation(chi_square, counts, now, draws, seed)


def distribution(
    reference: ArrayLike, current: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> Drift:
    """Kolmogorov-Smirnov distance of two samples, such as input lengths, by permutation.

    Beyond 1,000 distinct values the distance is taken on a grid of 1,000 pooled quantiles.

    Args:
        reference: numbers of the reference cases.
        current: numbers of the current cases.
        draws: number of permutations.
        seed: of the permutations.
    """
    before, after = vector(reference, "reference"), vector(current, "current")
    if not before.size or not after.size:
        return Drift(0.0, 1.0)
    pooled = np.concatenate([before, after])
    grid = np.unique(pooled)
    if grid.size > _GRID:
        grid = np.unique(np.quantile(pooled, np.linspace(0.0, 1.0, _GRID), method="higher"))
    code = np.searchsorted(grid, pooled)
    counts = np.bincount(code, minlength=grid.size)
    now = np.bincount(code[before.size :], minlength=grid.size)
    cumulative = np.cumsum(counts)

    def distance(drawn: Floats) -> Floats:
        upto = np.cumsum(drawn, axis=1)
        gap = upto / after.size - (cumulative - upto) / before.size
        return np.asarray(np.abs(gap).max(axis=1))

    return _permutation(distance, counts, now, draws, seed)


def _permutation(
    statistic: Callable[[Floats], Floats],
    counts: NDArray[np.intp],
    now: NDArray[np.intp],
    draws: int,
    seed: int,
) -> Drift:
    """Compare the current counts with draws of as many cases from the pooled ones."""
    observed = float(statistic(now[None, :].astype(np.float64))[0])
    size_now = int(now.sum())
    rng = np.random.default_rng(seed)
    chunk = max(1, _CELLS_AT_ONCE // counts.size)
    extreme = 0
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        drawn = rng.multivariate_hypergeometric(counts, size_now, size=size, method="marginals")
        extreme += int((statistic(drawn.astype(np.float64)) >= observed * (1.0 - 1e-9)).sum())
    return Drift(observed, (1 + extreme) / (1 + draws))
