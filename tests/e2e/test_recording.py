"""Recorded once against a live server, replayed when the server and the keys are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .suites import AN_OPENAI_TASK, CASES, THE_PROMPT, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

THE_LLM_FIXTURE = """
@evaluated()
def test_llm(eval_case, llm, grade):
    answer = llm.complete(asked(eval_case), max_tokens=20)
    grade.contains("echo", eval_case.input["message"], answer.text)
"""
AN_OPENAI_FIXTURE = """
@evaluated()
def test_fixture(eval_case, openai_client, grade):
    answer = openai_client.chat.completions.create(messages=asked(eval_case), **ASK)
    grade.contains("echo", eval_case.input["message"], answer.choices[0].message.content)
"""
AN_ANTHROPIC_FIXTURE = """
@evaluated()
def test_fixture(eval_case, anthropic_client, grade):
    answer = anthropic_client.messages.create(messages=asked(eval_case), **ASK)
    grade.contains("echo", eval_case.input["message"], answer.content[0].text)
"""
AN_ANTHROPIC_TASK = """
def answer(case, variant):
    with anthropic.Anthropic() as client:
        return client.messages.create(messages=asked(case), **ASK).content[0].text

@evaluated(task=answer)
def test_application(eval_case, eval_output, grade):
    grade.contains("echo", eval_case.input["message"], eval_output)
"""
AN_ASYNC_TASK = """
async def answer(case, variant):
    async with openai.AsyncOpenAI() as client:
        done = await client.chat.completions.create(messages=asked(case), **ASK)
    return done.choices[0].message.content

@evaluated(task=answer)
def test_application(eval_case, eval_output, grade):
    grade.contains("echo", eval_case.input["message"], eval_output)
"""
A_THREADED_TASK = """
def answer(case, variant):
    client, answers = openai.OpenAI(), {}

    def ask(number):
        said = asked(case) + [{"role": "user", "content": f"{case.id} {number}"}]
        done = client.chat.completions.create(messages=said, **ASK)
        answers[number] = done.choices[0].message.content

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    client.close()
    return [answers[number] for number in range(3)]

@evaluated(task=answer)
def test_application(eval_case, eval_output, grade):
    grade.equal("echo", [f"echo: {eval_case.id} {number}" for number in range(3)], eval_output)
"""
AN_ASYNCIO_TEST = """
@evaluated()
@pytest.mark.asyncio
async def test_async(eval_case, async_openai_client, llm, grade):
    create = async_openai_client.chat.completions.create
    first, second = await asyncio.gather(
        create(messages=asked(eval_case), **ASK), llm.acomplete(asked(eval_case), max_tokens=9)
    )
    grade.contains("echo", eval_case.input["message"], first.choices[0].message.content)
    grade.contains("second", eval_case.input["message"], second.text)
"""
AN_ANYIO_TEST = """
@pytest.fixture
def anyio_backend():
    return "asyncio"

@evaluated()
@pytest.mark.anyio
async def test_async(eval_case, async_anthropic_client, grade):
    answers, create = [], async_anthropic_client.messages.create

    async def ask():
        answers.append(await create(messages=asked(eval_case), **ASK))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)
    assert len(answers) == 2
    grade.contains("echo", eval_case.input["message"], answers[0].content[0].text)
"""
AN_ASYNC_PROMPT_TEST = """
@evaluated()
@pytest.mark.asyncio
async def test_async(eval_case, eval_output, grade):
    grade.contains("echo", eval_case.input["message"], eval_output.text)
