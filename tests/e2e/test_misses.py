"""What is asked otherwise than it was recorded is a miss: at once, with words, never a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .suites import AN_OPENAI_TASK, PROMPT, THE_PROMPT, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Outcome, Project

RECORD_AGAIN = (
    "To record it: pytest test_support.py --ftgate-record=new_episodes --ftgate-variant=v1"
)
A_SWALLOWING_TASK = """
def answer(case, variant):
    try:
        with {client} as client:
            {call}
    except Exception:
        return "sorry"
    return "answered"

@evaluated(task=answer)
def test_application(eval_case, eval_output, grade):
    {check}
"""
OPENAI = (
    "openai.OpenAI()",
    "client.chat.completions.create(messages=asked(case), model=variant.model)",
)
ANTHROPIC = (
    "anthropic.Anthropic()",
    "client.messages.create(messages=asked(case), model=variant.model, max_tokens=9)",
)
HOLDS = 'grade.equal("answered", eval_output, eval_output)'


def assert_every_case_misses(outcome: Outcome) -> None:
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"error": 2}
    assert outcome.kpi("error_rate")["value"] == 1.0
    assert outcome.gates() | {"errors": "none", "scored": "block"} == outcome.gates()
    assert RECORD_AGAIN in outcome.text
    assert "Traceback" not in outcome.text
    reported = outcome.result.parseoutcomes()
    assert reported.get("failed", 0) + reported.get("errors", 0) == 2 + list(
        outcome.gates().values()
    ).count("block")


CHANGES = {
    "prompt": ({"prompt": PROMPT.replace("brief", "polite")}, "$.messages[0].content"),
    "model": ({"model": "large"}, "$.model"),
    "parameter": ({"params": "{ max_tokens = 51 }"}, "$.max_tokens"),
    "new-parameter": ({"params": "{ max_tokens = 50, top_p = 0.5 }"}, "$.top_p"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("provider_name", ["openai", "anthropic"])
@pytest.mark.usefixtures("provider")
def test_a_change_is_a_miss_that_says_what_differs(
    change: str,
    provider_name: str,
    project: Project,
    offline: Callable[[], None],
    request: pytest.FixtureRequest,
) -> None:
    options, path = CHANGES[change]
    if provider_name == "anthropic" and change == "prompt":
        path = "$.system"
    write_suite(project, provider=provider_name)
    project.run("--ftgate-record=new_episodes")
    offline()
    request.getfixturevalue("no_sleep")
    write_suite(project, provider=provider_name, **options)
    outcome = project.run()
    assert_every_case_misses(outcome)
    assert path in outcome.text
    assert "suite support, variant v1, case late, trial 1" in outcome.text


def test_the_command_of_a_miss_records_it(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project)
    project.run("--ftgate-record=new_episodes")
    write_suite(project, model="large")
    missed = project.run()
    command = next(line for line in missed.text.splitlines() if "To record it: " in line)
    words = command.partition("To record it: pytest ")[2].split()
    assert project.run(*words).code == pytest.ExitCode.OK
    offline()
    assert project.run().code == pytest.ExitCode.OK


@pytest.mark.usefixtures("offline")
def test_nothing_recorded_says_so(project: Project) -> None:
    write_suite(project)
    outcome = project.run()
    assert_every_case_misses(outcome)
    assert "the cassette does not exist" in outcome.text


def test_a_call_more_than_recorded_is_a_miss(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project, AN_OPENAI_TASK)
    project.run("--ftgate-record=new_episodes")
    offline()
    twice = AN_OPENAI_TASK.replace("        done = ", "        done = done_before = ").replace(
        "    return done",
        "        client.chat.completions.create(messages=asked(case), **ASK)\n    return done",
    )
    write_suite(project, twice)
    outcome = project.run()
    assert_every_case_misses(outcome)
    assert "already played 1 of 1" in outcome.text


@pytest.mark.parametrize("sdk", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
@pytest.mark.parametrize(
    "check",
    [HOLDS, 'assert eval_output != "sorry"', "pytest.skip('no answer')", "raise RuntimeError"],
    ids=["holds", "asserts", "skips", "raises"],
)
@pytest.mark.usefixtures("no_sleep")
def test_a_swallowed_miss_fails_its_case_whatever_the_test_makes_of_it(
    sdk: tuple[str, str], check: str, project: Project, offline: Callable[[], None]
) -> None:
    client, call = sdk
    offline()
    write_suite(project, A_SWALLOWING_TASK.format(client=client, call=call, check=check))
    outcome = project.run()
    assert_every_case_misses(outcome)
    assert "never recorded" in outcome.text
    assert outcome.junit_counts["failures"] + outcome.junit_counts["errors"] == 2 + list(
        outcome.gates().values()
    ).count("block")
    assert all(record.error.type == "CassetteMiss" for record in project.stored()[0].records)


def test_a_swallowed_miss_is_tolerated_where_errors_are(
    project: Project, offline: Callable[[], None]
) -> None:
    offline()
    write_suite(project, A_SWALLOWING_TASK.format(client=OPENAI[0], call=OPENAI[1], check=HOLDS))
    project.write("pyproject.toml", "[tool.ftgate]\nmax_errors = 2\n")
    outcome = project.run()
    assert outcome.counts == {"error": 2}
    assert outcome.result.parseoutcomes()["errored"] == 2
    assert outcome.gates() | {"errors": "pass", "scored": "block"} == outcome.gates()


def test_a_missed_call_in_a_fixture_and_in_teardown_fails_the_case(
    project: Project, offline: Callable[[], None]
) -> None:
    offline()
    write_suite(
        project,
        """
