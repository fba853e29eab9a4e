from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.monotone import estimate_monotone
from pytest_ftgate.stats.paired import Estimate, estimate

MARGIN = 0.02
RANK = ("pass", "inconclusive", "warn", "block")


def verdict(seen: Estimate, margin: float = MARGIN) -> str:
    if seen.high < 0 and seen.delta <= -margin:
        return "block"
    if seen.low > -margin:
        return "pass"
    return "warn" if seen.delta <= -margin else "inconclusive"


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[np.ndarray, Design, int]:
    """Differences of k trials a side: mostly unchanged, some a little worse, a few far out."""
    n, trials = draw(st.integers(5, 30)), draw(st.sampled_from([1, 3, 5]))
    step = st.integers(-1, 1) if draw(st.booleans()) else st.integers(-trials, trials)
    d = np.array(draw(st.lists(step, min_size=n, max_size=n)), float) / trials
    kind = draw(st.sampled_from(["plain", "weights", "clusters"]))
    weights = st.sampled_from([1.0, 1.0, 3.0, 10.0])
    labels = st.integers(0, max(2, n // 2))
    design = Design.of(
        n,
        weights=draw(st.lists(weights, min_size=n, max_size=n)) if kind == "weights" else None,
        clusters=draw(st.lists(labels, min_size=n, max_size=n)) if kind == "clusters" else None,
    )
    return d, design, trials


def judged(d: np.ndarray, design: Design, trials: int, margin: float = MARGIN) -> str:
    seen = estimate_monotone(d, e2=1 / trials, margin=margin, span=1.0, design=design)
    return verdict(seen, margin)


@given(comparisons(), st.data())
@settings(max_examples=300)
def test_a_worse_case_never_improves_the_verdict(
    comparison: tuple[np.ndarray, Design, int], data: st.DataObject
) -> None:
    d, design, trials = comparison
    worse = d.copy()
    at = data.draw(st.integers(0, d.size - 1))
    worse[at] = max(-1.0, d[at] - data.draw(st.integers(1, 2 * trials)) / trials)
    before, after = judged(d, design, trials), judged(worse, design, trials)
    assert RANK.index(after) >= RANK.index(before)


@given(comparisons())
@settings(max_examples=100)
def test_bounds_are_never_wider_than_those_of_the_estimator(
    comparison: tuple[np.ndarray, Design, int],
) -> None:
    d, design, trials = comparison
    plain = estimate(d, e2=1 / trials, span=1.0, design=design)
    seen = estimate_monotone(d, e2=1 / trials, margin=MARGIN, span=1.0, design=design)
    assert (seen.delta, seen.se, seen.df, seen.n) == (plain.delta, plain.se, plain.df, plain.n)
    assert seen.low >= plain.low
    assert seen.high <= plain.high
    assert seen.p <= plain.p


@given(st.integers(20, 200), st.integers(0, 30), st.integers(0, 30))
def test_one_trial_a_case_is_the_estimator_itself(n: int, b: int, c: int) -> None:
    b, c = min(b, n // 2), min(c, n // 2)
    d = np.r_[-np.ones(b), np.ones(c), np.zeros(n - b - c)]
    plain = estimate(d, e2=1.0, span=1.0)
    assert verdict(estimate_monotone(d, e2=1.0, margin=MARGIN, span=1.0)) == verdict(plain)


def test_a_case_far_out_does_not_hide_the_drop_of_the_others() -> None:
    """Eight of 50 cases lose one of ten trials: a drop. One that loses all must not undo it."""
    d = np.r_[-0.1 * np.ones(8), np.zeros(42)]
    worse = d.copy()
    worse[0] = -1.0
    assert verdict(estimate(d, e2=0.1), 0.0) == "block"
    assert verdict(estimate(worse, e2=0.1), 0.0) == "warn"
    seen = estimate_monotone(worse, e2=0.1, margin=0.0)
    assert seen.high < 0
    assert seen.p < 0.05


def test_a_gain_far_out_does_not_hide_that_nothing_was_lost() -> None:
    d = np.zeros(40)
    gained = d.copy()
    gained[0] = 1.0
    assert verdict(estimate(d, e2=0.2)) == "pass"
    assert verdict(estimate(gained, e2=0.2)) == "inconclusive"
    assert estimate_monotone(gained, e2=0.2, margin=MARGIN).low > -MARGIN


def test_raising_stops_where_the_drop_would_fall_within_the_margin() -> None:
    """One case carries the whole drop: without it there would be nothing to block."""
    d = np.zeros(60)
    d[0] = -1.0
    assert judged(d, Design.of(60), 5, margin=0.01) != "block"


def test_no_case_and_no_freedom_are_left_alone() -> None:
    assert estimate_monotone([], e2=1.0, margin=MARGIN).n == 0
    lone = estimate_monotone([-1.0], e2=0.0, margin=MARGIN)
    assert lone.df == 0
    assert lone.p == 1.0
    same = estimate_monotone([-0.5] * 5, e2=0.0, margin=MARGIN)
    assert (same.se, same.high, same.p) == (0.0, -0.5, 0.0)


@pytest.mark.parametrize("strata", [False, True])
def test_false_blocks_stay_below_five_percent(strata: bool) -> None:
    rng = np.random.default_rng(3)
    labels = list("ab" * 25) if strata else None
    design = Design.of(50, strata=labels)
    blocks = 0
    for _ in range(400):
        chance = rng.beta(3.4, 0.6, 50)
        arms = rng.binomial(5, chance, (2, 50)) / 5
        blocks += judged(arms[0] - arms[1], design, 5) == "block"
    assert blocks / 400 <= 0.06
