from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate import assert_threshold
from pytest_ftgate.errors import CheckError

NINE_OF_TEN = [1] * 9 + [0]


@pytest.mark.parametrize(
    ("values", "kwargs", "value"),
    [
        (0.9, {"min": 0.9}, 0.9),
        (NINE_OF_TEN, {"min": 0.9}, 0.9),
        ([True, False], {"min": 0.5, "max": 0.5}, 0.5),
        ((x for x in [1.0, 3.0]), {"max": 2}, 2.0),
        (np.array([1.0, 0.0]), {"min": 0.5}, 0.5),
        (np.float64(0.25), {"max": 0.25}, 0.25),
        ([0, 0, 0], {"max": 0.0}, 0.0),
        (NINE_OF_TEN, {"min": 0.95, "mode": "confident"}, 0.9),
        (NINE_OF_TEN, {"max": 0.8, "mode": "confident"}, 0.9),
        (NINE_OF_TEN, {"min": 0.59, "mode": "proven"}, 0.9),
        ([1, 1, 0] * 3, {"min": 2 / 3}, 2 / 3),
        (0.1 + 0.2, {"max": 0.3}, 0.3),
        ([1.5, 2.5, 2.0, 2.2], {"max": 3, "mode": "proven"}, 2.05),
    ],
)
def test_a_kept_threshold_gives_the_kpi(values: object, kwargs: object, value: float) -> None:
    assert assert_threshold("kpi", values, **kwargs) == pytest.approx(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "kwargs", "message"),
    [
        (0.85, {"min": 0.9}, "accuracy: got 0.85, allowed: at least 0.9"),
        (2.5, {"max": 2}, "accuracy: got 2.5, allowed: at most 2"),
        (NINE_OF_TEN, {"min": 0.95}, "accuracy: got 0.9 (95 % interval 0.5958 to 0.9821, n = 10), allowed: at least 0.95"),  # noqa: E501
        (NINE_OF_TEN, {"min": 0.99, "mode": "confident"}, "allowed: at least 0.99 (confident)"),
        (NINE_OF_TEN, {"max": 0.59, "mode": "confident"}, "allowed: at most 0.59 (confident)"),
        (NINE_OF_TEN, {"min": 0.8, "mode": "proven"}, "allowed: at least 0.8 (proven)"),
        (NINE_OF_TEN, {"max": 0.95, "mode": "proven"}, "allowed: at most 0.95 (proven)"),
        ([1.0], {"min": 0.5, "mode": "proven"}, "allowed: at least 0.5 (proven)"),
    ],
)  # fmt: skip
def test_a_broken_threshold_fails_with_the_numbers(
    values: object, kwargs: object, message: str
) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_threshold("accuracy", values, **kwargs)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "kwargs", "message"),
    [
        ([], {"min": 1}, "there are no values, so nothing was measured"),
        ([1, float("nan")], {"min": 1}, "got NaN, allowed: finite numbers"),
        ([1, None], {"min": 1}, "got null, allowed: finite numbers"),
        ("0.9", {"min": 1}, 'got "0.9", allowed: finite numbers'),
        (None, {"min": 1}, "got null, allowed: finite numbers"),
        (1, {}, "give min=, max= or both"),
        (1, {"min": 2, "max": 1}, "min is 2 and max is 1; nothing can hold"),
        (1, {"min": float("inf")}, "got Infinity, allowed: finite numbers"),
        (1, {"min": 0, "mode": "sure"}, 'mode is "sure", allowed: observed, confident, proven'),
        (0.9, {"min": 0, "mode": "proven"}, "needs the value of each case, got one value"),
    ],
)
def test_what_cannot_be_judged_is_an_error(values: object, kwargs: object, message: str) -> None:
    with pytest.raises(CheckError) as caught:
        assert_threshold("kpi", values, **kwargs)  # type: ignore[arg-type]
    assert message in str(caught.value)


@given(
    st.lists(st.integers(0, 1), min_size=2, max_size=30),
    st.floats(0, 1),
    st.sampled_from(["observed", "confident", "proven"]),
)
def test_one_case_worse_never_turns_a_failure_into_a_pass(
    values: list[int], least: float, mode: str
) -> None:
    if 1 not in values:
        return
    worse = list(values)
    worse[worse.index(1)] = 0
    assert holds(values, least, mode) or not holds(worse, least, mode)


def holds(values: list[int], least: float, mode: str) -> bool:
    try:
        assert_threshold("kpi", values, min=least, mode=mode)  # type: ignore[arg-type]
    except AssertionError:
        return False
    return True
