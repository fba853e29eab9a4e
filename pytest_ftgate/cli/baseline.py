"""``pytest-ftgate baseline``: accept a run as what later runs are compared with; show baselines."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli.plugins import kpis_of, plugin_option
from pytest_ftgate.cli.project import (
    open_store,
    project_root,
    restrict,
    run_argument,
    settings,
    store_option,
    suite_option,
)
from pytest_ftgate.errors import ConfigError, NoBaseline, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ftgate.model import Baseline, KpiResult, Run, SuitePlan, SuiteResult
    from pytest_ftgate.runs.accepting import Acceptance

_PATH = click.Path(path_type=Path)


@click.group()
def baseline() -> None:
    """Accept and show what later runs are compared with."""


@baseline.command()
@run_argument
@click.option(
    "--baseline",
    "place",
    metavar="PATH",
    type=_PATH,
    help="The baseline's file or the folder of baselines, instead of that beside the test file.",
)
@click.option("--replace", is_flag=True, help="Drop cases and trials that the run does not have.")
@click.option("--outputs", is_flag=True, help="Keep the outputs, and the reasons of checks.")
@click.option(
    "--move-anchor", is_flag=True, help="Make the present baseline the anchor, not an older one."
)
@click.option("--dry-run", is_flag=True, help="Show the comparison and write nothing.")
@plugin_option
@suite_option
@store_option
def accept(
    *,
    run: str,
    place: Path | None,
    replace: bool,
    outputs: bool,
    move_anchor: bool,
    dry_run: bool,
    plugins: tuple[str, ...],
    suites: tuple[str, ...],
    store: Path | None,
) -> None:
    """Make a run the baseline of its suites, after showing how they compare.

    RUN is a run id or the start of one, or the path of a run's directory; by default the latest.
    It must be complete, of all cases of its split, without errors, of the current variant, and
    not of the holdout. All its suites are accepted, or none.
    """
    from pytest_ftgate import environment
    from pytest_ftgate.cli import baseline_view
    from pytest_ftgate.files import write_together
    from pytest_ftgate.runs.accepting import prepare
    from pytest_ftgate.verdicts.decide import decide

    found = restrict(open_store(store).load(run), suites)
    places = _places(found, place)
    present = _present(places)
    verdict = decide(found, baselines=present, extra_kpis=kpis_of(plugins))
    results = {(suite.suite, suite.variant): suite for suite in verdict.suites}
    now = environment.utc_now()
    prepared = [
        prepare(
            found,
            plan.suite,
            path=path,
            now=now,
            primary=_primary(results[plan.suite, plan.variant], plan),
            replace=replace,
            with_outputs=outputs,
            move_anchor=move_anchor,
        )
        for plan, path in places
    ]
    for (plan, _), acceptance in zip(places, prepared, strict=True):
        baseline_view.show_acceptance(acceptance, results[plan.suite, plan.variant])
    if dry_run:
        click.echo("Nothing was written: --dry-run.")
        return
    write_together([file for acceptance in prepared for file in acceptance.files])
    for acceptance in prepared:
        click.echo(f"Wrote {_names(acceptance)}. Commit {_them(acceptance)}.")


@baseline.command()
@click.argument("paths", metavar="[PATH...]", nargs=-1, type=_PATH)
@plugin_option
@suite_option
def show(paths: tuple[Path, ...], plugins: tuple[str, ...], suites: tuple[str, ...]) -> None:
    """Show baselines: what they were accepted from, their KPIs, anchor and history.

    PATH is a baseline, or a directory to look for baselines in; by default the project's root.
    """
    from pytest_ftgate.cli import baseline_view
    from pytest_ftgate.runs.baseline import read

    shown = 0
    for path in _find(paths):
        found = read(path)
        if not suites or found.header.suite in suites:
            baseline_view.show_baseline(path, found, kpis_of(plugins))
            shown += 1
    if not shown:
        wanted = f" of {', '.join(suites)}" if suites else ""
        raise NoBaseline(
            f"There is no baseline{wanted}. Make one of a run by: pytest-ftgate baseline accept"
        )


def _places(run: Run, place: Path | None) -> list[tuple[SuitePlan, Path]]:
    """The plan that gates judge of each suite, and where its baseline lies.

    Raises:
        StoreError: a suite was evaluated in other variants only.
        ConfigError: one file is to be the baseline of several suites.
    """
    from pytest_ftgate.runs.baseline import find_path
    from pytest_ftgate.runs.eligibility import gated_plan

    project, root = settings(), project_root()
    place = place or project.baseline
    found: list[tuple[SuitePlan, Path]] = []
    for suite in dict.fromkeys(plan.suite for plan in run.manifest.plans):
        plan = gated_plan(run, suite)
        path = find_path(root / plan.file, suite, folder=project.baselines, place=place)
        found.append((plan, path))
    paths = [path for _, path in found]
    if len(set(paths)) < len(paths):
        raise ConfigError(
            f"{shown_path(paths[0])}: cannot be the baseline of {len(paths)} suites. "
            "Name a folder of baselines, or one suite by --suite."
        )
    return found


def _present(places: Iterable[tuple[SuitePlan, Path]]) -> dict[str, Baseline]:
    """The present baselines by suite, where there are any."""
    from pytest_ftgate.runs.baseline import read

    found: dict[str, Baseline] = {}
    for plan, path in places:
        with contextlib.suppress(NoBaseline):
            found[plan.suite] = read(path)
    return found


def _primary(suite: SuiteResult, plan: SuitePlan) -> KpiResult | None:
    """The KPI that the history tells: the primary one, or the pass rate."""
    rows = (kpi for kpi in suite.kpis if plan.primary_kpi or kpi.name == "pass_rate")
    return next(rows, None)


def _find(paths: Iterable[Path]) -> list[Path]:
    from pytest_ftgate.cli.pack_files import find_packs
    from pytest_ftgate.runs.baseline import is_baseline

    given = list(paths)
    found = find_packs(given or [project_root()], settings().baselines)
    return [path for path in found if path in given or is_baseline(path)]


def _names(acceptance: Acceptance) -> str:
    return ", ".join(shown_path(path) for path, _ in reversed(acceptance.files))


def _them(acceptance: Acceptance) -> str:
    return "it" if len(acceptance.files) == 1 else "them"
