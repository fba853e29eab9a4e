from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from pytest_ftgate.checks.scores import escalated, score
from pytest_ftgate.errors import CheckError


@pytest.mark.parametrize(
    ("value", "stored"),
    [(0.5, 0.5), (1, 1.0), (True, 1.0), (Decimal("0.25"), 0.25), (np.float32(0.5), 0.5)],
)
def test_a_score_is_recorded(value: float, stored: float) -> None:
    seen = score("tone", value)
    assert (seen.check, seen.kind, seen.value, seen.passed, seen.reason) == (
        "tone",
        "score",
        stored,
        None,
        "",
    )


def test_a_threshold_makes_it_hold_or_miss() -> None:
    assert score("tone", 2, low=0, high=2, min=1).passed is True
    assert score("tone", 1, low=0, high=2, min=1).passed is True
    missed = score("tone", 0, low=0, high=2, min=1)
    assert (missed.passed, missed.value, missed.high) == (False, 0.0, 2.0)
    assert missed.reason == "score: got 0, allowed: at least 1"


def test_a_narrow_miss_is_told_in_full() -> None:
    assert score("tone", 0.8999999, min=0.9).reason == (
        "score: got 0.8999999, allowed: at least 0.9"
    )


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), None, "0.5", b"1", [1], 10**400, object(), 1 + 2j]
)
def test_what_is_no_finite_number_is_an_error_never_a_zero(value: object) -> None:
    with pytest.raises(CheckError, match=r"score 'tone': value is .*, allowed: a finite number"):
        score("tone", value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"value": 1.5}, "got 1.5, allowed: 0 to 1; pass low= and high="),
        ({"value": -0.1}, "got -0.1, allowed: 0 to 1"),
        ({"value": 1, "low": 1, "high": 1}, "low is 1 and high is 1; low must be less"),
        ({"value": 1, "low": float("-inf")}, "low is -Infinity, allowed: a finite number"),
        ({"value": 1, "min": 2}, "min is 2, allowed: 0 to 1"),
        ({"value": 1, "min": float("nan")}, "min is NaN, allowed: a finite number"),
    ],
)
def test_an_unusable_range_is_an_error(kwargs: dict[str, float], message: str) -> None:
    with pytest.raises(CheckError) as caught:
        score("tone", **kwargs)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_escalation_is_neither_a_hold_nor_a_miss() -> None:
    assert [(seen.check, seen.kind, seen.value, seen.passed)
            for seen in (escalated(True), escalated(False))] == [
        ("escalated", "escalation", 1.0, None), ("escalated", "escalation", 0.0, None),
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_escalation_takes_a_boolean(value: object) -> None:
    with pytest.raises(CheckError, match="allowed: True or False"):
        escalated(value)  # type: ignore[arg-type]
