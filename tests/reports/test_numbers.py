from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.reports import numbers
from tests.reports.samples import kpi


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (0.95, "rate", "95.0 %"),
        (0.0, "rate", "0.0 %"),
        (1.0, "rate", "100.0 %"),
        (0.873, "score", "0.87"),
        (1.214, "seconds", "1.2 s"),
        (0.0123, "seconds", "0.012 s"),
        (0.0, "seconds", "0.0 s"),
        (1234.5, "seconds", "1,234 s"),
        (189.0, "tokens", "189"),
        (27.44, "tokens", "27.4"),
        (12345.6, "tokens", "12,346"),
        (0.0012, "usd", "$0.0012"),
        (0.15, "usd", "$0.15"),
        (1234.5, "usd", "$1,234.50"),
        (0.0, "usd", "$0.00"),
        (0.05, "count", "0.05"),
        (None, "rate", "unknown"),
        (None, "usd", "unknown"),
    ],
)
def test_amounts_are_shown_in_their_unit(amount, unit, text):
    assert numbers.number(amount, unit) == text


@pytest.mark.parametrize(
    ("value", "bounds", "text"),
    [
        (0.9496, {"min": 0.95}, "94.96 %"),
        (0.95, {"min": 0.95}, "95.0 %"),
        (0.949999, {"min": 0.95}, "94.9999 %"),
        (0.95 - 1e-12, {"min": 0.95}, "<95.0 %"),
        (0.01 + 1e-12, {"max": 0.01}, ">1.0 %"),
        (0.0104, {"max": 0.01}, "1.04 %"),
        (0.9504, {"min": 0.9505}, "95.04 %"),
        (0.99996, {}, "99.996 %"),
        (0.0002, {}, "0.02 %"),
    ],
)
def test_a_value_is_never_rounded_onto_a_bound_it_does_not_equal(value, bounds, text):
    assert numbers.value(kpi("k", value, **bounds)) == text


@given(st.floats(0, 1), st.integers(1, 9_999))
def test_what_is_shown_agrees_with_the_comparison(value, ten_thousandths):
    minimum = ten_thousandths / 10_000
    judged = kpi("k", value, min=minimum)
    shown = numbers.value(judged).removesuffix(" %")
    bound = float(numbers.threshold(judged).removeprefix("min ").removesuffix(" %"))
    number = float(shown.lstrip("<>"))
    if shown.startswith("<"):
        assert value < number / 100 + 1e-12
    elif shown.startswith(">"):
        assert value > number / 100 - 1e-12
    elif value < minimum:
        assert number < bound
    elif value > minimum:
        assert number > bound
    else:
        assert number == bound


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"min": 0.95}, "min 95.0 %"),
        ({"min": 0.955}, "min 95.5 %"),
        ({"min": 0.9995}, "min 99.95 %"),
        ({"max": 2.0, "unit": "seconds"}, "max 2.0 s"),
        ({"min": 0.2, "max": 0.4}, "min 20.0 %, max 40.0 %"),
        ({"min": 0.99, "mode": "proven"}, "min 99.0 % proven"),
        ({}, ""),
    ],
)
def test_thresholds_are_shown_as_configured(fields, text):
    assert numbers.threshold(kpi("k", 0.5, **fields)) == text


def test_the_end_of_an_interval_is_told_apart_from_the_threshold():
    judged = kpi("k", 0.97, 0.9496, 0.99, min=0.95, mode="proven")
    assert numbers.interval(judged) == "94.96–99.0 %"


def test_an_interval_that_is_not_known_says_so():
    assert numbers.interval(kpi("k", 0.97)) == "unknown"
    assert numbers.interval(kpi("k", None)) == ""


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"delta": -0.0399, "delta_low": -0.0702, "delta_high": -0.0004},
            "−4.0 pts (−7.0 to −0.04)",
        ),
        ({"delta": 0.31, "unit": "seconds"}, "+0.31 s"),
        ({"delta": 0.0, "delta_low": -0.01, "delta_high": 0.01}, "0.0 pts (−1.0 to +1.0)"),
        ({"delta": None}, "unknown"),
    ],
)
def test_differences_carry_sign_and_interval(fields, text):
    assert numbers.change(kpi("k", 0.9, baseline=0.94, **fields)) == text


def test_without_a_baseline_there_is_no_difference():
    assert numbers.change(kpi("k", 0.9)) == ""


def test_flips_are_shown_only_where_cases_can_flip():
    assert numbers.flips(kpi("k", 0.9, b=4, c=0)) == "−4 +0"
    assert numbers.flips(kpi("k", 0.9)) == ""
