from __future__ import annotations

import math
from collections import Counter
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.paired import Estimate, estimate
from pytest_ftgate.stats.saturation import (
    Saturation,
    bad_iterations,
    best_gain,
    cases_to_decide,
    decide,
    judge,
    recent_trend,
)


def history(rng: np.random.Generator, n: int, means: list[float]) -> np.ndarray:
    """Binary outcomes of n cases, correlated within a case as real ladders are."""
    threshold = np.array([NormalDist().inv_cdf(p) for p in means])[:, None]
    latent = math.sqrt(0.6) * rng.standard_normal(n) + math.sqrt(0.4) * rng.standard_normal(
        (len(means), n)
    )
    return (latent < threshold).astype(float)


def found(delta: float, low: float, high: float) -> Estimate:
    return Estimate(delta=delta, low=low, high=high, se=0.01, df=100, p=0.5, n=100)


@pytest.mark.parametrize(
    ("trend", "gain", "bad", "verdict"),
    [
        ((-0.02, -0.03, -0.01), (0.0, -0.01, 0.01), False, "regressing"),
        ((-0.02, -0.03, -0.01), (0.0, -0.01, 0.01), True, "plateau"),
        ((0.0, -0.01, 0.01), (-0.03, -0.05, -0.01), True, "regressing"),
        ((0.02, 0.01, 0.05), (0.0, -0.01, 0.02), False, "plateau"),
        ((0.0, -0.01, 0.01), (0.03, 0.01, 0.05), False, "improving"),
        ((0.02, 0.01, 0.05), (0.01, -0.01, 0.05), False, "improving"),
        ((0.02, 0.01, 0.05), (0.01, -0.01, 0.05), True, "not_enough_evidence"),
        ((0.0, -0.01, 0.02), (0.01, -0.01, 0.05), False, "plateau"),
        ((0.0, -0.01, 0.02), (0.01, -0.01, 0.05), True, "not_enough_evidence"),
        ((0.0, -0.01, 0.02), (0.03, -0.01, 0.05), False, "not_enough_evidence"),
        ((0.0, -0.05, 0.05), (0.0, -0.05, 0.05), False, "not_enough_evidence"),
    ],
)
def test_the_first_rule_that_holds_decides(trend, gain, bad: bool, verdict: str) -> None:
    assert decide(found(*trend), found(*gain), bad=bad, margin=0.03) == verdict


def test_too_few_iterations_say_nothing() -> None:
    got = judge(np.ones((9, 50)))
    assert got.verdict == "too_few_iterations"
    assert (got.trend, got.best_gain, got.bad) == (None, None, ())
    assert judge(np.ones((9, 50)), window=4).verdict != "too_few_iterations"


def test_the_trend_is_the_least_squares_gain_of_one_window() -> None:
    rng = np.random.default_rng(91)
    x = rng.random((13, 40))
    got = recent_trend(x, window=5, e2=0.2, design=Design.of(40))
    slopes = np.polyfit(np.arange(10), x[-10:], 1)[0]
    want = estimate(5 * slopes, e2=0.2)
    assert (got.delta, got.low, got.high) == pytest.approx((want.delta, want.low, want.high))


def test_the_best_gain_of_a_clear_step_is_the_step() -> None:
    x = np.zeros((12, 100))
    x[:7, :50] = 1.0
    x[7:, :80] = 1.0
    got = best_gain(x, window=5, e2=1.0, design=Design.of(100))
    assert got.delta == pytest.approx(0.30)
    assert got.low > 0


def test_the_best_gain_is_free_of_the_winners_curse() -> None:
    rng = np.random.default_rng(92)
    gains, naive, inflation = [], [], []
    for _ in range(60):
        x = history(rng, 100, [0.85] * 12)
        got = judge(x)
        assert got.best_gain is not None
        gains.append(got.best_gain.delta)
        inflation.append(got.inflation)
        naive.append(x.mean(axis=1).max() - 0.85)
    assert np.mean(gains) == pytest.approx(0.0, abs=0.012)
    # the best of 12 equal tries on 100 cases overstates itself by some 4 points, and says so
    assert np.mean(naive) > 0.03
    assert np.mean(inflation) == pytest.approx(np.mean(naive), abs=0.01)


def test_bad_iterations_are_found() -> None:
    rng = np.random.default_rng(93)
    x = history(rng, 300, [0.85] * 12)
    assert bad_iterations(x, window=5, e2=1.0, design=Design.of(300)) == ()
    assert bad_iterations(x[:1], window=5, e2=1.0, design=Design.of(300)) == ()
    x[8, :60] = 0.0
    x[1, :] = 0.0  # too long ago to matter
    assert bad_iterations(x, window=5, e2=1.0, design=Design.of(300)) == (8,)


@pytest.mark.parametrize(
    ("means", "expected", "least"),
    [
        (np.linspace(0.72, 0.92, 12).tolist(), "improving", 0.9),
        ([0.85] * 15, "plateau", 0.5),
        ([0.85] * 7 + [0.75] * 5, "regressing", 0.9),
    ],
)
def test_verdicts_by_simulation(means: list[float], expected: str, least: float) -> None:
    rng = np.random.default_rng(94)
    verdicts = Counter(judge(history(rng, 250, means)).verdict for _ in range(40))
    assert verdicts[expected] / 40 >= least


