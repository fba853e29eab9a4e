"""Numbers as people read them, rounded for display only.

A number that rounds to a bound which it does not equal is shown with more digits, so that no
report says "95.0 %" of a value that missed a minimum of 95 %.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ftgate.model import KpiResult

UNKNOWN = "unknown"
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
_EXTRA_DIGITS = 4
_SUFFIX = {"rate": " %", "seconds": " s"}


def value(kpi: KpiResult) -> str:
    """The KPI's value, told apart from its thresholds and, for a rate, from 0 % and 100 %."""
    return _against_bounds(kpi, kpi.value)


def baseline(kpi: KpiResult) -> str:
    """The KPI's value in the baseline."""
    return _against_bounds(kpi, kpi.baseline)


def interval(kpi: KpiResult) -> str:
    """The 95 % interval, ``91.0–97.3 %``; ``unknown`` when an end is, empty without a value."""
    return (
        "" if kpi.value is None else span(kpi.low, kpi.high, kpi.unit, against=(kpi.min, kpi.max))
    )


def threshold(kpi: KpiResult) -> str:
    """``min 95.0 %``, with the mode when it is not the default one; empty without a threshold."""
    bounds = limits(kpi)
    return f"{bounds} {kpi.mode}" if bounds and kpi.mode != "observed" else bounds


def limits(kpi: KpiResult) -> str:
    """``min 95.0 %``, whatever the mode; empty without a threshold."""
    bounds = (("min", kpi.min), ("max", kpi.max))
    return ", ".join(f"{word} {_exact(at, kpi.unit)}" for word, at in bounds if at is not None)


def change(kpi: KpiResult, *, interval: bool = True) -> str:
    """The difference to the baseline, and its interval, ``−2.0 pts (−7.0 to +3.0)``.

    ``unknown`` when it could not be estimated, empty without a baseline.
    """
    if kpi.delta is None:
        return "" if kpi.baseline is None else UNKNOWN
    text = signed(kpi.delta, kpi.unit)
    if not interval or kpi.delta_low is None or kpi.delta_high is None:
        return text
    low, high = (signed(end, kpi.unit, bare=True) for end in (kpi.delta_low, kpi.delta_high))
    return f"{text} ({low} to {high})"


def flips(kpi: KpiResult) -> str:
    """``−1 +2``: cases that passed in the baseline and fail now, and the reverse."""
    return "" if kpi.b is None or kpi.c is None else f"{MINUS}{kpi.b} +{kpi.c}"


def number(amount: float | None, unit: str, *, against: Iterable[float | None] = ()) -> str:
    """An amount in its unit: ``95.0 %``, ``1.2 s``, ``189``, ``$0.0012``, or ``unknown``."""
    return UNKNOWN if amount is None else _dressed(_digits(amount, unit, against), unit)


def span(
    low: float | None, high: float | None, unit: str, *, against: Iterable[float | None] = ()
) -> str:
    """Two ends of an interval with their unit once, ``91.0–97.3 %``."""
    if low is None or high is None:
        return UNKNOWN
    bounds = tuple(against)
    return _dressed(DASH.join(_digits(end, unit, bounds) for end in (low, high)), unit)


def signed(amount: float, unit: str, *, bare: bool = False) -> str:
    """A difference with its sign, rates in percentage points: ``−2.0 pts``; ``bare``: no unit."""
    sign = MINUS if amount < 0 else "+" if amount > 0 else ""
    digits = _digits(abs(amount), unit, (0.0,))
    if bare:
        return sign + digits
    return f"{sign}{digits} pts" if unit == "rate" else sign + _dressed(digits, unit)


def points(amount: float, unit: str) -> str:
    """A distance without a sign, rates in percentage points: ``8.0 pts``."""
    digits = _digits(amount, unit, (0.0,))
    return f"{digits} pts" if unit == "rate" else _dressed(digits, unit)


def probability(p: float) -> str:
    """A p value with three decimals, ``0.011``; never rounded to zero."""
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


def plural(count: int, noun: str) -> str:
    """``1 case``, ``1,200 cases``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _against_bounds(kpi: KpiResult, amount: float | None) -> str:
    ends = (0.0, 1.0) if kpi.unit == "rate" else ()
    return number(amount, kpi.unit, against=(kpi.min, kpi.max, *ends))


def _digits(amount: float, unit: str, against: Iterable[float | None]) -> str:
    scaled = _scaled(amount, unit)
    start = _places(scaled, unit)
    others = [
        (amount < bound, _scaled(bound, unit))
        for bound in against
        if bound is not None and bound != amount
    ]
    for digits in range(start, start + _EXTRA_DIGITS + 1):
        text = f"{scaled:,.{digits}f}"
        same = [below for below, other in others if f"{other:,.{digits}f}" == text]
        if not same:
            return text
    return f"{'<' if same[0] else '>'}{scaled:,.{start}f}"


def _exact(amount: float, unit: str) -> str:
    """A configured number with all the digits it was given."""
    scaled = _scaled(amount, unit)
    places = _places(scaled, unit)
    while places < 10 and abs(round(scaled, places) - scaled) > 1e-9 * max(1.0, abs(scaled)):
        places += 1
    return _dressed(f"{scaled:,.{places}f}", unit)


def _scaled(amount: float, unit: str) -> float:
    return amount * 100 if unit == "rate" else amount


def _places(scaled: float, unit: str) -> int:
    size = abs(scaled)
    if unit == "rate":
        return 1
    if unit == "tokens":
        return 0 if size >= 100 or float(scaled).is_integer() else 1
    if unit == "seconds":
        return 0 if size >= 100 else _significant(size, 2, least=1)
    if unit == "usd":
        return _significant(size, 2, least=2)
    return 2


def _significant(size: float, digits: int, *, least: int) -> int:
    """Decimals that show ``digits`` significant digits of a small number, within bounds."""
    if size == 0 or size >= 1:
        return least
    return min(max(digits - 1 - math.floor(math.log10(size)), least), 8)


def _dressed(digits: str, unit: str) -> str:
    return f"${digits}" if unit == "usd" else digits + _SUFFIX.get(unit, "")
