"""Correct a judge's mean by human labels: prediction-powered inference and Rogan-Gladen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.distributions import norm_ppf, t_ppf
from pytest_ftgate.stats.grouping import vector
from pytest_ftgate.stats.intervals import CONFIDENCE, Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A mean of human judgement, estimated from few human and many judge scores.

    ``weight`` is the lambda of PPI++: 0 ignores the judge, 1 trusts it up to its bias.
    ``labelled`` and ``judged`` are the numbers of outputs behind it.
    """

    value: float
    low: float
    high: float
    weight: float
    labelled: int
    judged: int


def prediction_powered_mean(
    human: ArrayLike,
    judge: ArrayLike,
    judge_all: ArrayLike,
    *,
    low: float = 0.0,
    high: float = 1.0,
    confidence: float = CONFIDENCE,
) -> Calibrated:
    """The mean human score of all outputs, by PPI++ (Angelopoulos, Duchi & Zrnic 2023).

    The human labels must be of a random subset of the outputs. The variance carries one
    pseudo-residual of the full range, and t has m - 1 degrees of freedom; without them coverage
    falls to 78 % for few labels.

    Args:
        human: m scores in [low, high], one a labelled output.
        judge: m scores by the judge of the same outputs.
        judge_all: N >= m scores by the judge of all outputs, the labelled ones included.
        low: lowest possible score.
        high: highest possible score.
        confidence: two-sided, in (0, 1).
    """
    y = vector(human, "human")
    f = vector(judge, "judge", length=y.size)
    every = vector(judge_all, "judge_all")
    if every.size < y.size:
        raise ValueError(f"{every.size} judged outputs cannot include {y.size} labelled ones")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    m, total = y.size, every.size
    if m == 0:
        return Calibrated(math.nan, low, high, 0.0, 0, total)
    weight = _power_weight(y, f, m / total)
    residual = y - weight * f
    value = weight * float(every.mean()) + float(residual.mean())
    if m == 1:
        return Calibrated(_clip(value, low, high), low, high, weight, m, total)
    squares = float(((residual - residual.mean()) ** 2).sum()) + (high - low) ** 2
    variance = weight**2 * float(every.var(ddof=1)) / total + squares / m**2
    half = t_ppf(0.5 + 0.5 * confidence, m - 1) * math.sqrt(variance)
    return Calibrated(
        value=_clip(value, low, high),
        low=_clip(value - half, low, high),
        high=_clip(value + half, low, high),
        weight=weight,
        labelled=m,
        judged=total,
    )


def rogan_gladen(
    positives: int,
    n: int,
    *,
    sensitivity: tuple[int, int],
    specificity: tuple[int, int],
    confidence: float = CONFIDENCE,
) -> Interval:
    """True rate behind a judge of known error rates, for external calibration only.

    Point after Rogan & Gladen (1978), interval after Lang & Reiczigel (2014), which carries the
    uncertainty of sensitivity and specificity.

    Args:
        positives: outputs that the judge passed.
        n: outputs judged.
        sensitivity: (passed by the judge, all) among outputs known to be good.
        specificity: (failed by the judge, all) among outputs known to be bad.
        confidence: two-sided, in (0, 1).

    Returns:
        Rate in [0, 1] and its interval; NaN with bounds 0 and 1 for a judge that is no better
        than a coin, or without data.
    """
    for part, whole in ((positives, n), sensitivity, specificity):
        if not 0 <= part <= whole:
            raise ValueError(f"{part} of {whole} is no count")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    if 0 in (n, sensitivity[1], specificity[1]):
        return Interval(math.nan, 0.0, 1.0, n)
    youden = sensitivity[0] / sensitivity[1] + specificity[0] / specificity[1] - 1.0
    z2 = norm_ppf(0.5 + 0.5 * confidence) ** 2
    p, p_n = (positives + z2 / 2.0) / (n + z2), n + z2
    se, se_n = (sensitivity[0] + 1.0) / (sensitivity[1] + 2.0), sensitivity[1] + 2.0
    sp, sp_n = (specificity[0] + 1.0) / (specificity[1] + 2.0), specificity[1] + 2.0
    shrunk_youden = se + sp - 1.0
    if youden <= 0 or shrunk_youden <= 0:
        return Interval(math.nan, 0.0, 1.0, n)
    value = (positives / n + specificity[0] / specificity[1] - 1.0) / youden
    centre = (p + sp - 1.0) / shrunk_youden
    se_part, sp_part = se * (1.0 - se) / se_n, sp * (1.0 - sp) / sp_n
    shift = 2.0 * z2 * (centre * se_part - (1.0 - centre) * sp_part)
    variance = p * (1.0 - p) / p_n + centre**2 * se_part + (1.0 - centre) ** 2 * sp_part
    half = math.sqrt(z2 * variance) / shrunk_youden
    return Interval(
        _clip(value, 0.0, 1.0),
        _clip(centre + shift - half, 0.0, 1.0),
        _clip(centre + shift + half, 0.0, 1.0),
        n,
    )


def _power_weight(
    y: np.ndarray[tuple[int], np.dtype[np.float64]],
    f: np.ndarray[tuple[int], np.dtype[np.float64]],
    share: float,
) -> float:
    """The lambda of PPI++: cov(y, f) / ((1 + m / N) var f), held within [0, 1]."""
    deviation = f - f.mean()
    spread = float(deviation @ deviation)
    if spread <= 0:
        return 0.0
    return _clip(float(deviation @ (y - y.mean())) / ((1.0 + share) * spread), 0.0, 1.0)


def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)
