"""KPIs in JUnit XML: only where they were asked for, and numbers as they were compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .suites import write_suite

if TYPE_CHECKING:
    from .conftest import Outcome, Project

TEST = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_output, grade):
    grade.equal("close", "yes", eval_output)
"""


def properties(outcome: Outcome, gate: str) -> dict[str, str]:
    (case,) = (
        case for case in outcome.junit.iter("testcase") if f"gate[{gate}]" in case.get("name", "")
    )
    return {each.get("name", ""): each.get("value", "") for each in case.iter("property")}


@pytest.fixture
def graded(project: Project) -> Project:
    cases = [{"id": f"c{n}", "input": {"message": "yes" if n else "no"}} for n in range(3)]
    write_suite(project, TEST, cases=cases, more="[kpi.close]\nmin = 0.5\n")
    return project


@pytest.mark.parametrize("workers", [[], ["-n0"], ["-n2"]])
def test_a_gate_tells_its_kpi_and_complete_tells_all(graded: Project, workers: list[str]) -> None:
    outcome = graded.run("--ftgate-junit-properties", *workers)
    close = outcome.kpi("close")
    assert properties(outcome, "close") == {
        "value": repr(2 / 3),
        "low": repr(close["low"]),
        "high": repr(close["high"]),
        "n": "3",
        "min": "0.5",
    }
    told = properties(outcome, "complete")
    assert told["close"] == repr(2 / 3)
    assert told["error_rate"] == "0.0"
    assert "cost_per_task" not in told
    assert properties(outcome, "errors") == {}


def test_nothing_is_told_unasked(graded: Project) -> None:
    assert not list(graded.run().junit.iter("property"))


def test_the_project_may_ask(graded: Project) -> None:
    graded.write("pyproject.toml", "[tool.ftgate]\njunit_properties = true\n")
    assert properties(graded.run(), "close")["min"] == "0.5"
