"""The ladder as a chart of text: a line a version, its value with its interval on one scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from pytest_ftgate.reports.ladder_words import kpi
from pytest_ftgate.reports.numbers import number
from pytest_ftgate.reports.safe import name

if TYPE_CHECKING:
    from pytest_ftgate.iterations import SaturationResult

_NAME_MOST = 16
_BAR_LEAST, _BAR_MOST = 12, 72
_GAP = "  "
COUNTED, LEFT_OUT = "●", "×"


def lines(result: SaturationResult, width: int) -> list[str]:
    """The chart, at most ``width`` columns wide; empty without a value or without room.

    The scale runs from the lowest to the highest end of any interval. ``×`` marks iterations that
    do not count; a line of dots begins the last window.
    """
    rows = [
        (entry, found)
        for entry in result.log
        if (found := kpi(entry)) is not None and found.value is not None
    ]
    labels = [name(entry.variant) for entry, _ in rows]
    values = [number(found.value, found.unit) for _, found in rows]
    if not rows:
        return []
    label = min(max(map(cell_len, labels)), _NAME_MOST)
    value = max(map(cell_len, values))
    bar = min(width - label - value - 2 * len(_GAP), _BAR_MOST)
    if bar < _BAR_LEAST:
        return []
    ends = [_ends(found.value, found.low, found.high) for _, found in rows]
    scale = _Scale(min(low for low, _ in ends), max(high for _, high in ends), bar)
    counted = [entry.variant for entry, _ in rows if entry.counted]
    recent = counted[-result.window :]
    chart = []
    opened = len(recent) == len(counted)
    for (entry, found), text, (low, high), shown in zip(rows, labels, ends, values, strict=True):
        if not opened and entry.variant in recent:
            opened = True
            chart.append(_divider(result.window, label, bar))
        drawn = scale.draw(low, found.value or 0.0, high, COUNTED if entry.counted else LEFT_OUT)
        chart.append(f"{set_cell_size(text, label)}{_GAP}{drawn}{_GAP}{shown:>{value}}".rstrip())
    unit = rows[0][1].unit
    chart.append(f"{' ' * label}{_GAP}{scale.axis(unit)}".rstrip())
    return chart


def _divider(window: int, label: int, bar: int) -> str:
    text = f" last {window} that count "
    return f"{' ' * label}{_GAP}{text:·^{bar}}"


def _ends(value: float | None, low: float | None, high: float | None) -> tuple[float, float]:
    middle = value or 0.0
    return (middle if low is None else low, middle if high is None else high)


class _Scale:
    """Places numbers on ``width`` cells from ``low`` to ``high``."""

    def __init__(self, low: float, high: float, width: int) -> None:
        self._low, self._high, self._width = low, high, width
        self._step = (high - low) / (width - 1) or math.inf  # all in one place

    def draw(self, low: float, value: float, high: float, mark: str) -> str:
        cells = [" "] * self._width
        first, last = self._place(low), self._place(high)
        for at in range(first, last + 1):
            cells[at] = "─"
        if last > first:
            cells[first], cells[last] = "├", "┤"
        cells[self._place(value)] = mark
        return "".join(cells)

    def axis(self, unit: str) -> str:
        left, right = number(self._low, unit), number(self._high, unit)
        return left + right.rjust(self._width - cell_len(left))

    def _place(self, value: float) -> int:
        return min(max(round((value - self._low) / self._step), 0), self._width - 1)
