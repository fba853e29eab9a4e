"""Paired binary outcomes: flips, McNemar's test and Newcombe's interval.

The four cells of a pair of arms: ``a`` passed in both, ``b`` passed in the baseline and fails
now, ``c`` failed in the baseline and passes now, ``d`` failed in both.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pytest_ftgate.stats.distributions import binom_cdf, binom_pmf
from pytest_ftgate.stats.intervals import CONFIDENCE, wilson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Flips(NamedTuple):
    """Numbers of cases in the four cells."""

    a: int
    b: int
    c: int
    d: int


def count_flips(candidate: ArrayLike, baseline: ArrayLike) -> Flips:
    """Count the cells of two arms.

    Args:
        candidate: n outcomes, true or 1 for a pass; of several trials, the majority.
        baseline: n outcomes in the same order of cases.
    """
    now, before = (np.asarray(arm) for arm in (candidate, baseline))
    if now.ndim != 1 or now.shape != before.shape:
        raise ValueError(f"two vectors of one length wanted, got {now.shape}, {before.shape}")
    if not (np.isin(now, (0, 1)).all() and np.isin(before, (0, 1)).all()):
        raise ValueError("outcomes must be 0 or 1")
    cells = np.bincount(2 * (1 - before.astype(np.intp)) + (1 - now.astype(np.intp)), minlength=4)
    a, b, c, d = (int(cell) for cell in cells)
    return Flips(a, b, c, d)


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided exact p of McNemar's test (binomial test of b against c at one half)."""
    _check_cells(b, c)
    return min(1.0, 2.0 * binom_cdf(min(b, c), b + c, 0.5))


def mcnemar_mid_p(b: int, c: int) -> float:
    """Two-sided mid-p of McNemar's test (Fagerland, Lydersen & Laake 2013).

    1 - pmf / 2 when b = c, and 1 when nothing flipped.
    """
    _check_cells(b, c)
    if b + c == 0:
        return 1.0
    point = binom_pmf(min(b, c), b + c, 0.5)
    return 1.0 - 0.5 * point if b == c else mcnemar_exact(b, c) - point


def mcnemar_drop(b: int, c: int) -> float:
    """One-sided mid-p of a drop: small when b is much larger than c; 1/2 when b = c."""
    _check_cells(b, c)
    return max(0.0, binom_cdf(c, b + c, 0.5) - 0.5 * binom_pmf(c, b + c, 0.5))


def newcombe(
    a: int, b: int, c: int, d: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of the paired difference (b - c) / n: first arm minus second (Newcombe 1998b).

    Method 10: Wilson intervals of both rates, squared and added with the continuity-corrected
    correlation phi between the arms. :func:`delta_interval` gives the difference the other way
    round, candidate minus baseline.

    Args:
        a: passed in both arms.
        b: passed in the first arm only.
        c: passed in the second arm only.
        d: failed in both arms.
        confidence: two-sided, in (0, 1).

    Returns:
        low and high in [-1, 1]; (-1, 1) without any case.
    """
    _check_cells(a, b, c, d)
    n = a + b + c + d
    if n == 0:
        return -1.0, 1.0
    first, second = (a + b) / n, (a + c) / n
    low1, high1 = wilson(a + b, n, confidence=confidence)
    low2, high2 = wilson(a + c, n, confidence=confidence)
    phi = _corrected_phi(a, b, c, d)
    below = _combined(first - low1, high2 - second, phi)
    above = _combined(high1 - first, second - low2, phi)
    difference = (b - c) / n
    return max(-1.0, difference - below), min(1.0, difference + above)


def delta_interval(flips: Flips, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Newcombe's interval of candidate minus baseline, (c - b) / n: a drop is negative."""
    low, high = newcombe(*flips, confidence=confidence)
    return -high, -low


def _corrected_phi(a: int, b: int, c: int, d: int) -> float:
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    cross = float(a * d - b * c)
    if cross > 0:
        cross = max(cross - (a + b + c + d) / 2.0, 0.0)
    return cross / math.sqrt(margins)


def _combined(x: float, y: float, phi: float) -> float:
    return math.sqrt(max(x * x - 2.0 * phi * x * y + y * y, 0.0))


def _check_cells(*cells: int) -> None:
    if any(cell < 0 for cell in cells):
        raise ValueError(f"counts must be >= 0, got {cells}")
