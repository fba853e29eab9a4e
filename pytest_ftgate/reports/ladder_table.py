"""The iteration log as a terminal table: as many columns as the width allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from pytest_ftgate.reports import ladder_words as words
from pytest_ftgate.reports.kpi_table import grid
from pytest_ftgate.reports.numbers import number, span
from pytest_ftgate.reports.safe import line, name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from pytest_ftgate.iterations import LoggedIteration, LoggedKpi, SaturationResult

_GAP = 2
_NAME_MOST = 16
_CHANGED_MOST, _CHANGED_LEAST = 24, 12
_DELTA = "to parent (90 %)"
_HEADING_MOST = 20
_TEXT_LEAST = 16
_TEXT_LIMIT = 200


class _Column(Struct, frozen=True):
    """A column; when the width is short, the lowest ``rank`` gives way first."""

    heading: str
    cell: Callable[[LoggedIteration], str]
    rank: int
    right: bool = True
    most: int = 40

    def width(self, log: Sequence[LoggedIteration]) -> int:
        widest = max((cell_len(self.cell(entry)) for entry in log), default=0)
        return max(cell_len(self.heading), min(widest, self.most))


def tables(result: SaturationResult, width: int) -> list[Table]:
    """The log of one result within ``width`` columns; uncounted iterations are marked ``×``.

    Where what an iteration costs and what its author wrote do not fit beside the KPI, they follow
    in a second table.
    """
    log = result.log
    columns = _fitting((*_MARKED, *_kpi_columns(result), *_SPENDING), log, width)
    spending = [column for column in _SPENDING if any(map(column.cell, log))]
    rest = width - _width(columns, log) - _GAP
    says = any(entry.change for entry in log)
    if all(column in columns for column in spending) and (rest >= _TEXT_LEAST or not says):
        return [_table(columns, log, rest)]
    first = _fitting((*_MARKED, *_kpi_columns(result)), log, width)
    if not any(column.heading == _DELTA for column in first):
        narrow = (*_MARKED, *_kpi_columns(result, changed=_CHANGED_LEAST))
        first = _fitting(narrow, log, width)
    second = _fitting((*_MARKED, _PARENT, *_SPENDING), log, width)
    return [_table(first, log, 0), _table(second, log, width - _width(second, log) - _GAP)]


def _table(columns: tuple[_Column, ...], log: Sequence[LoggedIteration], rest: int) -> Table:
    """A table of the columns; what the author wrote takes the ``rest`` of the width."""
    shown = grid()
    shown.show_header = True
    for column in columns:
        justify: Literal["right", "left"] = "right" if column.right else "left"
        shown.add_column(
            Text(column.heading),
            justify=justify,
            width=column.width(log),
            no_wrap=True,
            overflow="ellipsis",
        )
    with_text = rest >= _TEXT_LEAST and any(entry.change for entry in log)
    if with_text:
        shown.add_column(Text("change, as written"), width=rest, no_wrap=True, overflow="ellipsis")
    for entry in log:
        style = "" if entry.counted else "dim"
        cells = [Text(column.cell(entry), style=style) for column in columns]
        if with_text:
            cells.append(Text(line(entry.change or "", _TEXT_LIMIT), style=style))
        shown.add_row(*cells)
    return shown


def _known(amount: float | None, unit: str) -> str:
    return "" if amount is None else number(amount, unit)


_MARKED = (
    _Column("", lambda entry: "" if entry.counted else "×", 99, right=False),
    _Column("variant", lambda entry: name(entry.variant), 98, right=False, most=_NAME_MOST),
)
_PARENT = _Column("parent", lambda entry: name(entry.parent or ""), 3, right=False, most=_NAME_MOST)
_SPENDING = (
    _Column("tokens in", lambda entry: _known(entry.tokens_in, "tokens"), 8),
    _Column("p50", lambda entry: _known(entry.latency_s, "seconds"), 6),
    _Column("cost", lambda entry: _known(entry.cost, "usd"), 7),
    _Column("a month", lambda entry: _known(entry.cost_per_month, "usd"), 5),
)


def _kpi_columns(result: SaturationResult, *, changed: int = _CHANGED_MOST) -> tuple[_Column, ...]:
    known = [each.name for each in result.log[0].kpis[1:]] if result.log else []
    others = [each for each in known if each not in words.SPENT]
    return (
        _PARENT,
        _Column("changed", words.changed, 95, right=False, most=changed),
        _Column(line(result.kpi, _HEADING_MOST), _of_kpi(result.kpi, _value), 97),
        _Column("95 % interval", _of_kpi(result.kpi, _interval), 2),
        _Column(_DELTA, _of_kpi(result.kpi, words.delta), 94),
        *(_Column(line(each, _HEADING_MOST), _of_kpi(each, _value), 1) for each in others),
    )


def _of_kpi(kpi: str, cell: Callable[[LoggedKpi], str]) -> Callable[[LoggedIteration], str]:
    def of(entry: LoggedIteration) -> str:
        found = next((each for each in entry.kpis if each.name == kpi), None)
        return "" if found is None or found.value is None else cell(found)

    return of


def _value(kpi: LoggedKpi) -> str:
    return number(kpi.value, kpi.unit)


def _interval(kpi: LoggedKpi) -> str:
    return span(kpi.low, kpi.high, kpi.unit)


def _fitting(
    columns: tuple[_Column, ...], log: Sequence[LoggedIteration], width: int
) -> tuple[_Column, ...]:
    """Without columns that are empty, and without those that do not fit."""
    columns = tuple(column for column in columns if column.rank > 90 or any(map(column.cell, log)))
    while len(columns) > 3 and _width(columns, log) > width:
        least = min(reversed(columns), key=lambda column: column.rank)
        columns = tuple(column for column in columns if column is not least)
    return columns


def _width(columns: Sequence[_Column], log: Sequence[LoggedIteration]) -> int:
    return sum(column.width(log) for column in columns) + _GAP * (len(columns) - 1)
