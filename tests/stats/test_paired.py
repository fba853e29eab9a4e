from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.flips import count_flips, mcnemar_exact
from pytest_ftgate.stats.paired import Estimate, compare, compare_many, estimate

from .outcomes import DARWIN, llmdrift, llmdrift_strata, taubench

outcomes = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=60
)


def by_hand(
    d: np.ndarray, strata: np.ndarray, e2: float, alpha: float = 0.05
) -> tuple[float, float, float, float, float]:
    """Estimator E written out as in its definition, with scipy's t distribution."""
    n, delta, variance, spread = d.size, 0.0, 0.0, 0.0
    for stratum in np.unique(strata):
        part = d[strata == stratum]
        share = part.size / n
        squares = ((part - part.mean()) ** 2).sum()
        freedom = part.size - 1 + share * (e2 > 0)
        s2 = (squares + share * e2) / freedom
        delta += share * part.mean()
        variance += share**2 * s2 / part.size
        spread += (share**2 * s2 / part.size) ** 2 / freedom
    df = variance**2 / spread
    t = scipy.stats.t.ppf(1 - alpha, df) * math.sqrt(variance)
    return delta, delta - t, delta + t, df, scipy.stats.t.cdf(delta / math.sqrt(variance), df)


def test_darwins_maize_has_the_published_t_interval() -> None:
    seen = estimate(DARWIN, e2=0.0, alpha=0.025)
    assert seen.low == pytest.approx(0.0312, abs=5e-5)
    assert seen.high == pytest.approx(41.8355, abs=5e-5)
    assert seen.df == 14
    assert 1 - seen.p == pytest.approx(scipy.stats.ttest_1samp(DARWIN, 0).pvalue / 2, rel=1e-10)


