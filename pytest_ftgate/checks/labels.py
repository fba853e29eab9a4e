"""Labels: what a classifier should have said, and what it said."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from pytest_ftgate.checks.compare import text_difference
from pytest_ftgate.errors import CheckError
from pytest_ftgate.model import Observation
from pytest_ftgate.text import preview, shown

LABEL_LIMIT = 100


def label(name: str, expected: object, predicted: object) -> Observation:
    """Compare a predicted label with the expected one, exactly.

    Labels are texts; numbers, booleans and enumeration members count as their JSON text. A
    prediction of ``None`` (nothing could be read from the output) is a miss and is kept apart in
    the confusion table; so is one that is no label at all, which appears as its JSON text.

    Raises:
        CheckError: when the expected label is missing or is no label.
    """
    wanted = _label(expected)
    if wanted is None:
        raise CheckError(
            f"label {name!r}: expected is {preview(expected)}, allowed: a text, number or boolean; "
            "a case without a label needs one of its own, such as 'none'"
        )
    got = _label(predicted)
    if got is None and predicted is not None:
        got = preview(predicted, LABEL_LIMIT)
        held = False
    else:
        held = got == wanted
    return Observation(
        check=name,
        kind="label",
        value=1.0 if held else 0.0,
        passed=held,
        reason="" if held else shown(_reason(wanted, got), 280),
        expected=shown(wanted, LABEL_LIMIT),
        predicted=None if got is None else shown(got, LABEL_LIMIT),
    )


def _reason(wanted: str, got: str | None) -> str:
    if got is None:
        return f"expected {preview(wanted)}, got no label"
    return text_difference(wanted, got)


def _label(value: object) -> str | None:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if value is None or isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return None
    # A scalar of another library, such as a numpy string or number.
    item = getattr(value, "item", None)
    return _label(item()) if callable(item) else None
