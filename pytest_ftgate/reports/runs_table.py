"""The list of runs that ``pytest-ftgate runs`` prints: newest first, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.cells import cell_len
from rich.text import Text

from pytest_ftgate.reports.console import TextConsole
from pytest_ftgate.reports.kpi_table import STYLES, grid
from pytest_ftgate.reports.numbers import number
from pytest_ftgate.reports.safe import line, name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_ftgate.model import Manifest
    from pytest_ftgate.model.headlines import Headline, SuiteHeadline

_SUITES = 3
_COMMIT = 8


class ListedRun(Protocol):
    """What the store tells of a run without reading its records."""

    @property
    def id(self) -> str:
        """The run's id, by which commands find it."""

    @property
    def manifest(self) -> Manifest | None:
        """What the run set out to do; ``None`` when it cannot be read."""

    @property
    def complete(self) -> bool:
        """Whether the run reached its end."""

    @property
    def selected(self) -> int:
        """Results that were to come."""

    @property
    def received(self) -> int:
        """Results that came."""

    @property
    def problem(self) -> str | None:
        """Why the run cannot be read."""


def render(
    runs: Iterable[ListedRun],
    verdicts: Mapping[str, Headline] | None = None,
    *,
    width: int,
    color: bool,
    unicode: bool = True,
) -> str:
    """The table, in the order given.

    Args:
        runs: what the store lists.
        verdicts: the verdicts of runs, by the run's id.
        width: columns of the terminal; fewer than 40 are taken as 40.
        color: whether ANSI colours may be used.
        unicode: whether the terminal's encoding can show more than ASCII.
    """
    listed = list(runs)
    output = TextConsole(width, color)
    if not listed:
        output.console.print("No runs are stored here yet: run pytest on an eval test.")
        return output.text(unicode)
    known = verdicts or {}
    rows = [
        (line(run.id), _results(run), _state(run, known.get(run.id)), _what(run, known.get(run.id)))
        for run in listed
    ]
    table = grid()
    table.show_header = True
    ids = max(cell_len(row[0]) for row in rows)
    results = max(cell_len("results"), *(cell_len(row[1]) for row in rows))
    states = max(cell_len("verdict"), *(row[2].cell_len for row in rows))
    # Only the last column gives way: an id cut short finds no run.
    rest = output.console.width - ids - results - states - 6
    table.add_column("run", no_wrap=True, width=ids)
    table.add_column("results", no_wrap=True, width=results, justify="right")
    table.add_column("verdict", no_wrap=True, width=states)
    table.add_column("suites", no_wrap=True, width=max(rest, 6), overflow="ellipsis")
    for row in rows:
        table.add_row(*row)
    output.console.print(table)
    return output.text(unicode)


def _results(run: ListedRun) -> str:
    if run.manifest is None:
        return ""
    if run.received == run.selected:
        return f"{run.received:,}"
    return f"{run.received:,} of {run.selected:,}"


def _state(run: ListedRun, told: Headline | None) -> Text:
    """The verdict of a whole run; of another one, why it has none."""
    if run.manifest is None:
        return Text("unreadable", style="bold red")
    if not run.complete:
        return Text("incomplete", style="yellow")
    if any(len(plan.selected) < plan.available for plan in run.manifest.plans):
        return Text("partial", style="yellow")
    if told is None:
        return Text("unknown", style="dim")
    return Text(told.verdict, style=STYLES.get(told.verdict, ""))


def _what(run: ListedRun, told: Headline | None) -> Text:
    if run.manifest is None:
        return Text(line(run.problem or "its manifest cannot be read"))
    plans = run.manifest.plans
    known = {(each.suite, each.variant): each for each in told.suites} if told else {}
    parts = [
        f"{name(plan.suite)} [{name(plan.variant)}]{_kpi(known.get((plan.suite, plan.variant)))}"
        for plan in plans[:_SUITES]
    ]
    if len(plans) > _SUITES:
        parts.append(f"{len(plans) - _SUITES:,} more")
    text = ", ".join(parts)
    if run.manifest.origin != "pytest":
        text += f" · {run.manifest.origin}"
    if run.manifest.record_mode != "none":
        text += f" · {run.manifest.record_mode}"
    if run.manifest.git_commit:
        text += f" · {line(run.manifest.git_commit)[:_COMMIT]}"
    return Text(text)


def _kpi(told: SuiteHeadline | None) -> str:
    """The primary KPI as it follows its suite; the value first, for a narrow line may end here."""
    if told is None or told.kpi is None:
        return ""
    return f" {number(told.value, told.unit)} {name(told.kpi)}"
