"""The process that runs eval items: one per session, or one per xdist worker."""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from pytest_ftgate import fixtures
from pytest_ftgate.errors import CassetteMiss, ConfigError, FtgateError, StoreError
from pytest_ftgate.model import SuitePlan
from pytest_ftgate.names import (
    CLOSING_OUTPUT,
    OUTCOME_ATTRIBUTE,
    PLAN_ATTRIBUTE,
    RECORD_ATTRIBUTE,
)
from pytest_ftgate.recording.maintenance import Coverage
from pytest_ftgate.reports import gate_text
from pytest_ftgate.runtime import ATTEMPT, RUNTIME, Runtime, pack_path
from pytest_ftgate.suites import ITEM, make_plans
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager

    from pytest_ftgate.items import Attempt
    from pytest_ftgate.model import Record
    from pytest_ftgate.options import Settings


_ITS_CASE = re.compile(r"case \S+, trial \d+")  # as misses name it

CLOSING = pytest.StashKey[str]()


class Plan(msgspec.Struct, frozen=True):
    """What a worker tells the controller once: the plans, and the case behind each node id."""

    suites: tuple[SuitePlan, ...]
    nodes: dict[str, tuple[str, str, str, int]]


class Closing(msgspec.Struct, frozen=True):
    """What a worker tells the controller at its end.

    ``known_cases`` holds, by the path of each cassette in ``coverage``, the ids of all cases that
    the suite's dataset has, in whichever split.
    """

    problems: tuple[str, ...]
    coverage: dict[str, Coverage]
    known_cases: dict[str, tuple[str, ...]]


