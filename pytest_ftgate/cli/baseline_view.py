"""What the baseline commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli.output import write_table
from pytest_ftgate.errors import NoBaseline, shown_path
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_ftgate.model import Baseline, BaselineHeader, KpiResult
    from pytest_ftgate.runs.accepting import Acceptance
    from pytest_ftgate.verdicts.measures import KpiDefinition

_NAMED = 10
_ANCHOR = {
    "made": "The present baseline becomes the anchor.",
    "moved": "The present baseline becomes the anchor, in place of an older one.",
    "kept": "The anchor stays.",
}


def show_acceptance(acceptance: Acceptance, definitions: Sequence[KpiDefinition]) -> None:
    """Print how a run compares with the baseline that it is to replace."""
    now, before = acceptance.baseline, acceptance.previous
    click.echo(_title(now.header))
    click.echo(f"  to {shown_path(acceptance.path)}: {_origin(now.header)}")
    if before is not None:
        click.echo(f"  in place of {_origin(before.header)}")
    _write_kpis(now, before, definitions)
    for what, cases in (
        ("newly failing", _turned(acceptance, to=False)),
        ("newly passing", _turned(acceptance, to=True)),
        ("added", acceptance.added),
        ("changed in content", acceptance.changed),
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
    _write_kpis(found, None, definitions)
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


def _write_kpis(
    now: Baseline, before: Baseline | None, definitions: Sequence[KpiDefinition]
) -> None:
    from pytest_ftgate.reports import numbers

    kpis = _kpis(now, definitions)
    if before is None:
        rows = [(shown(kpi.name), numbers.value(kpi), numbers.interval(kpi)) for kpi in kpis]
        write_table(("  KPI", "value", "95 % interval"), _indented(rows), right="value")
        return
    older = {kpi.name: kpi for kpi in _kpis(before, definitions)}
    changes = [
        (shown(kpi.name), _value(older.get(kpi.name)), numbers.value(kpi), _difference(kpi, older))
        for kpi in kpis
    ]
    headings = ("  KPI", "baseline", "now", "difference")
    write_table(headings, _indented(changes), right="baseline now difference")


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


def _value(kpi: KpiResult | None) -> str:
    from pytest_ftgate.reports import numbers

    return "" if kpi is None else numbers.value(kpi)


def _difference(kpi: KpiResult, older: Mapping[str, KpiResult]) -> str:
    from pytest_ftgate.reports import numbers

    before = older.get(kpi.name)
    if before is None or before.value is None or kpi.value is None:
        return ""
    return numbers.signed(kpi.value - before.value, kpi.unit)


def _turned(acceptance: Acceptance, *, to: bool) -> tuple[str, ...]:
    """Cases of the same content that pass in every trial on one side alone."""
    if acceptance.previous is None:
        return ()
    before, now = (_passing(each) for each in (acceptance.previous, acceptance.baseline))
    return tuple(
        case
        for (case, content), passes in sorted(now.items())
        if passes is to and before.get((case, content), to) is not to
    )


def _passing(baseline: Baseline) -> dict[tuple[str, str], bool]:
    found: dict[tuple[str, str], bool] = {}
    for record in baseline.records:
        if record.status == "scored":
            key = (record.case, record.content or "")
            found[key] = found.get(key, True) and record.outcome == "passed"
    return found


def _indented(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [(f"  {row[0]}", *row[1:]) for row in rows]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _listed(cases: Sequence[str]) -> str:
    more = len(cases) - _NAMED
    text = ", ".join(map(shown, cases[:_NAMED]))
    return f"{text} and {more:,} more" if more > 0 else text
