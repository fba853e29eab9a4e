"""Where the command prints to: how wide it is, and whether colours and lines can be shown."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

_DEFAULT_WIDTH = 80
_UNUSUAL = "─×·"


class Screen(NamedTuple):
    """What the renderers of :mod:`pytest_ftgate.reports` want to know."""

    width: int
    color: bool
    unicode: bool


def screen() -> Screen:
    """The standard output as it is now.

    ``NO_COLOR`` and ``FORCE_COLOR`` are obeyed in this order; otherwise a terminal has colours.
    ``COLUMNS`` sets the width.
    """
    width = shutil.get_terminal_size((_DEFAULT_WIDTH, 24)).columns
    if os.environ.get("NO_COLOR"):
        color = False
    else:
        color = bool(os.environ.get("FORCE_COLOR")) or (
            sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        )
    return Screen(width, color, _can_show(sys.stdout.encoding))


def write(text: str) -> None:
    """Print a report that was rendered for :func:`screen`."""
    # The renderers decided on colours; click would take them out again when output is piped.
    click.echo(text, nl=False, color=True)


def write_table(
    headings: Sequence[str], rows: Sequence[Sequence[Any]], right: str = "", whole: str = ""
) -> None:
    """Print a plain table; cells are text or rich renderables.

    Args:
        headings: one a column; with no heading at all, no heading line is printed.
        rows: the cells.
        right: the headings of right-aligned columns, separated by spaces.
        whole: the headings of columns that others make room for, as names to be copied.
    """
    table = _grid(headings, right.split(), whole.split())
    for row in rows:
        table.add_row(*row)
    write_block(table)


def write_block(*renderables: Any) -> None:
    """Print rich renderables at the width of the screen."""
    from pytest_ftgate.reports.console import TextConsole

    shape = screen()
    console = TextConsole(shape.width, shape.color)
    for item in renderables:
        console.console.print(item)
    write(console.text(shape.unicode))


def write_file(path: str, data: bytes) -> None:
    """Write a document where ``--json PATH`` says; ``-`` is the standard output.

    Raises:
        StoreError: the file cannot be written.
    """
    if path == "-":
        click.echo(data, nl=False)
        return
    from pytest_ftgate.files import write_atomic

    write_atomic(path, data)


def _grid(headings: Sequence[str], right: Sequence[str], whole: Sequence[str]) -> Table:
    from pytest_ftgate.reports.kpi_table import grid

    table = grid()
    table.show_header = any(headings)
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            overflow="fold",
            no_wrap=heading in whole,
        )
    return table


def _can_show(encoding: str | None) -> bool:
    try:
        _UNUSUAL.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
