"""One story in every voice: exit code, counts, JUnit XML, JSON and terminal, xdist or not."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.reports.json_report import encode
from pytest_ftgate.verdicts.decide import decide

from .conftest import Project

CASES = [
    {"id": "good", "input": "yes", "expected": "yes"},
    {"id": "bad", "input": "no", "expected": "yes"},
    {"id": "fine", "input": "yes", "expected": "yes"},
    {"id": "okay", "input": "yes", "expected": "yes"},
]

TEST = """
import pytest

def echo(case, variant):
    return case.input

@pytest.mark.llm_eval(dataset="cases.jsonl", experiment="experiment.toml", task=echo{extra})
def test_echo(eval_case, eval_output, grade):
    grade.equal("echo", eval_case.expected, eval_output)
{body}
"""

EXPERIMENT = """
suite = "echo"
primary_kpi = "echo"
current = "v1"
[[variant]]
name = "v1"
change = "first"
{gates}
"""


def write(project: Project, *, gates: str = "", extra: str = "", body: str = "") -> None:
    project.dataset("cases.jsonl", CASES)
    project.write("experiment.toml", EXPERIMENT.format(gates=gates))
    project.write("test_echo.py", TEST.format(extra=extra, body=body))


EVERYTHING = """
    if eval_case.id == "okay":
        raise RuntimeError("boom")
    if eval_case.id == "fine":
        pytest.skip("not today")
    if eval_case.id == "good":
        grade.equal("vital", "a", "b")
    else:
        grade.equal("vital", "a", "a")
