from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from pytest_ftgate.stats import intervals
from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.intervals import Interval, clopper_pearson, rate, wilson

from .outcomes import taubench


@pytest.mark.parametrize(
    ("x", "n", "score", "exact"),
    [
        # Newcombe (1998a), table I
        (81, 263, (0.255289, 0.366210), (0.252737, 0.367622)),
        (15, 148, (0.062386, 0.160487), (0.057844, 0.161650)),
        (0, 20, (0.0, 0.161125), (0.0, 0.168433)),
        (1, 29, (0.006113, 0.171755), (0.000873, 0.177644)),
    ],
)
def test_published_intervals_of_a_proportion(x: int, n: int, score, exact) -> None:
    assert wilson(x, n) == pytest.approx(score, abs=5e-7)
    assert clopper_pearson(x, n) == pytest.approx(exact, abs=5e-7)


@given(st.integers(1, 400), st.data(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_intervals_of_a_proportion_agree_with_statsmodels(n: int, data, confidence: float) -> None:
    x = data.draw(st.integers(0, n))
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "beta")):
        want = proportion_confint(x, n, alpha=1 - confidence, method=method)
        assert ours(x, n, confidence=confidence) == pytest.approx(want, rel=1e-9, abs=1e-12)


def test_no_trial_leaves_everything_possible() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert rate([]).low == 0.0
    assert math.isnan(rate([]).value)


def test_a_plain_rate_is_wilsons() -> None:
    got = rate([1.0] * 35 + [0.0] * 5)
    assert (got.low, got.high) == wilson(35, 40)
    assert (got.value, got.n) == (0.875, 40)


def test_trials_of_a_case_are_not_pooled() -> None:
    means = taubench().mean(axis=1)
    got = rate(means, trials=4)
    assert got.value == pytest.approx(0.42)
    variance = means.var(ddof=1) / 50
    shrink = (scipy.stats.norm.ppf(0.975) / scipy.stats.t.ppf(0.975, 49)) ** 2
    n_star = 0.42 * 0.58 / variance * shrink
    assert 50 < n_star < 200
    assert (got.low, got.high) == pytest.approx(wilson(0.42 * n_star, n_star), rel=1e-10)
    pooled = wilson(84, 200)
    assert got.high - got.low > 1.3 * (pooled[1] - pooled[0])


def test_identical_trials_add_nothing() -> None:
    values = [1.0] * 30 + [0.0] * 10
    once, often = rate(values), rate(values, trials=5)
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.06)


