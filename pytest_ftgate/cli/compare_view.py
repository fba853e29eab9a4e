"""What ``pytest-ftgate compare`` prints around the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pytest_ftgate.cli.output import write_block, write_table
from pytest_ftgate.reports.details import hanging, indented
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Run, SuiteResult, Verdict
    from pytest_ftgate.verdicts.measures import KpiDefinition
    from pytest_ftgate.verdicts.selfcheck import KpiSelfCheck, SelfCheck, SuiteSelfCheck


def write_sides(verdict: Verdict) -> None:
    """Print what is compared with what."""
    for suite in verdict.suites:
        before = suite.baseline
        if before is None:
            continue
        then = _facts(before.cases, before.trials, before.models)
        now = _facts(suite.cases, suite.trials, suite.provenance.models)
        click.echo(f"before  [{shown(before.variant)}] of run {shown(before.run)} · {then}")
        click.echo(f"now     [{shown(suite.variant)}] of run {shown(verdict.run.id)} · {now}")
    click.echo()


def write_false_alarms(
    before: Run, judged: Run, verdict: Verdict, definitions: Sequence[KpiDefinition]
) -> None:
    """Print how often the rules would block with nothing changed, where trials can tell."""
    from msgspec.structs import replace

    from pytest_ftgate.verdicts.selfcheck import selfcheck

    for suite in verdict.suites:
        header = suite.baseline
        if header is None or header.trials < 2:
            continue
        (rules,) = (plan for plan in judged.manifest.plans if plan.suite == suite.suite)
        plans = tuple(
            replace(plan, gates=rules.gates, primary_kpi=rules.primary_kpi)
            for plan in before.manifest.plans
            if (plan.suite, plan.variant) == (suite.suite, header.variant)
        )
        run = replace(before, manifest=replace(before.manifest, plans=plans))
        for found in selfcheck(run, extra_kpis=definitions).suites:
            text = f"{_title(found)}: {found.reason}."
            write_block(*hanging([(Text("self-check", style="dim"), text)]))


def write_self_check(found: SelfCheck) -> None:
    """Print the self-check of a run: the rate, the rules, and each KPI's share of verdicts."""
    for suite in found.suites:
        facts = _facts(suite.cases, suite.trials, ())
        click.echo(f"self-check of {_title(suite)}, run {shown(found.run)} · {facts}")
        sentences = [f"{suite.reason}.", *map(_rule, suite.kpis)]
        write_block(*map(indented, hanging([(Text("-"), text) for text in sentences])))
        words = list(suite.kpis[0].verdicts) if suite.kpis else []
        if words:
            cells = [
                (f"  {shown(kpi.kpi)}", *(f"{100 * kpi.verdicts[word]:.1f} %" for word in words))
                for kpi in suite.kpis
            ]
            click.echo()
            write_table(("  KPI", *words), cells, " ".join(words))
        click.echo()


def _rule(kpi: KpiSelfCheck) -> str:
    return f"{shown(kpi.kpi)} {kpi.rule}."


def _title(suite: SuiteSelfCheck | SuiteResult) -> str:
    return f"{shown(suite.suite)} [{shown(suite.variant)}]"


def _facts(cases: int, trials: int, models: Sequence[str]) -> str:
    facts = [f"{cases:,} case{'' if cases == 1 else 's'}"]
    if trials > 1:
        facts[0] += f" × {trials:,} trials"
    if models:
        facts.append(f"model {', '.join(map(shown, models))}")
    return " · ".join(facts)
