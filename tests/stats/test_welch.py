from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from pytest_ftgate.stats.welch import compare_repetitions


def test_agrees_with_welchs_t_test() -> None:
    now, before = [1.9, 2.4, 2.2, 2.6], [1.5, 1.6, 1.4]
    delta = float(np.mean(now) - np.mean(before))
    seen = compare_repetitions(now, before, delta=delta, higher_is_better=False)
    oracle = scipy.stats.ttest_ind(before, now, equal_var=False, alternative="less")
    assert seen.p == pytest.approx(oracle.pvalue, rel=1e-9)
    assert seen.df == pytest.approx(oracle.df, rel=1e-9)
    interval = scipy.stats.ttest_ind(before, now, equal_var=False).confidence_interval(0.9)
    assert (seen.low, seen.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert seen.delta == -delta
    assert seen.n == 7


def test_the_interval_lies_around_the_given_difference() -> None:
    seen = compare_repetitions([1.0, 2.0], [1.0, 2.0], delta=0.5)
    assert seen.delta == 0.5
    assert seen.high - 0.5 == pytest.approx(0.5 - seen.low)


@pytest.mark.parametrize(("delta", "p"), [(-1.0, 0.0), (0.0, 0.5), (1.0, 1.0)])
def test_repetitions_without_any_spread(delta: float, p: float) -> None:
    seen = compare_repetitions([2.0 + delta] * 3, [2.0] * 3, delta=delta)
    assert (seen.low, seen.high, seen.p, seen.df) == (delta, delta, p, 4.0)


def test_a_single_repetition_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two repetitions"):
        compare_repetitions([1.0], [1.0, 2.0], delta=0.0)
