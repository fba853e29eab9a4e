"""``pytest-ftgate gate``: the verdict of a session, reached again from its stored records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli.output import screen, write, write_file
from pytest_ftgate.cli.plugins import kpis_of, plugin_option
from pytest_ftgate.cli.project import (
    open_store,
    restrict,
    run_argument,
    store_option,
    suite_option,
)
from pytest_ftgate.errors import ConfigError, did_you_mean, shown_path

if TYPE_CHECKING:
    from pytest_ftgate.experiments import Experiment
    from pytest_ftgate.model import Run, SuitePlan, Verdict


@click.command()
@run_argument
@click.option(
    "--experiment",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Judge by the gates of this experiment instead of those the run was made under.",
)
@click.option("--kpi", "kpis", metavar="NAME", multiple=True, help="Only this gate; repeatable.")
@click.option(
    "--json", "json_path", metavar="PATH", help="Write the verdict document; - prints it."
)
@click.option("-v", "--verbose", count=True, help="More of the summary, as in pytest.")
@plugin_option
@suite_option
@store_option
def gate(
    *,
    run: str,
    experiment: Path | None,
    kpis: tuple[str, ...],
    json_path: str | None,
    verbose: int,
    plugins: tuple[str, ...],
    suites: tuple[str, ...],
    store: Path | None,
) -> int:
    """Judge a stored run, as its session did.

    RUN is a run id or the start of one, or the path of a run's directory; by default the latest.
    Exits with 0 when no gate failed, 1 when one did, 7 when one is inconclusive and
    on_inconclusive is "fail", 4 when the run cannot be read. The KPIs of plugins and conftest
    files are known only if they are named by -p.
    """
    from pytest_ftgate.reports import json_report, terminal
    from pytest_ftgate.verdicts.decide import decide

    found = restrict(open_store(store).load(run), suites)
    if experiment is not None:
        found = _under(found, experiment)
    if kpis:
        found = _only(found, kpis)
    verdict = decide(found, extra_kpis=kpis_of(plugins))
    if json_path is not None:
        write_file(json_path, json_report.encode(verdict))
    if json_path != "-":
        write(terminal.render(verdict, verbosity=verbose, **screen()._asdict()))
    _tell_of_plugins(found, verdict)
    if not found.manifest.rules.gate:
        click.echo(
            "pytest-ftgate: this run was made with --ftgate-no-gate, so none of its gates judges. "
            "Name the gates to judge it by: --experiment FILE.",
            err=True,
        )
    return verdict.exit_code


def _tell_of_plugins(run: Run, verdict: Verdict) -> None:
    """Say how to load a gated KPI that is not known: a plugin may have defined it."""
    for plan, suite in zip(run.manifest.plans, verdict.suites, strict=True):
        known = {kpi.name for kpi in suite.kpis}
        unknown = [gate.kpi for gate in plan.gates if gate.kpi not in known]
        if unknown:
            click.echo(
                f"pytest-ftgate: suite {plan.suite}: the KPI {', '.join(unknown)} is not known "
                "here. If a plugin or a conftest file defines it, name that: -p FILE.",
                err=True,
            )


def _under(run: Run, path: Path) -> Run:
    """The run as if it had been made under an experiment's gates, with gating on.

    Raises:
        ConfigError: the experiment is for a suite that is not in the run.
    """
    from msgspec.structs import replace

    from pytest_ftgate import experiments

    experiment = experiments.load(path)
    suites = list(dict.fromkeys(plan.suite for plan in run.manifest.plans))
    if experiment.suite is not None and experiment.suite not in suites:
        raise ConfigError(
            f"{shown_path(path)}: is for suite {experiment.suite!r}, which run "
            f"{run.manifest.run} does not hold; {did_you_mean(experiment.suite, suites)}"
        )
    plans = tuple(
        _replan(plan, experiment) if experiment.suite in (None, plan.suite) else plan
        for plan in run.manifest.plans
    )
    rules = replace(run.manifest.rules, gate=True)
    return replace(run, manifest=replace(run.manifest, plans=plans, rules=rules))


def _replan(plan: SuitePlan, experiment: Experiment) -> SuitePlan:
    from msgspec.structs import replace

    current = plan.current
    if plan.variant in experiment.variants:
        current = plan.variant == experiment.current
    return replace(
        plan, gates=experiment.gates, primary_kpi=experiment.primary_kpi, current=current
    )


def _only(run: Run, kpis: tuple[str, ...]) -> Run:
    """The run with the gates on these KPIs only; results lost or in error still count.

    Raises:
        ConfigError: there is no gate on such a KPI.
    """
    from msgspec.structs import replace

    gated = list(dict.fromkeys(gate.kpi for plan in run.manifest.plans for gate in plan.gates))
    for kpi in kpis:
        if kpi not in gated:
            hint = did_you_mean(kpi, gated) if gated else "it has no gate on any KPI."
            raise ConfigError(f"--kpi {kpi}: run {run.manifest.run} has no such gate; {hint}")
    plans = tuple(
        replace(plan, gates=tuple(gate for gate in plan.gates if gate.kpi in kpis))
        for plan in run.manifest.plans
    )
    return replace(run, manifest=replace(run.manifest, plans=plans))
