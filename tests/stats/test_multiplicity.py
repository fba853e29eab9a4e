from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from pytest_ftgate.stats.multiplicity import benjamini_hochberg, holm

p_vectors = arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1))


def test_textbook_values() -> None:
    p = [0.01, 0.04, 0.03, 0.005]
    np.testing.assert_allclose(holm(p), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.02, 0.04, 0.04, 0.02])


@settings(max_examples=10)
@given(p_vectors)
def test_agree_with_statsmodels(p: np.ndarray) -> None:
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)
    np.testing.assert_allclose(
        benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1], rtol=1e-12
    )


@given(p_vectors, st.randoms(use_true_random=False))
def test_order_of_the_tests_does_not_matter(p: np.ndarray, random) -> None:
    order = np.array(random.sample(range(p.size), p.size))
    np.testing.assert_array_equal(holm(p[order]), holm(p)[order])
    np.testing.assert_array_equal(benjamini_hochberg(p[order]), benjamini_hochberg(p)[order])


def test_one_test_is_left_alone_and_none_gives_none() -> None:
    assert holm([0.2]).tolist() == [0.2]
    assert benjamini_hochberg([0.2]).tolist() == [0.2]
    assert holm([]).tolist() == []


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match=r"p-values lie in \[0, 1\]"):
        holm([1.2])
    with pytest.raises(ValueError, match="must be finite"):
        benjamini_hochberg([float("nan")])
