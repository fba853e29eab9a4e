"""Numbers as the reasons of verdicts say them; what decides is never rounded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_ftgate.verdicts.measures import BEYOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ftgate.verdicts.measures import Unit

_DECIMALS: dict[str, int] = {
    "rate": 1,
    "score": 3,
    "usd": 4,
    "count": 2,
}
_MOST_DECIMALS = 8


def amount(value: float, unit: Unit, *, against: Iterable[float] = ()) -> str:
    """A number in its unit: ``94.0 %``, ``1.2 s``, ``$0.0012``, ``189 tokens``, ``0.871``.

    Args:
        value: the number; infinite ones are ``unbounded``.
        unit: its unit.
        against: numbers that the text must tell it apart from, unless they are equal.
    """
    if not math.isfinite(value) or abs(value) >= BEYOND:
        return "unbounded"
    others = [other for other in against if other != value and math.isfinite(other)]
    decimals = _decimals(value, unit)
    while decimals < _MOST_DECIMALS and any(
        _digits(other, unit, decimals) == _digits(value, unit, decimals) for other in others
    ):
        decimals += 1
    return _dressed(_digits(value, unit, decimals), unit)


def gap(value: float, unit: Unit, *, signed: bool = False, against: Iterable[float] = ()) -> str:
    """A difference in its unit, rates in points: ``6.1 points``, ``-0.31 s``, ``+$0.0012``.

    Args:
        value: the difference.
        unit: of the KPI.
        signed: write the sign of a gain too, and rates without their unit.
        against: as for :func:`amount`.
    """
    sign = "-" if value < 0 else "+" if signed and value > 0 else ""
    text = amount(abs(value), unit, against=(abs(other) for other in against))
    if unit == "rate":
        text = text.removesuffix(" %") if signed else f"{text.removesuffix(' %')} points"
    return sign + text


def interval(low: float, high: float, unit: Unit, *, against: Iterable[float] = ()) -> str:
    """``95 % interval 90.0 % to 97.0 %``, or that the cases are too few for one."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "too few cases for a 95 % interval"
    bounds = tuple(against)
    ends = (amount(end, unit, against=bounds) for end in (low, high))
    return f"95 % interval {' to '.join(ends)}"


def counted(count: int, noun: str) -> str:
    """``1 case``, ``1,200 cases``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _decimals(value: float, unit: Unit) -> int:
    """Those of the tables, so that a reason and its row show the same seconds and tokens."""
    size = abs(value)
    if unit == "seconds":
        return 0 if size >= 100 else 1 if size >= 1 or size == 0 else _two_digits(size)
    if unit == "tokens":
        return 0 if size >= 100 or size.is_integer() else 1
    return _DECIMALS[unit]


def _two_digits(size: float) -> int:
    return min(max(1, 1 - math.floor(math.log10(size))), _MOST_DECIMALS)


def _digits(value: float, unit: Unit, decimals: int) -> str:
    return f"{100 * value if unit == 'rate' else value:,.{decimals}f}"


def _dressed(digits: str, unit: Unit) -> str:
    match unit:
        case "rate":
            return f"{digits} %"
        case "seconds":
            return f"{digits} s"
        case "usd":
            return f"${digits}"
        case "tokens":
            return f"{digits} tokens"
    return digits