def test_false_plateaus_by_simulation() -> None:
    rng = np.random.default_rng(95)
    means = [*np.linspace(0.78, 0.80, 6), *np.linspace(0.82, 0.87, 6)]
    verdicts = Counter(judge(history(rng, 200, means)).verdict for _ in range(60))
    assert verdicts["plateau"] / 60 <= 0.10


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["plain", "weights", "clusters", "strata"]))
def test_order_of_the_cases_does_not_matter(seed: int, how: str) -> None:
    rng = np.random.default_rng(seed)
    x = history(rng, 30, [0.8] * 10)
    labels = rng.integers(0, 5, 30)
    order = rng.permutation(30)

    def design(picked: np.ndarray) -> Design:
        values = {} if how == "plain" else {how: labels[picked] + (how == "weights")}
        return Design.of(30, **values)

    first = judge(x, design=design(np.arange(30)))
    second = judge(x[:, order], design=design(order))
    assert first.verdict == second.verdict
    assert first.bad == second.bad
    for one, two in ((first.trend, second.trend), (first.best_gain, second.best_gain)):
        assert one is not None
        assert two is not None
        assert (one.delta, one.low, one.high) == pytest.approx((two.delta, two.low, two.high))
    assert first.inflation == pytest.approx(second.inflation)


def test_clusters_fall_into_one_half_as_a_whole() -> None:
    # One document decides everything: half-splits through it would leak the best try.
    rng = np.random.default_rng(96)
    x = np.repeat(history(rng, 8, [0.5] * 12), 25, axis=1)
    clustered = judge(x, design=Design.of(200, clusters=np.repeat(np.arange(8), 25)))
    apart = judge(x)
    assert clustered.best_gain is not None
    assert apart.best_gain is not None
    assert clustered.best_gain.df == 7
    assert clustered.best_gain.high - clustered.best_gain.low > 2 * (
        apart.best_gain.high - apart.best_gain.low
    )


def test_more_trials_narrow_only_the_pseudo_case() -> None:
    x = np.ones((10, 20))
    once, often = judge(x), judge(x, trials=5)
    assert once.trend is not None
    assert often.trend is not None
    assert once.trend.se == pytest.approx(math.sqrt(5) * often.trend.se)
    assert judge(x, trials=np.full(20, 5)).trend == often.trend
    assert judge(x, trials=np.full((10, 20), 5)).trend == often.trend


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_case_is_no_evidence(n: int) -> None:
    got = judge(np.ones((12, n)))
    assert got.verdict == "not_enough_evidence"
    assert math.isnan(got.inflation)


def open_verdict(trend, gain, *, bad: tuple[int, ...] = ()) -> Saturation:
    return Saturation(
        "not_enough_evidence", found(*trend), found(*gain), bad, 0.02, 12, 100, 5, 0.03
    )


@pytest.mark.parametrize(
    ("trend", "gain", "bad", "cases"),
    [
        # The trend's upper bound passes below the margin, and the gain is below it.
        ((0.0, -0.06, 0.06), (0.01, -0.09, 0.11), (), 401),
        # A bad try takes the trend out: the gain must be told from the margin.
        ((0.0, -0.06, 0.06), (0.01, -0.09, 0.11), (11,), 2501),
        # A gain above the margin can only become improving.
        ((0.0, -0.06, 0.06), (0.04, -0.04, 0.12), (), 401),
        ((0.03, -0.03, 0.09), (0.04, -0.12, 0.20), (), 401),
    ],
)
def test_cases_that_would_decide_it(trend, gain, bad: tuple[int, ...], cases: int) -> None:
    assert cases_to_decide(open_verdict(trend, gain, bad=bad)) == cases


def test_an_open_verdict_asks_for_more_cases_than_there_are() -> None:
    rng = np.random.default_rng(97)
    tries = (judge(history(rng, 60, [0.85] * 12)) for _ in range(20))
    asked = [cases_to_decide(seen) for seen in tries if seen.verdict == "not_enough_evidence"]
    assert asked
    assert all(cases is not None and cases > 60 for cases in asked)


def test_no_number_of_cases_where_nothing_is_open_or_known() -> None:
    rng = np.random.default_rng(98)
    assert cases_to_decide(judge(history(rng, 300, [0.85] * 15))) is None
    assert cases_to_decide(judge(np.ones((9, 50)))) is None
    assert cases_to_decide(judge(np.ones((12, 1)))) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": np.ones(5)}, r"scores must be \(iterations, cases\)"),
        ({"scores": np.full((10, 2), np.nan)}, "scores must be finite"),
        ({"window": 1}, "window must be at least 2"),
        ({"margin": 0.0}, "margin and span must be > 0"),
        ({"design": Design.of(3)}, "design is for 3 cases, the scores have 2"),
        ({"trials": 0}, "trials must be >= 1"),
        ({"trials": [1, 2, 3]}, r"trials of shape \(3,\) do not fit scores \(10, 2\)"),
    ],
)
def test_misuse_is_refused(arguments, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge(**{"scores": np.ones((10, 2)), **arguments})
