"""The sign-flip test of a paired difference: exact for few cases, sampled for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.grouping import vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

EXACT_CASES = 20
DRAWS = 20_000
_CELLS_AT_ONCE = 4_000_000


def sign_flip_drop(differences: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> float:
    """One-sided p of a drop: how often random signs give a sum as low as the one seen.

    Fisher's randomisation test (1935). All 2^n signs are tried for up to 20 non-zero
    differences; beyond, ``draws`` random ones, and then p is (1 + hits) / (1 + draws).

    Args:
        differences: n numbers, candidate minus baseline, higher is better.
        draws: number of random sign vectors for more than 20 non-zero differences.
        seed: of those.
    """
    d = vector(differences, "differences")
    d = d[d != 0]
    if d.size == 0:
        return 1.0
    bound = d.sum() + 1e-9 * np.abs(d).sum()
    if d.size <= EXACT_CASES:
        sums = np.zeros(1)
        for value in np.abs(d):
            sums = np.concatenate([sums - value, sums + value])
        return float((sums <= bound).mean())
    rng = np.random.default_rng(seed)
    magnitudes = np.sort(np.abs(d))  # sorted: the order of the cases must not matter
    chunk = max(1, _CELLS_AT_ONCE // d.size)
    hits = 0
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        flips = rng.integers(0, 2, (size, d.size), dtype=np.int8)
        sums = 2.0 * (flips @ magnitudes) - magnitudes.sum()
        hits += int((sums <= bound).sum())
    return (1 + hits) / (1 + draws)
