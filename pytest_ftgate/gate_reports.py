"""Gates as pytest reports, so that counts, JUnit XML and the exit code know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.names import OUTCOME_ATTRIBUTE
from pytest_ftgate.reports import gate_text

if TYPE_CHECKING:
    from pytest_ftgate.model import GateResult, SuiteResult, Verdict

_SOFT = {
    "warn": "gate warned",
    "inconclusive": "gate inconclusive",
    "partial": "gate partial",
    "none": "gate unjudged",
}


def emit(session: pytest.Session, verdict: Verdict, *, properties: bool, store: str | None) -> None:
    """Report every gate to pytest, as if each were a test that ran last.

    Args:
        session: pytest's session.
        verdict: the verdict document.
        properties: whether JUnit XML is to tell the KPIs too.
        store: where the run lies, if not in the project's store; ``None`` when it was not stored.
    """
    reports = []
    for suite in verdict.suites:
        for gate in suite.gates:
            report = _gate_report(suite, gate, gate_text.longrepr(suite, gate, verdict, store))
            if properties:
                report.user_properties += gate_text.junit_properties(suite, gate)
            reports.append(report)
    session.testscollected += len(reports)  # or the progress would pass 100 %
    log = session.config.pluginmanager.subset_hook_caller(
        "pytest_runtest_logreport", _blind_to_gates(session.config)
    )
    for report in reports:
        log(report=report)
        log(report=_closing(report))


def _gate_report(suite: SuiteResult, gate: GateResult, text: str) -> pytest.TestReport:
    nodeid = f"{suite.file}::{suite.suite}[{suite.variant}]::gate[{gate.name}]"
    failed = gate.verdict == "block"
    report = pytest.TestReport(
        nodeid=nodeid,
        location=(suite.file, None, nodeid.removeprefix(f"{suite.file}::")),
        keywords={},
        outcome="failed" if failed else "passed",
        longrepr=text if failed else None,
        when="call",
    )
    if gate.verdict in _SOFT:
        if gate.verdict != "warn":
            report.outcome = "skipped"
            report.wasxfail = gate_text.junit_reason(gate)
        setattr(report, OUTCOME_ATTRIBUTE, _SOFT[gate.verdict])
    return report


def _closing(report: pytest.TestReport) -> pytest.TestReport:
    """The teardown report that lets JUnit XML close the gate's element."""
    return pytest.TestReport(
        nodeid=report.nodeid,
        location=report.location,
        keywords={},
        outcome="passed",
        longrepr=None,
        when="teardown",
        user_properties=report.user_properties,
    )


def _blind_to_gates(config: pytest.Config) -> list[object]:
    """Plugins that would try to run a gate again, though it is no item."""
    manager = config.pluginmanager
    found = (manager.get_plugin(name) for name in ("lfplugin", "nfplugin", "stepwiseplugin"))
    return [plugin for plugin in found if plugin is not None]
