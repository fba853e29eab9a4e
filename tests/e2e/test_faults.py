"""What went wrong with a call while it was recorded goes wrong in replay, without the waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers import Fault

from .suites import CASES, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

ONE = CASES[:1]
SDKS = ["openai", "anthropic"]
CALLS = {
    "openai": (
        "openai.OpenAI",
        "client.chat.completions.create(model='m', messages=asked(case))",
    ),
    "anthropic": (
        "anthropic.Anthropic",
        "client.messages.create(model='m', messages=asked(case), max_tokens=9)",
    ),
}
TASK = """
def answer(case, variant):
    with {client}({options}) as client:
        try:
            {call}
        except ({sdk}.APIStatusError, {sdk}.APIConnectionError) as error:
            return type(error).__name__
    return "answered"

@evaluated(task=answer)
def test_application(eval_output, grade):
    grade.equal("answered", "answered", eval_output)
"""


def write_task(project: Project, sdk: str, options: str = "") -> None:
    client, call = CALLS[sdk]
    write_suite(project, TASK.format(sdk=sdk, client=client, call=call, options=options), cases=ONE)


def output(project: Project) -> str | None:
    (record,) = project.stored()[-1].records
    return record.output


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What clients wanted to wait; they are not made to."""
    wanted: list[float] = []
    monkeypatch.setattr("time.sleep", wanted.append)
    return wanted


@pytest.mark.parametrize("sdk", SDKS)
def test_a_retry_after_is_honoured_live_and_not_slept_through_in_replay(
    sdk: str,
    project: Project,
    provider: FakeProvider,
    offline: Callable[[], None],
    sleeps: list[float],
) -> None:
    write_task(project, sdk)
    provider.script(Fault(status=429, headers={"retry-after": "30"}))
    live = project.run("--ftgate-record=new_episodes")
    assert live.counts == {"passed": 1}
    assert 30.0 in sleeps
    assert len(provider.seen) == 2

    offline()
    sleeps.clear()
    replay = project.run()
    assert replay.code == pytest.ExitCode.OK
    assert replay.counts == {"passed": 1}
    assert all(seconds < 0.1 for seconds in sleeps)
    assert [record.attempts for run in project.stored() for record in run.records] == [2, 2]


@pytest.mark.parametrize("status", [408, 409, 500, 503, 529])
def test_any_status_that_is_tried_again_replays_at_once(
    status: int,
    project: Project,
    provider: FakeProvider,
    offline: Callable[[], None],
    sleeps: list[float],
) -> None:
    write_task(project, "openai")
    provider.script(Fault(status=status, headers={"retry-after": "20"}))
    assert project.run("--ftgate-record=new_episodes").counts == {"passed": 1}
    offline()
    sleeps.clear()
    assert project.run().counts == {"passed": 1}
    assert all(seconds < 0.1 for seconds in sleeps)
    assert [record.attempts for run in project.stored() for record in run.records] == [2, 2]


@pytest.mark.parametrize("sdk", SDKS)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=429), "RateLimitError"),
        (Fault(status=500), "InternalServerError"),
        (Fault(status=401), "AuthenticationError"),
        (Fault(break_="reset"), "APIConnectionError"),
        (Fault(break_="truncate"), "APIConnectionError"),
        (Fault(break_="hang"), "APITimeoutError"),
    ],
    ids=["429", "500", "401", "reset", "truncated", "timeout"],
)
def test_a_failure_that_the_application_handles_replays_as_itself(
    sdk: str,
    fault: Fault,
    expected: str,
    project: Project,
    provider: FakeProvider,
    offline: Callable[[], None],
) -> None:
    write_task(project, sdk, "max_retries=0, timeout=0.4")
    provider.script(fault)
    live = project.run("--ftgate-record=new_episodes")
    assert output(project) == expected
    assert live.counts == {"missed": 1}
    offline()
    replay = project.run()
    assert replay.counts == {"missed": 1}
    assert output(project) == expected
    assert [record.attempts for run in project.stored() for record in run.records] == [1, 1]


@pytest.mark.parametrize("sdk", SDKS)
def test_a_reset_that_was_tried_again_replays_as_reset_and_answer(
    sdk: str,
    project: Project,
    provider: FakeProvider,
    offline: Callable[[], None],
    sleeps: list[float],
) -> None:
    write_task(project, sdk)
    provider.script(Fault(break_="reset"), None)
    assert project.run("--ftgate-record=new_episodes").counts == {"passed": 1}
    assert len(provider.seen) == 2
    offline()
    assert project.run().counts == {"passed": 1}
    assert [record.attempts for run in project.stored() for record in run.records] == [2, 2]


def test_a_failure_that_ended_the_task_is_asked_again_by_the_next_recording(
    project: Project, provider: FakeProvider, sleeps: list[float]
) -> None:
    write_suite(project, cases=ONE)
    provider.script(*[Fault(status=500)] * 3)
    failed = project.run("--ftgate-record=new_episodes")
    assert failed.code == pytest.ExitCode.TESTS_FAILED
    assert failed.counts == {"error": 1}
    assert "InternalServerError" in failed.text
    again = project.run("--ftgate-record=new_episodes")
    assert again.code == pytest.ExitCode.OK
    assert again.counts == {"passed": 1}
    assert len(provider.seen) == 4
