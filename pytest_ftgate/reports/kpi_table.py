"""The KPI tables of the terminal: as many columns as the width allows, never a broken one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from pytest_ftgate.reports import numbers
from pytest_ftgate.reports.safe import name
from pytest_ftgate.reports.wording import gated, has_baseline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_ftgate.model import KpiResult, SuiteResult

STYLES = {
    "pass": "green",
    "warn": "yellow",
    "block": "bold red",
    "error": "bold red",
    "failed": "bold red",
    "missed": "yellow",
    "passed": "green",
    "inconclusive": "cyan",
    "partial": "yellow",
}
"""How a verdict or an outcome is coloured; the words carry the meaning without it."""

INDENT = 2
_GAP = 2
_NAME_LEAST = 8
_BAR_LEAST, _BAR_MOST = 15, 41


class _Column(Struct, frozen=True):
    """A column of KPIs; when the width is short, the lowest ``rank`` gives way first."""

    heading: str
    cell: Callable[[KpiResult], str]
    rank: int
    right: bool = True

    def width(self, kpis: Iterable[KpiResult]) -> int:
        return max(cell_len(self.heading), *(cell_len(self.cell(kpi)) for kpi in kpis))


def _n(kpi: KpiResult) -> str:
    return f"{kpi.n:,}"


def _name(kpi: KpiResult) -> str:
    return name(kpi.name)


def _verdict(kpi: KpiResult) -> str:
    return "" if kpi.verdict == "none" else kpi.verdict


_NAME = _Column("KPI", _name, 99, right=False)
_BASELINE = _Column("baseline", numbers.baseline, 9)
_VALUE = _Column("value", numbers.value, 98)
_NOW = _Column("now", numbers.value, 98)
_INTERVAL = _Column("95 % interval", numbers.interval, 5)
_N = _Column("n", _n, 3)
_THRESHOLD = _Column("threshold", numbers.threshold, 6, right=False)
_LIMITS = _Column("threshold", numbers.limits, 6, right=False)
_CHANGE = _Column("difference (90 %)", numbers.change, 8)
_FLIPS = _Column("flips", numbers.flips, 7)
_VERDICT = _Column("verdict", _verdict, 97, right=False)

_ALONE = (_NAME, _VALUE, _INTERVAL, _N, _THRESHOLD, _VERDICT)
_JOINED = (_NAME, _BASELINE, _NOW, _INTERVAL, _N, _THRESHOLD, _CHANGE, _FLIPS, _VERDICT)
_COMPARED = (_NAME, _BASELINE, _NOW, _CHANGE, _FLIPS)


def tables(suite: SuiteResult, width: int, *, full: bool = False) -> list[Table]:
    """One table; with a baseline on a narrow terminal two, the second for the comparison.

    Args:
        suite: what is shown.
        width: columns of the terminal.
        full: whether the second table also lists KPIs that no gate speaks of and that stayed as
            they were.
    """
    kpis = suite.kpis
    if not has_baseline(suite):
        return [_table(_ALONE, kpis, width)]
    if _width(_JOINED, kpis) <= width - INDENT:
        return [_table(_JOINED, kpis, width)]
    compared = tuple(
        kpi for kpi in kpis if kpi.baseline is not None and (full or gated(kpi) or kpi.delta != 0)
    )
    alone = _table(_ALONE, kpis, width)
    return [alone, _table(_narrowed(compared, width), compared, width)] if compared else [alone]


def _narrowed(kpis: tuple[KpiResult, ...], width: int) -> tuple[_Column, ...]:
    """The columns of the comparison; an interval that is too long for them is left out.

    So one long interval, as that of small costs is, takes no column from all the others.
    """
    others = tuple(column for column in _COMPARED if column is not _CHANGE)
    room = width - INDENT - _width(others, kpis) - _GAP if kpis else 0

    def cell(kpi: KpiResult) -> str:
        text = numbers.change(kpi)
        return text if cell_len(text) <= room else numbers.change(kpi, interval=False)

    change = _Column(_CHANGE.heading, cell, _CHANGE.rank)
    return tuple(change if column is _CHANGE else column for column in _COMPARED)


def grid() -> Table:
    """A borderless table whose columns are two spaces apart."""
    return Table(
        box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False, header_style="dim"
    )


def headed(headings: tuple[str, ...]) -> Table:
    """A grid with headings: names to the left, then numbers."""
    table = grid()
    table.show_header = True
    for position, heading in enumerate(headings):
        justify: Literal["right", "left"] = "right" if position else "left"
        table.add_column(Text(heading), justify=justify, no_wrap=True, overflow="ellipsis")
    return table


def _table(columns: tuple[_Column, ...], kpis: tuple[KpiResult, ...], width: int) -> Table:
    columns = _fitting(columns, kpis, width - INDENT)
    left = width - INDENT - _width(columns, kpis) - _GAP
    bar = min(left, _BAR_MOST) // 2 * 2 - 1 if columns[-1] is _VERDICT else 0
    with_bar = bar >= _BAR_LEAST and any(kpi.unit == "rate" and kpi.n for kpi in kpis)
    table = grid()
    table.show_header = True
    overflow = max(_width(columns, kpis) - (width - INDENT), 0)
    for column in columns:
        justify: Literal["right", "left"] = "right" if column.right else "left"
        size = column.width(kpis)
        if column is _NAME:  # a number cut short would be another number
            size = max(size - overflow, _NAME_LEAST)
        table.add_column(
            column.heading, justify=justify, width=size, no_wrap=True, overflow="ellipsis"
        )
    if with_bar:
        table.add_column(_scale(bar), no_wrap=True)
    for kpi in kpis:
        cells = [_styled(column, kpi) for column in columns]
        if with_bar:
            cells.append(Text(_bar(kpi, bar), style="dim"))
        table.add_row(*cells)
    return table


def _styled(column: _Column, kpi: KpiResult) -> Text:
    text = column.cell(kpi)
    if column is _VERDICT:
        return Text(text, style=STYLES.get(text, ""))
    if column is _NAME and kpi.verdict == "block":
        return Text(text, style="bold")
    return Text(text, style="dim" if text == numbers.UNKNOWN else "")


def _fitting(
    columns: tuple[_Column, ...], kpis: tuple[KpiResult, ...], width: int
) -> tuple[_Column, ...]:
    if _width(columns, kpis) > width:  # the mode of a threshold gives way before any column does
        columns = tuple(_LIMITS if column is _THRESHOLD else column for column in columns)
    while len(columns) > 3 and _width(columns, kpis) > width:
        least = min(columns, key=lambda column: column.rank)
        columns = tuple(column for column in columns if column is not least)
    return columns


def _width(columns: tuple[_Column, ...], kpis: tuple[KpiResult, ...]) -> int:
    return sum(column.width(kpis) for column in columns) + _GAP * (len(columns) - 1)


def _scale(width: int) -> str:
    middle = "50"
    side = (width - len(middle) - 1) // 2
    return "0".ljust(side) + middle + "100".rjust(width - side - len(middle))


def _bar(kpi: KpiResult, width: int) -> str:
    """A rate's interval on 0 to 100 %: ``├──●─┤``, with ``┊`` where its thresholds are."""
    if kpi.unit != "rate" or kpi.value is None:
        return ""
    cells = [" "] * width
    for bound in (kpi.min, kpi.max):
        if bound is not None:
            cells[_place(bound, width)] = "┊"
    if kpi.low is not None and kpi.high is not None:
        first, last = _place(kpi.low, width), _place(kpi.high, width)
        for at in range(first, last + 1):
            cells[at] = "─"
        cells[first], cells[last] = "├", "┤"
        for bound in (kpi.min, kpi.max):
            if bound is not None and first < _place(bound, width) < last:
                cells[_place(bound, width)] = "┼"
    cells[_place(kpi.value, width)] = "●"
    return "".join(cells)


def _place(share: float, width: int) -> int:
    return min(max(round(share * (width - 1)), 0), width - 1)
