"""The one-line trend of a suite's accepted history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.reports.numbers import number, plural, signed
from pytest_ftgate.reports.safe import name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import HistoryEntry, SuiteResult

_SHOWN = 6


def of_suite(suite: SuiteResult) -> str:
    """Where the suite was accepted and where it stands: ``format_valid 90.0 % → 95.0 %, now 94 %``.

    Empty unless its baseline has moved at least once.
    """
    told = _told(suite.history)
    if len(told) < 2:
        return ""
    kpi = told[-1].kpi or ""
    text = f"{name(kpi)} {_steps(told)}"
    now = next((row for row in suite.kpis if row.name == kpi), None)
    return (
        text if now is None or now.value is None else f"{text}, now {number(now.value, now.unit)}"
    )


def trend(entries: Sequence[HistoryEntry]) -> str:
    """Where the primary KPI stood each time the baseline moved, and the change since the first.

    ``format_valid, accepted 3 times: 90.0 % → 92.5 % → 95.0 %, +5.0 pts in all``; the oldest give
    way when there are many. Entries of another KPI than the newest one's are left out.

    Args:
        entries: oldest first.

    Returns:
        One line; empty when no entry tells a value.
    """
    told = _told(entries)
    if not told:
        return ""
    first, last = told[0].value, told[-1].value
    line = f"{name(told[-1].kpi or '')}, accepted {plural(len(told), 'time')}: {_steps(told)}"
    if len(told) > 1 and first is not None and last is not None:
        line += f", {signed(last - first, told[-1].unit)} in all"
    return line


def _told(entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """The entries that tell a value of the KPI that the newest of them is about."""
    told = [entry for entry in entries if entry.kpi is not None and entry.value is not None]
    return [entry for entry in told if entry.kpi == told[-1].kpi]


def _steps(told: Sequence[HistoryEntry]) -> str:
    dots = "… → " if len(told) > _SHOWN else ""
    return dots + " → ".join(number(entry.value, told[-1].unit) for entry in told[-_SHOWN:])
