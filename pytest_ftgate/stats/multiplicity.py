"""Adjusted p-values for several tests at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.grouping import vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down adjusted p-values (Holm 1979), in the order given.

    Reject where the adjusted value is at most alpha: the chance of any false rejection is then
    at most alpha, whatever the dependence.
    """
    p = _p_values(p_values)
    order = np.argsort(p, kind="stable")
    factors = np.arange(p.size, 0, -1)
    return _restore(np.maximum.accumulate(p[order] * factors), order)


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Benjamini & Hochberg's step-up adjusted p-values (1995), in the order given.

    Reject where the adjusted value is at most q: the expected share of false rejections is then
    at most q for independent or positively dependent tests.
    """
    p = _p_values(p_values)
    order = np.argsort(p, kind="stable")
    factors = p.size / np.arange(1, p.size + 1)
    return _restore(np.minimum.accumulate((p[order] * factors)[::-1])[::-1], order)


def _restore(adjusted: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    result = np.empty_like(adjusted)
    result[order] = np.minimum(adjusted, 1.0)
    return result


def _p_values(p_values: ArrayLike) -> NDArray[np.float64]:
    p = vector(p_values, "p-values")
    if ((p < 0) | (p > 1)).any():
        raise ValueError("p-values lie in [0, 1]")
    return p
