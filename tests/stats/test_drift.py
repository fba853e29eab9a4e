from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from pytest_ftgate.stats.drift import Drift, distribution, tag_mix


def test_one_tag_a_case_is_pearsons_chi_square() -> None:
    before = [["a"]] * 40 + [["b"]] * 30 + [["c"]] * 30
    after = [["a"]] * 20 + [["b"]] * 45 + [["c"]] * 15
    got = tag_mix(before, after, draws=4000)
    want = scipy.stats.chi2_contingency([[40, 30, 30], [20, 45, 15]])
    assert got.statistic == pytest.approx(want.statistic)
    assert got.p == pytest.approx(want.pvalue, abs=0.01)


def test_the_same_mix_has_not_moved() -> None:
    cases = [["a"], ["a", "b"], [], ["b"]] * 10
    got = tag_mix(cases, cases)
    assert got.statistic == pytest.approx(0, abs=1e-12)
    assert got.p == 1.0


def test_cases_with_several_tags_are_shuffled_as_cases() -> None:
    # tags that always go together must not count as independent evidence
    rng = np.random.default_rng(71)
    alarms = 0
    for _ in range(100):
        flag = rng.random(80) < 0.4
        cases = [["a", "b", "c", "d"] if on else [] for on in flag]
        alarms += tag_mix(cases[:40], cases[40:], draws=200).p < 0.05
    assert alarms <= 10


def test_a_lost_tag_is_seen() -> None:
    before = [["refund", "angry"]] * 30 + [[]] * 30
    after = [["refund"]] * 30 + [[]] * 30
    assert tag_mix(before, after).p < 0.001


def test_lengths_by_kolmogorov_smirnov() -> None:
    rng = np.random.default_rng(72)
    before, after = rng.normal(0, 1, 80), rng.normal(0.4, 1, 60)
    got = distribution(before, after, draws=4000)
    want = scipy.stats.ks_2samp(before, after)
    assert got.statistic == pytest.approx(want.statistic)
    assert got.p == pytest.approx(want.pvalue, abs=0.02)


def test_false_alarms_with_ties_by_simulation() -> None:
    rng = np.random.default_rng(73)
    alarms = sum(
        distribution(rng.poisson(3, 60), rng.poisson(3, 50), draws=200).p < 0.05 for _ in range(200)
    )
    assert alarms / 200 <= 0.08


def test_many_distinct_lengths_use_a_grid() -> None:
    rng = np.random.default_rng(74)
    before, after = rng.normal(0, 1, 3000), rng.normal(0, 1, 2000)
    got = distribution(before, after, draws=200)
    want = scipy.stats.ks_2samp(before, after).statistic
    assert got.statistic == pytest.approx(want, abs=0.002)
    assert got.p > 0.01
    assert distribution(before, after + 0.3, draws=200).p < 0.01


def test_order_does_not_matter_and_draws_are_seeded() -> None:
    before, after = np.arange(30.0), np.arange(10.0, 30.0)
    assert distribution(before, after) == distribution(before[::-1], after[::-1])


def test_an_empty_set_has_not_moved() -> None:
    assert distribution([], [1.0]) == Drift(0.0, 1.0)
    assert tag_mix([["a"]], []) == Drift(0.0, 1.0)
