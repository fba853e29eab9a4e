"""Runs on disk: stored as they come, side by side, and never silently lost."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.reports.json_report import encode
from pytest_ftgate.verdicts.decide import decide
from tests.full_disk import end_files_at

from .suites import A_LIGHT_TASK, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers import FakeProvider

    from .conftest import Project

GATED = "[kpi.answered]\nmin = 0.5\n"
SIX = [{"id": f"c{number}", "input": {"message": str(number)}} for number in range(6)]
LONG = """
@evaluated(task=lambda case, variant: "answer" + case.input["message"] * {length})
def test_long(eval_case, eval_output, grade):
    grade.regex("answered", "^answer[0-4]", eval_output)
"""


def write(project: Project, length: int = 1) -> None:
    write_suite(project, LONG.format(length=length), cases=SIX, more=GATED)


def run_limited(project: Project, limit: int, *args: str) -> tuple[int, str]:
    """Exit code and output of a session in which every file ends at so many bytes."""
    process = project.start(
        *("-p", "no:cacheprovider", *args),
        env={"PYTHONDONTWRITEBYTECODE": "1"},  # it would be cut short, too
        prepare=end_files_at(limit),
    )
    output, _ = process.communicate()
    return process.returncode, output


def test_the_list_of_runs_tells_what_the_session_said(project: Project) -> None:
    write(project)
    project.write(
        "conftest.py",
        "from pytest_ftgate import KpiDefinition\n"
        "def pytest_ftgate_kpis():\n"
        "    return [KpiDefinition(name='length', value=lambda record: 0.5)]\n",
    )
    experiment = project.path / "experiment.toml"
    gated = 'primary_kpi = "length"\n' + experiment.read_text("utf-8") + "[kpi.length]\nmin = 0.5\n"
    experiment.write_text(gated, "utf-8")
    assert project.run().code == pytest.ExitCode.OK
    (line,) = project.command("runs").output.splitlines()[1:]
    assert line.split()[1:] == ["6", "pass", "support", "[v1]", "50.0", "%", "length"]


def test_a_run_is_stored_and_judged_alike_from_there(project: Project) -> None:
    write(project)
    outcome = project.run()
    (run,) = project.stored()
    assert run.end is not None
    assert [record.case for record in run.records] == [case["id"] for case in SIX]
    assert json.loads(encode(decide(run))) == outcome.verdict
    assert (project.path / ".ftgate" / ".gitignore").read_text() == "*\n"


def test_the_store_may_lie_elsewhere(project: Project, tmp_path: Path) -> None:
    write(project)
    outcome = project.run(f"--ftgate-store={tmp_path / 'elsewhere'}")
    assert not (project.path / ".ftgate").exists()
    (run,) = (tmp_path / "elsewhere" / "runs").iterdir()
    told = re.findall("^(?:next|look at it): pytest-ftgate (.*)$", outcome.text, re.MULTILINE)
    assert told
    for command in map(shlex.split, told):
        assert run.name in command
        assert project.command(*command).exit_code == 0


def test_a_session_without_eval_tests_stores_and_prints_nothing(project: Project) -> None:
    project.write("test_ordinary.py", "def test_ordinary(): pass\n")
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.verdict is None
    assert "LLM" not in outcome.text
    assert not (project.path / ".ftgate").exists()


def test_a_full_disk_fails_a_session_that_gates(project: Project) -> None:
    write(project, length=1000)
    code, output = run_limited(project, 5000)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "records.jsonl" in output
    assert "gate[session]" in output
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output


def test_a_full_disk_is_a_warning_where_nothing_gates(project: Project) -> None:
    write(project, length=1000)
    code, output = run_limited(project, 5000, "--ftgate-no-gate")
    assert code == pytest.ExitCode.OK
    assert "records.jsonl" in output


def test_a_full_disk_while_recording_is_said_and_keeps_the_old_cassette(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    # Long, so that the limit that stops the cassette lets the run's manifest through.
    long = [{"id": case["id"], "input": {"message": case["id"] * 4000}} for case in SIX]
    write_suite(project, A_LIGHT_TASK, cases=long[:2])
    project.run("--ftgate-record=new_episodes")
    before = (project.path / "cassettes" / "support" / "v1.jsonl").read_bytes()
    write_suite(project, A_LIGHT_TASK, cases=long)
    code, output = run_limited(project, len(before) + 100, "--ftgate-record=new_episodes")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "v1.jsonl" in output
    assert "File too large" in output
    assert "Traceback" not in output
    assert (project.path / "cassettes" / "support" / "v1.jsonl").read_bytes() == before
    write_suite(project, A_LIGHT_TASK, cases=long[:2])
    offline()
    assert project.run().counts == {"passed": 2}


def test_a_store_that_cannot_be_written_fails_a_session_that_gates(
    project: Project, way: list[str]
) -> None:
    write(project)
    project.write(".ftgate", "a file where the store should be")
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.verdict["verdict"] == "error"
    assert outcome.verdict["exit_code"] == 1
    assert outcome.gates() | {"session": "block", "answered": "pass"} == outcome.gates()
    assert outcome.junit_counts["failures"] == 1
    assert outcome.result.parseoutcomes()["failed"] == 1
    assert "The run store .ftgate cannot be written" in outcome.text
    assert "--ftgate-store=DIR" in outcome.text
    assert "next: pytest-ftgate" not in outcome.text


def test_a_recording_makes_no_call_before_its_run_can_be_stored(
    project: Project, provider: FakeProvider
) -> None:
    write_suite(project)
    project.write(".ftgate", "a file where the store should be")
    outcome = project.run("--ftgate-record=all")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert outcome.errors.count("The run store .ftgate cannot be written") == 1
    assert provider.seen == []


def test_a_store_that_cannot_be_written_is_a_warning_where_nothing_gates(project: Project) -> None:
    write(project)
    project.write(".ftgate", "a file where the store should be")
    outcome = project.run("--ftgate-no-gate")
    assert outcome.code == pytest.ExitCode.OK
    assert "The run store .ftgate cannot be written" in outcome.text


def test_a_report_that_cannot_be_written_fails_the_session_in_every_voice(
    project: Project,
) -> None:
    write(project)
    outcome = project.run(f"--ftgate-markdown={project.path / 'missing' / 'report.md'}/")
    if outcome.code == pytest.ExitCode.OK:  # folders of reports are made
        outcome = project.run(f"--ftgate-markdown={project.path / 'cases.jsonl' / 'report.md'}")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.verdict["verdict"] == "error"
    assert outcome.gates()["session"] == "block"


def test_sessions_side_by_side_lose_nothing(project: Project) -> None:
    write(project)
    sessions = [project.start("-q", "-p", "no:cacheprovider") for _ in range(4)]
    outputs = [session.communicate()[0] for session in sessions]
    assert [session.returncode for session in sessions] == [0] * 4, outputs
    runs = project.stored()
    assert len({run.manifest.run for run in runs}) == 4
    for run in runs:
        assert run.end is not None
        assert sorted(record.case for record in run.records) == [case["id"] for case in SIX]


def test_recordings_side_by_side_lose_nothing(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project, A_LIGHT_TASK, cases=SIX)
    sessions = [
        project.start("-q", "-p", "no:cacheprovider", "--ftgate-record=new_episodes", "-k", half)
        for half in ("c0 or c1 or c2", "c3 or c4 or c5")
    ]
    outputs = [session.communicate()[0] for session in sessions]
    assert [session.returncode for session in sessions] == [0] * 2, outputs
    offline()
    assert project.run().counts == {"passed": 6}
