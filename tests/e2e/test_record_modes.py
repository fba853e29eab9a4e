"""The record modes through whole sessions: what is called, what is written, what is refused."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.progress import pace

from .suites import A_LIGHT_TASK, AN_OPENAI_TASK, THE_PROMPT, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

MANY = [{"id": f"c{number:02}", "input": {"message": f"number {number}"}} for number in range(16)]


class Rendezvous:
    """Answers only when so many requests wait at once; what came alone is answered with a no."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)

    def __call__(self, request: dict[str, Any]) -> str:
        try:
            self._barrier.wait(timeout=20)
        except threading.BrokenBarrierError:
            return "nobody else came"
        return f"echo: {request['messages'][-1]['content']}"


def outputs(project: Project) -> list[str | None]:
    return [record.output for record in project.stored()[-1].records]


def test_all_records_everything_again(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project)
    project.run("--ftgate-record=new_episodes")
    provider.answer = lambda request: "echo again: " + request["messages"][-1]["content"]
    again = project.run("--ftgate-record=all")
    assert again.verdict["run"]["live"] == 2
    assert len(provider.seen) == 4
    offline()
    assert project.run().code == pytest.ExitCode.OK
    assert all(output.startswith("echo again: ") for output in outputs(project))
    assert len([line for line in project.pack("support", "v1") if "request" in line]) == 2


def test_all_of_a_selection_leaves_the_other_recordings_alone(
    project: Project, provider: FakeProvider
) -> None:
    write_suite(project)
    project.run("--ftgate-record=new_episodes")
    before = {line["case"]: line for line in project.pack("support", "v1") if "request" in line}
    provider.answer = lambda request: "echo again: " + request["messages"][-1]["content"]
    project.run("--ftgate-record=all", "-k", "broken")
    after = {line["case"]: line for line in project.pack("support", "v1") if "request" in line}
    assert after["late"] == before["late"]
    assert after["broken"] != before["broken"]


def test_off_calls_and_writes_nothing(project: Project, provider: FakeProvider) -> None:
    write_suite(project, AN_OPENAI_TASK)
    project.run("--ftgate-record=new_episodes")
    before = project.pack("support", "v1")
    provider.answer = lambda request: "echo live: " + request["messages"][-1]["content"]
    live = project.run("--ftgate-record=off")
    assert live.code == pytest.ExitCode.OK
    assert live.verdict["run"]["live"] == 2
    assert all(output.startswith("echo live: ") for output in outputs(project))
    assert project.pack("support", "v1") == before


@pytest.mark.parametrize("mode", ["new_episodes", "all", "off"])
def test_sixteen_tasks_are_under_way_at_once(
    mode: str, project: Project, provider: FakeProvider
) -> None:
    provider.answer = Rendezvous(16)
    write_suite(project, AN_OPENAI_TASK, cases=MANY)
    outcome = project.run(f"--ftgate-record={mode}", "--ftgate-concurrency=16")
    assert outcome.counts == {"passed": 16}
    assert outputs(project) == [f"echo: number {number}" for number in range(16)]
    assert len(provider.seen) == 16


def test_a_concurrency_of_one_runs_tasks_in_their_own_tests(
    project: Project, provider: FakeProvider
) -> None:
    write_suite(project, cases=MANY[:4])
    outcome = project.run("--ftgate-record=new_episodes", "--ftgate-concurrency=1")
    assert outcome.counts == {"passed": 4}
    asked = [seen.json["messages"][-1]["content"] for seen in provider.seen]
    assert asked == [case["input"]["message"] for case in MANY[:4]]


