"""What the baseline commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli.output import screen, write_block, write_table
from pytest_ftgate.errors import NoBaseline, shown_path
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from pytest_ftgate.model import Baseline, BaselineHeader, KpiResult, SuiteResult
    from pytest_ftgate.runs.accepting import Acceptance
    from pytest_ftgate.verdicts.measures import KpiDefinition

_NAMED = 10
_ANCHOR = {
    "made": "The present baseline becomes the anchor.",
    "moved": "The present baseline becomes the anchor, in place of an older one.",
    "kept": "The anchor stays.",
}


def show_acceptance(acceptance: Acceptance, result: SuiteResult) -> None:
    """Print how a run compares with the baseline that it is to replace.

    Args:
        acceptance: what is about to be written.
        result: the verdict on the run's suite against the present baseline.
    """
    from pytest_ftgate.reports import kpi_table
    from pytest_ftgate.reports.details import Details, indented

    now, before = acceptance.baseline, acceptance.previous
    click.echo(_title(now.header))
    click.echo(f"  to {shown_path(acceptance.path)}: {_origin(now.header)}")
    if before is not None:
        click.echo(f"  in place of {_origin(before.header)}")
    width = screen().width
    blocks: list[RenderableType] = [*kpi_table.tables(result, width)]
    if before is not None:
        details = Details(result, width - kpi_table.INDENT, verbosity=0)
        blocks += [*details.gates(), *details.comparison()]
    write_block(*map(indented, blocks))
    for what, cases in (
        ("dropped", acceptance.dropped),
        ("with fewer trials", acceptance.fewer_trials),
    ):
        if cases:
            click.echo(f"  {_counted(len(cases), 'case')} {what}: {_listed(cases)}")
    if acceptance.anchor in _ANCHOR:
        click.echo(f"  {_ANCHOR[acceptance.anchor]}")
    click.echo()


def show_baseline(path: Path, found: Baseline, definitions: Sequence[KpiDefinition]) -> None:
    """Print a baseline with its KPIs, its anchor and its history."""
    from pytest_ftgate.reports.history import trend
    from pytest_ftgate.runs.baseline import anchor_path, history_path, read
    from pytest_ftgate.runs.history import read_history

    click.echo(_title(found.header))
    click.echo(f"  in {shown_path(path)}: {_origin(found.header)}")
    _write_kpis(found, definitions)
    try:
        click.echo(f"  anchor: {_origin(read(anchor_path(path)).header)}")
    except NoBaseline:
        click.echo("  anchor: none yet")
    line = trend(read_history(history_path(path)))
    if line:
        click.echo(f"  {line}")
    click.echo()


def _title(header: BaselineHeader) -> str:
    cases = _counted(header.cases, "case")
    trials = f" × {header.trials} trials" if header.trials > 1 else ""
    counts = ", ".join(f"{count:,} {word}" for word, count in header.counts.items() if count)
    return f"{shown(header.suite)}: {cases}{trials}, {counts}"


def _origin(header: BaselineHeader) -> str:
    parts = [
        f"[{shown(header.variant)}] of run {shown(header.run)}",
        f"accepted {shown(header.accepted_at or 'unknown')}",
    ]
    if header.models:
        parts.append(f"model {', '.join(map(shown, header.models))}")
    if header.git_commit:
        parts.append(f"commit {shown(header.git_commit[:8])}")
    return " · ".join(parts)


def _write_kpis(baseline: Baseline, definitions: Sequence[KpiDefinition]) -> None:
    from pytest_ftgate.reports import numbers

    rows = [
        (f"  {shown(kpi.name)}", numbers.value(kpi), numbers.interval(kpi))
        for kpi in _kpis(baseline, definitions)
    ]
    write_table(("  KPI", "value", "95 % interval"), rows, right="value")


def _kpis(baseline: Baseline, definitions: Sequence[KpiDefinition]) -> list[KpiResult]:
    from pytest_ftgate.model import SuitePlan
    from pytest_ftgate.verdicts.kpis import compute

    header = baseline.header
    plan = SuitePlan(
        suite=header.suite,
        variant=header.variant,
        split=header.split,
        file="",
        selected=(),
        available=0,
    )
    return compute(baseline.records, plan, extra_kpis=definitions)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _listed(cases: Sequence[str]) -> str:
    more = len(cases) - _NAMED
    text = ", ".join(map(shown, cases[:_NAMED]))
    return f"{text} and {more:,} more" if more > 0 else text
