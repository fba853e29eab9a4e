"""The controller: gathers the records of a session, decides, and emits its gates as reports.

With pytest-xdist the controller lives in the main process and the attempts in the workers; a
worker sends each record, and once its plan, as JSON strings on its reports. Without xdist the same
reports reach the same controller, so there is one path.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from pytest_ftgate import environment, files, gate_reports, opening
from pytest_ftgate.errors import FtgateError, shown_path
from pytest_ftgate.ladders import judge_ladders
from pytest_ftgate.model import (
    CaseError,
    Record,
    Run,
    RunEnd,
    Verdict,
)
from pytest_ftgate.names import RECORD_ATTRIBUTE
from pytest_ftgate.publishing import tell_github, write_reports
from pytest_ftgate.recording.maintenance import Coverage, unplayed
from pytest_ftgate.reports.next_step import differences
from pytest_ftgate.reports.terminal import render
from pytest_ftgate.runs import compared
from pytest_ftgate.runs.store import RunStore
from pytest_ftgate.runs.writer import STALE, RunWriter
from pytest_ftgate.text import shown
from pytest_ftgate.verdicts.confirming import needs_confirmation
from pytest_ftgate.verdicts.decide import decide
from pytest_ftgate.verdicts.unsound import unsound
from pytest_ftgate.worker import CLOSING, Closing, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest._io import TerminalWriter
    from _pytest.terminal import TerminalReporter

    from pytest_ftgate.model import SuitePlan
    from pytest_ftgate.options import Settings
    from pytest_ftgate.verdicts.confirming import Confirmation

_Key = tuple[str, str, str, int]

_PHASES: tuple[str, ...] = ("setup", "call", "teardown")


class Controller:
    """Holds what a session has received so far; at its end, the run and the verdict on it.

    Args:
        config: pytest's config.
        settings: the merged settings.
        plan: what is going to be evaluated, as the worker sent it.
    """

    def __init__(self, config: pytest.Config, settings: Settings, plan: str) -> None:
        sent = msgspec.json.decode(plan, type=Plan)
        self.config = config
        self.settings = settings
        self.plans = sent.suites
        self.run: Run | None = None
        self.verdict: Verdict | None = None
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._confirmed: list[str] = []
        self._stale_calls = 0
        self._stopped: str | None = None
        self._coverages: list[dict[str, Coverage]] = []
        self._known_cases: dict[str, tuple[str, ...]] = {}
        self._nodes = sent.nodes
        self._records: dict[_Key, Record] = {}
        self._started = time.monotonic()
        self._extra_kpis = [kpi for kpis in config.hook.pytest_ftgate_kpis() for kpi in kpis]
        self._manifest = opening.manifest(config, settings, self.plans)
        self._writer: RunWriter | None = None
        with self._noting_problems():
            self._writer = RunStore(settings.store).create(self._manifest)
        with self._noting_problems():
            opening.note_holdout_uses(self._manifest, config.rootpath, settings.baselines)
        self._compared = compared.Compared.nothing()
        with self._noting_problems():
            self._compared = compared.find(
                self.plans,
                config.rootpath,
                folder=settings.baselines,
                place=settings.baseline,
                ref=settings.baseline_ref,
            )
            if self._writer is not None:
                compared.keep(self._compared, self._writer.directory)

    def receive(self, report: pytest.TestReport) -> None:
        """Keep the record that a report carries, or note that its process died without one."""
        line = getattr(report, RECORD_ATTRIBUTE, None)
        if line is not None:
            # pytest keeps its reports to the end; the record is kept here from now on.
            delattr(report, RECORD_ATTRIBUTE)
            self._keep(msgspec.json.decode(line, type=Record))
            return
        key = self._nodes.get(report.nodeid)
        # xdist reports an item whose worker died, in a phase that it calls "???".
        if key is not None and key not in self._records and report.when not in _PHASES:
            suite, variant, case, trial = key
            self._keep(
                Record(
                    suite=suite,
                    variant=variant,
                    case=case,
                    trial=trial,
                    status="error",
                    error=CaseError(type="WorkerCrash", message=str(report.longrepr), when="lost"),
                )
            )

    def _keep(self, record: Record) -> None:
        record = msgspec.structs.replace(
            record, run=self._manifest.run, components=self._shared(record.components)
        )
        # A rerun of the same case and trial replaces the earlier attempt.
        self._records[record.suite, record.variant, record.case, record.trial] = record
        if self._writer is not None:
            with self._noting_problems():
                self._writer.append(record)

    def _shared(self, components: dict[str, str]) -> dict[str, str]:
        """The plan's copy of what all cases of a variant have in common."""
        known = (plan.components for plan in self.plans)
        return next((same for same in known if same == components), components)

    @contextlib.contextmanager
    def _noting_problems(self) -> Iterator[None]:
        try:
            yield
        except FtgateError as error:
            self.problems.append(str(error))

    def needs_confirmation(self) -> tuple[Confirmation, ...]:
        """The suites whose results so far show a drop that further trials can confirm."""
        try:
            verdict = decide(self._run_so_far(stopped_early=False), extra_kpis=self._extra_kpis)
        except FtgateError:  # the verdict at the end says what is wrong
            return ()
        return needs_confirmation(verdict)

    def widen(self, plans: tuple[SuitePlan, ...], notes: list[str]) -> None:
        """Take in that further trials are going to run, and why."""
        self.plans = plans
        self._manifest = msgspec.structs.replace(self._manifest, plans=plans)
        self._confirmed += notes
        if self._writer is not None:
            with self._noting_problems():
                self._writer.replan(self._manifest)

    def hear(self, closing: str) -> None:
        """Take in what a process that ran items tells at its end."""
        told = msgspec.json.decode(closing, type=Closing)
        self.problems += told.problems
        self._coverages.append(told.coverage)
        self._known_cases |= told.known_cases

    def _note_stale_calls(self, verdict: Verdict) -> None:
        """List the recorded calls that a full replay did not play, for ``cassettes prune``.

        Their number goes into the verdict, which every report is made of.
        """
        full = verdict.run.complete and all(
            # A case that ended in an error may not have come to its calls, or found them changed.
            suite.partial is None and not suite.counts["error"]
            for suite in verdict.suites
        )
        if not full or self.settings.record != "none" or self._writer is None:
            return
        stale = unplayed(self._coverages, self._known_cases)
        self._stale_calls = sum(map(len, stale.values()))
        places = {
            os.path.relpath(path, self.config.rootpath): found for path, found in stale.items()
        }
        files.write_atomic(self._writer.directory / STALE, msgspec.json.encode(places))

    def finish(self, *, stopped_by: BaseException | None = None) -> None:
        """Close the run, decide, and write the reports that were asked for.

        A session that was stopped early gets no end marker: its run stays incomplete.

        Args:
            stopped_by: what stopped the session before its end, if anything did.
        """
        self._stopped = None if stopped_by is None else _why(stopped_by)
        if CLOSING in self.config.stash:
            self.hear(self.config.stash[CLOSING])
        self.run = self._run_so_far(stopped_early=stopped_by is not None)
        end = self.run.end
        if self._writer is not None:
            with self._noting_problems():
                self._writer.finish(end) if end else self._writer.abort()
        self.verdict = self._judge(self.run)
        judged = len(self.problems)
        with self._noting_problems():
            self._note_stale_calls(self.verdict)
        self.verdict = self._with_facts(self.verdict)
        self.problems += write_reports(self.verdict, self.run, self.settings)
        if len(self.problems) > judged:
            self.verdict = self._with_facts(self._judge(self.run))
            write_reports(self.verdict, self.run, self.settings)  # those that can be written
        self.notes = [*self._confirmed, *tell_github(self.verdict, self.settings, os.environ)]

    def _run_so_far(self, *, stopped_early: bool) -> Run:
        end = None
        if not stopped_early:
            end = RunEnd(
                ended_at=environment.utc_now(),
                received=len(self._records),
                wall_s=time.monotonic() - self._started,
            )
        return Run(
            manifest=self._manifest,
            records=tuple(self._records.values()),
            end=end,
            baselines=self._compared.baselines,
            anchors=self._compared.anchors,
            histories=self._compared.histories,
        )

    def _with_facts(self, verdict: Verdict) -> Verdict:
        """The verdict with what only the session knows of its run."""
        facts = msgspec.structs.replace(
            verdict.run, stale_calls=self._stale_calls, stopped=self._stopped
        )
        return msgspec.structs.replace(verdict, run=facts)

    def _judge(self, run: Run) -> Verdict:
        try:
            verdict = decide(run, extra_kpis=self._extra_kpis)
        except FtgateError as error:  # a plugin's KPI that cannot be used
            self.problems.append(str(error))
            self._extra_kpis = []
            verdict = decide(run)
        with self._noting_problems():
            ladders = judge_ladders(
                run, self.settings.store, self.config.rootpath, self._extra_kpis
            )
            verdict = msgspec.structs.replace(verdict, saturation=ladders)
        return unsound(verdict, self.problems) if self.settings.gate else verdict

    def report_gates(self, session: pytest.Session) -> None:
        """Report the gates to pytest."""
        if self.verdict is not None:
            gate_reports.emit(
                session,
                self.verdict,
                properties=self.settings.junit_properties,
                store=self._place(),
            )

    def summarize(self, terminal: TerminalReporter) -> None:
        """Print the section of the terminal summary."""
        if self.verdict is None:
            return
        writer = terminal._tw  # no public access to width and markup
        text = render(
            self.verdict,
            width=writer.fullwidth,
            color=writer.hasmarkup,
            verbosity=terminal.verbosity,
            unicode=_is_unicode(writer),
            store=self._place(),
        )
        if text:
            terminal.section("LLM evaluation")
            terminal.write_line(text.rstrip())
        step = differences(self.verdict, self._place()) if terminal.verbosity > 0 else None
        if step is not None:
            terminal.write_line(f"and: {step.command}")
            terminal.write_line(f"     ({step.why})")
        for problem in [*([] if self.settings.gate else self.problems), *self.notes]:
            terminal.write_line(f"ftgate: {problem}", yellow=True)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            from pytest_ftgate.reports import github

            for annotation in github.annotate(self.verdict):
                terminal.write_line(annotation)

    def _place(self) -> str | None:
        """The store as commands must name it: empty for the project's; ``None`` for none."""
        if self._writer is None:
            return None
        named = self.config.getoption("--ftgate-store")
        return shown_path(self.settings.store) if named else ""


def _why(error: BaseException) -> str:
    """Why a session was stopped, as what the run did: ``stopped after the first failure``."""
    failures = re.match(r"stopping after (\d+) failures", str(error))
    if failures is not None:
        count = int(failures[1])
        return f"stopped after {f'{count} failures' if count > 1 else 'the first failure'}"
    if isinstance(error, pytest.exit.Exception):
        return f"was ended by pytest.exit: {shown(str(error), 200)}"
    if isinstance(error, KeyboardInterrupt):
        return "was interrupted"
    return f"was ended by {type(error).__name__}"


def _is_unicode(writer: TerminalWriter) -> bool:
    encoding = getattr(writer._file, "encoding", None) or "ascii"
    return encoding.lower().replace("-", "").startswith("utf")
