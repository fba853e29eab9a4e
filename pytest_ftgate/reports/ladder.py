"""The terminal report on ladders: verdict, iteration log, chart, failures, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from pytest_ftgate.reports import ladder_chart, ladder_table
from pytest_ftgate.reports import ladder_words as words
from pytest_ftgate.reports.console import TextConsole
from pytest_ftgate.reports.details import hanging, indented
from pytest_ftgate.reports.kpi_table import INDENT
from pytest_ftgate.reports.numbers import plural
from pytest_ftgate.reports.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType

    from pytest_ftgate.iterations import SaturationResult

STYLES = {
    "improving": "green",
    "plateau": "yellow",
    "regressing": "bold red",
    "not_enough_evidence": "cyan",
    "too_few_iterations": "cyan",
}
_GROUPS = 5


def render(
    results: Iterable[SaturationResult],
    *,
    width: int,
    color: bool,
    unicode: bool = True,
    verbosity: int = 0,
) -> str:
    """One section a result.

    Args:
        results: what the verdict document says of ladders.
        width: columns of the terminal; fewer than 40 are taken as 40.
        color: whether ANSI colours may be used; the text reads the same without.
        unicode: whether the terminal's encoding can show lines and dots; otherwise plain ASCII.
        verbosity: 0 normal, 1 and more for all groups of failures, their examples and all modes.
    """
    output = TextConsole(width, color)
    for result in results:
        _write(output.console, result, verbosity)
    return output.text(unicode)


def _write(console: Console, result: SaturationResult, verbosity: int) -> None:
    width = console.width - INDENT
    console.print(_heading(result, console.width), no_wrap=True)
    _block(console, [Text(words.reason(result))], first=True)
    if result.log:
        for table in ladder_table.tables(result, width):
            _block(console, [table])
        _block(console, _rows("not counted", words.left_out(result)))
    _block(console, [Text(text, no_wrap=True) for text in ladder_chart.lines(result, width)])
    evidence = [("growth", text) for text in words.growth(result)]
    evidence += [("volume", text) for text in (words.prompt_cost(result),) if text]
    if result.early_stop is not None:
        evidence.append(("enough?", sentence(result.early_stop.reason)))
    _block(console, hanging([(_dim(label), text) for label, text in evidence]))
    _block(console, _failures(result, verbosity))
    _block(console, hanging([(_dim("note"), text) for text in words.notes(result)]))
    if fix := words.next_fix(result):
        _block(console, hanging([(Text("next", style="bold"), fix)]))
    console.print()


def _failures(result: SaturationResult, verbosity: int) -> list[RenderableType]:
    found = result.failures
    if found is None:
        return []
    rows = [("failures", words.failures(found))]
    if gathering := words.gathering(found):
        rows.append(("", gathering))
    most = _GROUPS if verbosity < 1 else len(found.groups)
    for group in found.groups[:most]:
        rows.append(("group", words.group(group)))
        shown = words.examples(group)
        rows += [("", f"- {text}") for text in (shown if verbosity > 0 else shown[:1])]
    if len(found.groups) > most:
        more = plural(len(found.groups) - most, "more group")
        rows.append(("", f"and {more} (-v shows all)"))
    return hanging([(_dim(label), text) for label, text in rows])


def _heading(result: SaturationResult, width: int) -> Text:
    verdict = words.verdict(result).upper()
    text = Text("── ", style="dim")
    text.append(words.title(result), style="bold not dim")
    tail = len(verdict) + 4
    room = width - tail - 2  # one column for the line, one for the space before it
    scale = words.scale(result)
    while scale and text.cell_len + sum(cell_len(part) + 3 for part in scale) > room:
        scale = scale[1:]
    text.append("".join(f" · {part}" for part in scale), style="not dim")
    text.truncate(room, overflow="ellipsis")
    text.append(" ")
    text.append("─" * (width - tail - text.cell_len))
    text.append(f" {verdict} ", style=f"not dim {STYLES.get(result.verdict, '')}")
    text.append("──")
    return text


def _rows(label: str, rows: Iterable[tuple[str, str]]) -> list[RenderableType]:
    lines = [
        (_dim(label if not at else ""), f"{key} {text}") for at, (key, text) in enumerate(rows)
    ]
    return hanging(lines)


def _block(console: Console, items: list[RenderableType], *, first: bool = False) -> None:
    if items and not first:
        console.print()
    for item in items:
        console.print(indented(item))


def _dim(text: str) -> Text:
    return Text(text, style="dim")
