"""What a comparison could have seen: minimum detectable effect and cases needed.

A drop is reported when it is significant (one-sided alpha) and at least the margin. Both must
happen with the wanted power, so the larger of two effects, and of two case counts, is given.
With margin 0 the first alone decides.
"""

from __future__ import annotations

import math

from pytest_ftgate.stats.distributions import norm_ppf
from pytest_ftgate.stats.paired import ALPHA

POWER = 0.80


def mde(
    n: int,
    discordance: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    margin: float = 0.0,
) -> float:
    """The smallest true drop that n cases report with the wanted power.

    sqrt(c D / (1 + c)) with c = (z_alpha + z_power)^2 / n: the sample-size formula for paired
    proportions of Connor (1987), with the variance at the effect itself.

    Args:
        n: number of matched cases; 0 gives infinity.
        discordance: D, mean squared case difference: share of flipped cases for one binary trial,
            otherwise var(d) + delta^2 (:attr:`paired.Estimate.discordance`).
        alpha: one-sided error of the test.
        power: wanted probability to see the drop, in [0.5, 1).
        margin: tolerated drop; smaller observed drops are not reported, whatever their p.

    Returns:
        A drop >= 0 in the KPI's unit.
    """
    _check(discordance, alpha, power, margin)
    if n <= 0 or math.isinf(discordance):
        return math.inf
    significant = (norm_ppf(1.0 - alpha) + norm_ppf(power)) ** 2 / n
    effect = math.sqrt(significant * discordance / (1.0 + significant))
    if margin == 0.0:
        return effect
    # (delta - m)^2 = c (D - delta^2) with c = z_power^2 / n: observed at or beyond the margin.
    c = norm_ppf(power) ** 2 / n
    inside = max(margin**2 - (1.0 + c) * (margin**2 - c * discordance), 0.0)
    beyond = (margin + math.sqrt(inside)) / (1.0 + c)
    return max(effect, margin, beyond)


def cases_needed(
    effect: float,
    discordance: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    margin: float = 0.0,
) -> int | None:
    """The number of matched cases that report a true drop with the wanted power.

    Args:
        effect: the true drop to be seen, > 0, in the KPI's unit.
        discordance: as for :func:`mde`; values below effect^2 are impossible and raised to it.
        alpha: as for :func:`mde`.
        power: as for :func:`mde`.
        margin: as for :func:`mde`.

    Returns:
        Cases, at least 1; ``None`` when no number is enough (an effect within the margin).
    """
    _check(discordance, alpha, power, margin)
    if not effect > 0:
        raise ValueError(f"the effect must be > 0, got {effect}")
    if (margin > 0 and effect <= margin) or math.isinf(discordance):
        return None
    variance = max(discordance - effect**2, 0.0)
    significant = (norm_ppf(1.0 - alpha) + norm_ppf(power)) ** 2 / effect**2
    beyond = norm_ppf(power) ** 2 / (effect - margin) ** 2
    return max(1, math.ceil(variance * max(significant, beyond) * (1.0 - 1e-12)))


def _check(discordance: float, alpha: float, power: float, margin: float) -> None:
    if not discordance >= 0:
        raise ValueError(f"the discordance must be >= 0, got {discordance}")
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"alpha must lie in (0, 0.5), got {alpha}")
    if not 0.5 <= power < 1.0:
        raise ValueError(f"the power must lie in [0.5, 1), got {power}")
    if not margin >= 0:
        raise ValueError(f"the margin must be >= 0, got {margin}")
