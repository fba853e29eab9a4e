"""The one-line trend of a suite's accepted history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.reports.numbers import number, plural, signed
from pytest_ftgate.reports.safe import name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import HistoryEntry

_SHOWN = 6


def trend(entries: Sequence[HistoryEntry]) -> str:
    """Where the primary KPI stood each time the baseline moved, and the change since the first.

    ``format_valid, accepted 3 times: 90.0 % → 92.5 % → 95.0 %, +5.0 pts in all``; the oldest give
    way when there are many. Entries of another KPI than the newest one's are left out.

    Args:
        entries: oldest first.

    Returns:
        One line; empty when no entry tells a value.
    """
    told = [entry for entry in entries if entry.kpi is not None and entry.value is not None]
    if not told:
        return ""
    newest = told[-1]
    values = [entry.value for entry in told if entry.kpi == newest.kpi]
    texts = [number(value, newest.unit) for value in values]
    dots = "… → " if len(texts) > _SHOWN else ""
    line = f"{name(newest.kpi or '')}, accepted {plural(len(texts), 'time')}: {dots}"
    line += " → ".join(texts[-_SHOWN:])
    first, last = values[0], values[-1]
    if len(values) > 1 and first is not None and last is not None:
        line += f", {signed(last - first, newest.unit)} in all"
    return line
