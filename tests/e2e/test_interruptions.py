"""A session that is stopped keeps what it has, and its run is neither judged nor trusted."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.verdicts.decide import decide

from .suites import A_LIGHT_TASK, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

GATED = "[kpi.answered]\nmin = 0.9\n"
SIX = [{"id": f"c{number}", "input": {"message": str(number)}} for number in range(6)]
STOPPING = """
import os, signal, time

def answer(case, variant):
    if case.id == "c3":
        {stop}
    return "answer"

@evaluated(task=answer)
def test_stopping(eval_output, grade):
    grade.equal("answered", "answer", eval_output)
"""


def assert_incomplete(project: Project, received: int) -> None:
    (run,) = project.stored()
    assert run.end is None
    assert [record.case for record in run.records] == [f"c{n}" for n in range(received)]
    verdict = decide(run)
    assert verdict.verdict == "error"
    assert not verdict.run.complete
    assert verdict.exit_code == 1
    # The commands make their reports from what there is, and no baseline of it.
    shown = project.command("show")
    assert shown.exit_code == 0
    assert f"INCOMPLETE  the run did not end ({received} of 6 results arrived)" in shown.output
    assert project.command("gate").exit_code == 1
    refused = project.command("baseline", "accept")
    assert refused.exit_code == 4
    assert "did not reach its end" in refused.output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_records_so_far(how: signal.Signals, project: Project) -> None:
    waiting = "open('ready', 'w').close(); time.sleep(60)"
    write_suite(project, STOPPING.format(stop=waiting), cases=SIX, more=GATED)
    process = project.start()
    while not (project.path / "ready").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    process.send_signal(how)
    output, _ = process.communicate()
    assert_incomplete(project, 3)
    if how == signal.SIGINT:
        assert process.returncode == pytest.ExitCode.INTERRUPTED
        assert "3 of 6" in output
        assert "gate[" not in output
    else:
        assert process.returncode == -how


def test_an_interrupted_session_is_not_judged(project: Project) -> None:
    write_suite(project, STOPPING.format(stop="raise KeyboardInterrupt"), cases=SIX, more=GATED)
    outcome = project.run(apart=True)
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert_incomplete(project, 3)
    assert outcome.verdict["verdict"] == "error"
    assert outcome.verdict["run"]["complete"] is False
    assert "gate[" not in outcome.text
    assert outcome.gates() == {"complete": "block", "errors": "pass", "answered": "partial"}
    assert "INCOMPLETE  the run was interrupted (3 of 6 results arrived)" in outcome.text
    assert "the run did not reach its end: 3 of 6 results arrived" in outcome.text


@pytest.mark.parametrize("args", [["-x"], ["--maxfail=1"]])
def test_a_session_that_stops_at_the_first_failure_says_that_it_is_incomplete(
    args: list[str], project: Project
) -> None:
    write_suite(project, STOPPING.format(stop="raise RuntimeError"), cases=SIX, more=GATED)
    outcome = project.run(*args)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.verdict["run"]["complete"] is False
    assert outcome.verdict["verdict"] == "error"
    assert outcome.gates() == {"complete": "block", "errors": "block", "answered": "partial"}
    told = "INCOMPLETE  the run stopped after the first failure (4 of 6 results arrived)"
    assert told in outcome.text
    assert_incomplete(project, 4)


def test_a_miss_does_not_stop_a_session_that_stops_at_failures(project: Project) -> None:
    write_suite(project, STOPPING.format(stop="return 'none'"), cases=SIX)
    outcome = project.run("-x")
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.counts == {"passed": 5, "missed": 1}


def test_an_exit_from_within_a_test_leaves_the_run_incomplete(project: Project) -> None:
    write_suite(project, STOPPING.format(stop="pytest.exit('enough')"), cases=SIX, more=GATED)
    outcome = project.run()
    assert outcome.code != pytest.ExitCode.OK
    assert "INCOMPLETE  the run was ended by pytest.exit: enough (3 of 6" in outcome.text
    assert_incomplete(project, 3)


def test_a_worker_that_dies_is_an_error_of_its_case_and_the_rest_runs(project: Project) -> None:
    write_suite(project, STOPPING.format(stop="os._exit(9)"), cases=SIX, more=GATED)
    outcome = project.run("-n2")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"passed": 5, "error": 1}
    assert outcome.verdict["run"]["received"] == 6
    assert outcome.verdict["verdict"] in ("error", "block")
    (lost,) = (record for record in project.stored()[0].records if record.status == "error")
    assert (lost.case, lost.error.type, lost.error.when) == ("c3", "WorkerCrash", "lost")


def test_a_worker_that_is_not_replaced_leaves_results_out_and_the_gate_closed(
    project: Project,
) -> None:
    write_suite(project, STOPPING.format(stop="os._exit(9)"), cases=SIX, more=GATED)
    outcome = project.run("-n1", "--max-worker-restart=0")
    assert outcome.code != pytest.ExitCode.OK
    assert outcome.verdict["run"] | {"selected": 6, "received": 4} == outcome.verdict["run"]
    assert outcome.verdict["verdict"] == "error"
    assert outcome.gates()["complete"] == "block"
    assert project.command("gate").exit_code == 1


def test_a_recording_that_is_killed_keeps_what_was_recorded(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    killed = A_LIGHT_TASK.replace(
        "    body =", "    if case.id == 'c3': os.kill(os.getpid(), 9)\n    body ="
    )
    write_suite(project, killed, cases=SIX)
    process = project.start("--ftgate-record=new_episodes", "--ftgate-concurrency=1")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert len(provider.seen) == 3
    assert_incomplete(project, 3)
    write_suite(project, A_LIGHT_TASK, cases=SIX)
    again = project.run("--ftgate-record=new_episodes")
    assert again.counts == {"passed": 6}
    assert len(provider.seen) == 6
    assert [path.name for path in (project.path / "cassettes" / "support").iterdir()] == [
        "v1.jsonl"
    ]
    offline()
    assert project.run().counts == {"passed": 6}


def test_a_recording_that_is_killed_before_its_first_result_is_a_stored_run(
    project: Project, provider: FakeProvider
) -> None:
    killed = A_LIGHT_TASK.replace(
        "    body =", "    if case.id == 'c3': os.kill(os.getpid(), 9)\n    body ="
    )
    write_suite(project, killed, cases=SIX)
    process = project.start("--ftgate-record=new_episodes")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert_incomplete(project, 0)
