"""The cases of a run, a line each: what ``pytest-ftgate show`` prints below the summary."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from pytest_ftgate.reports.console import TextConsole
from pytest_ftgate.reports.details import indented
from pytest_ftgate.reports.kpi_table import STYLES, grid
from pytest_ftgate.reports.safe import name
from pytest_ftgate.reports.wording import case_label, record_reasons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from pytest_ftgate.model import Record, Run


def render(run: Run, *, width: int, color: bool, unicode: bool = True) -> str:
    """The run's records in their order, grouped by suite and variant.

    Args:
        run: the run, with the records to list.
        width: columns of the terminal; fewer than 40 are taken as 40.
        color: whether ANSI colours may be used.
        unicode: whether the terminal's encoding can show more than ASCII.
    """
    output = TextConsole(width, color)
    if not run.records:
        output.console.print("No case to list.")
    for (suite, variant), records in groupby(
        run.records, key=lambda record: (record.suite, record.variant)
    ):
        output.console.print(Text(f"cases of {name(suite)} [{name(variant)}]", style="bold"))
        output.console.print(indented(_table(records)))
        output.console.print()
    return output.text(unicode)


def _table(records: Iterable[Record]) -> Table:
    table = grid()
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for record in records:
        outcome = record.outcome
        table.add_row(
            case_label(record.case, record.trial),
            Text(outcome, style=STYLES.get(outcome, "")),
            Text("; ".join(record_reasons(record))),
        )
    return table
