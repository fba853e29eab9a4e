"""``pytest-ftgate saturation``: the iteration log of a suite, and whether prompting still helps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from pytest_ftgate.cli.output import screen, write
from pytest_ftgate.cli.plugins import kpis_of, plugin_option
from pytest_ftgate.cli.project import open_store, project_root, store_option, suite_option
from pytest_ftgate.cli.reporting import json_option, markdown_option, write_reports
from pytest_ftgate.errors import ConfigError, did_you_mean, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_ftgate.experiments import Experiment
    from pytest_ftgate.iterations import SaturationResult
    from pytest_ftgate.model import Case, Run
    from pytest_ftgate.runs.store import RunStore
    from pytest_ftgate.verdicts.ladder import History, Outline
    from pytest_ftgate.verdicts.measures import KpiDefinition


class _Asked(NamedTuple):
    """What the command line asks for."""

    suites: tuple[str, ...]
    kpis: tuple[str, ...]
    window: int | None
    margin: float | None
    extra_kpis: Sequence[KpiDefinition]


@click.command()
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option(
    "--experiment",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take the order, parents and rules from this experiment as it is now.",
)
@click.option(
    "--kpi", "kpis", metavar="NAME", multiple=True, help="Instead of the primary KPI; repeatable."
)
@click.option(
    "--window", metavar="N", type=click.IntRange(2), help="Iterations that a gain is measured over."
)
@click.option(
    "--margin",
    metavar="SHARE",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The gain still worth having; 0.03 is 3 points.",
)
@json_option
@markdown_option
@click.option("-v", "--verbose", count=True, help="All groups of failures, with their examples.")
@plugin_option
@suite_option
@store_option
def saturation(
    *,
    runs: tuple[str, ...],
    experiment: Path | None,
    kpis: tuple[str, ...],
    window: int | None,
    margin: float | None,
    json_path: str | None,
    markdown_path: str | None,
    verbose: int,
    plugins: tuple[str, ...],
    suites: tuple[str, ...],
    store: Path | None,
) -> int:
    """Show the iteration log of each suite, and judge whether prompting still gains.

    RUN is a run id or the start of one, or the path of a run's directory; by default all complete
    runs of the store count. Of each variant, case and trial the latest result is taken.

    Exits with 0 for improving and plateau, with 1 for regressing, with 0 for an open verdict, or 7
    where on_inconclusive is "fail", and with 4 when runs cannot be read.
    """
    from pytest_ftgate.reports import ladder, ladder_markdown
    from pytest_ftgate.verdicts.ladder.document import document

    asked = _Asked(suites, kpis, window, margin, kpis_of(plugins))
    found = _load(open_store(store), runs, suites)
    results = _judge(found, asked, experiment)
    newest = max(found, key=lambda run: (run.manifest.created_at, run.manifest.run))
    verdict = document(results, newest)
    if write_reports(
        verdict, json_path, markdown_path, markdown=lambda: ladder_markdown.render(results)
    ):
        write(ladder.render(results, verbosity=verbose, **screen()._asdict()))
    return verdict.exit_code


def _load(store: RunStore, names: tuple[str, ...], suites: tuple[str, ...]) -> list[Run]:
    """The runs to judge.

    Raises:
        StoreError: there are none, or one that was named is missing.
        DataError: a run that was named is damaged.
    """
    if names:
        return [store.load(name) for name in names]
    from pytest_ftgate.runs.ladder import read_ladder

    found = read_ladder(store, suites or None)
    if suites and not found.runs:  # misspelt, perhaps: all suites are needed to say so
        found = read_ladder(store)
    for problem in found.problems:
        click.echo(f"left out: {problem}", err=True)
    return list(found.runs) or [store.load()]


def _judge(runs: list[Run], asked: _Asked, path: Path | None) -> list[SaturationResult]:
    """The verdicts, at least one.

    Raises:
        ConfigError: a suite or KPI is unknown, or no verdict on it is possible.
    """
    from pytest_ftgate import experiments
    from pytest_ftgate.verdicts.ladder import assemble, suites_of

    experiment = None if path is None else experiments.load(path)
    known = suites_of(runs)
    for suite in asked.suites:
        if suite not in known:
            hint = did_you_mean(suite, known)
            raise ConfigError(f"--suite {suite}: the runs have no such suite; {hint}")
    chosen = asked.suites or known
    if experiment is not None:
        chosen = _of_experiment(experiment, chosen)
    histories = [
        assemble(runs, suite, None if experiment is None else _outline(experiment))
        for suite in chosen
    ]
    filled = [history for history in histories if history.entries]
    if not filled:
        raise ConfigError(
            "No complete run holds results of a split other than holdout. Evaluate the ladder: "
            "pytest --ftgate-variant=all"
        )
    if not asked.suites:  # a suite of one variant has no ladder
        filled = [history for history in filled if len(history.entries) > 1] or filled[:1]
    problems: list[str] = []
    results = [result for history in filled for result in _results(history, asked, problems)]
    if not results:
        raise ConfigError("\n".join(problems))
    for problem in problems:
        click.echo(f"pytest-ftgate: {problem}", err=True)
    return results


def _results(history: History, asked: _Asked, problems: list[str]) -> Iterator[SaturationResult]:
    """The verdicts on one suite; KPIs that there can be none on are noted as problems."""
    from pytest_ftgate.verdicts.ladder import Ladder

    ladder = Ladder(_ruled(history, asked), extra_kpis=asked.extra_kpis, given=_given(history))
    for kpi in asked.kpis or (ladder.kpi,):
        problem = ladder.problem(kpi)
        if problem is None:
            yield ladder.judge(kpi)
        else:
            option = f"--kpi {kpi}" if asked.kpis else f"the primary KPI {kpi}"
            problems.append(f"suite {history.suite}: {option}: {problem.rstrip('.?')}.")


def _ruled(history: History, asked: _Asked) -> History:
    """The history under the rules of the command line."""
    from msgspec.structs import replace

    rules = history.outline.rules
    if asked.window is not None:
        rules = replace(rules, window=asked.window)
    if asked.margin is not None:
        rules = replace(rules, margin=asked.margin)
    outline = replace(history.outline, rules=rules)
    return replace(history, outline=outline)


def _of_experiment(experiment: Experiment, suites: tuple[str, ...]) -> tuple[str, ...]:
    """The suites that an experiment speaks of.

    Raises:
        ConfigError: there is none, or several and the experiment does not say which.
    """
    where = shown_path(experiment.path)
    if experiment.suite is None:
        if len(suites) == 1:
            return suites
        raise ConfigError(f"{where}: names no suite, so choose one: --suite NAME")
    if experiment.suite not in suites:
        raise ConfigError(
            f"{where}: is for suite {experiment.suite!r}, which the runs do not hold; "
            f"{did_you_mean(experiment.suite, suites)}"
        )
    return (experiment.suite,)


def _outline(experiment: Experiment) -> Outline:
    from pytest_ftgate.verdicts.ladder import Declared, Outline

    return Outline(
        variants=tuple(
            Declared(
                name=each.name,
                parent=each.parent,
                change=each.change,
                kind=each.kind,
                components=each.components,
            )
            for each in experiment.variants.values()
        ),
        shipped=experiment.current,
        primary_kpi=experiment.primary_kpi,
        kpis=tuple(gate.kpi for gate in experiment.gates),
        rules=experiment.saturation,
        prices=experiment.prices,
    )


def _given(history: History) -> Mapping[str, Case]:
    from pytest_ftgate.runs.ladder import cases_as_evaluated

    return cases_as_evaluated(history.dataset, history.cases, (Path.cwd(), project_root()))
