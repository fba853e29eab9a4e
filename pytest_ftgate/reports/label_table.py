"""The label checks of the terminal: the confusion table, and each class with its measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from pytest_ftgate.reports import numbers
from pytest_ftgate.reports.kpi_table import grid, headed
from pytest_ftgate.reports.safe import line, name

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from pytest_ftgate.model import LabelTable

MEASURES = ("precision", "recall", "F1")
MACRO = "macro"
LABEL_LIMIT = 14
_MEASURES_WIDTH = 30
_PAIRS = 10


def label_check(labels: LabelTable, width: int) -> list[RenderableType]:
    """One table; where that is too wide, the classes, and then the commonest confusions."""
    names = [line(label, LABEL_LIMIT) if label else "(none)" for label in labels.labels]
    needed = sum(len(each) + 2 for each in names) + LABEL_LIMIT + _MEASURES_WIDTH
    check = name(labels.check)
    if needed <= width:
        heading = f"{check}: expected in rows, predicted in columns"
        return [_dim(heading), _confusion(labels, names)]
    tables: list[RenderableType] = [_dim(f"{check}: by expected label"), _classes(labels, names)]
    pairs = _pairs(labels)
    if pairs.row_count:
        tables += [_dim(f"{check}: most frequent confusions"), pairs]
    return tables


def measures(labels: LabelTable) -> list[tuple[str, str, str]]:
    """Precision, recall and F1 of each label, at last their means over the classes."""
    by_label = (labels.precision, labels.recall, labels.f1)
    rows = [tuple(each.get(label or "") for each in by_label) for label in labels.labels]
    rows.append((labels.macro_precision, labels.macro_recall, labels.macro_f1))
    return [(_rate(row[0]), _rate(row[1]), _rate(row[2])) for row in rows]


def _confusion(labels: LabelTable, names: list[str]) -> Table:
    table = headed(("", *names, *MEASURES))
    *classes, macro = measures(labels)
    for label, counts, shares in zip(names, labels.counts, classes, strict=True):
        cells = [Text(str(count), style="" if count else "dim") for count in counts]
        table.add_row(Text(label), *cells, *map(Text, shares))
    table.add_row(_dim(MACRO), *("" for _ in names), *map(Text, macro))
    return table


def _classes(labels: LabelTable, names: list[str]) -> Table:
    table = headed(("", "n", *MEASURES))
    *classes, macro = measures(labels)
    for label, counts, shares in zip(names, labels.counts, classes, strict=True):
        if any(counts):
            table.add_row(Text(label), Text(f"{sum(counts):,}"), *map(Text, shares))
    table.add_row(_dim(MACRO), "", *map(Text, macro))
    return table


def _pairs(labels: LabelTable) -> Table:
    found = [
        (count, expected, predicted)
        for expected, row in zip(labels.labels, labels.counts, strict=True)
        for predicted, count in zip(labels.labels, row, strict=True)
        if count and expected != predicted
    ]
    table = grid()
    table.add_column(justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for count, expected, predicted in sorted(found, key=lambda item: -item[0])[:_PAIRS]:
        pair = (name(label) if label else "(none)" for label in (expected, predicted))
        table.add_row(str(count), Text("expected {}, predicted {}".format(*pair)))
    return table


def _rate(share: float | None) -> str:
    return "" if share is None else numbers.number(share, "rate")


def _dim(text: str) -> Text:
    return Text(text, style="dim")
