"""The terminal section: calm at 80 columns, fuller at 120, readable without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from pytest_ftgate.reports import kpi_table, wording
from pytest_ftgate.reports.console import TextConsole
from pytest_ftgate.reports.details import Details, flow, hanging, indented
from pytest_ftgate.reports.kpi_table import INDENT, STYLES
from pytest_ftgate.reports.next_step import next_step as what_next
from pytest_ftgate.reports.safe import name

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from pytest_ftgate.model import SuiteResult, Verdict
    from pytest_ftgate.reports.next_step import NextStep


_GATES_LEAST = 8


def render(
    verdict: Verdict,
    *,
    width: int,
    color: bool,
    verbosity: int = 0,
    unicode: bool = True,
    next_step: bool = True,
    store: str | None = "",
) -> str:
    """The section that ends a session, without its title line.

    Args:
        verdict: the verdict document.
        width: columns of the terminal; fewer than 40 are taken as 40.
        color: whether ANSI colours may be used; the text reads the same without.
        verbosity: as pytest's: 0 normal, 1 and more for details, -1 one line per suite
            and ladder, -2 nothing.
        unicode: whether the terminal's encoding can show lines and dots; otherwise plain ASCII.
        next_step: whether to end with what to do next.
        store: where the run lies, if not in the project's store; ``None`` when it was not stored.

    Returns:
        Lines that end in a line feed each; empty at verbosity -2 and below.
    """
    if verbosity <= -2:
        return ""
    output = TextConsole(width, color)
    console = output.console
    if verbosity == -1:
        for suite in verdict.suites:
            console.print(_line(suite, console.width))
        _write_saturation(console, wording.saturation(verdict, brief=True))
    else:
        _write_section(console, verdict, verbosity)
    if next_step and verbosity >= 0:
        _write_next_step(console, what_next(verdict, store))
    return output.text(unicode)


def _write_section(console: Console, verdict: Verdict, verbosity: int) -> None:
    if (why := wording.unfinished(verdict)) is not None:
        _write_banner(console, "INCOMPLETE", why)
        console.print()
    if not verdict.suites:
        console.print("No suite was evaluated: there is nothing to judge.")
    for suite in verdict.suites:
        # Of one suite alone the run has said already what did not arrive.
        lost = None if why and len(verdict.suites) == 1 else wording.lost(suite)
        _write_suite(console, suite, verbosity, lost)
    _write_saturation(console, wording.saturation(verdict))
    if (stale := wording.stale_calls(verdict)) is not None:
        if len(stale) > console.width:  # a command must survive copying
            stale = stale.replace(": ", ":\n", 1)
        console.print(Text(stale, style="yellow"), soft_wrap=True)


def _write_saturation(console: Console, lines: tuple[str, ...]) -> None:
    for item in hanging([(Text("saturation", style="bold"), line) for line in lines]):
        console.print(item)


def _write_suite(console: Console, suite: SuiteResult, verbosity: int, lost: str | None) -> None:
    console.print(_heading(suite, console.width), no_wrap=True)
    console.print(indented(_counts(suite)))
    for word, why in (("INCOMPLETE", lost), ("PARTIAL", wording.partial(suite))):
        if why:
            _write_banner(console, word, why)
    if not wording.unscored(suite):
        for table in kpi_table.tables(suite, console.width, full=verbosity > 0):
            _write_block(console, [table])
    else:
        console.print(indented(Text("no KPIs: no case was scored", style="yellow")))
    details = Details(suite, console.width - INDENT, verbosity)
    blocks = (details.gates(), details.errors(), details.comparison(), details.misses())
    for block in (*blocks, *details.extra()):
        _write_block(console, block)
    facts = (*wording.provenance(suite), *wording.spending(suite))
    _write_block(console, [Text(line, style="dim") for line in flow(facts, details.width)])
    console.print()


def _write_block(console: Console, lines: list[RenderableType]) -> None:
    if lines:
        console.print()
    for line in lines:
        console.print(indented(line))


def _heading(suite: SuiteResult, width: int) -> Text:
    verdict = suite.verdict.upper()
    text = Text("── ", style="dim")
    text.append(wording.title(suite), style="bold not dim")
    text.append(f" · {wording.scale(suite)} ", style="not dim")
    tail = len(verdict) + 4
    text.truncate(width - tail - 1, overflow="ellipsis")
    text.append("─" * (width - tail - text.cell_len))
    text.append(f" {verdict} ", style=f"not dim {STYLES.get(suite.verdict, '')}")
    text.append("──")
    return text


def _line(suite: SuiteResult, width: int) -> Text:
    """One suite on one line, for ``-q``: verdict, counts, suite, and as many gates as fit.

    A number that is cut short would be another number: only the gates give way.
    """
    counts = [(outcome, amount) for outcome, amount in wording.counts(suite) if amount]
    text = Text().append(suite.verdict.upper(), style=STYLES.get(suite.verdict, ""))
    if suite.partial:
        text.append(" partial", style=STYLES["partial"])
    told = " · ".join(wording.counted(*count) for count in counts) or "no results"
    text.append(f"  {told}")
    text.append(f"  {wording.title(suite)}", style="bold")
    gates = ", ".join(name(gate.name) for gate in wording.failing_gates(suite))
    room = width - text.cell_len - 2
    if gates and room >= _GATES_LEAST:
        shown = Text(gates, style="dim")
        shown.truncate(room, overflow="ellipsis")
        text.append("  ").append_text(shown)
    return text


def _counts(suite: SuiteResult) -> Text:
    text = Text()
    for outcome, amount in wording.counts(suite):
        style = STYLES.get(outcome, "") if amount else "dim"
        text.append(" · " if text else "", style="dim")
        text.append(wording.counted(outcome, amount), style=style)
    return text


def _write_banner(console: Console, word: str, why: str) -> None:
    for item in hanging([(Text(word, style="bold yellow"), wording.sentence(why))]):
        console.print(indented(item))


def _write_next_step(console: Console, step: NextStep | None) -> None:
    if step is None:
        return
    command = Text.assemble(("next: ", "bold"), step.command)
    why = Text(f"({step.why})", style="dim")
    if command.cell_len + why.cell_len + 2 <= console.width:
        console.print(Text.assemble(command, "  ", why))
    else:  # a command must survive copying, so it is never wrapped by us
        console.print(command, soft_wrap=True)
        console.print(Padding(why, (0, 0, 0, 6)))
