from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.stats.classification import compare_macro_f1, confusion, macro_f1
from pytest_ftgate.stats.design import Design

labels = st.sampled_from(["bug", "billing", "other"])
rows = st.lists(st.tuples(labels, st.one_of(st.none(), labels)), min_size=1, max_size=40)


def test_a_table_by_hand() -> None:
    expected = ["a", "a", "a", "b", "b", "c"]
    predicted = ["a", "b", None, "b", "b", "a"]
    table = confusion(expected, predicted)
    assert table.labels == ("a", "b", "c")
    assert table.counts.tolist() == [[1, 1, 0, 1], [0, 2, 0, 0], [1, 0, 0, 0]]
    assert table.accuracy == pytest.approx(3 / 6)
    np.testing.assert_allclose(table.precision, [1 / 2, 2 / 3, np.nan])
    np.testing.assert_allclose(table.recall, [1 / 3, 1, 0])
    np.testing.assert_allclose(table.f1, [2 / 5, 4 / 5, 0])
    assert table.macro_f1 == pytest.approx((2 / 5 + 4 / 5 + 0) / 3)


def test_a_class_only_ever_predicted_counts_as_a_class() -> None:
    # the union of expected and predicted classes, as scikit-learn's f1_score(average="macro")
    table = confusion(["a", "a", "b"], ["a", "invented", "b"])
    assert table.labels == ("a", "b", "invented")
    assert math.isnan(table.recall[2])
    assert table.macro_f1 == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_a_prediction_that_could_not_be_made_is_no_class() -> None:
    table = confusion(["a", "b"], [None, "b"])
    assert table.labels == ("a", "b")
    assert table.predicted.tolist() == [0, 1]
    assert table.macro_f1 == pytest.approx(0.5)


def test_weights_count() -> None:
    table = confusion(["a", "b"], ["a", "a"], weights=[3, 1])
    assert table.accuracy == 0.75
    assert table.counts.tolist() == [[3, 0, 0], [1, 0, 0]]


def test_nothing_is_unknown() -> None:
    table = confusion([], [])
    assert math.isnan(table.accuracy)
    assert math.isnan(table.macro_f1)
    got = macro_f1([], [])
    assert math.isnan(got.value)
    assert (got.low, got.high, got.n) == (0.0, 1.0, 0)
    assert compare_macro_f1([], [], []).n == 0


@given(rows)
def test_scores_are_the_textbook_ones(pairs) -> None:
    expected, predicted = zip(*pairs, strict=True)
    table = confusion(expected, predicted)
    f1 = []
    for label in table.labels:
        hits = sum(e == p == label for e, p in pairs)
        misses = sum((e == label) != (p == label) for e, p in pairs)
        f1.append(2 * hits / (2 * hits + misses))
    assert table.macro_f1 == pytest.approx(np.mean(f1))
    assert table.accuracy == pytest.approx(np.mean([e == p for e, p in pairs]))


@given(rows)
def test_the_interval_holds_the_value_and_has_width(pairs) -> None:
    expected, predicted = zip(*pairs, strict=True)
    got = macro_f1(expected, predicted)
    assert got.value == pytest.approx(confusion(expected, predicted).macro_f1)
    assert 0 <= got.low <= got.value + 1e-12
    assert got.value - 1e-12 <= got.high <= 1
    assert got.low < got.high


@given(rows, st.randoms(use_true_random=False))
def test_order_of_the_cases_does_not_matter(pairs, random) -> None:
    shuffled = random.sample(pairs, len(pairs))
    first, second = macro_f1(*zip(*pairs, strict=True)), macro_f1(*zip(*shuffled, strict=True))
    assert (first.low, first.high) == pytest.approx((second.low, second.high), abs=1e-12)


