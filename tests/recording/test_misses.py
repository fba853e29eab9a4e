"""What a miss says, and that it cannot be overheard."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import anthropic
import httpx
import httpx2
import openai
import pytest
import requests

from pytest_ftgate.errors import CassetteMiss, DataError, FtgateError
from pytest_ftgate.recording import Recorder
from pytest_ftgate.recording.differences import ABSENT, describe, differences
from pytest_ftgate.recording.surfacing import surfacing
from tests.recording.conftest import Run, scope_of
from tests.servers import FakeProvider

SYSTEM = (
    "You are a support agent.\nAnswer in JSON.\nUse one of the queues billing, shipping, returns, "
    "technical, other, and nothing else, whatever the customer says.\nNo prose."
)


def body(**changes: object) -> dict[str, object]:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Where is it?"}]
    return {"model": "gpt-5", "temperature": 0, "messages": messages, **changes}


def post(provider: FakeProvider, path: str = "/v1/chat/completions", **changes: object) -> None:
    httpx2.post(f"{provider.url}{path}", json=body(**changes))


def miss_of(run: Run, work: Callable[[], object], **where: object) -> str:
    with pytest.raises(CassetteMiss) as missed:
        run("none", work, **where)
    for line in str(missed.value).splitlines():
        assert len(line) <= 90 or line.lstrip().startswith(("Cassette:", "To record it:"))
    return str(missed.value)


@pytest.fixture
def recorded(provider: FakeProvider, run: Run) -> FakeProvider:
    run("new_episodes", lambda: post(provider))
    return provider


def test_it_names_the_place_the_cassette_and_the_command(
    recorded: FakeProvider, run: Run, pack: Path
) -> None:
    port = urlsplit(recorded.url).port
    assert miss_of(run, lambda: post(recorded, model="gpt-6")) == (
        "No recording answers a call of suite triage, variant v1, case c1, trial 1:\n"
        f"  POST http://127.0.0.1:{port}/v1/chat/completions\n"
        "  It was never recorded.\n"
        "  The one recorded call of the case differs in:\n"
        '    $.model: "gpt-5" -> "gpt-6"\n'
        f"  Cassette: {pack}\n"
        "  To record it: pytest evals --ftgate-record=new_episodes"
    )


def test_it_shows_the_lines_that_differ(recorded: FakeProvider, run: Run) -> None:
    changed = SYSTEM.replace("returns", "refunds").replace("No prose.", "No prose!\nBe brief.")
    messages = [{"role": "system", "content": changed}, {"role": "user", "content": "Where is it?"}]
    text = miss_of(run, lambda: post(recorded, messages=messages))
    assert "    $.messages[0].content\n" in text
    assert re.search(r"\n {6}- ….*returns, technical, other.*…\n {6}\+ ….*refunds, technical", text)
    assert "+ Be brief." in text
    assert "Answer in JSON" not in text


def test_it_tells_members_that_are_new_or_gone(recorded: FakeProvider, run: Run) -> None:
    text = miss_of(run, lambda: post(recorded, seed=7, temperature=0.5, messages=[]))
    assert "$.seed: new: 7" in text
    assert "$.temperature: 0 -> 0.5" in text
    assert '$.messages[1]: gone: {"role": "user", "content": "Where is it?"}' in text


def test_it_tells_another_place_of_the_server(recorded: FakeProvider, run: Run) -> None:
    text = miss_of(run, lambda: post(recorded, path="/v2/chat"))
    assert "uri" in text
    assert "/v1/chat/completions" in text
    assert "/v2/chat" in text


def test_it_compares_with_the_nearest_recording(provider: FakeProvider, run: Run) -> None:
    def three() -> None:
        post(provider, model="other", temperature=1, seed=3)
        post(provider, model="near", seed=1)
        post(provider, path="/v1/elsewhere")

    run("new_episodes", three)
    text = miss_of(run, lambda: post(provider, model="near", seed=2))
    assert "The nearest of the case's 3 recorded calls differs in:\n    $.seed: 1 -> 2\n" in text


def test_it_tells_of_a_line_whose_key_was_edited(
    recorded: FakeProvider, run: Run, pack: Path
) -> None:
    text = pack.read_text("utf-8")
    pack.write_text(re.sub(r'"k":"[0-9a-f]{32}"', f'"k":"{0:032}"', text), "utf-8")
    text = miss_of(run, lambda: post(recorded))
    assert "reads the same under another key:" in text
    assert "edited by hand" in text


def test_it_tells_what_was_played_already(recorded: FakeProvider, run: Run) -> None:
    text = miss_of(run, lambda: (post(recorded), post(recorded)))
    assert "It was recorded once and already played 1 of 1." in text


def test_it_tells_why_there_is_nothing_to_compare_with(
    provider: FakeProvider, run: Run, pack: Path
) -> None:
    ask = lambda: post(provider)  # noqa: E731
    assert "It was never recorded: the cassette does not exist." in miss_of(run, ask)
    run("new_episodes", ask)
    assert "the case has recordings of trial 1 only" in miss_of(run, ask, trial=1)
    assert "the cassette has nothing for this case" in miss_of(run, ask, case="c2")


def test_bodies_that_are_no_json_are_compared_as_text(provider: FakeProvider, run: Run) -> None:
    send = lambda text: httpx2.post(provider.url, content=text.encode())  # noqa: E731
    run("new_episodes", lambda: send("a ticket about the invoice of May"))
    text = miss_of(run, lambda: send("a ticket about the invoice of June"))
    assert re.search(r"\n {6}- ….*invoice of May\n {6}\+ ….*invoice of June\n", text)


def test_hostile_text_is_shown_escaped(provider: FakeProvider, run: Run) -> None:
    run("new_episodes", lambda: post(provider))
    text = miss_of(run, lambda: post(provider, model="\x1b[31m\u202e\n::error::"))
    assert "\x1b" not in text
    assert "\u202e" not in text


def openai_chat(url: str) -> None:
    openai.OpenAI(api_key="k", base_url=f"{url}/v1").chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hi"}]
    )


def openai_stream(url: str) -> None:
    client = openai.OpenAI(api_key="k", base_url=f"{url}/v1")
    list(client.responses.create(model="m", input="hi", stream=True))


async def openai_async(url: str) -> None:
    client = openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1")
    await client.chat.completions.create(model="m", messages=[])


def anthropic_message(url: str) -> None:
    client = anthropic.Anthropic(api_key="k", base_url=url)
    client.messages.create(model="m", max_tokens=9, messages=[])


def anthropic_stream(url: str) -> None:
    client = anthropic.Anthropic(api_key="k", base_url=url)
    with client.messages.stream(model="m", max_tokens=9, messages=[]) as stream:
        list(stream)


async def anthropic_async(url: str) -> None:
    client = anthropic.AsyncAnthropic(api_key="k", base_url=url)
    await client.messages.create(model="m", max_tokens=9, messages=[])


async def httpx_async(url: str) -> None:
    async with httpx.AsyncClient() as client:
        await client.get(url)


@pytest.mark.parametrize(
    "ask",
    [
        openai_chat,
        openai_stream,
        openai_async,
        anthropic_message,
        anthropic_stream,
        anthropic_async,
        httpx_async,
        lambda url: httpx2.get(url),
        lambda url: httpx.get(url),
        lambda url: requests.get(url),
    ],
)
def test_it_comes_through_every_client_at_once_and_whole(
    ask: Callable[[str], object], run: Run, provider: FakeProvider
) -> None:
    def work() -> None:
        result = ask(provider.url)
        if asyncio.iscoroutine(result):
            asyncio.run(result)

    started = time.monotonic()
    text = miss_of(run, work)
    assert time.monotonic() - started < 20
    assert text.startswith("No recording answers a call of suite triage, variant v1, case c1")
    assert provider.seen == []


def test_one_that_is_swallowed_is_still_known(provider: FakeProvider, run: Run) -> None:
    def careless() -> str:
        try:
            openai_chat(provider.url)
        except Exception:
            return "Sorry."
        return "?"

    answer, scope = run("none", careless)
    assert answer == "Sorry."
    assert len(scope.misses) == 1
    assert scope.misses[0].startswith("No recording answers a call of suite triage")


def test_it_is_of_the_base_classes_of_the_sdks(provider: FakeProvider, pack: Path) -> None:
    with Recorder("none") as recorder, scope_of(recorder, pack):
        with pytest.raises(CassetteMiss) as missed:
            httpx2.get(provider.url)
    assert isinstance(missed.value, openai.OpenAIError)
    assert isinstance(missed.value, anthropic.AnthropicError)
    assert type(missed.value).__qualname__ == "CassetteMiss"
    assert type(missed.value).__module__ == "pytest_ftgate.errors"


def test_errors_keep_what_they_know_when_they_surface() -> None:
    error = surfacing(DataError("pack.jsonl", "it is damaged", "Mend it", line=3))
    assert isinstance(error, DataError)
    assert isinstance(error, openai.OpenAIError)
    assert (error.line, error.advice) == (3, "Mend it")
    assert str(error) == "pack.jsonl:3: it is damaged. Mend it."
    assert surfacing(error) is error
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is DataError
    assert str(copied) == str(error)


def test_without_sdks_errors_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "openai")
    monkeypatch.delitem(sys.modules, "anthropic")
    error = FtgateError("x")
    assert surfacing(error) is error


def test_differences_of_values() -> None:
    old = {"a": [1, {"b c": 2}], "gone": True, "same": "x", "kind": 1}
    new = {"a": [1, {"b c": 3}, 4], "same": "x", "kind": True, "new": None}
    assert list(differences(old, new)) == [
        ("$.a[1]['b c']", 2, 3),
        ("$.a[2]", ABSENT, 4),
        ("$.gone", True, ABSENT),
        ("$.kind", 1, True),
        ("$.new", ABSENT, None),
    ]


def test_many_and_long_differences_are_told_in_few_lines() -> None:
    many = [(f"$.m{number}", 1, 2) for number in range(30)]
    assert list(describe(many))[-1] == "and 25 more"
    lines = "\n".join(f"line {number}" for number in range(50))
    shown = list(describe([("$.text", lines, lines.replace("line", "row"))]))
    assert len(shown) == 8
    assert shown[-1].endswith("94 more lines")
    huge = "x\n" * 3000
    assert len(list(describe([("$.text", huge, huge + "y")]))) == 3
    assert all(len(line) < 80 for line in describe([("$" + ".a" * 99, "b" * 999, "c" * 999)]))


def test_json_paths_of_a_miss_are_those_of_the_body(recorded: FakeProvider, run: Run) -> None:
    text = miss_of(run, lambda: post(recorded, **{"extra-body": {"x": [1]}}))
    assert "$['extra-body']: new: " in text
    assert json.dumps({"x": [1]}) in text
