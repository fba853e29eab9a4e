"""``pytest-ftgate compare``: any two results against each other, and a run against itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli import rules
from pytest_ftgate.cli.output import screen, write, write_file
from pytest_ftgate.cli.plugins import kpis_of, plugin_option
from pytest_ftgate.cli.project import open_store, store_option, suite_option
from pytest_ftgate.cli.reporting import json_option, markdown_option, write_reports
from pytest_ftgate.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.cli.arms import Arm
    from pytest_ftgate.model import Run, Verdict
    from pytest_ftgate.verdicts.measures import KpiDefinition
    from pytest_ftgate.verdicts.selfcheck import SelfCheck


@click.command()
@click.argument("sides", metavar="A B", nargs=-1)
@click.option(
    "--self-check",
    "self_check",
    is_flag=True,
    help="Compare the trials of one run (the latest, or the one named) with each other.",
)
@click.option(
    "--experiment",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Judge by the gates of this experiment instead of those that B was made under.",
)
@click.option("--kpi", "kpis", metavar="NAME", multiple=True, help="Only this KPI; repeatable.")
@json_option
@markdown_option
@click.option(
    "-v", "--verbose", count=True, help="More of the summary, and how turned cases differ."
)
@plugin_option
@suite_option
@store_option
def compare(
    *,
    sides: tuple[str, ...],
    self_check: bool,
    experiment: Path | None,
    kpis: tuple[str, ...],
    json_path: str | None,
    markdown_path: str | None,
    verbose: int,
    plugins: tuple[str, ...],
    suites: tuple[str, ...],
    store: Path | None,
) -> int:
    """Judge B with A as its baseline, by the gates that B was made under.

    A and B are runs (an id or the start of one, latest, a directory), files of a baseline or of
    results as 'runs import' takes them, or variants: of the newest run that has it, or RUN:VARIANT.
    Several runs of a side, separated by commas, are pooled: RUN1,RUN2.

    Exits as gate does. --self-check tells how often the gate would block with nothing changed,
    and exits with 0.
    """
    from pytest_ftgate.cli.arms import Arms

    _check_count(sides, self_check=self_check)
    arms = Arms(open_store(store), suites)
    definitions = kpis_of(plugins)
    if self_check:
        if markdown_path is not None:
            raise ConfigError("--self-check has no Markdown report; leave out --markdown.")
        arm = arms.resolve(sides[0] if sides else "latest")
        _write_self_check(_checked(arm, suites, experiment, kpis, definitions), json_path)
        return 0
    before, after = map(arms.resolve, sides)
    judged = _ruled(before, after, suites, experiment, kpis)
    verdict = _judge(before, after, judged, definitions)
    _require_known(verdict, kpis)
    if write_reports(verdict, json_path, markdown_path):
        _show(before.run, judged, verdict, verbose, definitions)
    for problem in rules.unknown_kpis(judged, verdict):
        click.echo(f"pytest-ftgate: {problem}", err=True)
    return verdict.exit_code


def _check_count(sides: Sequence[str], *, self_check: bool) -> None:
    if self_check and len(sides) > 1:
        raise ConfigError(f"--self-check takes one run, got {len(sides)}: {' '.join(sides)}")
    if not self_check and len(sides) != 2:
        raise ConfigError(
            f"compare takes two results, got {len(sides)}: pytest-ftgate compare A B, "
            "where B is judged with A as its baseline. List runs by: pytest-ftgate runs"
        )


def _ruled(
    before: Arm,
    after: Arm,
    suites: tuple[str, ...],
    experiment: Path | None,
    kpis: tuple[str, ...],
) -> Run:
    """The run to judge, narrowed to what is compared, under the rules in force."""
    from msgspec.structs import replace

    from pytest_ftgate.verdicts.comparing import after_of

    run = after_of(before.run, after.run, suites=suites, variant=after.variant)
    if experiment is not None:
        run = rules.under(run, experiment)
    if kpis:
        run = rules.only_kpis(run, kpis)
    # Comparing is asking for a judgement, whatever the session was asked for.
    return replace(
        run, manifest=replace(run.manifest, rules=replace(run.manifest.rules, gate=True))
    )


def _judge(before: Arm, after: Arm, judged: Run, definitions: Sequence[KpiDefinition]) -> Verdict:
    from pytest_ftgate.verdicts.comparing import compare as judge

    return judge(
        before.run,
        judged,
        suites=list(dict.fromkeys(plan.suite for plan in judged.manifest.plans)),
        variants=(before.variant, after.variant),
        extra_kpis=definitions,
    )


def _require_known(verdict: Verdict, kpis: tuple[str, ...]) -> None:
    known = list(dict.fromkeys(kpi.name for suite in verdict.suites for kpi in suite.kpis))
    for kpi in kpis:
        if kpi not in known:
            raise ConfigError(f"--kpi {kpi}: the results have none; {did_you_mean(kpi, known)}")


def _show(
    before: Run, judged: Run, verdict: Verdict, verbose: int, definitions: Sequence[KpiDefinition]
) -> None:
    from pytest_ftgate.cli import compare_view
    from pytest_ftgate.reports import terminal

    compare_view.write_sides(verdict)
    write(terminal.render(verdict, verbosity=verbose, next_step=False, **screen()._asdict()))
    compare_view.write_false_alarms(before, judged, verdict, definitions)
    if verbose:
        from pytest_ftgate.cli.case_diff import write_turned

        earlier = {suite.suite: before for suite in verdict.suites}
        write_turned(verdict, judged, earlier, every=verbose > 1)


def _checked(
    arm: Arm,
    suites: tuple[str, ...],
    experiment: Path | None,
    kpis: tuple[str, ...],
    definitions: Sequence[KpiDefinition],
) -> SelfCheck:
    from pytest_ftgate.verdicts.selfcheck import selfcheck

    run = _ruled(arm, arm, suites, experiment, kpis)
    found = selfcheck(run, extra_kpis=definitions)
    known = list(dict.fromkeys(kpi.kpi for suite in found.suites for kpi in suite.kpis))
    for kpi in kpis:
        if kpi not in known:
            hint = did_you_mean(kpi, known) if known else "it has no KPI that is a mean over cases."
            raise ConfigError(f"--kpi {kpi}: run {found.run} has none to check; {hint}")
    return found


def _write_self_check(found: SelfCheck, json_path: str | None) -> None:
    if json_path is not None:
        import msgspec

        document = msgspec.json.format(msgspec.json.encode(found), indent=2)
        write_file(json_path, document + b"\n")
    if json_path != "-":
        from pytest_ftgate.cli import compare_view

        compare_view.write_self_check(found)