def test_without_variance_the_units_count() -> None:
    assert rate([1.0] * 20, trials=5).low == wilson(20, 20)[0]
    clustered = rate([1.0] * 20, design=Design.of(20, clusters=np.arange(20) // 4))
    assert clustered.low == wilson(5, 5)[0]
    weighted = rate([1.0] * 3, design=Design.of(3, weights=[2, 1, 1]))
    assert weighted.low == pytest.approx(wilson(16 / 6, 16 / 6)[0])
    assert rate([0.5], trials=4).n == 1


def test_a_rate_uses_no_more_trials_than_there_were() -> None:
    # alternating halves vary less between cases than chance allows
    got = rate([0.5] * 9 + [0.75], trials=4)
    assert (got.low, got.high) == pytest.approx(wilson(0.525 * 40, 40))


def test_clusters_widen_a_rate() -> None:
    values = np.repeat([1.0, 1.0, 0.0, 1.0, 0.0, 1.0], 10)
    clusters = np.repeat(np.arange(6), 10)
    apart, together = rate(values), rate(values, design=Design.of(60, clusters=clusters))
    assert together.value == apart.value
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_weighted_rate_has_the_weighted_value() -> None:
    got = rate([1.0, 0.0, 1.0, 1.0], design=Design.of(4, weights=[1, 2, 1, 1]))
    assert got.value == pytest.approx(0.6)
    assert got.low < 0.6 < got.high


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=40),
    st.integers(1, 5),
    st.sampled_from([None, "weights", "clusters"]),
)
def test_a_rate_lies_in_its_interval_and_has_width(values, trials: int, how) -> None:
    n = len(values)
    design = {
        None: None,
        "weights": Design.of(n, weights=1 + np.arange(n) % 3),
        "clusters": Design.of(n, clusters=np.arange(n) // 2),
    }[how]
    got = rate(values, trials=trials, design=design)
    assert 0 <= got.low <= got.value <= got.high <= 1
    assert got.low < got.high


@pytest.mark.parametrize("n", [30, 100])
def test_coverage_of_a_rate_with_trials_by_simulation(n: int) -> None:
    rng = np.random.default_rng(21)
    chance = rng.beta(3.4, 0.6, (600, n))
    truth = 3.4 / 4
    seen = [rate(rng.binomial(4, p) / 4, trials=4) for p in chance]
    held = np.mean([got.low <= truth <= got.high for got in seen])
    assert 0.92 <= held <= 0.99


def test_the_mean_of_a_score_is_estimator_e_on_one_arm() -> None:
    x = np.array([0.2, 0.9, 1.0, 0.7, 0.5])
    got = intervals.score_mean(x, trials=2)
    variance = (((x - x.mean()) ** 2).sum() + 0.5) / 25
    half = scipy.stats.t.ppf(0.975, 5) * math.sqrt(variance)
    assert got.value == pytest.approx(0.66)
    assert got.low == pytest.approx(0.66 - half, rel=1e-10)
    assert got.high == 1.0


def test_a_perfect_score_keeps_a_width() -> None:
    got = intervals.score_mean([2.0] * 20, low=0.0, high=2.0)
    assert got.value == got.high == 2.0
    assert got.low == pytest.approx(2 - scipy.stats.t.ppf(0.975, 20) * 2 / 20)
    none = intervals.score_mean([], low=1.0, high=5.0)
    assert (none.low, none.high, none.n) == (1.0, 5.0, 0)


@pytest.mark.parametrize("chance", [0.85, 0.95])
def test_coverage_of_a_score_by_simulation(chance: float) -> None:
    rng = np.random.default_rng(22)
    draws = 1 - 0.5 * (rng.random((500, 60)) < 2 * (1 - chance))
    seen = [intervals.score_mean(x) for x in draws]
    assert np.mean([got.low <= chance <= got.high for got in seen]) >= 0.93


def test_the_mean_of_an_unbounded_kpi_is_the_t_interval() -> None:
    x = [120.0, 80.0, 100.0, 95.0]
    got = intervals.mean(x)
    want = scipy.stats.t.interval(0.95, 3, loc=np.mean(x), scale=scipy.stats.sem(x))
    assert (got.low, got.high) == pytest.approx(want)
    assert intervals.mean([5.0]) == Interval(5.0, -math.inf, math.inf, 1)


def test_a_ratio_is_linearised() -> None:
    y, x = np.array([1.0, 0.0, 4.0, 2.0]), np.array([2.0, 1.0, 3.0, 2.0])
    got = intervals.ratio(y, x)
    r = (y - 7 / 8 * x) / 2
    half = scipy.stats.t.ppf(0.975, 3) * r.std(ddof=1) / 2
    assert got.value == pytest.approx(7 / 8)
    assert (got.low, got.high) == pytest.approx((7 / 8 - half, 7 / 8 + half))


def test_a_ratio_over_ones_is_a_mean() -> None:
    y = [0.0, 1.0, 0.0, 2.0, 1.0]
    got, want = intervals.ratio(y, np.ones(5)), intervals.mean(y)
    assert (got.value, got.low, got.high) == pytest.approx((want.value, want.low, want.high))


def test_a_ratio_without_denominator_is_unknown() -> None:
    got = intervals.ratio([0.0, 0.0], [0.0, 0.0])
    assert math.isnan(got.value)
    assert (got.low, got.high) == (-math.inf, math.inf)
    assert intervals.ratio([], []).n == 0


def test_a_relative_change_is_taken_on_the_log() -> None:
    c, b = np.array([2.0, 3.0, 2.5, 4.0]), np.array([1.0, 2.0, 2.0, 2.5])
    got = intervals.relative_change(c, b)
    z = c / c.mean() - b / b.mean()
    half = scipy.stats.t.ppf(0.95, 3) * z.std(ddof=1) / 2
    log = math.log(c.mean() / b.mean())
    assert got.relative
    assert got.value == pytest.approx(c.mean() / b.mean() - 1)
    assert got.low == pytest.approx(math.exp(log - half) - 1)
    assert got.high == pytest.approx(math.exp(log + half) - 1)


def test_a_change_from_nothing_is_absolute() -> None:
    got = intervals.relative_change([1.0, 0.0, 2.0], [0.0, 0.0, 0.0])
    assert not got.relative
    assert got.value == pytest.approx(1.0)
    unknown = intervals.relative_change([3.0], [2.0])
    assert (unknown.value, unknown.low, unknown.high) == (0.5, -1.0, math.inf)
    assert intervals.relative_change([], []).n == 0


def test_quantiles_by_order_statistics() -> None:
    x = np.arange(1.0, 101.0)
    got = intervals.quantile(x[::-1], 0.5)
    assert (got.value, got.low, got.high, got.n) == (50.5, 40.0, 61.0, 100)


def test_the_95th_percentile_needs_72_cases() -> None:
    assert intervals.quantile(np.arange(71.0), 0.95).high == math.inf
    assert intervals.quantile(np.arange(72.0), 0.95).high == 71.0
    assert intervals.quantile(np.arange(5.0), 0.5).low == -math.inf
    assert intervals.quantile(np.arange(6.0), 0.5).low == 0.0
    assert math.isnan(intervals.quantile([], 0.5).value)


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_coverage_of_quantiles_is_what_the_binomial_says(q: float) -> None:
    rng = np.random.default_rng(23)
    truth = scipy.stats.lognorm.ppf(q, 1.0)
    seen = [intervals.quantile(x, q) for x in rng.lognormal(0, 1, (500, 90))]
    assert np.mean([got.low <= truth <= got.high for got in seen]) >= 0.93


def test_finite_is_what_json_can_hold() -> None:
    assert intervals.finite(0.5) == 0.5
    assert intervals.finite(math.inf) is None
    assert intervals.finite(math.nan) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson(3, 2), r"successes must lie in 0\.\.n, got 3 of 2"),
        (lambda: wilson(1, 2, confidence=1.0), "confidence must lie in"),
        (lambda: rate([1.2]), r"case values lie in \[0, 1\]"),
        (lambda: rate([1.0], trials=0), "trials must be >= 1"),
        (lambda: rate([float("nan")]), "values must be finite"),
        (lambda: intervals.score_mean([3.0]), r"case values lie in \[0.0, 1.0\]"),
        (lambda: intervals.score_mean([1.0], low=1.0, high=1.0), "low must be below high"),
        (lambda: intervals.score_mean([1.0], trials=0), "trials must be >= 1"),
        (lambda: intervals.ratio([1.0], [-1.0]), "denominators must be >= 0"),
        (lambda: intervals.ratio([1.0], [1.0, 2.0]), "must have 1 entries, got 2"),
        (lambda: intervals.quantile([1.0], 1.0), "q must lie in"),
    ],
)
def test_misuse_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
