from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.stats.calibration import prediction_powered_mean, rogan_gladen


def test_prediction_powered_mean_by_hand() -> None:
    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    f = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    every = np.r_[f, np.ones(9), np.zeros(6)]
    got = prediction_powered_mean(y, f, every)
    weight = np.cov(y, f)[0, 1] / ((1 + 5 / 20) * f.var(ddof=1))
    residual = y - weight * f
    variance = weight**2 * every.var(ddof=1) / 20 + (residual.var() * 5 + 1) / 25
    half = scipy.stats.t.ppf(0.975, 4) * math.sqrt(variance)
    assert got.weight == pytest.approx(weight)
    assert got.value == pytest.approx(weight * every.mean() + residual.mean())
    assert got.low == pytest.approx(max(0, got.value - half))
    assert got.high == pytest.approx(min(1, got.value + half))
    assert (got.labelled, got.judged) == (5, 20)


def test_a_constant_judge_is_ignored() -> None:
    got = prediction_powered_mean([1.0, 0.0, 1.0], np.ones(3), np.ones(30))
    assert got.weight == 0.0
    assert got.value == pytest.approx(2 / 3)


def test_a_contrary_judge_is_ignored() -> None:
    got = prediction_powered_mean([1.0, 0.0], [0.0, 1.0], [0.0, 1.0, 1.0])
    assert (got.weight, got.value) == (0.0, 0.5)


def test_a_good_judge_narrows_the_interval() -> None:
    rng = np.random.default_rng(51)
    truth = rng.random(2000) < 0.8
    judge = np.where(rng.random(2000) < 0.95, truth, ~truth).astype(float)
    humans = truth[:100].astype(float)
    powered = prediction_powered_mean(humans, judge[:100], judge)
    alone = prediction_powered_mean(humans, np.zeros(100), np.zeros(2000))
    assert powered.high - powered.low < 0.8 * (alone.high - alone.low)


def test_few_labels_say_little() -> None:
    none = prediction_powered_mean([], [], [1.0, 0.0])
    assert math.isnan(none.value)
    assert (none.low, none.high) == (0.0, 1.0)
    one = prediction_powered_mean([1.0], [1.0], [1.0, 1.0])
    assert (one.value, one.low, one.high) == (1.0, 0.0, 1.0)


def test_other_ranges_scale() -> None:
    y, f, every = [1.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0, 1.0]
    unit = prediction_powered_mean(y, f, every)
    wide = prediction_powered_mean(*([2 * v for v in x] for x in (y, f, every)), high=2.0)
    assert wide.value == pytest.approx(2 * unit.value)
    assert (wide.low, wide.high) == pytest.approx((2 * unit.low, 2 * unit.high))


def test_coverage_with_few_labels_by_simulation() -> None:
    rng = np.random.default_rng(52)
    held = 0
    for _ in range(400):
        truth = rng.random(300) < 0.9
        judge = np.where(rng.random(300) < 0.85, truth, ~truth).astype(float)
        got = prediction_powered_mean(truth[:25].astype(float), judge[:25], judge)
        held += got.low <= truth.mean() <= got.high
    assert held / 400 >= 0.94


def test_rogan_gladen_published_value() -> None:
    got = rogan_gladen(240, 300, sensitivity=(95, 100), specificity=(40, 50))
    assert got.value == pytest.approx(0.80)
    assert got.low < 0.80 < got.high


def test_lang_reiczigel_by_hand() -> None:
    got = rogan_gladen(60, 200, sensitivity=(50, 60), specificity=(48, 60))
    z2 = scipy.stats.norm.ppf(0.975) ** 2
    p, n = (60 + z2 / 2) / (200 + z2), 200 + z2
    se, sp = 51 / 62, 49 / 62
    rate = (p + sp - 1) / (se + sp - 1)
    shift = 2 * z2 * (rate * se * (1 - se) / 62 - (1 - rate) * sp * (1 - sp) / 62)
    spread = p * (1 - p) / n + rate**2 * se * (1 - se) / 62 + (1 - rate) ** 2 * sp * (1 - sp) / 62
    half = math.sqrt(z2 * spread) / (se + sp - 1)
    assert got.low == pytest.approx(max(0, rate + shift - half))
    assert got.high == pytest.approx(rate + shift + half)


def test_coverage_of_lang_reiczigel_by_simulation() -> None:
    rng = np.random.default_rng(53)
    truth, se, sp = 0.3, 0.85, 0.8
    held = 0
    for _ in range(400):
        x = rng.binomial(200, truth * se + (1 - truth) * (1 - sp))
        got = rogan_gladen(
            int(x),
            200,
            sensitivity=(int(rng.binomial(60, se)), 60),
            specificity=(int(rng.binomial(60, sp)), 60),
        )
        held += got.low <= truth <= got.high
    assert held / 400 >= 0.93


@given(st.integers(0, 50), st.integers(0, 20), st.integers(0, 20))
def test_a_corrected_rate_is_a_rate(positives: int, se: int, sp: int) -> None:
    got = rogan_gladen(positives, 50, sensitivity=(se, 20), specificity=(sp, 20))
    assert 0 <= got.low <= got.high <= 1
    assert math.isnan(got.value) == (se + sp <= 20)


def test_a_judge_without_calibration_says_nothing() -> None:
    got = rogan_gladen(5, 10, sensitivity=(0, 0), specificity=(3, 4))
    assert math.isnan(got.value)
    assert (got.low, got.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: prediction_powered_mean([1.0], [1.0], []), "cannot include 1 labelled"),
        (lambda: prediction_powered_mean([1.0], [], [1.0]), "must have 1 entries, got 0"),
        (
            lambda: prediction_powered_mean([1.0], [1.0], [1.0], confidence=0),
            "confidence must lie in",
        ),
        (
            lambda: rogan_gladen(3, 2, sensitivity=(1, 2), specificity=(1, 2)),
            "3 of 2 is no count",
        ),
        (
            lambda: rogan_gladen(1, 2, sensitivity=(1, 2), specificity=(1, 2), confidence=1),
            "confidence must lie in",
        ),
    ],
)
def test_misuse_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
