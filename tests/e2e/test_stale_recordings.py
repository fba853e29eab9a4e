"""Recorded calls that nothing asks for any more are told of, and can be pruned."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .suites import A_LIGHT_TASK, CASES, THE_PROMPT, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

NEW_PROMPT = "[user]\nPlease: {{ message }}\n"
STALE = "2 recorded calls were not played"


@pytest.fixture
def changed(project: Project, provider: FakeProvider, offline: Callable[[], None]) -> Project:
    """A suite whose prompt was changed and recorded again: the old answers are still there."""
    write_suite(project)
    project.run("--ftgate-record=new_episodes")
    write_suite(project, prompt=NEW_PROMPT)
    project.run("--ftgate-record=new_episodes")
    offline()
    assert calls(project) == 4
    pack = project.path / "cassettes" / "support" / "v1.jsonl"
    aged = re.sub(r'"recorded_at":"\d{4}', '"recorded_at":"2020', pack.read_text("utf-8"))
    pack.write_text(aged, "utf-8")  # prune leaves alone what is as young as the run
    return project


def calls(project: Project) -> int:
    return len([line for line in project.pack("support", "v1") if "request" in line])


def test_a_full_replay_tells_of_them_and_prune_removes_them(changed: Project) -> None:
    outcome = changed.run()
    assert outcome.counts == {"passed": 2}
    assert STALE in outcome.text
    done = changed.command("cassettes", "prune")
    assert done.exit_code == 0, done.output
    assert calls(changed) == 2, done.output
    pruned = changed.run()
    assert pruned.counts == {"passed": 2}
    assert "not played" not in pruned.text


def test_the_command_that_is_advised_removes_nothing_yet(changed: Project) -> None:
    outcome = changed.run()
    advised = outcome.text.partition("not played: ")[2].splitlines()[0].split()
    assert advised[0] == "pytest-ftgate"
    done = changed.command(*advised[1:])
    assert done.exit_code == 0, done.output
    assert "2" in done.output
    assert calls(changed) == 4


@pytest.mark.parametrize("args", [["-k", "late"], ["--ftgate-limit=1"], ["-q"]])
def test_a_partial_or_quiet_session_does_not_speak_of_them(
    args: list[str], changed: Project
) -> None:
    assert "not played" not in changed.run(*args).text


def test_an_answer_that_was_swallowed_up_by_an_error_is_not_stale(changed: Project) -> None:
    text = (changed.path / "test_support.py").read_text()
    changed.write("test_support.py", text.replace("    grade", "    raise OSError\n    grade"))
    assert "not played" not in changed.run().text


def test_the_recordings_of_removed_cases_are_stale(changed: Project) -> None:
    changed.dataset("cases.jsonl", CASES[:1])
    assert "3 recorded calls were not played" in changed.run().text


def test_workers_tell_of_them_together(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project, A_LIGHT_TASK)
    project.run("--ftgate-record=new_episodes")
    write_suite(project, A_LIGHT_TASK.replace('"small"', '"large"'))
    project.run("--ftgate-record=new_episodes")
    offline()
    assert STALE in project.run("-n2").text


def test_holdout_recordings_are_not_stale_when_dev_is_replayed(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    held = {"id": "held", "input": {"message": "kept back"}, "split": "holdout"}
    write_suite(project, THE_PROMPT, cases=[*CASES, held])
    project.run("--ftgate-record=new_episodes")
    project.run("--ftgate-record=new_episodes", "--ftgate-holdout")
    offline()
    assert "not played" not in project.run().text
    assert "not played" not in project.run("--ftgate-holdout").text
