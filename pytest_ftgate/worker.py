"""The process that runs eval items: one per session, or one per xdist worker."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from pytest_ftgate.collection import ITEM, make_plans
from pytest_ftgate.errors import CassetteMiss, ConfigError, FtgateError
from pytest_ftgate.model import SuitePlan
from pytest_ftgate.names import OUTCOME_ATTRIBUTE, PLAN_ATTRIBUTE, RECORD_ATTRIBUTE
from pytest_ftgate.progress import Progress
from pytest_ftgate.reports import gate_text
from pytest_ftgate.runtime import ATTEMPT, RUNTIME, Runtime
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from contextlib import AbstractContextManager

    from pytest_ftgate.items import Attempt
    from pytest_ftgate.options import Settings


class Plan(msgspec.Struct, frozen=True):
    """What a worker tells the controller once: the plans, and the case behind each node id."""

    suites: tuple[SuitePlan, ...]
    nodes: dict[str, tuple[str, str, str, int]]


class Worker:
    """Hooks around the items of a session that has eval tests; registered only then."""

    def __init__(self, session: pytest.Session, settings: Settings) -> None:
        config = session.config
        self.config = config
        self.settings = settings
        self.is_xdist = hasattr(config, "workerinput")
        self._plan: str | None = _encode_plan(session.items)
        worker = config.workerinput["workerid"] if self.is_xdist else None  # type: ignore[attr-defined]
        self.runtime = config.stash[RUNTIME] = Runtime(
            settings, config.rootpath, worker, config.hook
        )

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        self.runtime.start()
        try:
            if not self.runtime.replaying and not self.is_xdist:
                self._run_ahead(session.items)
            return (yield)
        finally:
            self.runtime.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        if ITEM in item.stash:
            attempt = item.stash[ATTEMPT] = self.runtime.attempt(item.stash[ITEM])
            attempt.scope = self.runtime.scope(attempt.item)
            attempt.scope.enter()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        result = yield
        if ITEM in item.stash:
            item.stash[ATTEMPT].raise_swallowed_misses()
            item.stash[ATTEMPT].refuse_unchecked()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        if ITEM not in item.stash:
            return (yield)
        attempt = item.stash[ATTEMPT]
        try:
            result = yield
        finally:
            if attempt.scope is not None:
                attempt.scope.leave(clean=attempt.error is None)
        attempt.raise_swallowed_misses()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if ITEM in item.stash:
            attempt = item.stash[ATTEMPT]
            _judge(report, call, attempt, tolerant=self.settings.max_errors > 0)
            if report.when == "teardown":
                self._attach(report, attempt)
        return report

    def _attach(self, report: pytest.TestReport, attempt: Attempt) -> None:
        record = self.runtime.redact(attempt.record(self.settings.outputs))
        setattr(report, RECORD_ATTRIBUTE, msgspec.json.encode(record).decode())
        if self._plan is not None:
            setattr(report, PLAN_ATTRIBUTE, self._plan)
            self._plan = None

    def _run_ahead(self, items: Sequence[pytest.Item]) -> None:
        targets = [
            item.stash[ITEM]
            for item in items
            if ITEM in item.stash and "eval_output" in getattr(item, "fixturenames", ())
        ]
        if self.settings.concurrency > 1 and len(targets) > 1:
            with Progress(len(targets), self._let_through()) as progress:
                self.runtime.run_ahead(targets, progress)

    def _let_through(self) -> AbstractContextManager[None]:
        """Lets the progress line through pytest's capture, where that is on."""
        capture = self.config.pluginmanager.get_plugin("capturemanager")
        if capture is None:
            return nullcontext()
        return capture.global_and_fixture_disabled()  # type: ignore[no-any-return]


def _encode_plan(items: Sequence[pytest.Item]) -> str:
    chosen = [item for item in items if ITEM in item.stash]
    try:
        suites = make_plans(item.stash[ITEM] for item in chosen)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
    plan = Plan(suites, {item.nodeid: item.stash[ITEM].key for item in chosen})
    return msgspec.json.encode(plan).decode()


def _judge(
    report: pytest.TestReport, call: pytest.CallInfo[Any], attempt: Attempt, *, tolerant: bool
) -> None:
    """Make pytest's report of one phase say what the item's checks say."""
    if call.excinfo is not None:
        error = call.excinfo.value
        attempt.note_exception(error, report.when)
        if isinstance(error, (FtgateError, CassetteMiss)):
            report.longrepr = str(error)  # a traceback would say nothing more
    if hasattr(report, "wasxfail"):  # the test said so itself
        return
    if report.failed and attempt.error is not None and tolerant:
        _soften(report, "errored", shown(f"{attempt.error.type}: {attempt.error.message}", 300))
    elif report.when == "call" and attempt.error is None and attempt.skipped is None:
        _judge_checks(report, attempt)


def _judge_checks(report: pytest.TestReport, attempt: Attempt) -> None:
    misses = attempt.misses
    if any(seen.must_pass for seen in misses):
        report.outcome = "failed"
        if report.longrepr is None:
            report.longrepr = gate_text.must_pass(misses)
    elif misses:
        _soften(report, "missed", gate_text.missed(misses))


def _soften(report: pytest.TestReport, outcome: str, reason: str) -> None:
    """Count the report apart: pytest knows no such outcome, and JUnit XML writes it as skipped."""
    report.outcome = "skipped"
    report.wasxfail = reason
    setattr(report, OUTCOME_ATTRIBUTE, outcome)
