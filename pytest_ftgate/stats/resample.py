"""Case bootstrap by multinomial weights over unique rows.

Cases with equal rows are interchangeable, so a resample is a multinomial draw of how often each
unique row appears: 10,000 resamples cost one matrix, not 10,000 passes over the cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 10_000


def unique_rows(
    rows: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The distinct rows of (n, v) and how often each occurs, in sorted order."""
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    return distinct, counts


def multinomial_weights(
    counts: NDArray[np.intp], draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """How often each unique row appears in each resample of sum(counts) cases: (draws, rows)."""
    total = int(counts.sum())
    return rng.multinomial(total, counts / total, size=draws).astype(np.float64)