@pytest.mark.parametrize("trials", [(1, 1), (5, 1), (3, 4)])
def test_one_stratum_is_the_definition(trials: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    candidate, baseline = rng.random((2, 37))
    seen = compare(candidate, baseline, trials=trials)
    e2 = (1 / trials[0] + 1 / trials[1]) / 2
    want = by_hand(candidate - baseline, np.zeros(37), e2)
    assert (seen.delta, seen.low, seen.high, seen.df, seen.p) == pytest.approx(want, rel=1e-11)
    assert seen.df == pytest.approx(37)
    assert seen.n == 37


def test_strata_are_the_definition() -> None:
    rng = np.random.default_rng(2)
    strata = np.repeat(["easy", "typical", "hard"], [10, 25, 6])
    d = rng.choice([-1.0, 0.0, 0.0, 1.0], strata.size) + (strata == "hard")
    d = np.clip(d, -1, 1)
    seen = estimate(d, e2=1.0, design=Design.of(d.size, strata=strata))
    want = by_hand(d, strata, 1.0)
    assert (seen.delta, seen.low, seen.high, seen.df, seen.p) == pytest.approx(want, rel=1e-11)


def test_small_strata_are_merged() -> None:
    rng = np.random.default_rng(3)
    d = rng.choice([-1.0, 0.0, 1.0], 30)
    together = np.array(["a"] * 4 + ["b"] * 3 + ["c"] * 23)
    merged = np.array(["ab"] * 7 + ["c"] * 23)
    assert estimate(d, e2=1.0, design=Design.of(30, strata=together)) == estimate(
        d, e2=1.0, design=Design.of(30, strata=merged)
    )
    lone = np.array(["a"] * 4 + ["b"] * 10 + ["c"] * 16)
    joined = np.array(["b"] * 14 + ["c"] * 16)
    assert estimate(d, e2=1.0, design=Design.of(30, strata=lone)) == estimate(
        d, e2=1.0, design=Design.of(30, strata=joined)
    )
    tiny = np.arange(30) // 3
    assert estimate(d, e2=1.0, design=Design.of(30, strata=tiny)) == estimate(d, e2=1.0)


def test_clusters_are_the_definition() -> None:
    rng = np.random.default_rng(4)
    clusters = rng.integers(0, 12, 60)
    d = rng.choice([-1.0, 0.0, 1.0], 60)
    seen = estimate(d, e2=1.0, design=Design.of(60, clusters=clusters))
    sums = np.array([(d[clusters == g] - d.mean()).sum() for g in range(12)])
    variance = 12 / 11 * (sums**2).sum() / 60**2
    assert seen.se == pytest.approx(math.sqrt(variance), rel=1e-12)
    assert seen.df == 11
    half = scipy.stats.t.ppf(0.95, 11) * math.sqrt(variance)
    assert seen.low == pytest.approx(d.mean() - half, rel=1e-10)


def test_many_strata_are_the_definition() -> None:
    rng = np.random.default_rng(8)
    strata = np.repeat(np.arange(30), 6)
    d = rng.choice([-1.0, 0.0, 1.0], 180)
    seen = estimate(d, e2=1.0, design=Design.of(180, strata=strata))
    want = by_hand(d, strata, 1.0)
    assert (seen.delta, seen.low, seen.high, seen.df, seen.p) == pytest.approx(want, rel=1e-10)


def test_strata_without_a_counting_case_do_not_matter() -> None:
    d = np.r_[np.zeros(6), np.ones(6), -1.0]
    strata, weights = [*"aaaaaabbbbbbz"], [1] * 12 + [0]
    seen = estimate(d, e2=1.0, design=Design.of(13, strata=strata, weights=weights))
    want = estimate(d[:12], e2=1.0, design=Design.of(12, strata=strata[:12]))
    assert as_tuple(seen) == pytest.approx(as_tuple(want))


def test_clusters_of_one_are_no_clusters() -> None:
    d = np.r_[np.zeros(20), -np.ones(5)]
    alone = Design.of(25, clusters=list(range(25)))
    absent = Design.of(25, clusters=[None] * 25)
    assert estimate(d, e2=1.0, design=alone) == estimate(d, e2=1.0)
    assert estimate(d, e2=1.0, design=absent) == estimate(d, e2=1.0)


def test_cases_without_a_cluster_are_clusters_of_one() -> None:
    d = np.array([1.0, 1.0, 0.0, -1.0, 0.0, 0.0])
    some = Design.of(6, clusters=["x", "x", None, None, None, None])
    spelled = Design.of(6, clusters=["x", "x", "p", "q", "r", "s"])
    assert estimate(d, e2=1.0, design=some) == estimate(d, e2=1.0, design=spelled)


def test_equal_differences_in_clusters_keep_a_width() -> None:
    design = Design.of(20, clusters=np.arange(20) // 4)
    none = estimate(np.zeros(20), e2=1.0, design=design)
    assert none.se == pytest.approx(1 / 20)
    one = estimate(np.r_[1.0, np.zeros(19)], e2=1.0, design=design)
    assert one.se == pytest.approx(1 / 20)


def test_one_single_cluster_says_nothing() -> None:
    seen = estimate(np.zeros(9), e2=1.0, span=1.0, design=Design.of(9, clusters=["x"] * 9))
    assert (seen.low, seen.high, seen.df, seen.p) == (-1.0, 1.0, 0.0, 1.0)


def test_equal_weights_are_no_weights() -> None:
    d = np.array([1.0, 0.0, -1.0, 0.0, 0.0, 0.0])
    assert estimate(d, e2=1.0, design=Design.of(6, weights=[2.5] * 6)) == estimate(d, e2=1.0)


def test_weights_move_the_mean_and_cost_cases() -> None:
    d = np.array([1.0, 0.0, -1.0, 0.0])
    design = Design.of(4, weights=[3, 1, 1, 1])
    seen = estimate(d, e2=1.0, design=design)
    assert seen.delta == pytest.approx(2 / 6)
    assert design.effective_n == pytest.approx(36 / 12)
    assert seen.df == pytest.approx(3)
    assert seen.n == 4


def test_a_case_of_weight_zero_does_not_count() -> None:
    d = np.array([1.0, 0.0, -1.0, 0.0, 0.5])
    without = estimate(d[:4], e2=1.0)
    seen = estimate(d, e2=1.0, design=Design.of(5, weights=[1, 1, 1, 1, 0]))
    assert seen.n == 4
    assert (seen.delta, seen.low, seen.high) == pytest.approx(
        (without.delta, without.low, without.high)
    )
    nothing = estimate(d, e2=1.0, span=1.0, design=Design.of(5, weights=[0] * 5))
    assert math.isnan(nothing.delta)
    assert (nothing.n, nothing.low, nothing.high) == (0, -1.0, 1.0)


def test_one_dominant_weight_is_one_case() -> None:
    d = np.r_[1.0, np.zeros(99)]
    seen = estimate(d, e2=1.0, span=1.0, design=Design.of(100, weights=[1e9] + [1] * 99))
    assert seen.df == pytest.approx(1, abs=1e-5)
    assert seen.se == pytest.approx(1, abs=1e-5)


def test_no_case_one_case_and_equal_cases() -> None:
    none = compare([], [])
    assert math.isnan(none.delta)
    assert (none.low, none.high, none.p, none.n) == (-1.0, 1.0, 1.0, 0)
    one = compare([0.0], [1.0])
    assert (one.delta, one.low, one.high, one.n) == (-1.0, -1.0, 1.0, 1)
    same = compare(np.ones(50), np.ones(50))
    assert same.delta == 0.0
    assert same.low == pytest.approx(-scipy.stats.t.ppf(0.95, 50) / 50)
    assert same.high == -same.low
    assert same.p == 0.5


def test_unbounded_kpis_have_no_pseudo_case() -> None:
    one = compare([3.0], [5.0], span=None)
    assert (one.delta, one.low, one.high, one.p) == (-2.0, -math.inf, math.inf, 1.0)
    same = compare([3.0, 4.0], [3.0, 4.0], span=None)
    assert (same.delta, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 0.5)
    down = compare([1.0, 2.0], [3.0, 4.0], span=None)
    assert (down.high, down.p) == (-2.0, 0.0)
    up = compare([3.0, 4.0], [1.0, 2.0], span=None)
    assert up.p == 1.0


def test_bounds_stay_within_the_possible() -> None:
    seen = compare([0.0, 0.0], [1.0, 1.0])
    assert seen.low == -1.0
    wide = compare([0.0, 0.0], [5.0, 5.0], span=5.0)
    assert wide.low == -5.0


def test_lower_is_better_turns_the_difference_round() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.random((2, 20))
    assert compare(a, b, higher_is_better=False) == compare(b, a)


def test_trials_may_differ_by_case() -> None:
    candidate, baseline = np.array([1.0, 0.5, 0.0]), np.array([1.0, 1.0, 1.0])
    assert compare([], [], trials=([], 1)).n == 0
    seen = compare(candidate, baseline, trials=([1, 2, 4], 1))
    d = candidate - baseline
    e2 = ((1 + 1 / 2 + 1 / 4) / 3 + 1) / 2
    assert seen == estimate(d, e2=e2, span=1.0)


def test_many_kpis_at_once_are_each_kpi_alone() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.random((2, 40, 3))
    design = Design.of(40, strata=rng.choice(["x", "y"], 40), weights=rng.random(40))
    spans, up = [1.0, None, 2.0], [True, False, True]
    together = compare_many(a, b, spans=spans, higher_is_better=up, design=design)
    for j, seen in enumerate(together):
        alone = compare(a[:, j], b[:, j], span=spans[j], higher_is_better=up[j], design=design)
        for got, want in zip(as_tuple(seen), as_tuple(alone), strict=True):
            assert got == pytest.approx(want, rel=1e-12)


def as_tuple(seen: Estimate) -> tuple[float, ...]:
    return seen.delta, seen.low, seen.high, seen.se, seen.df, seen.p, seen.n


def test_gpt4_dropped_on_primes_and_not_on_composites() -> None:
    before, after = "gpt-4-0314", "gpt-4-0613"
    overall = compare(
        llmdrift(after), llmdrift(before), design=Design.of(1000, strata=llmdrift_strata())
    )
    assert llmdrift(before).mean() == pytest.approx(0.840)
    assert llmdrift(after).mean() == pytest.approx(0.511)
    assert overall.delta == pytest.approx(-0.329)
    assert overall.high < -0.2
    flips = count_flips(llmdrift(after), llmdrift(before))
    assert (flips.b, flips.c) == (476, 147)
    assert mcnemar_exact(flips.b, flips.c) == pytest.approx(2.1e-41, rel=0.01)
    primes = compare(llmdrift(after, "prime"), llmdrift(before, "prime"))
    assert primes.delta == pytest.approx(0.024 - 0.976)
    assert primes.high < -0.9
    composites = compare(llmdrift(after, "composite"), llmdrift(before, "composite"))
    assert composites.low > 0.25


def test_gpt35_gained_overall_and_dropped_on_composites() -> None:
    before, after = "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"
    assert compare(llmdrift(after), llmdrift(before)).low > 0.2
    slice_ = compare(llmdrift(after, "composite"), llmdrift(before, "composite"))
    assert slice_.delta == pytest.approx(0.656 - 0.844)
    assert slice_.high < -0.02
    assert slice_.p < 1e-9


def test_no_two_trials_of_one_model_differ() -> None:
    trials = taubench()
    for i in range(4):
        for j in range(i + 1, 4):
            flips = count_flips(trials[:, j], trials[:, i])
            assert 11 <= flips.b + flips.c <= 19
            assert mcnemar_exact(flips.b, flips.c) >= 0.77
            seen = compare(trials[:, j], trials[:, i])
            assert not (seen.high < 0 and seen.delta <= -0.02)
            assert not (-seen.low < 0 and -seen.delta <= -0.02)


def test_agrees_with_mcnemar_on_flips() -> None:
    for b, c in [(12, 3), (25, 10), (8, 8), (30, 21)]:
        d = np.r_[-np.ones(b), np.ones(c), np.zeros(200 - b - c)]
        assert estimate(d, e2=1.0).p == pytest.approx(
            scipy.stats.binom.cdf(c, b + c, 0.5) - scipy.stats.binom.pmf(c, b + c, 0.5) / 2,
            abs=0.015,
        )


@given(outcomes, st.randoms(use_true_random=False))
def test_order_of_the_cases_does_not_matter(pairs, random) -> None:
    shuffled = random.sample(pairs, len(pairs))
    a, b = np.array(pairs).T
    c, d = np.array(shuffled).T
    assert as_tuple(compare(a, b)) == pytest.approx(as_tuple(compare(c, d)), rel=1e-12)


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from("ab"), st.integers(1, 3)),
        min_size=1,
        max_size=40,
    ),
    st.data(),
)
def test_a_worse_case_never_raises_the_difference(cases, data) -> None:
    now, before, strata, weights = zip(*cases, strict=True)
    design = Design.of(len(cases), strata=strata, weights=weights)
    i = data.draw(st.integers(0, len(cases) - 1))
    worse = list(now)
    worse[i] = data.draw(st.floats(0, now[i]))
    assert compare(worse, before, design=design).delta <= compare(now, before, design=design).delta