def test_the_influence_is_the_derivative() -> None:
    # adding a copy of one case moves macro F1 by its influence / n, to first order
    rng = np.random.default_rng(31)
    expected = rng.choice(["a", "b", "c"], 500, p=[0.6, 0.3, 0.1]).tolist()
    predicted = [e if hit else "a" for e, hit in zip(expected, rng.random(500) < 0.7, strict=True)]
    weights = np.ones(500)
    base = confusion(expected, predicted).macro_f1
    jackknife = []
    for i in range(60):
        weights[i] += 1e-4
        moved = confusion(expected, predicted, weights=weights).macro_f1
        jackknife.append((moved - base) / 1e-4 * 500)
        weights[i] -= 1e-4
    from pytest_ftgate.stats.classification import _arm

    arm = _arm(expected, predicted, None, None)
    assert arm is not None
    np.testing.assert_allclose(arm.case_values[:60] - base, jackknife, rtol=2e-3, atol=1e-3)
    assert arm.case_values.mean() == pytest.approx(base)


def test_a_perfect_score_keeps_a_width() -> None:
    got = macro_f1(["a", "b"] * 20, ["a", "b"] * 20)
    assert got.value == got.high == 1.0
    assert got.low == pytest.approx(0.9495, abs=1e-4)
    skewed = macro_f1(["a"] * 38 + ["b"] * 2, ["a"] * 38 + ["b"] * 2)
    assert skewed.low < got.low


def test_trials_of_a_case_are_one_case() -> None:
    expected = ["a", "b", "b", "a"]
    predicted = ["a", "b", "a", "a"]
    once = macro_f1(expected, predicted)
    doubled = macro_f1(expected * 2, predicted * 2, cases=["w", "x", "y", "z"] * 2)
    assert doubled.value == pytest.approx(once.value)
    assert doubled.n == 4
    # only the pseudo-case knows that there were two trials
    assert once.low <= doubled.low
    weighted = macro_f1(
        expected * 2,
        predicted * 2,
        cases=["w", "x", "y", "z"] * 2,
        design=Design.of(4, weights=[1, 1, 3, 1]),
    )
    want = confusion(expected, predicted, weights=[1, 1, 3, 1]).macro_f1
    assert weighted.value == pytest.approx(want)


def test_coverage_by_simulation() -> None:
    rng = np.random.default_rng(32)
    names = np.array(["a", "b", "c", "d"])
    truth = 0.9  # balanced classes, errors spread evenly
    held = 0
    for _ in range(300):
        e = rng.integers(0, 4, 120)
        p = np.where(rng.random(120) < 0.9, e, (e + rng.integers(1, 4, 120)) % 4)
        got = macro_f1(names[e].tolist(), names[p].tolist())
        held += got.low <= truth <= got.high
    assert held / 300 >= 0.91


def test_a_paired_difference_of_macro_f1() -> None:
    rng = np.random.default_rng(33)
    names = np.array(["a", "b", "c"])
    expected = rng.integers(0, 3, 300)
    good = np.where(rng.random(300) < 0.95, expected, (expected + 1) % 3)
    poor = np.where(rng.random(300) < 0.8, expected, (expected + 1) % 3)
    e, g, p = (names[x].tolist() for x in (expected, good, poor))
    seen = compare_macro_f1(e, p, g)
    assert seen.delta == pytest.approx(confusion(e, p).macro_f1 - confusion(e, g).macro_f1)
    assert seen.high < 0
    same = compare_macro_f1(e, g, g)
    assert same.delta == 0.0
    assert same.low < 0 < same.high


def test_false_alarms_of_the_difference_by_simulation() -> None:
    rng = np.random.default_rng(34)
    names = np.array(["a", "b", "c"])
    blocks = 0
    for _ in range(300):
        e = rng.choice(3, 100, p=[0.5, 0.3, 0.2])
        hard = rng.beta(4, 0.7, 100)
        arms = [np.where(rng.random(100) < hard, e, (e + 1) % 3) for _ in range(2)]
        seen = compare_macro_f1(*(names[x].tolist() for x in (e, *arms)))
        blocks += seen.high < 0 and seen.delta <= -0.02
    assert blocks / 300 <= 0.07


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: confusion(["a"], []), "1 expected but 0 predicted"),
        (lambda: confusion(["a"], ["a"], weights=[-1]), "weights must be >= 0"),
        (lambda: macro_f1(["a"], ["a"], cases=["x", "y"]), "1 rows but 2 case ids"),
        (lambda: macro_f1(["a"], ["a"], design=Design.of(2)), "design is for 2 cases"),
        (lambda: macro_f1(["a"], ["a"], confidence=1.0), "confidence must lie in"),
    ],
)
def test_misuse_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