class Worker:
    """Hooks around the items of a session that has eval tests; registered only then."""

    def __init__(self, session: pytest.Session, settings: Settings) -> None:
        config = session.config
        self.config = config
        self.settings = settings
        self.is_xdist = hasattr(config, "workerinput")
        # Under --setup-only pytest sets fixtures up and calls no test: there is no result.
        self._runs_tests = not getattr(config.option, "setuponly", False)
        self._plan: str | None = _encode_plan(session.items)
        self._broken: FtgateError | None = None
        self._told: dict[str, pytest.Item] = {}
        suites = {
            (item.suite.name, item.variant.name): item.suite
            for item in (item.stash[ITEM] for item in session.items if ITEM in item.stash)
        }
        self._known_cases = {
            str(pack_path(suite, variant, settings)): suite.known_cases
            for (_, variant), suite in suites.items()
        }
        worker = config.workerinput["workerid"] if self.is_xdist else None  # type: ignore[attr-defined]
        try:
            self.runtime = config.stash[RUNTIME] = Runtime(
                settings, config.rootpath, worker, config.hook, self._let_through
            )
        except FtgateError as error:
            raise pytest.UsageError(str(error)) from None

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        try:
            self._start(session.items)
            _spare_collector(self.config)
            return (yield)
        finally:
            self._close()

    def _start(self, items: Sequence[pytest.Item]) -> None:
        try:
            self.runtime.start()
            if not self.runtime.replaying and not self.is_xdist:
                self._look_ahead(items)
                self._open_run()
        except FtgateError as error:
            if not self.is_xdist:
                raise pytest.UsageError(str(error)) from None
            self._broken = error  # a worker that raises takes the session down with a traceback

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        result = yield
        session = item.session
        if nextitem is None and self.settings.confirm and not session.shouldstop:
            self._confirm(session)
        return result

    def _confirm(self, session: pytest.Session) -> None:
        """Let further trials run where a drop is to be confirmed."""
        from pytest_ftgate import confirm
        from pytest_ftgate.collection import COLLECTOR

        reporting = self.config.pluginmanager.get_plugin("ftgate-reporting")
        controller = reporting.controller if reporting is not None else None
        if controller is None or session.shouldfail:
            return
        needed = controller.needs_confirmation()
        more = confirm.further_items(session.items, self.config.stash[COLLECTOR].waiting, needed)
        if not more:
            return
        self._look_ahead(more)
        session.items += more  # pytest's loop goes on with them
        session.testscollected += len(more)
        plans = make_plans(item.stash[ITEM] for item in session.items if ITEM in item.stash)
        controller.widen(plans, [confirm.tell(each, more) for each in needed])

    def _look_ahead(self, items: Sequence[pytest.Item]) -> None:
        """See to it that live calls can be made, and that tasks run many at a time."""
        for item in items:
            if ITEM in item.stash and item.get_closest_marker("skip") is None:
                asked = getattr(item, "fixturenames", ())
                self.runtime.require_keys(item.stash[ITEM], asked)
                if "eval_output" in asked:
                    self.runtime.ahead.plan(item.stash[ITEM])

    def _open_run(self) -> None:
        """Open the run before the first call: the first report waits until all calls are made.

        Raises:
            StoreError: the session could not end in a pass, and calls cost money.
        """
        reporting = self.config.pluginmanager.get_plugin("ftgate-reporting")
        if reporting is not None:
            reporting.begin(self._plan)
            if self.settings.gate and reporting.controller.problems:
                raise StoreError(" ".join(reporting.controller.problems))

    def _close(self) -> None:
        try:
            self.runtime.close()
            problems: tuple[str, ...] = ()
        except FtgateError as error:
            problems = (str(error),)
        closing = Closing(problems, self.runtime.recorder.coverage(), self._known_cases)
        self.config.stash[CLOSING] = msgspec.json.encode(closing).decode()

    def pytest_sessionfinish(self) -> None:
        if self.is_xdist and CLOSING in self.config.stash:
            closing = self.config.stash[CLOSING]
            self.config.workeroutput[CLOSING_OUTPUT] = closing  # type: ignore[attr-defined]

    # The innermost wrapper: others have begun when a damaged cassette raises here.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        if ITEM not in item.stash:
            return (yield)
        attempt = item.stash[ATTEMPT] = self.runtime.attempt(item.stash[ITEM])
        if self._broken is not None:
            raise self._broken
        self.runtime.enter(attempt)
        fixtures.fill(item, attempt)
        with _misses_surfaced(attempt):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        if ITEM not in item.stash:
            return (yield)
        attempt = self._attempt(item)
        with _misses_surfaced(attempt):
            result = yield
        attempt.refuse_unchecked()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        if ITEM not in item.stash:
            return (yield)
        attempt = self._attempt(item)
        try:
            with _misses_surfaced(attempt):
                return (yield)
        finally:
            self.runtime.leave(attempt)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        error = call.excinfo.value if call.excinfo is not None else None
        says_it_all = isinstance(error, (FtgateError, CassetteMiss)) and ITEM in item.stash
        if error is not None and says_it_all:  # a traceback through an SDK takes long to render
            bare = pytest.fail.Exception(str(error), pytrace=False)
            call.excinfo = pytest.ExceptionInfo.from_exception(
                bare.with_traceback(error.__traceback__)
            )
        report = yield
        if says_it_all:
            report.longrepr = self._told_once(str(error), item)
        if ITEM in item.stash:
            attempt = self._attempt(item)
            _judge(report, error, attempt, tolerant=self.settings.max_errors > 0)
            if attempt.scrub is not None:
                _scrub(report, attempt.scrub)
            if report.when == "teardown":
                if self._runs_tests:
                    self._attach(report, attempt)
                del item.stash[ATTEMPT]  # pytest keeps the items, and they need not keep this
        return report

    def _told_once(self, text: str, item: pytest.Item) -> str:
        """The text; of one that an earlier item told already, where that was and its first line.

        What is wrong with a file meets every case that uses it, and a changed prompt has no
        recording in any. Records keep the whole text, so that reports can count what is the same.
        """
        first = self._told.setdefault(_ITS_CASE.sub("", text), item)
        if first is item:
            return text
        return f"same fault as {first.stash[ITEM].id}: {text.splitlines()[0].rstrip(':')}"

    def _attempt(self, item: pytest.Item) -> Attempt:
        """The attempt under way; a bare one when another plugin ended the setup before ours."""
        if ATTEMPT not in item.stash:
            item.stash[ATTEMPT] = self.runtime.attempt(item.stash[ITEM])
        return item.stash[ATTEMPT]

    def _attach(self, report: pytest.TestReport, attempt: Attempt) -> None:
        record = self._record(report, attempt)
        setattr(report, RECORD_ATTRIBUTE, msgspec.json.encode(record).decode())
        if self._plan is not None:
            setattr(report, PLAN_ATTRIBUTE, self._plan)
            self._plan = None

    def _record(self, report: pytest.TestReport, attempt: Attempt) -> Record:
        """The attempt's record; an error without content when a plugin's redaction fails."""
        try:
            return self.runtime.redact(attempt.record())
        except Exception as error:  # foreign code; what it did not redact must not be kept
            report.outcome = "failed"
            report.longrepr = f"{type(error).__name__}: {error}"
            return attempt.failed_record(error)

    def _let_through(self) -> AbstractContextManager[None]:
        """Lets the progress line through pytest's capture, where that is on."""
        capture = self.config.pluginmanager.get_plugin("capturemanager")
        if capture is None:
            return nullcontext()
        return capture.global_and_fixture_disabled()  # type: ignore[no-any-return]