def test_concurrent_recordings_replay_each_to_its_case_and_trial(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    told = iter(range(1000))
    provider.answer = lambda request: f"{next(told)} {request['messages'][-1]['content']}"
    write_suite(project, cases=MANY)
    trials = ("--ftgate-trials=2", "--ftgate-concurrency=16")
    assert project.run("--ftgate-record=new_episodes", *trials).counts == {"passed": 32}
    live = outputs(project)
    offline()
    assert project.run(*trials).counts == {"passed": 32}
    assert outputs(project) == live


def test_what_fails_while_running_ahead_fails_its_own_case_alone(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    task = AN_OPENAI_TASK.replace(
        "    with openai", "    if case.id == 'c02': raise RuntimeError('boom')\n    with openai"
    )
    write_suite(project, task, cases=MANY[:5])
    live = project.run("--ftgate-record=new_episodes", "--ftgate-concurrency=8")
    assert live.counts == {"passed": 4, "error": 1}
    assert "RuntimeError: boom" in live.text
    (error,) = (record for record in project.stored()[0].records if record.status == "error")
    assert (error.case, error.error.type, error.error.when) == ("c02", "RuntimeError", "setup")
    offline()
    assert project.run().counts == {"passed": 4, "error": 1}


def test_fixtures_that_tests_share_stand_before_tasks_run_ahead(
    project: Project, provider: FakeProvider
) -> None:
    write_suite(
        project,
        """
import os

@pytest.fixture(scope="module", autouse=True)
def application():
    os.environ["APPLICATION"] = "ready"
    yield
    del os.environ["APPLICATION"]

@pytest.fixture(autouse=True)
def settings(monkeypatch):
    monkeypatch.setenv("SETTING", "fast")
"""
        + AN_OPENAI_TASK.replace(
            "    with openai",
            "    assert (os.environ['APPLICATION'], os.environ['SETTING']) == ('ready', 'fast')\n"
            "    with openai",
        ),
        cases=MANY[:4],
    )
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.counts == {"passed": 4}, outcome.text


def test_skipped_tests_are_not_run_ahead(project: Project, provider: FakeProvider) -> None:
    write_suite(project, THE_PROMPT.replace("@evaluated", "@pytest.mark.skip\n@evaluated"))
    project.run("--ftgate-record=new_episodes")
    assert provider.seen == []


def test_workers_record_without_loss_and_replay(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project, A_LIGHT_TASK, cases=MANY)
    live = project.run("-n2", "--ftgate-record=new_episodes")
    assert live.counts == {"passed": 16}
    recorded = [line["case"] for line in project.pack("support", "v1") if "request" in line]
    assert recorded == [case["id"] for case in MANY]
    assert [path.name for path in (project.path / "cassettes" / "support").iterdir()] == [
        "v1.jsonl"
    ]
    offline()
    assert project.run().counts == {"passed": 16}


@pytest.mark.parametrize("mode", ["new_episodes", "all", "off"])
def test_collecting_only_calls_nobody(mode: str, project: Project, provider: FakeProvider) -> None:
    write_suite(project)
    outcome = project.run("--collect-only", f"--ftgate-record={mode}")
    assert outcome.code == pytest.ExitCode.OK
    assert provider.seen == []
    assert not (project.path / "cassettes").exists()
    assert not (project.path / ".ftgate").exists()


NEEDS_A_KEY = {
    "prompt": (THE_PROMPT, "openai", "OPENAI_API_KEY"),
    "anthropic-prompt": (THE_PROMPT, "anthropic", "ANTHROPIC_API_KEY"),
    "llm": ("@evaluated()\ndef test_llm(llm): pass\n", "openai", "OPENAI_API_KEY"),
    "client": (
        "@evaluated()\ndef test_client(anthropic_client): pass\n",
        "openai",
        "ANTHROPIC_API_KEY",
    ),
}


@pytest.mark.parametrize("what", NEEDS_A_KEY)
@pytest.mark.parametrize("mode", ["new_episodes", "off"])
def test_a_recording_without_a_key_is_refused_before_the_first_call(
    what: str, mode: str, project: Project
) -> None:
    test, provider_name, variable = NEEDS_A_KEY[what]
    write_suite(project, test, provider=provider_name)
    outcome = project.run(f"--ftgate-record={mode}")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert f"{variable} is not set" in outcome.errors
    assert "Traceback" not in outcome.errors + outcome.text


def test_a_task_without_a_key_is_an_error_of_its_case(project: Project) -> None:
    write_suite(project, AN_OPENAI_TASK)
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"error": 2}
    assert "OPENAI_API_KEY" in outcome.text


def test_no_progress_is_shown_where_there_is_no_terminal(
    project: Project, provider: FakeProvider
) -> None:
    write_suite(project, A_LIGHT_TASK, cases=MANY[:4])
    outcome = project.run("--ftgate-record=new_episodes", apart=True)
    assert outcome.counts == {"passed": 4}
    assert outcome.errors == ""


def test_progress_is_shown_on_a_terminal(project: Project, provider: FakeProvider) -> None:
    provider.delay_s = 0.2
    write_suite(project, A_LIGHT_TASK, cases=MANY[:6], more="[prices]\nsmall = [1000.0, 1000.0]\n")
    screen, terminal = os.openpty()
    process = project.start(
        *("-q", "--ftgate-record=new_episodes", "--ftgate-concurrency=2"),
        stderr=terminal,
        env={"TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # the other end was closed
        while piece := os.read(screen, 65536):
            shown += piece
    os.close(screen)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    text = shown.decode()
    assert "recording" in text
    assert "6/6" in text
    assert "0:00:00 left" in text
    assert "60 tokens" in text
    assert "$0.06" in text


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "told"),
    [
        (8, 200, 5.0, "1.6/s  0:02:00 left"),
        (3, 3, 0.7, "4.3/s  0:00:00 left"),
        (1, 4001, 2.0, "30.0/min  2:13:20 left"),
        (1, 2, 0.0, "1000.0/s  0:00:01 left"),
    ],
)
def test_the_pace_is_that_since_the_start(
    done: int, total: int, elapsed_s: float, told: str
) -> None:
    assert pace(done, total, elapsed_s) == told
