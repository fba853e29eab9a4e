from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from pytest_ftgate.stats.flips import (
    Flips,
    count_flips,
    delta_interval,
    mcnemar_drop,
    mcnemar_exact,
    mcnemar_mid_p,
    newcombe,
)


def test_cells_are_named_from_the_baseline() -> None:
    baseline = [1, 1, 1, 0, 0, 1]
    candidate = [1, 0, 0, 1, 0, 1]
    assert count_flips(candidate, baseline) == Flips(a=2, b=2, c=1, d=1)
    assert count_flips([], []) == Flips(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("b", "c", "exact", "mid_p"), [(6, 16, 0.052479, 0.034690), (10, 25, 0.016674, 0.011331)]
)
def test_mcnemar_published_values(b: int, c: int, exact: float, mid_p: float) -> None:
    # 6/16: Fagerland, Lydersen & Laake (2013); 10/25 computed with scipy's binomial
    assert mcnemar_exact(b, c) == pytest.approx(exact, abs=5e-7)
    assert mcnemar_mid_p(b, c) == pytest.approx(mid_p, abs=5e-7)
    assert mcnemar_exact(c, b) == mcnemar_exact(b, c)
    assert mcnemar_mid_p(c, b) == mcnemar_mid_p(b, c)


def test_mid_p_of_equal_flips() -> None:
    assert mcnemar_mid_p(5, 5) == pytest.approx(1 - 252 / 1024 / 2)
    assert mcnemar_mid_p(0, 0) == 1.0
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_drop(0, 0) == 0.5
    assert mcnemar_drop(7, 7) == pytest.approx(0.5)


def test_one_sided_mid_p_is_half_the_two_sided_one() -> None:
    assert mcnemar_drop(25, 10) == pytest.approx(mcnemar_mid_p(25, 10) / 2)
    assert mcnemar_drop(10, 25) == pytest.approx(1 - mcnemar_mid_p(25, 10) / 2)


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        # lchen001/LLMDrift (Apache-2.0), 1,000 primality questions: gpt-4-0314 -> gpt-4-0613 ...
        (476, 147, 2.1e-41),
        # ... its primes and composites, and gpt-3.5-turbo-0301 -> 0613 with its composites
        (476, 0, None),
        (0, 147, None),
        (153, 419, None),
        (147, 53, None),
    ],
)
def test_mcnemar_of_the_drifting_models(b: int, c: int, p: float | None) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(mcnemar([[0, b], [c, 0]]).pvalue, rel=1e-9)
    if p is not None:
        assert mcnemar_exact(b, c) == pytest.approx(p, rel=0.02)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        ((59, 6, 16, 80), -0.118621, -0.004625),  # Fagerland, Lydersen & Laake (2014)
        ((1, 0, 0, 1), -0.573419, 0.573419),
        ((1, 1, 7, 12), -0.506920, -0.025559),
        ((100, 0, 0, 0), -0.036993, 0.036993),
        ((240, 8, 22, 30), -0.084219, -0.010564),
    ],
)
def test_newcombe_published_values(cells: Flips, low: float, high: float) -> None:
    assert newcombe(*cells) == pytest.approx((low, high), abs=5e-7)
    assert delta_interval(Flips(*cells)) == pytest.approx((-high, -low), abs=5e-7)


def test_newcombe_without_cases_knows_nothing() -> None:
    assert newcombe(0, 0, 0, 0) == (-1.0, 1.0)


@given(st.tuples(*[st.integers(0, 60)] * 4))
def test_newcombe_contains_the_difference_and_turns_round(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = cells
    low, high = newcombe(a, b, c, d)
    if sum(cells):
        assert low <= (b - c) / sum(cells) <= high
        assert low < high
    assert newcombe(a, c, b, d) == pytest.approx((-high, -low), abs=1e-12)


@given(st.integers(0, 200), st.integers(0, 200))
def test_one_more_loss_is_more_evidence_of_a_drop(b: int, c: int) -> None:
    assert mcnemar_drop(b + 1, c) < mcnemar_drop(b, c) + 1e-12


def test_bad_outcomes_are_refused() -> None:
    with pytest.raises(ValueError, match="outcomes must be 0 or 1"):
        count_flips([0.5], [1])
    with pytest.raises(ValueError, match="two vectors of one length"):
        count_flips([1, 0], [1])
    with pytest.raises(ValueError, match="counts must be >= 0"):
        mcnemar_exact(-1, 3)