@contextmanager
def _misses_surfaced(attempt: Attempt) -> Generator[None]:
    """Let a phase of an item fail for the cassette misses in it, swallowed or not."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, pytest.exit.Exception):
        raise
    except BaseException as error:
        attempt.raise_misses(error)
        raise
    attempt.raise_misses(None)


def _spare_collector(config: pytest.Config) -> None:
    """Let the garbage collector pass by what is loaded before the first item runs.

    That is modules, items and the plan, which live to the session's end, and most of what a full
    collection would look at again and again. A project that froze something before is left alone.
    """
    if not gc.get_freeze_count():
        gc.freeze()
        config.add_cleanup(gc.unfreeze)


def _encode_plan(items: Sequence[pytest.Item]) -> str:
    chosen = [item for item in items if ITEM in item.stash]
    try:
        suites = make_plans(item.stash[ITEM] for item in chosen)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
    plan = Plan(suites, {item.nodeid: item.stash[ITEM].key for item in chosen})
    return msgspec.json.encode(plan).decode()


def _judge(
    report: pytest.TestReport, error: BaseException | None, attempt: Attempt, *, tolerant: bool
) -> None:
    """Make pytest's report of one phase say what the item's checks say."""
    if error is not None:
        attempt.note_exception(error, report.when)
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
        if attempt.outputs == "none":
            report.longrepr = None  # a traceback quotes what is not to be kept


def _scrub(report: pytest.TestReport, clean: Callable[[str], str]) -> None:
    """Take secrets out of what pytest prints and writes of a phase of a live session."""
    report.sections = [(title, clean(text)) for title, text in report.sections]
    if hasattr(report, "wasxfail"):
        report.wasxfail = clean(report.wasxfail)
    if isinstance(report.longrepr, tuple):  # a skip: where, and why
        path, line, reason = report.longrepr
        report.longrepr = (path, line, clean(reason))
    elif report.longrepr is not None:
        text = str(report.longrepr)
        if clean(text) != text:  # loses pytest's colours, and no failure without a secret does
            report.longrepr = clean(text)


def _soften(report: pytest.TestReport, outcome: str, reason: str) -> None:
    """Count the report apart: pytest knows no such outcome, and JUnit XML writes it as skipped."""
    report.outcome = "skipped"
    report.wasxfail = reason
    setattr(report, OUTCOME_ATTRIBUTE, outcome)