def call(client):
    try:
        client.chat.completions.create(messages=[{"role": "user", "content": "hi"}], model="m")
    except openai.OpenAIError:
        pass

@pytest.fixture
def before(openai_client):
    call(openai_client)

@pytest.fixture
def after(openai_client):
    yield
    call(openai_client)

@evaluated()
def test_before(before, grade):
    grade.score("fine", 1)

@pytest.mark.llm_eval(dataset="cases.jsonl", suite="after")
def test_after(after, grade):
    grade.score("fine", 1)
""",
    )
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert [suite["counts"]["error"] for suite in outcome.suites] == [2, 2]
    when = {record.error.when for record in project.stored()[0].records}
    assert when == {"setup", "teardown"}


def test_any_client_misses_not_only_the_sdks(project: Project, offline: Callable[[], None]) -> None:
    offline()
    write_suite(
        project,
        """
import httpx, requests, socket, urllib.request

def with_socket():
    socket.create_connection(("127.0.0.1", 9), timeout=1)

CALLS = {
    "late": lambda: httpx.get("http://127.0.0.1:9/"),
    "broken": lambda: requests.get("https://api.example.com/"),
    "urllib": lambda: urllib.request.urlopen("http://127.0.0.1:9/"),
    "socket": with_socket,
}

def answer(case, variant):
    CALLS[case.id]()

@evaluated(task=answer)
def test_application(eval_output): pass
""",
        cases=[{"id": name, "input": "x"} for name in ("late", "broken", "urllib", "socket")],
    )
    outcome = project.run()
    assert outcome.counts == {"error": 4}
    assert {record.error.type for record in project.stored()[0].records} == {"CassetteMiss"}


def test_the_session_fails_when_interception_does_not_work(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_suite(project, THE_PROMPT)
    project.write(
        "conftest.py",
        """
import pytest

@pytest.fixture(autouse=True)
def anything(): pass

def pytest_runtestloop(session):
    import httpx2
    httpx2.HTTPTransport.handle_request = lambda self, request: httpx2.Response(200)
""",
    )
    with pytest.MonkeyPatch.context() as patch:
        import httpx2

        patch.setattr(httpx2.HTTPTransport, "handle_request", httpx2.HTTPTransport.handle_request)
        outcome = project.run()
    assert outcome.code != pytest.ExitCode.OK