"""


def test_every_voice_counts_the_same(project: Project, way: list[str]) -> None:
    gates = "[kpi.echo]\nmin = 0.9\n[kpi.error_rate]\nmax = 0.5\n"
    write(project, gates=gates, extra=', must_pass=["vital"]', body=EVERYTHING)
    outcome = project.run(*way, f"--ftgate-markdown={project.path / 'report.md'}")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED

    assert outcome.counts == {"failed": 1, "missed": 1, "error": 1, "skipped": 1}
    gates_seen = list(outcome.gates().values())
    blocks, passes = gates_seen.count("block"), gates_seen.count("pass")
    assert outcome.gates() == {
        "complete": "pass",
        "errors": "block",
        "must_pass": "block",
        "echo": "block",
        "error_rate": "pass",
    }
    reported = outcome.result.parseoutcomes()
    assert reported == {"failed": 2 + blocks, "passed": passes, "missed": 1, "skipped": 1}
    assert outcome.junit_counts == {
        "tests": 4 + len(gates_seen),
        "failures": 2 + blocks,
        "errors": 0,
        "skipped": 2,
    }
    assert "0 passed · 1 missed · 1 failed · 1 error · 1 skipped" in outcome.text

    verdict = decide(project.stored()[0])
    assert (verdict.verdict, verdict.exit_code) == ("error", 1)
    assert (outcome.verdict["verdict"], outcome.verdict["exit_code"]) == ("error", 1)
    assert json.loads(encode(verdict)) == outcome.verdict
    assert "## Evals: error" in (project.path / "report.md").read_text("utf-8")


def test_every_voice_is_green_together(project: Project, way: list[str]) -> None:
    write(project, gates="[kpi.echo]\nmin = 0.7\n")
    outcome = project.run(*way, f"--ftgate-markdown={project.path / 'report.md'}")
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.counts == {"passed": 3, "missed": 1}
    assert set(outcome.gates().values()) == {"pass"}
    gates = len(outcome.gates())
    assert outcome.result.parseoutcomes() == {"passed": 3 + gates, "missed": 1}
    assert outcome.junit_counts == {"tests": 4 + gates, "failures": 0, "errors": 0, "skipped": 1}
    assert (outcome.verdict["verdict"], outcome.verdict["exit_code"]) == ("pass", 0)
    assert decide(project.stored()[0]).exit_code == 0
    assert "## Evals: pass" in (project.path / "report.md").read_text("utf-8")


def test_a_miss_does_not_fail_the_session(project: Project, way: list[str]) -> None:
    write(project)
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.result.parseoutcomes()["missed"] == 1
    counts = outcome.verdict["suites"][0]["counts"]
    assert (counts["passed"], counts["missed"], counts["error"]) == (3, 1, 0)
    assert outcome.junit_counts["failures"] == 0
    assert outcome.junit_counts["skipped"] == 1
    skipped = outcome.junit.find(".//skipped")
    assert "echo" in skipped.get("message")


def test_a_failed_gate_fails_the_session_and_is_seen_everywhere(
    project: Project, way: list[str]
) -> None:
    write(project, gates="[kpi.echo]\nmin = 0.9\n[kpi.error_rate]\nmax = 0.0\n")
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.gates()["echo"] == "block"
    assert outcome.gates()["error_rate"] == "pass"
    assert outcome.verdict["verdict"] == "block"
    assert outcome.verdict["exit_code"] == 1
    assert outcome.result.parseoutcomes()["failed"] == 1
    assert outcome.junit_counts["failures"] == 1
    assert "test_echo.py::echo[v1]::gate[echo]" in outcome.text
    assert "FAILURES" in outcome.text
    assert outcome.kpi("echo")["value"] == pytest.approx(0.75)


def test_a_must_pass_miss_fails_its_item(project: Project, way: list[str]) -> None:
    write(project, extra=', must_pass=["echo"]')
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.result.parseoutcomes()["failed"] >= 1
    assert "test_echo.py::test_echo[v1-bad]" in outcome.text


def test_a_plain_assert_is_a_miss(project: Project, way: list[str]) -> None:
    write(project, body="    assert eval_case.id != 'good', 'good is not good enough'")
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.verdict["suites"][0]["counts"]["missed"] == 2
    assert outcome.kpi("assert")["value"] == pytest.approx(0.75)


def test_an_exception_is_an_error_never_a_zero(project: Project, way: list[str]) -> None:
    write(project, body="    if eval_case.id == 'good': raise RuntimeError('boom')")
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.verdict["suites"][0]["counts"]["error"] == 1
    assert outcome.gates()["errors"] == "block"
    assert outcome.kpi("error_rate")["value"] == pytest.approx(0.25)
    assert outcome.kpi("echo")["n"] == 3


def test_tolerated_errors_are_counted_apart(project: Project, way: list[str]) -> None:
    write(project, body="    if eval_case.id == 'good': raise RuntimeError('boom')")
    project.write("pyproject.toml", "[tool.ftgate]\nmax_errors = 1\n")
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.result.parseoutcomes()["errored"] == 1
    assert outcome.gates()["errors"] == "pass"


def test_all_skipped_is_never_green(project: Project, way: list[str]) -> None:
    write(project, body="    pytest.skip('not today')")
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.verdict["verdict"] in ("error", "block")


def test_a_selection_is_partial_and_says_so(project: Project, way: list[str]) -> None:
    write(project, gates="[kpi.echo]\nmin = 0.9\n")
    outcome = project.run(*way, "-k", "bad or good")
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.gates()["echo"] == "partial"
    assert "partial" in outcome.text.lower()


def test_a_selection_fails_when_partial_runs_are_refused(project: Project, way: list[str]) -> None:
    write(project, gates="[kpi.echo]\nmin = 0.9\n")
    project.write("pyproject.toml", '[tool.ftgate]\non_partial = "fail"\n')
    outcome = project.run(*way, "-k", "good")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED


def test_no_gate_reports_but_does_not_judge(project: Project, way: list[str]) -> None:
    write(project, gates="[kpi.echo]\nmin = 0.9\n")
    outcome = project.run(*way, "--ftgate-no-gate")
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.kpi("echo")["value"] == pytest.approx(0.75)
