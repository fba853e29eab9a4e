"""Two arms of a few independent repetitions each, for KPIs that no case has a share in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_ftgate.stats.distributions import t_cdf, t_ppf
from pytest_ftgate.stats.grouping import vector
from pytest_ftgate.stats.paired import ALPHA, Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def compare_repetitions(
    candidate: ArrayLike,
    baseline: ArrayLike,
    *,
    delta: float,
    higher_is_better: bool = True,
    alpha: float = ALPHA,
) -> Estimate:
    """Compare a value that each repetition has one of: a percentile of the times, say.

    What one repetition shares over its cases, such as the load of the machine, is part of the
    spread between repetitions and not of that between cases (Welch 1947).

    Args:
        candidate: the value in each of at least two repetitions.
        baseline: the same for the baseline.
        delta: candidate minus baseline over all repetitions, which the interval is put around.
        higher_is_better: ``False`` turns the difference round, so that a drop is always a loss.
        alpha: one-sided error of each bound, in (0, 0.5).

    Returns:
        The estimate; its ``n`` is the number of repetitions of both arms.
    """
    arms = vector(candidate, "candidate"), vector(baseline, "baseline")
    if min(arm.size for arm in arms) < 2:
        raise ValueError("each arm needs at least two repetitions")
    delta = delta if higher_is_better else -delta
    parts = [float(arm.var(ddof=1)) / arm.size for arm in arms]
    variance = sum(parts)
    freedom = [arm.size - 1 for arm in arms]
    n = sum(arm.size for arm in arms)
    if variance == 0:
        p = 0.0 if delta < 0 else 0.5 if delta == 0 else 1.0
        return Estimate(delta, delta, delta, 0.0, float(sum(freedom)), p, n, alpha)
    df = variance**2 / sum(part**2 / f for part, f in zip(parts, freedom, strict=True))
    se = math.sqrt(variance)
    half = t_ppf(1.0 - alpha, df) * se
    p = t_cdf(delta / se, df)
    return Estimate(delta, delta - half, delta + half, se, df, p, n, alpha)
