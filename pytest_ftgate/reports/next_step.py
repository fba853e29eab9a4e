"""What a reader does next: the most urgent thing only, as a command to copy."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pytest_ftgate.reports.safe import line
from pytest_ftgate.reports.wording import gated, has_baseline, lost, unfinished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import CauseKind, SuiteResult, Verdict


_ANONYMOUS = "default"
"""The variant of a suite without an experiment: nothing that could be chosen."""

_COMMAND = "pytest-ftgate "
"""How the commands start that read the run store."""


class NextStep(NamedTuple):
    """A command (or an edit) and what it brings."""

    command: str
    why: str


def next_step(verdict: Verdict, store: str | None = "") -> NextStep | None:
    """The one thing to do now; ``None`` when nothing needs doing.

    Args:
        verdict: the verdict document.
        store: where the run lies, if not in the project's store; ``None`` when it was not stored.
    """
    if not verdict.suites:
        return None
    rules = (
        _collect,
        _serve,
        _record,
        _look_at_errors,
        _run_again,
        _look_at_block,
        _run_all,
        _read_the_log,
        _gate,
        _accept,
        _look,
    )
    step = next((step for rule in rules if (step := rule(verdict)) is not None), None)
    if step is None or not step.command.startswith(_COMMAND):
        return step
    if store is None:  # no command could find it
        return None
    return step._replace(command=f"{step.command} --store {shlex.quote(store)}") if store else step


def reproduce(verdict: Verdict) -> tuple[str, ...]:
    """The commands that evaluate the same suites, variants and splits again, and nothing else."""
    return _pytest(verdict.suites)


def differences(verdict: Verdict, store: str | None = "") -> NextStep | None:
    """The command that shows how turned cases differ; ``None`` where no case has turned.

    Args:
        verdict: the verdict document.
        store: as of :func:`next_step`.
    """
    turned = any(suite.newly_failing or suite.newly_fixed for suite in verdict.suites)
    if store is None or not turned:
        return None
    where = f" --store {shlex.quote(store)}" if store else ""
    why = "shows how newly failing and newly fixed cases differ from before"
    return NextStep(f"{show(verdict)} --diff{where}", why)


def show(verdict: Verdict) -> str:
    """The command that shows the run's cases."""
    return f"pytest-ftgate show {shlex.quote(line(verdict.run.id))}"


def _collect(verdict: Verdict) -> NextStep | None:
    suites = [suite for suite in verdict.suites if not suite.selected]
    if not suites:
        return None
    return _first(suites, "lists the cases that would run", "--collect-only")


def _serve(verdict: Verdict) -> NextStep | None:
    """What recording cannot mend: nobody answers at the address."""
    suites = _meeting(verdict, "unreachable")
    if not suites:
        return None
    where = next((suite.experiment for suite in suites if suite.experiment), None)
    place = f"the base_url in {line(where)}" if where else "the address that it is asked at"
    return NextStep(f"start the server, or check {place}", "nothing answered there")


def _record(verdict: Verdict) -> NextStep | None:
    suites = _meeting(verdict, "not_recorded")
    if not suites:
        return None
    why = "records the calls that the cassettes do not hold"
    return _first(suites, why, "--ftgate-record=new_episodes")


def _look_at_errors(verdict: Verdict) -> NextStep | None:
    if not any(suite.counts.get("error") for suite in verdict.suites):
        return None
    return NextStep(show(verdict), "shows the errors in full")


def _run_again(verdict: Verdict) -> NextStep | None:
    if unfinished(verdict) is None and not any(map(lost, verdict.suites)):
        return None
    return _first(verdict.suites, "runs every case again")


def _look_at_block(verdict: Verdict) -> NextStep | None:
    if not any(suite.verdict in ("block", "error") for suite in verdict.suites):
        return None
    return NextStep(show(verdict), "shows the cases behind the verdict")


def _run_all(verdict: Verdict) -> NextStep | None:
    suites = [suite for suite in verdict.suites if suite.partial]
    if not suites:
        return None
    return _first(suites, "runs every case, so that the gates can speak")


def _read_the_log(verdict: Verdict) -> NextStep | None:
    """What a session of several variants is run for."""
    ladders = {ladder.suite for ladder in verdict.saturation}
    evaluated = Counter(suite.suite for suite in verdict.suites)
    if not any(evaluated[suite] > 1 for suite in ladders):
        return None
    return NextStep("pytest-ftgate saturation", "shows what each change to the prompt brought")


def _gate(verdict: Verdict) -> NextStep | None:
    # A gate on a drop judges nothing yet where there is no baseline, and none does when gating is
    # switched off.
    if any(
        gated(kpi) or gate.name in ("baseline", kpi.name)
        for suite in verdict.suites
        for kpi in suite.kpis
        for gate in suite.gates
    ):
        return None
    return NextStep("give the experiment a [kpi.pass_rate] with min = ...", "a gate for the merge")


def _accept(verdict: Verdict) -> NextStep | None:
    suites = verdict.suites
    if any(has_baseline(suite) or suite.split == "holdout" for suite in suites):
        return None
    command = f"pytest-ftgate baseline accept {shlex.quote(line(verdict.run.id))}"
    return NextStep(command, "compares later runs with this one")


def _look(verdict: Verdict) -> NextStep | None:
    if not any(suite.verdict != "pass" or suite.misses for suite in verdict.suites):
        return None
    return NextStep(show(verdict), "shows the misses")


def _meeting(verdict: Verdict, kind: CauseKind) -> list[SuiteResult]:
    return [suite for suite in verdict.suites if any(cause.kind == kind for cause in suite.errors)]


def _first(suites: Sequence[SuiteResult], why: str, option: str = "") -> NextStep:
    command, *others = _pytest(suites)
    if others:
        why += "; then the other suites"
    return NextStep(f"{command} {option}".rstrip(), why)


def _pytest(suites: Sequence[SuiteResult]) -> tuple[str, ...]:
    """One command for all files that share their variants and splits.

    pytest evaluates every named variant of every named file, so files that differ in them need
    commands of their own.
    """
    options: dict[str, list[str]] = {}
    for suite in suites:
        words = options.setdefault(suite.file, [])
        words += [word for word in _options(suite) if word not in words]
    files: dict[tuple[str, ...], list[str]] = {}
    for file, words in options.items():
        files.setdefault(tuple(words), []).append(file)
    return tuple(
        " ".join(shlex.quote(line(word)) for word in ("pytest", *named, *words) if word)
        for words, named in files.items()
    )


def _options(suite: SuiteResult) -> list[str]:
    anonymous = suite.experiment is None and suite.variant == _ANONYMOUS
    words = [] if anonymous else [f"--ftgate-variant={suite.variant}"]
    if suite.split == "holdout":
        words.append("--ftgate-holdout")
    elif suite.split != "dev":
        words.append(f"--ftgate-split={suite.split}")
    return words
