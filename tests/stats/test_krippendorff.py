from __future__ import annotations

import math

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_ftgate.stats.krippendorff import LEVELS, alpha

from .outcomes import KRIPPENDORFF, pandalm

TEXTBOOK = {"nominal": 0.743421, "ordinal": 0.815388, "interval": 0.849107, "ratio": 0.797403}


@pytest.mark.parametrize("level", LEVELS)
def test_the_textbook_example(level) -> None:
    assert alpha(KRIPPENDORFF, level=level, draws=0).value == pytest.approx(
        TEXTBOOK[level], abs=5e-7
    )


def test_the_raters_of_pandalm() -> None:
    got = alpha(pandalm(), level="nominal", draws=2000)
    assert got.value == pytest.approx(0.864221, abs=5e-7)
    assert got.n == 999
    assert 0.83 < got.low < got.value < got.high < 0.90


ratings = st.lists(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, 5.0, np.nan]), min_size=3, max_size=3),
    min_size=2,
    max_size=12,
)


@given(ratings, st.sampled_from(LEVELS))
def test_agrees_with_the_krippendorff_package(items, level) -> None:
    matrix = np.array(items).T
    paired = matrix[:, (~np.isnan(matrix)).sum(axis=0) >= 2]
    assume(np.unique(paired[~np.isnan(paired)]).size >= 2)
    want = krippendorff.alpha(reliability_data=paired, level_of_measurement=level)
    assert alpha(matrix, level=level, draws=0).value == pytest.approx(want, abs=1e-9)


def test_high_agreement_on_a_skewed_scale_is_no_reliability() -> None:
    first = np.r_[np.ones(92), np.zeros(4), np.ones(4)]
    second = np.r_[np.ones(92), np.ones(4), np.zeros(4)]
    got = alpha([first, second], level="nominal", draws=500)
    assert got.value == pytest.approx(-0.036, abs=5e-4)
    assert got.high < 0.1


@pytest.mark.parametrize("level", LEVELS)
def test_the_interval_is_that_of_resampled_items(level) -> None:
    rng = np.random.default_rng(41)
    truth = rng.integers(0, 3, 60)
    matrix = np.stack([np.where(rng.random(60) < 0.8, truth, rng.integers(0, 3, 60)) for _ in "ab"])
    got = alpha(matrix, level=level, draws=4000)
    plain = []
    for _ in range(400):
        picked = matrix[:, rng.integers(0, 60, 60)]
        plain.append(krippendorff.alpha(picked.astype(float), level_of_measurement=level))
    low, high = np.quantile(plain, [0.025, 0.975])
    assert got.low == pytest.approx(low, abs=0.04)
    assert got.high == pytest.approx(high, abs=0.04)


def test_the_interval_is_reproducible_and_seeded() -> None:
    first = alpha(KRIPPENDORFF, draws=300)
    assert alpha(KRIPPENDORFF, draws=300) == first
    assert alpha(KRIPPENDORFF, draws=300, seed=1) != first
    assert alpha(KRIPPENDORFF[:, ::-1], draws=300) == first


def test_nothing_to_agree_about() -> None:
    for matrix in (np.ones((3, 5)), np.array([[1.0, np.nan], [np.nan, 2.0]]), np.zeros((2, 0))):
        got = alpha(matrix)
        assert math.isnan(got.value)
        assert (got.low, got.high) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "cardinal"}, "got 'cardinal'"),
        ({"confidence": 0.0}, "confidence must lie in"),
        ({"level": "ratio"}, "ratio level needs ratings >= 0"),
    ],
)
def test_misuse_is_refused(arguments, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        alpha([[-1.0, 2.0], [1.0, 2.0]], **arguments)
