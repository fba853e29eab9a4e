from __future__ import annotations

from enum import Enum

import numpy as np
import pytest

from pytest_ftgate.checks.labels import label
from pytest_ftgate.errors import CheckError


class Queue(Enum):
    BILLING = "billing"


@pytest.mark.parametrize(
    ("expected", "predicted", "as_text"),
    [
        ("billing", "billing", "billing"),
        (1, 1, "1"),
        (True, True, "true"),
        (Queue.BILLING, "billing", "billing"),
        ("billing", np.str_("billing"), "billing"),
        (np.int64(3), 3, "3"),
    ],
)
def test_a_right_label_holds(expected: object, predicted: object, as_text: str) -> None:
    seen = label("queue", expected, predicted)
    assert (seen.check, seen.kind, seen.value, seen.passed, seen.reason) == (
        "queue",
        "label",
        1.0,
        True,
        "",
    )
    assert (seen.expected, seen.predicted) == (as_text, as_text)


@pytest.mark.parametrize(
    ("predicted", "as_text", "reason"),
    [
        ("shipping", "shipping", 'expected "billing", got "shipping"'),
        ("Billing", "Billing", 'expected "billing", got "Billing" (only upper and lower case differ)'),  # noqa: E501
        ("billing ", "billing ", 'expected "billing", got "billing " (only whitespace differs)'),
        (None, None, 'expected "billing", got no label'),
        (["billing"], '["billing"]', 'expected "billing", got "[\\"billing\\"]"'),
        ({"a": 1}, '{"a": 1}', 'expected "billing", got "{\\"a\\": 1}"'),
        ("\x1b[31m", "\\u001b[31m", 'expected "billing", got "\\u001b[31m"'),
    ],
)  # fmt: skip
def test_a_wrong_label_misses(predicted: object, as_text: str | None, reason: str) -> None:
    seen = label("queue", "billing", predicted)
    assert (seen.value, seen.passed) == (0.0, False)
    assert (seen.predicted, seen.reason) == (as_text, reason)


def test_a_prediction_that_is_no_label_never_holds() -> None:
    assert label("queue", '["a"]', ["a"]).passed is False


def test_long_predictions_are_kept_short() -> None:
    seen = label("queue", "billing", "x" * 10_000_000)
    assert seen.predicted is not None
    assert len(seen.predicted) == 100
    assert len(seen.reason) < 300


@pytest.mark.parametrize("expected", [None, [], {}, object()])
def test_an_expected_label_must_be_one(expected: object) -> None:
    with pytest.raises(CheckError, match="label 'queue': expected is"):
        label("queue", expected, "billing")
