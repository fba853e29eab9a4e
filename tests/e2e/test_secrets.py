"""Secrets of a recording session are kept nowhere, whichever way they went in or came out."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from .suites import CASES, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Outcome, Project

SECRET = "canary/9f8e+7d6c5b4a39"
LEAKING = """
import json, os
import httpx

def answer(case, variant):
    token = os.environ["SHOP_TOKEN"]
    address = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    body = {"model": "m", "stream": STREAM, "messages": asked(case), "metadata": {"auth": token}}
    done = httpx.post(
        address, params={"key": token}, json=body,
        headers={"authorization": "Bearer " + token, "x-custom": token},
    )
    assert done.status_code == 200
    return "answered"

@evaluated(task=answer)
def test_leaking(eval_output, grade):
    grade.equal("answered", "answered", eval_output)
"""
FORMS = (
    SECRET,
    quote(SECRET, safe=""),
    base64.b64encode(SECRET.encode()).decode().rstrip("="),
    SECRET.replace("/", "\\/"),
)


@pytest.mark.parametrize("encoding", [None, "gzip"])
@pytest.mark.parametrize("stream", [False, True])
def test_no_form_of_a_secret_reaches_the_cassette(
    encoding: str | None,
    stream: bool,
    project: Project,
    provider: FakeProvider,
    offline: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    provider.encoding = encoding  # type: ignore[assignment]
    provider.answer = lambda request: f"your token is {SECRET}, keep it"
    provider.headers = {"set-cookie": f"session={SECRET}", "x-request-id": SECRET}
    write_suite(project, LEAKING.replace("STREAM", str(stream)), cases=CASES[:1])
    live = project.run("--ftgate-record=new_episodes")
    assert live.counts == {"passed": 1}, live.text
    assert SECRET in provider.seen[0].headers["authorization"]
    text = (project.path / "cassettes" / "support" / "v1.jsonl").read_text("utf-8")
    for form in FORMS:
        assert form not in text
    assert project.command("cassettes", "scan").exit_code == 0

    offline()
    assert project.run().counts == {"passed": 1}
    monkeypatch.setenv("SHOP_TOKEN", "another-token-in-its-place")
    assert project.run().counts == {"passed": 1}


def test_a_miss_does_not_print_the_secret(
    project: Project, offline: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    offline()
    write_suite(project, LEAKING.replace("STREAM", "False"), cases=CASES[:1])
    outcome = project.run("--tb=long")
    assert outcome.counts == {"error": 1}
    for form in FORMS:
        assert form not in outcome.text
    assert SECRET not in (project.path / "verdict.json").read_text("utf-8")


KEY = "sk-proj-" + "Ab3dEf6hIj9" * 4  # the form of a known provider's
TELLING = """
import httpx, json, os

def answer(case, variant):
    key, token = os.environ["KEY_OF_THE_CALL"], os.environ["SHOP_TOKEN"]
    body = {"model": "m", "stream": STREAM, "messages": asked(case)}
    done = httpx.post(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions", json=body,
        headers={"authorization": "Bearer " + key, "x-custom": token},
    )
    if not STREAM:
        return done.json()["choices"][0]["message"]["content"]
    events = [json.loads(line[6:]) for line in done.text.splitlines() if line.startswith("data: {")]
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events)

@evaluated(task=answer)
def test_telling(eval_case, eval_output, grade):
    print("the provider says:", eval_output)
    grade.equal("said", "nothing", eval_output)
    grade.label("word", "none", eval_output)
    if eval_case.id == "late":
        raise RuntimeError("cannot use " + eval_output)
    assert eval_output == "nothing", eval_output
"""


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("mode", ["new_episodes", "off"])
def test_secrets_that_a_provider_echoes_are_kept_and_shown_nowhere(
    mode: str,
    stream: bool,
    project: Project,
    provider: FakeProvider,
    offline: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    monkeypatch.setenv("KEY_OF_THE_CALL", KEY)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "summary.md"))
    provider.encoding, provider.piece = "gzip", 3
    provider.answer = lambda request: f"you sent {KEY} and {SECRET}"
    provider.headers = {"x-echo": f"{KEY} {SECRET}", "set-cookie": f"id={SECRET}"}
    write_suite(project, TELLING.replace("STREAM", str(stream)))
    reports = [
        f"--ftgate-{kind}={project.path / 'out'}.{kind}" for kind in ("json", "markdown", "html")
    ]
    live = project.run(f"--ftgate-record={mode}", "-vv", "-rA", *reports)
    assert live.result.parseoutcomes()["missed"] == 1
    assert KEY in provider.seen[0].headers["authorization"]
    assert_nowhere(project, live)
    assert "you sent ftgate-scrubbed and ftgate-scrubbed" in live.text
    if mode == "off":
        return
    offline()
    replay = project.run("-rA", *reports)
    assert_nowhere(project, replay)
    recorded, replayed = project.stored()
    assert [(one.output, one.output_hash) for one in recorded.records] == [
        (one.output, one.output_hash) for one in replayed.records
    ]


def assert_nowhere(project: Project, outcome: Outcome) -> None:
    """No form of the secrets is in what was printed, nor in any file of the project."""
    files = {
        str(path.relative_to(project.path)): path.read_bytes().decode("utf-8", "replace")
        for path in project.path.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {"out.json", "out.markdown", "out.html", "junit.xml", "summary.md"} <= files.keys()
    assert any(name.endswith("records.jsonl") for name in files)
    for place, text in {**files, "terminal": outcome.text, "errors": outcome.errors}.items():
        for form in (*FORMS, KEY, KEY[8:]):
            assert form not in text, place
