"""pytest hook functions: each a few lines that delegate.

This module is loaded in every session. Nothing heavy is imported, nothing is opened and nothing
is printed until a session turns out to hold an eval test: then ``worker`` takes over in the
process that runs the items, and ``session`` in the process that reports them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.errors import ConfigError
from pytest_ftgate.fixtures import (
    _ftgate_item,
    anthropic_client,
    async_anthropic_client,
    async_openai_client,
    eval_case,
    eval_output,
    eval_variant,
    grade,
    llm,
    openai_client,
)
from pytest_ftgate.names import CLOSING_OUTPUT, MARKER, OUTCOME_ATTRIBUTE, PLAN_ATTRIBUTE
from pytest_ftgate.options import Settings, add_options, read_settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from _pytest.terminal import TerminalReporter

    from pytest_ftgate.session import Controller

__all__ = [
    "_ftgate_item",
    "anthropic_client",
    "async_anthropic_client",
    "async_openai_client",
    "eval_case",
    "eval_output",
    "eval_variant",
    "grade",
    "llm",
    "openai_client",
]

SETTINGS = pytest.StashKey[Settings]()
_COLLECTOR = pytest.StashKey[Any]()
_PLAN = pytest.StashKey[str]()
"""The plan of a session that has eval tests and runs none of them: an empty shard."""

_SHOWN = {
    "missed": ("missed", "m", ("MISSED", {"yellow": True})),
    "errored": ("errored", "e", ("ERRORED", {"yellow": True})),
    "gate warned": ("gate warned", "w", ("WARN", {"yellow": True})),
    "gate inconclusive": ("gate inconclusive", "i", ("INCONCLUSIVE", {"yellow": True})),
    "gate partial": ("gate partial", "p", ("PARTIAL", {"yellow": True})),
    "gate unjudged": ("gate unjudged", "u", ("UNJUDGED", {"yellow": True})),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_ftgate import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(dataset, experiment, suite, split, trials, task, must_pass): "
        "evaluate an LLM feature on every case of a dataset (pytest-ftgate)",
    )
    try:
        config.stash[SETTINGS] = read_settings(config)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
    if not hasattr(config, "workerinput"):  # an xdist worker has another process report for it
        config.pluginmanager.register(_Reporting(config), "ftgate-reporting")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is not None:
        from pytest_ftgate.collection import collector_of

        settings = metafunc.config.stash[SETTINGS]
        collector_of(metafunc.config, settings).parametrize(metafunc, marker)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any(item.get_closest_marker(MARKER) for item in items):
        from pytest_ftgate.collection import collector_of, refuse

        try:
            collector = collector_of(config, config.stash[SETTINGS])
            collector.select(items, config)
            config.stash[_COLLECTOR] = collector
        except pytest.UsageError as error:
            refuse(error, items, config)


@pytest.hookimpl(tryfirst=True)  # before a worker of xdist says what it collected
def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    # Under --setup-plan pytest goes through the items without running anything.
    if config.option.collectonly or getattr(config.option, "setupplan", False):
        return
    if any(item.get_closest_marker(MARKER) for item in session.items):
        from pytest_ftgate.collection import refuse
        from pytest_ftgate.worker import Worker

        try:
            config.pluginmanager.register(Worker(session, config.stash[SETTINGS]), "ftgate-worker")
        except pytest.UsageError as error:
            refuse(error, session.items, config)
    elif _COLLECTOR in config.stash and config.stash[SETTINGS].shard is not None:
        # Nobody will report anything, and still the shards are to be counted.
        config.stash[_PLAN] = config.stash[_COLLECTOR].encode_empty_plan()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _PLAN in session.config.stash and hasattr(session.config, "workeroutput"):
        session.config.workeroutput[PLAN_ATTRIBUTE] = session.config.stash[_PLAN]


class _Reporting:
    """The process that reports: watches for eval reports, and has a controller from the first."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.controller: Controller | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.begin(getattr(report, PLAN_ATTRIBUTE, None))
        if self.controller is not None:
            self.controller.receive(report)

    def begin(self, plan: str | None) -> None:
        """Open the run, unless it is; a session without eval tests has no plan."""
        if plan is not None and self.controller is None:
            from pytest_ftgate.session import Controller

            self.controller = Controller(self.config, self.config.stash[SETTINGS], plan)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        # Inside pytest's own wrapper (trylast), so that gates are counted before its last line.
        try:
            result = yield
        except BaseException as error:
            if self.controller is not None:
                self.controller.finish(stopped_by=error)
            raise
        self.begin(self.config.stash.get(_PLAN, None))
        if self.controller is not None:
            self.controller.finish()
            self.controller.report_gates(session)
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {})
        self.begin(told.get(PLAN_ATTRIBUTE))
        closing = told.get(CLOSING_OUTPUT)
        if self.controller is not None and closing is not None:
            self.controller.hear(closing)

    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        return _SHOWN.get(getattr(report, OUTCOME_ATTRIBUTE, ""))

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        if self.controller is not None:
            self.controller.summarize(terminalreporter)
