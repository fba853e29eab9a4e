"""``pytest-ftgate gate``: the verdict of a session, reached again from its stored records."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_ftgate.cli import rules
from pytest_ftgate.cli.output import screen, write
from pytest_ftgate.cli.plugins import kpis_of, plugin_option
from pytest_ftgate.cli.project import (
    open_store,
    project_root,
    restrict,
    run_argument,
    store_option,
    suite_option,
)
from pytest_ftgate.cli.reporting import json_option, markdown_option, write_reports


@click.command()
@run_argument
@click.option(
    "--experiment",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Judge by the gates of this experiment instead of those the run was made under.",
)
@click.option("--kpi", "kpis", metavar="NAME", multiple=True, help="Only this gate; repeatable.")
@json_option
@markdown_option
@click.option(
    "-v", "--verbose", count=True, help="More of the summary, and how turned cases differ."
)
@plugin_option
@suite_option
@store_option
def gate(
    *,
    run: str,
    experiment: Path | None,
    kpis: tuple[str, ...],
    json_path: str | None,
    markdown_path: str | None,
    verbose: int,
    plugins: tuple[str, ...],
    suites: tuple[str, ...],
    store: Path | None,
) -> int:
    """Judge a stored run, as its session did: gates, and the saturation of its suites.

    RUN is a run id or the start of one, or the path of a run's directory; by default the latest.
    Exits with 0 when no gate failed, 1 when one did, 7 when one is inconclusive and
    on_inconclusive is "fail", 4 when the run cannot be read. The KPIs of plugins and conftest
    files are known only if they are named by -p.
    """
    from msgspec.structs import replace

    from pytest_ftgate.ladders import judge_ladders
    from pytest_ftgate.reports import terminal
    from pytest_ftgate.verdicts.decide import decide

    kept = open_store(store)
    found = restrict(kept.load(run), suites)
    if experiment is not None:
        found = rules.under(found, experiment)
    if kpis:
        found = rules.only_gates(found, kpis)
    extra_kpis = kpis_of(plugins)
    # A run that lies in another store, as that of a CI job, is judged beside the runs there.
    home = kept.find(run).parent.parent
    verdict = replace(
        decide(found, extra_kpis=extra_kpis),
        saturation=judge_ladders(found, home, project_root(), extra_kpis),
    )
    if write_reports(verdict, json_path, markdown_path):
        write(terminal.render(verdict, verbosity=verbose, **screen()._asdict()))
        if verbose:
            from pytest_ftgate.cli.case_diff import earlier_results, write_turned

            write_turned(verdict, found, earlier_results(verdict, found, kept), every=verbose > 1)
    for problem in rules.unknown_kpis(found, verdict):
        click.echo(f"pytest-ftgate: {problem}", err=True)
    if not found.manifest.rules.gate:
        click.echo(
            "pytest-ftgate: this run was made with --ftgate-no-gate, so none of its gates judges. "
            "Name the gates to judge it by: --experiment FILE.",
            err=True,
        )
    return verdict.exit_code
