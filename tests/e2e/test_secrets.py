"""Secrets of a recording session are in no cassette, whichever way they went in or came out."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from .suites import CASES, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

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
