from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats import inter_rater

from pytest_ftgate.stats.agreement import (
    agreement_weights,
    cohen_kappa,
    fleiss_kappa,
    gwet,
    item_counts,
    kappa_of_table,
    percent_agreement,
)

from .outcomes import KRIPPENDORFF, pandalm

ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]  # Gwet (2014), two abstractors, 100 records


def rows_of(table: list[list[int]]) -> np.ndarray:
    pairs = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    return np.array(pairs, dtype=float).T


@pytest.mark.parametrize(
    ("weights", "kappa"),
    [("identity", 0.648318), ("linear", 0.708738), ("quadratic", 0.776632)],
)
def test_kappa_of_a_rubric_table(weights, kappa: float) -> None:
    table = [[20, 5, 1], [4, 30, 6], [0, 7, 27]]
    assert kappa_of_table(table, weights=weights) == pytest.approx(kappa, abs=5e-7)
    assert cohen_kappa(*rows_of(table), weights=weights) == pytest.approx(kappa, abs=5e-7)
    if weights != "identity":
        want = inter_rater.cohens_kappa(np.array(table), wt=weights, return_results=False)
        assert kappa_of_table(table, weights=weights) == pytest.approx(want)


@pytest.mark.parametrize(
    ("weights", "kappa", "ac"),
    [
        # unweighted published by Gwet (2019); weighted computed with the irrCAC package
        ("identity", 0.7964094, 0.8493305),
        ("quadratic", 0.89216, 0.94024),
        ("linear", 0.84290, 0.90002),
        ("ordinal", 0.87211, 0.92519),
    ],
)
def test_gwets_abstractors(weights, kappa: float, ac: float) -> None:
    digits = 5e-8 if weights == "identity" else 5e-6
    assert kappa_of_table(ABSTRACTORS, weights=weights) == pytest.approx(kappa, abs=digits)
    assert gwet(rows_of(ABSTRACTORS), weights=weights) == pytest.approx(ac, abs=digits)
    assert percent_agreement(rows_of(ABSTRACTORS)) == pytest.approx(0.89)


def test_several_raters_with_missing_ratings() -> None:
    # Gwet (2014), who uses Krippendorff's textbook data
    assert gwet(KRIPPENDORFF) == pytest.approx(0.77544, abs=5e-6)
    assert percent_agreement(KRIPPENDORFF) == pytest.approx(0.81818, abs=5e-6)


def test_skewed_marginals_deceive_kappa_and_not_ac1() -> None:
    # Gwet (2002): 118 + 0 of 125 agree, and kappa is below zero
    table = [[118, 5], [2, 0]]
    assert kappa_of_table(table) == pytest.approx(-0.0234, abs=5e-5)
    assert gwet(rows_of(table)) == pytest.approx(0.9408, abs=5e-5)


def test_the_raters_of_pandalm() -> None:
    h1, h2, h3 = pandalm()
    assert cohen_kappa(h1, h2) == pytest.approx(0.852, abs=5e-4)
    assert cohen_kappa(h1, h3) == pytest.approx(0.879, abs=5e-4)
    assert cohen_kappa(h2, h3) == pytest.approx(0.862, abs=5e-4)
    assert fleiss_kappa(pandalm()) == pytest.approx(0.864175, abs=5e-7)
    want = inter_rater.fleiss_kappa(item_counts(pandalm()).counts)
    assert fleiss_kappa(pandalm()) == pytest.approx(want)


def test_a_category_nobody_used_still_spreads_the_scale() -> None:
    first, second = [0.0, 2.0, 2.0, 0.0], [0.0, 2.0, 0.0, 0.0]
    # 3 of 4 agree, prevalences 5/8 and 3/8: chance is 15/32 on two values, 5/6 of it on three
    assert gwet([first, second], weights="linear") == pytest.approx((24 - 15) / (32 - 15))
    whole = gwet([first, second], weights="linear", values=[0, 1, 2])
    assert whole == pytest.approx((24 - 12.5) / (32 - 12.5))
    assert cohen_kappa(first, second, weights="linear", values=[0, 1, 2]) == pytest.approx(
        cohen_kappa(first, second, weights="linear")
    )


def test_weights_as_tabulated_by_gwet() -> None:
    scale = np.array([1.0, 2.0, 3.0])
    assert agreement_weights(scale, "linear")[0].tolist() == [1, 0.5, 0]
    assert agreement_weights(scale, "quadratic")[0].tolist() == [1, 0.75, 0]
    np.testing.assert_allclose(agreement_weights(scale, "ordinal")[0], [1, 2 / 3, 0])
    assert agreement_weights(scale, "identity").tolist() == np.eye(3).tolist()


def test_perfect_and_pointless_agreement() -> None:
    varied = np.array([[0.0, 1, 2, 1]] * 3)
    assert percent_agreement(varied) == fleiss_kappa(varied) == gwet(varied) == 1.0
    constant = np.ones((3, 4))
    assert percent_agreement(constant) == 1.0
    for coefficient in (fleiss_kappa(constant), gwet(constant), cohen_kappa([1.0], [1.0])):
        assert math.isnan(coefficient)


def test_nothing_rated_twice_is_unknown() -> None:
    alone = [[1.0, np.nan], [np.nan, 2.0]]
    assert math.isnan(percent_agreement(alone))
    assert math.isnan(gwet(alone))
    assert math.isnan(cohen_kappa([np.nan], [1.0]))
    assert math.isnan(kappa_of_table([[0, 0], [0, 0]]))
    assert math.isnan(fleiss_kappa(np.zeros((3, 0))))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: item_counts([1.0, 2.0]), r"ratings must be \(raters, items\)"),
        (lambda: item_counts([[np.inf]]), "must be finite or NaN"),
        (lambda: item_counts([[3.0]], values=[0, 1, 2]), r"ratings \[3.0\] are not on the scale"),
        (lambda: item_counts([[1.0]], values=[2, 1]), "must ascend"),
        (lambda: kappa_of_table([[1, 2]]), "must be square"),
        (lambda: fleiss_kappa([[1.0, 2.0], [1.0, np.nan]]), "same number of ratings"),
        (lambda: kappa_of_table([[1, 0], [0, 1]], weights="cubic"), "got 'cubic'"),
    ],
)
def test_misuse_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
