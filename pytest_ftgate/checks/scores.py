"""Scores: finite numbers in a known range, with or without a threshold; and escalation."""

from __future__ import annotations

import math

from pytest_ftgate.errors import CheckError
from pytest_ftgate.model import Observation
from pytest_ftgate.text import preview, shown

ESCALATED = "escalated"


def score(
    name: str, value: float, *, low: float = 0.0, high: float = 1.0, min: float | None = None
) -> Observation:
    """Record a number that some measure gave.

    Args:
        name: the check's name.
        value: finite, in ``[low, high]``; a boolean counts as 0 or 1.
        low: the least possible value.
        high: the greatest possible value.
        min: the least value that holds; without it the score is recorded and judged by gates only.

    Raises:
        CheckError: when the value is not a finite number in the range: an unusable score is an
            error of the case, never a zero.
    """
    bottom, top = (_number(name, bound, what) for bound, what in ((low, "low"), (high, "high")))
    if bottom >= top:
        raise CheckError(f"score {name!r}: low is {low!r} and high is {high!r}; low must be less")
    number = _number(name, value, "value")
    if not bottom <= number <= top:
        raise CheckError(
            f"score {name!r}: got {number:g}, allowed: {bottom:g} to {top:g}; pass low= and high="
        )
    check_bounds(name, min, bottom, top)
    return graded(name, number, min, "score", low=bottom, high=top)


def escalated(handed_over: bool) -> Observation:
    """Record whether the case was handed to a person; neither a hold nor a miss.

    Raises:
        CheckError: for anything but a boolean.
    """
    if handed_over is not True and handed_over is not False:
        raise CheckError(f"escalated: got {preview(handed_over)}, allowed: True or False")
    return Observation(
        check=ESCALATED, kind="escalation", value=1.0 if handed_over else 0.0, passed=None
    )


def graded(
    name: str, value: float, least: float | None, what: str, *, low: float = 0.0, high: float = 1.0
) -> Observation:
    """The observation of a graded value, with a threshold or without one."""
    value = min(max(value, low), high)  # the BLEU of equal texts is 1.0000000000000004
    missed = least is not None and value < least
    reason = f"{what}: got {value:.3g}, allowed: at least {least:g}" if missed else ""
    if missed and f"{value:.3g}" == f"{least:g}":
        reason = f"{what}: got {value!r}, allowed: at least {least!r}"
    return Observation(
        check=name,
        kind="score",
        value=value,
        low=low,
        high=high,
        passed=None if least is None else not missed,
        reason=shown(reason, 280),
    )


def check_bounds(name: str, least: float | None, low: float = 0.0, high: float = 1.0) -> None:
    """Refuse a threshold that no value, or every value, would reach.

    Raises:
        CheckError: when it is not a finite number in the range.
    """
    if least is None:
        return
    number = _number(name, least, "min")
    if not low <= number <= high:
        raise CheckError(f"score {name!r}: min is {number:g}, allowed: {low:g} to {high:g}")


def _number(name: str, value: object, what: str) -> float:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
        raise CheckError(f"score {name!r}: {what} is {preview(value)}, allowed: a finite number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise CheckError(f"score {name!r}: {what} is {preview(value)}, allowed: a finite number")
    return number
