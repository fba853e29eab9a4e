from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.stats.paired import compare
from pytest_ftgate.stats.power import cases_needed, mde


def test_the_documented_example() -> None:
    assert cases_needed(0.03, 0.10) == 681
    assert mde(681, 0.10) == pytest.approx(0.03, abs=1e-5)
    c = 6.182 / 200
    assert mde(200, 0.08) == pytest.approx(math.sqrt(c * 0.08 / (1 + c)), rel=1e-4)


@given(st.floats(0.01, 0.3), st.floats(0, 0.05), st.floats(0.05, 1.0), st.sampled_from([0.8, 0.9]))
def test_cases_needed_are_the_fewest_that_suffice(
    effect: float, margin: float, discordance: float, power: float
) -> None:
    if effect <= margin:
        assert cases_needed(effect, discordance, margin=margin, power=power) is None
        return
    discordance = max(discordance, effect**2 * 1.01)
    n = cases_needed(effect, discordance, margin=margin, power=power)
    assert n is not None
    assert mde(n, discordance, margin=margin, power=power) <= effect * (1 + 1e-9)
    if n > 1:
        assert mde(n - 1, discordance, margin=margin, power=power) > effect * (1 - 1e-9)


def test_a_margin_is_never_seen_below_itself() -> None:
    assert mde(10**9, 0.1, margin=0.02) == pytest.approx(0.02, abs=1e-4)
    assert mde(100, 0.1, margin=0.02) >= mde(100, 0.1)
    assert cases_needed(0.02, 0.1, margin=0.02) is None


def test_the_estimator_supplies_the_discordance() -> None:
    candidate = np.r_[np.zeros(10), np.ones(90)]
    seen = compare(candidate, np.ones(100))
    # 10 flips in 100 cases, plus the pseudo-case
    assert seen.discordance == pytest.approx(0.11)
    assert mde(100, seen.discordance) == pytest.approx(0.0801, abs=5e-4)


def test_power_of_the_rule_by_simulation() -> None:
    # A drop of exactly the detectable effect is blocked in about 80 % of seeded draws.
    rng = np.random.default_rng(7)
    n, flips = 200, 0.12
    drop = mde(n, flips, margin=0.02)
    lose, gain = (flips + drop) / 2, (flips - drop) / 2
    blocks = 0
    for _ in range(400):
        d = rng.choice([-1.0, 1.0, 0.0], n, p=[lose, gain, 1 - flips])
        seen = compare(d, np.zeros(n))
        blocks += seen.high < 0 and seen.delta <= -0.02
    assert 0.72 <= blocks / 400 <= 0.88


def test_nothing_known_detects_nothing() -> None:
    assert mde(0, 0.1) == math.inf
    assert mde(1, math.inf) == math.inf
    assert cases_needed(0.1, math.inf) is None
    assert cases_needed(1.0, 1.0) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"discordance": -1}, "discordance must be >= 0"),
        ({"alpha": 0.6}, "alpha must lie in"),
        ({"power": 0.2}, "power must lie in"),
        ({"margin": -0.1}, "margin must be >= 0"),
    ],
)
def test_impossible_arguments_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mde(100, **{"discordance": 0.1, **arguments})


def test_no_effect_cannot_be_looked_for() -> None:
    with pytest.raises(ValueError, match="effect must be > 0"):
        cases_needed(0.0, 0.1)