@given(outcomes, st.data())
def test_a_lost_pass_is_always_more_evidence_of_a_drop(pairs, data) -> None:
    # For one binary trial a case: delta, both bounds and p all move the same way.
    now, before = (np.array(arm) for arm in zip(*pairs, strict=True))
    passing = np.flatnonzero(now)
    if passing.size == 0:
        return
    worse = now.copy()
    worse[data.draw(st.sampled_from(passing.tolist()))] = 0.0
    was, seen = compare(now, before), compare(worse, before)
    assert seen.delta < was.delta
    assert seen.low <= was.low + 1e-12
    assert seen.high <= was.high + 1e-12
    assert seen.p <= was.p + 1e-12


@pytest.mark.parametrize(("n", "k"), [(50, 1), (50, 5), (200, 1)])
def test_false_blocks_and_coverage_by_simulation(n: int, k: int) -> None:
    # Nothing changed: at most 5 % blocks, and both bounds hold in about 95 % of seeded draws.
    rng = np.random.default_rng(11)
    blocks = low_holds = high_holds = 0
    repetitions = 600
    for _ in range(repetitions):
        chance = rng.beta(3.4, 0.6, n)
        arms = rng.binomial(k, chance, (2, n)) / k
        seen = compare(arms[0], arms[1], trials=(k, k))
        blocks += seen.high < 0 and seen.delta <= -0.02
        low_holds += seen.low <= 0
        high_holds += seen.high >= 0
    assert blocks / repetitions <= 0.06
    assert low_holds / repetitions >= 0.93
    assert high_holds / repetitions >= 0.93


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"candidate": [1.0], "baseline": [1.0, 0.0]}, "two vectors of one length"),
        ({"candidate": [[1.0]], "baseline": [[1.0]]}, "two vectors of one length"),
        ({"candidate": [float("nan")], "baseline": [1.0]}, "must be finite"),
        ({"candidate": [1.0], "baseline": [1.0], "alpha": 0.5}, "alpha must lie in"),
        ({"candidate": [1.0], "baseline": [1.0], "trials": (0, 1)}, "trials must be >= 1"),
        ({"candidate": [1.0], "baseline": [1.0], "trials": ([1, 2], 1)}, "a number or 1 numbers"),
        ({"candidate": [1.0], "baseline": [1.0], "design": Design.of(2)}, "design is for 2 cases"),
    ],
)
def test_misuse_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare(**arguments)


def test_misshapen_matrices_are_refused() -> None:
    with pytest.raises(ValueError, match="matrices wanted"):
        compare_many([[1.0]], [[1.0]], spans=[1.0, 1.0])
    with pytest.raises(ValueError, match="one-dimensional"):
        estimate([[1.0]], e2=1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": [1.0, -1.0]}, "weights must be >= 0"),
        ({"weights": [1.0]}, "must have 2 entries, got 1"),
        ({"strata": ["a"]}, "2 cases but 1 strata labels"),
        ({"clusters": ["a"]}, "2 cases but 1 cluster labels"),
    ],
)
def test_misshapen_designs_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Design.of(2, **arguments)


def test_a_difference_beyond_all_bounds_has_no_bounded_discordance() -> None:
    far = Estimate(-1e300, -math.inf, math.inf, math.inf, 0.0, 1.0, 1, 0.05)
    assert far.discordance == math.inf
