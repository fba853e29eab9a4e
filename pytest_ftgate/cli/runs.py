"""``pytest-ftgate runs`` and ``pytest-ftgate show``: what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_ftgate.cli.importing import import_
from pytest_ftgate.cli.output import screen, write
from pytest_ftgate.cli.plugins import kpis_of, plugin_option
from pytest_ftgate.cli.project import (
    open_store,
    restrict,
    run_argument,
    store_option,
    suite_option,
)
from pytest_ftgate.errors import ConfigError, FtgateError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Record, Run
    from pytest_ftgate.model.headlines import Headline, SuiteHeadline
    from pytest_ftgate.runs.store import RunInfo, RunStore
    from pytest_ftgate.verdicts.measures import KpiDefinition


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.option(
    "-n", "--limit", metavar="N", type=click.IntRange(1), help="List the N newest runs only."
)
@store_option
@click.pass_context
def runs(ctx: click.Context, as_json: bool, limit: int | None, store: Path | None) -> None:
    """List the stored runs with their verdicts and primary KPIs, newest first."""
    if ctx.invoked_subcommand is not None:
        return
    kept = open_store(store)
    found = kept.list()[:limit]
    if as_json:
        import msgspec

        document = msgspec.json.encode([_facts(run, _headline(run, kept)) for run in found])
        click.echo(msgspec.json.format(document, indent=2))
        return
    from pytest_ftgate.reports import runs_table

    verdicts = {run.id: told for run in found if (told := _headline(run, kept)) is not None}
    write(runs_table.render(found, verdicts, **screen()._asdict()))


runs.add_command(import_)


@click.command()
@run_argument
@click.option(
    "--case",
    "cases",
    metavar="ID",
    multiple=True,
    help="Show this case in full; ID#2 is its second trial. Repeatable.",
)
@click.option("--misses", is_flag=True, help="Only cases that did not pass.")
@click.option("--outputs", is_flag=True, help="Show the listed cases in full, with their outputs.")
@click.option(
    "--diff", is_flag=True, help="Show the newly failing and newly fixed cases, before and now."
)
@click.option("-v", "--verbose", count=True, help="More of the summary, as in pytest.")
@plugin_option
@suite_option
@store_option
def show(
    *,
    run: str,
    cases: tuple[str, ...],
    misses: bool,
    outputs: bool,
    diff: bool,
    verbose: int,
    plugins: tuple[str, ...],
    suites: tuple[str, ...],
    store: Path | None,
) -> None:
    """Show a run: its summary and its cases.

    RUN is a run id or the start of one, or the path of a run's directory; by default the latest.
    """
    kept = open_store(store)
    found = restrict(kept.load(run), suites)
    if cases:
        _check_cases(found, cases)
    if diff:
        _show_turned(found, kept, cases, kpis_of(plugins))
        return
    if cases:
        _show_in_full(_keep(found, cases, misses))
        return
    from pytest_ftgate.reports import show as report
    from pytest_ftgate.verdicts.decide import decide

    verdict = decide(found, extra_kpis=kpis_of(plugins))
    write(report.render(verdict, found, verbosity=verbose, **screen()._asdict()))
    if verbose:
        from pytest_ftgate.cli.case_diff import earlier_results, write_turned

        write_turned(verdict, found, earlier_results(verdict, found, kept), every=verbose > 1)
    listed = _keep(found, (), misses)
    if outputs:
        _show_in_full(listed)
    else:
        from pytest_ftgate.cli.case_list import render

        write(render(listed, **screen()._asdict()))


def _show_turned(
    run: Run, store: RunStore, cases: tuple[str, ...], definitions: Sequence[KpiDefinition]
) -> None:
    """Show how cases turned against the baselines that the run was compared with."""
    from pytest_ftgate.cli.case_diff import earlier_results, write_turned
    from pytest_ftgate.verdicts.decide import decide

    verdict = decide(run, extra_kpis=definitions)
    if not any(suite.baseline for suite in verdict.suites):
        click.echo(
            "The run was compared with no baseline. Compare it with another run by: "
            "pytest-ftgate compare A B -v"
        )
        return
    before = earlier_results(verdict, run, store)
    if not write_turned(verdict, run, before, every=True, cases=cases):
        named = f"Not among them: {', '.join(cases)}." if cases else "No case is."
        click.echo(f"Newly failing or newly fixed cases were asked for. {named}")


def _show_in_full(run: Run) -> None:
    from msgspec.structs import replace

    from pytest_ftgate.reports import show as report
    from pytest_ftgate.reports.wording import case_label
    from pytest_ftgate.verdicts.decide import decide

    by_label: dict[str, list[Record]] = {}
    for record in run.records:
        by_label.setdefault(case_label(record.case, record.trial), []).append(record)
    if not by_label:
        click.echo("No case to show.")
        return
    verdict = decide(run)
    for label, records in by_label.items():
        part = replace(run, records=tuple(records))
        write(report.render(verdict, part, cases=(label,), **screen()._asdict()))


def _keep(run: Run, cases: tuple[str, ...], only_misses: bool) -> Run:
    """The run with the records that were asked for."""
    from msgspec.structs import replace

    return replace(
        run,
        records=tuple(
            record
            for record in run.records
            if (not cases or _names(cases, record.case, record.trial))
            and (not only_misses or record.outcome not in ("passed", "skipped"))
        ),
    )


def _check_cases(run: Run, cases: tuple[str, ...]) -> None:
    for case in cases:
        if not any(_names((case,), record.case, record.trial) for record in run.records):
            known = sorted({record.case for record in run.records})
            near = did_you_mean(case, known)
            hint = (
                near if near.startswith("did") else f"it has {len(known)}, listed without --case."
            )
            raise ConfigError(f"--case {case}: run {run.manifest.run} has no such case; {hint}")


def _names(cases: tuple[str, ...], case: str, trial: int) -> bool:
    return case in cases or f"{case}#{trial + 1}" in cases


def _headline(run: RunInfo, store: RunStore) -> Headline | None:
    """The verdict of the session; decided again for runs that came about in another way."""
    from pytest_ftgate.model.headlines import headline
    from pytest_ftgate.runs import headlines

    told = headlines.read(run.path)
    if told is not None or not run.complete:
        return told
    from pytest_ftgate.verdicts.decide import decide

    try:
        return headline(decide(store.load(run.id)))
    except FtgateError:  # its records are damaged, which "show" tells
        return None


def _facts(run: RunInfo, told: Headline | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": run.id,
        "complete": run.complete,
        "selected": run.selected,
        "received": run.received,
        "problem": run.problem,
        "verdict": told.verdict if told is not None else None,
    }
    if run.manifest is not None:
        suites = {(each.suite, each.variant): each for each in told.suites} if told else {}
        facts |= {
            "created_at": run.manifest.created_at,
            "origin": run.manifest.origin,
            "record_mode": run.manifest.record_mode,
            "git_commit": run.manifest.git_commit,
            "suites": [
                {
                    "suite": plan.suite,
                    "variant": plan.variant,
                    "split": plan.split,
                    "selected": len(plan.selected),
                    "available": plan.available,
                    "trials": plan.trials,
                    **_primary(suites.get((plan.suite, plan.variant))),
                }
                for plan in run.manifest.plans
            ],
        }
    return facts


def _primary(told: SuiteHeadline | None) -> dict[str, Any]:
    if told is None:
        return {"verdict": None, "kpi": None, "value": None}
    return {"verdict": told.verdict, "kpi": told.kpi, "value": told.value}