"""

# name -> (the test, the experiment's provider, calls of one case, --ftgate-concurrency)
CALLERS = {
    "prompt-openai": (THE_PROMPT, "openai", 1, 4),
    "prompt-anthropic": (THE_PROMPT, "anthropic", 1, 4),
    "llm": (THE_LLM_FIXTURE, "openai", 1, 4),
    "openai-fixture": (AN_OPENAI_FIXTURE, "openai", 1, 4),
    "anthropic-fixture": (AN_ANTHROPIC_FIXTURE, "openai", 1, 4),
    "openai-task": (AN_OPENAI_TASK, "openai", 1, 4),
    "anthropic-task": (AN_ANTHROPIC_TASK, "openai", 1, 4),
    "async-task": (AN_ASYNC_TASK, "openai", 1, 4),
    "threaded-task": (A_THREADED_TASK, "openai", 3, 1),
    "asyncio-test": (AN_ASYNCIO_TEST, "openai", 2, 4),
    "asyncio-prompt": (AN_ASYNC_PROMPT_TEST, "openai", 1, 4),
    "anyio-test": (AN_ANYIO_TEST, "openai", 2, 4),
}


@pytest.mark.parametrize("caller", CALLERS)
def test_what_was_recorded_replays_without_server_and_keys(
    caller: str, project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    test, name, calls, concurrency = CALLERS[caller]
    project.lean = False  # pytest-asyncio and anyio run the async tests
    write_suite(project, test, provider=name)
    live = project.run("--ftgate-record=new_episodes", f"--ftgate-concurrency={concurrency}")
    assert live.code == pytest.ExitCode.OK, live.text
    assert live.counts == {"passed": 2}
    assert live.verdict["run"]["live"] == 2
    assert len(provider.seen) == 2 * calls

    offline()
    replay = project.run()
    assert replay.code == pytest.ExitCode.OK, replay.text
    assert replay.counts == {"passed": 2}
    assert replay.verdict["run"]["replayed"] == 2
    assert [(k["name"], k["value"]) for k in replay.suites[0]["kpis"]] == [
        (k["name"], pytest.approx(k["value"])) for k in live.suites[0]["kpis"]
    ]


def test_a_second_recording_calls_nobody(project: Project, provider: FakeProvider) -> None:
    write_suite(project, THE_PROMPT)
    project.run("--ftgate-record=new_episodes")
    before = project.pack("support", "v1")
    again = project.run("--ftgate-record=new_episodes")
    assert len(provider.seen) == 2
    assert again.verdict["run"] | {"live": 0, "replayed": 2} == again.verdict["run"]
    assert project.pack("support", "v1") == before


def test_new_cases_are_recorded_and_the_old_ones_replayed(
    project: Project, provider: FakeProvider
) -> None:
    write_suite(project, THE_PROMPT)
    project.run("--ftgate-record=new_episodes")
    project.dataset("cases.jsonl", [*CASES, {"id": "new", "input": {"message": "hello"}}])
    outcome = project.run("--ftgate-record=new_episodes")
    assert (outcome.verdict["run"]["live"], outcome.verdict["run"]["replayed"]) == (1, 2)
    assert len(provider.seen) == 3
    assert [line["case"] for line in project.pack("support", "v1") if "request" in line] == [
        "broken",
        "late",
        "new",
    ]


def test_a_recording_is_readable_and_holds_no_key(project: Project, provider: FakeProvider) -> None:
    provider.headers = {"set-cookie": "session=abc", "openai-organization": "acme"}
    write_suite(project, AN_OPENAI_TASK)
    project.run("--ftgate-record=new_episodes")
    text = (project.path / "cassettes" / "support" / "v1.jsonl").read_text("utf-8")
    for secret in ("key-of-the-recording", "session=abc", "acme", "uthorization"):
        assert secret not in text
    line = next(line for line in project.pack("support", "v1") if "request" in line)
    assert line["request"]["body"]["json"]["messages"][0]["content"] == "the cup is broken"
    answer = line["response"]["body"]["json"]["choices"][0]["message"]["content"]
    assert answer == "echo: the cup is broken"


def test_trials_of_a_case_have_recordings_of_their_own(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    told = iter(range(100))
    provider.answer = lambda request: f"answer {next(told)} to {request['messages'][-1]['content']}"
    write_suite(project, THE_PROMPT)
    project.run("--ftgate-record=new_episodes", "--ftgate-trials=3")
    live = [record.output for record in project.stored()[0].records]
    assert len(set(live)) == 6
    offline()
    replay = project.run("--ftgate-trials=3")
    assert replay.code == pytest.ExitCode.OK
    assert [record.output for record in project.stored()[1].records] == live
    one = project.run()
    assert one.code == pytest.ExitCode.OK
    assert [record.output for record in project.stored()[2].records] == [live[0], live[3]]


def test_all_variants_are_recorded_into_packs_of_their_own(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project, THE_PROMPT)
    project.write("v2.md", "[user]\nPlease: {{ message }}\n")
    with (project.path / "experiment.toml").open("a") as file:
        file.write('[[variant]]\nname = "v2"\nparent = "v1"\nprompt = "v2.md"\n')
    project.run("--ftgate-record=new_episodes", "--ftgate-variant=all")
    offline()
    replay = project.run("--ftgate-variant=all")
    assert replay.code == pytest.ExitCode.OK
    assert [suite["variant"] for suite in replay.suites] == ["v1", "v2"]
    assert replay.verdict["run"]["replayed"] == 4
    assert len(project.pack("support", "v2")) == len(project.pack("support", "v1"))


def test_ordinary_tests_of_the_session_keep_their_real_calls(
    project: Project, provider: FakeProvider
) -> None:
    write_suite(project, AN_OPENAI_TASK)
    project.run("--ftgate-record=new_episodes")
    ordinary = f"""
import os, requests, openai, pytest

@pytest.fixture(scope="module", autouse=True)
def environment():
    before = dict(os.environ)
    yield
    assert {{**os.environ, "PYTEST_CURRENT_TEST": ""}} == {{**before, "PYTEST_CURRENT_TEST": ""}}

@pytest.mark.parametrize("number", range(2))
def test_requests(number):
    assert requests.post("{provider.url}/plain", data=b"four").text == "plain POST 4"

def test_openai():
    assert "ANTHROPIC_API_KEY" not in os.environ
    client = openai.OpenAI(api_key="mine", base_url="{provider.openai_url}")
    said = [{{"role": "user", "content": "hi"}}]
    done = client.chat.completions.create(model="m", messages=said)
    assert done.choices[0].message.content == "echo: hi"
"""
    project.write("test_ordinary.py", ordinary)
    project.write("test_zlast.py", ordinary)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ANTHROPIC_API_KEY")
        outcome = project.run("test_ordinary.py", "test_support.py", "test_zlast.py")
    assert outcome.code == pytest.ExitCode.OK, outcome.text
    assert outcome.result.parseoutcomes()["passed"] == 3 + 2 + 3 + len(outcome.gates())
    assert len(provider.seen) == 2 + 6
    assert len(project.pack("support", "v1")) == 4


def test_hosts_may_be_passed_through(project: Project, provider: FakeProvider) -> None:
    write_suite(project, AN_OPENAI_TASK)
    project.write("pyproject.toml", '[tool.ftgate]\npassthrough_hosts = ["127.0.0.1"]\n')
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.OK
    assert len(provider.seen) == 2
    assert outcome.verdict["run"] | {"live": 0, "replayed": 0} == outcome.verdict["run"]
    assert not (project.path / "cassettes").exists()
