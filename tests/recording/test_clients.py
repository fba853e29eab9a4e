"""Every client that an application may use records and replays, and replay needs no server."""

from __future__ import annotations

import asyncio
import http.client
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import anthropic
import httpx
import httpx2
import openai
import pytest
import requests

from pytest_ftgate.recording import Recorder
from pytest_ftgate.recording.keys import normal_body
from tests.recording.conftest import Run, scope_of
from tests.servers import FakeProvider

ASK = [{"role": "user", "content": "What is my order number?"}]
ECHO = "echo: What is my order number?"


def openai_chat(url: str) -> str | None:
    with openai.OpenAI(api_key="k", base_url=f"{url}/v1") as client:
        done = client.chat.completions.create(model="m", messages=ASK)
    assert done.usage is not None
    assert done.usage.total_tokens == 10
    return done.choices[0].message.content


def openai_stream(url: str) -> str:
    with openai.OpenAI(api_key="k", base_url=f"{url}/v1") as client:
        events = list(client.chat.completions.create(model="m", messages=ASK, stream=True))
    assert len(events) > 5
    return "".join(event.choices[0].delta.content or "" for event in events)


def openai_responses(url: str) -> str:
    with openai.OpenAI(api_key="k", base_url=f"{url}/v1") as client:
        return client.responses.create(model="m", input="What is my order number?").output_text


def openai_responses_stream(url: str) -> str:
    with (
        openai.OpenAI(api_key="k", base_url=f"{url}/v1") as client,
        client.responses.stream(model="m", input="What is my order number?") as stream,
    ):
        return stream.get_final_response().output_text


async def openai_chat_async(url: str) -> str | None:
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1") as client:
        done = await client.chat.completions.create(model="m", messages=ASK)
    return done.choices[0].message.content


async def openai_stream_async(url: str) -> str:
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1") as client:
        events = await client.chat.completions.create(model="m", messages=ASK, stream=True)
        return "".join([event.choices[0].delta.content or "" async for event in events])


def anthropic_message(url: str) -> str:
    with anthropic.Anthropic(api_key="k", base_url=url) as client:
        return client.messages.create(model="m", max_tokens=9, messages=ASK).content[0].text


def anthropic_stream(url: str) -> str:
    with (
        anthropic.Anthropic(api_key="k", base_url=url) as client,
        client.messages.stream(model="m", max_tokens=9, messages=ASK) as stream,
    ):
        return "".join(stream.text_stream)


async def anthropic_message_async(url: str) -> str:
    async with anthropic.AsyncAnthropic(api_key="k", base_url=url) as client:
        done = await client.messages.create(model="m", max_tokens=9, messages=ASK)
    return done.content[0].text


async def anthropic_stream_async(url: str) -> str:
    async with (
        anthropic.AsyncAnthropic(api_key="k", base_url=url) as client,
        client.messages.stream(model="m", max_tokens=9, messages=ASK) as stream,
    ):
        return "".join([text async for text in stream.text_stream])


def _body(url: str) -> tuple[str, dict[str, object]]:
    return f"{url}/v1/chat/completions", {"model": "m", "messages": ASK}


def with_httpx(url: str) -> str:
    target, body = _body(url)
    return httpx.post(target, json=body).json()["choices"][0]["message"]["content"]


def with_httpx2(url: str) -> str:
    target, body = _body(url)
    return httpx2.post(target, json=body).json()["choices"][0]["message"]["content"]


async def with_httpx_async(url: str) -> str:
    target, body = _body(url)
    async with httpx.AsyncClient() as client:
        return (await client.post(target, json=body)).json()["choices"][0]["message"]["content"]


def with_requests(url: str) -> str:
    target, body = _body(url)
    with requests.Session() as session:
        return session.post(target, json=body).json()["choices"][0]["message"]["content"]


def with_urllib(url: str) -> str:
    request = urllib.request.Request(f"{url}/plain", data=b"order", method="POST")
    with urllib.request.urlopen(request) as response:
        assert response.read() == b"plain POST 5"
    return ECHO


def with_http_client(url: str) -> str:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", "/plain", body=b"order")
    assert connection.getresponse().read() == b"plain POST 5"
    connection.close()
    return ECHO


CLIENTS: list[Callable[[str], object]] = [
    openai_chat,
    openai_stream,
    openai_responses,
    openai_responses_stream,
    openai_chat_async,
    openai_stream_async,
    anthropic_message,
    anthropic_stream,
    anthropic_message_async,
    anthropic_stream_async,
    with_httpx,
    with_httpx2,
    with_httpx_async,
    with_requests,
    with_urllib,
    with_http_client,
]


def finished(result: object) -> object:
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


@pytest.mark.parametrize("encoding", [None, "gzip", "deflate"])
@pytest.mark.parametrize("ask", CLIENTS, ids=lambda ask: ask.__name__)
def test_records_and_replays(
    ask: Callable[[str], object], encoding: str | None, provider: FakeProvider, run: Run
) -> None:
    provider.encoding = encoding
    answer, live = run("new_episodes", lambda: finished(ask(provider.url)))
    assert answer == ECHO
    assert len(provider.seen) == 1
    assert (live.provenance, live.attempts, live.misses) == ("live", 1, [])

    again, replayed = run("none", lambda: finished(ask(provider.url)))
    assert again == ECHO
    assert len(provider.seen) == 1
    assert (replayed.provenance, replayed.attempts, replayed.misses) == ("replayed", 1, [])
    assert replayed.calls[0].status == 200
    assert replayed.calls[0].elapsed_s == live.calls[0].elapsed_s
    assert normal_body(replayed.calls[0].body) == normal_body(live.calls[0].body)
    assert replayed.recorded_at == live.recorded_at
    assert replayed.task_elapsed_s == pytest.approx(live.task_elapsed_s, abs=1e-6)


def test_replay_does_not_depend_on_the_port_of_a_loopback_server(run: Run) -> None:
    with FakeProvider() as first:
        run("new_episodes", lambda: openai_chat(first.url))
    with FakeProvider() as second:
        answer, _ = run("none", lambda: openai_chat(second.url))
    assert answer == ECHO
    assert second.seen == []


def test_calls_outside_a_scope_are_not_noticed(provider: FakeProvider, pack: Path) -> None:
    connection, handle = http.client.HTTPConnection, httpx2.HTTPTransport.handle_request
    with Recorder("none") as recorder:
        assert http.client.HTTPConnection is connection
        with scope_of(recorder, pack) as scope:
            assert http.client.HTTPConnection is not connection
        assert http.client.HTTPConnection is connection
        assert with_requests(provider.url) == ECHO
        assert openai_chat(provider.url) == ECHO
        with httpx2.stream("GET", f"{provider.url}/plain") as response:
            assert not response.is_stream_consumed
    assert httpx2.HTTPTransport.handle_request is handle
    assert scope.calls == []
    assert len(provider.seen) == 3
    assert not pack.parent.exists()


def test_passthrough_hosts_are_neither_recorded_nor_replayed(
    provider: FakeProvider, run: Run, pack: Path
) -> None:
    for ask in (openai_chat, with_requests, with_urllib, with_httpx, openai_chat_async):
        _, scope = run(
            "none", lambda ask=ask: finished(ask(provider.url)), passthrough_hosts=["127.0.0.1"]
        )
        assert scope.calls == []
    assert len(provider.seen) == 5
    assert not pack.exists()


def test_in_process_transports_are_left_alone(run: Run) -> None:
    def mock(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text="mocked")

    def ask() -> str:
        with httpx2.Client(transport=httpx2.MockTransport(mock)) as client:
            return client.get("https://example.com").text

    answer, scope = run("none", ask)
    assert answer == "mocked"
    assert scope.calls == []


def test_threads_without_a_context_belong_to_the_only_open_scope(
    provider: FakeProvider, run: Run
) -> None:
    def ask() -> str:
        answers: list[str] = []
        thread = threading.Thread(target=lambda: answers.append(with_requests(provider.url)))
        thread.start()
        thread.join()
        return answers[0]

    _, live = run("new_episodes", ask)
    answer, replayed = run("none", ask)
    assert answer == ECHO
    assert (live.attempts, replayed.attempts) == (1, 1)


@pytest.mark.parametrize("mode", ["none", "new_episodes"])
def test_a_thread_that_may_belong_to_several_cases_is_refused(
    mode: str, provider: FakeProvider, pack: Path
) -> None:
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            openai_chat(provider.url)
        except openai.OpenAIError as error:
            errors.append(error)

    with Recorder(mode) as recorder:
        first, second = scope_of(recorder, pack, "c1"), scope_of(recorder, pack, "c2")
        with first:
            ready, done = threading.Event(), threading.Event()

            def other() -> None:
                with second:
                    ready.set()
                    done.wait()

            thread = threading.Thread(target=other)
            thread.start()
            ready.wait()
            lost = threading.Thread(target=ask)
            lost.start()
            lost.join()
            done.set()
            thread.join()
    assert "--ftgate-concurrency=1" in str(errors[0])
    assert "c1, c2" in str(errors[0])
    assert len(first.misses) == len(second.misses) == 1
    assert provider.seen == []


def test_nested_scopes_answer_from_the_innermost(
    provider: FakeProvider, pack: Path, tmp_path: Path
) -> None:
    judge = tmp_path / "cassettes" / "judge" / "v1.jsonl"
    for mode in ("new_episodes", "none"):
        with Recorder(mode) as recorder:
            outer, inner = scope_of(recorder, pack), scope_of(recorder, judge)
            with outer:
                openai_chat(provider.url)
                with inner:
                    anthropic_message(provider.url)
                with_requests(provider.url)
        assert (outer.attempts, inner.attempts) == (2, 1)
    assert len(provider.seen) == 3
    assert judge.read_text().count("/v1/messages") == 1
    assert pack.read_text().count("/v1/chat/completions") == 2


def test_redirects_replay(provider: FakeProvider, run: Run) -> None:
    def ask() -> str:
        with httpx2.Client(follow_redirects=True) as client:
            return (
                client.get(f"{provider.url}/redirect").text
                + requests.get(f"{provider.url}/redirect").text
            )

    recorded, live = run("new_episodes", ask)
    replayed, again = run("none", ask)
    assert replayed == recorded
    assert live.attempts == again.attempts == 4
    assert len(provider.seen) == 4


def test_multipart_bodies_replay_whatever_their_boundary(provider: FakeProvider, run: Run) -> None:
    def upload() -> str:
        files = {"file": ("tickets.jsonl", b'{"id": 1}\n', "application/jsonl")}
        return requests.post(f"{provider.url}/v1/files", files=files).text

    def other() -> str:
        files = {"file": ("tickets.jsonl", b'{"id": 2}\n', "application/jsonl")}
        return httpx2.post(f"{provider.url}/v1/files", files=files).text

    recorded, _ = run("new_episodes", upload)
    replayed, _ = run("none", upload)
    assert replayed == recorded
    assert len(provider.seen) == 1
    with pytest.raises(Exception, match="never recorded"):
        run("none", other)


def test_a_changed_header_does_not_matter_and_key_order_does_not_matter(
    provider: FakeProvider, run: Run
) -> None:
    url = f"{provider.url}/v1/chat/completions"
    run("new_episodes", lambda: httpx2.post(url, json={"model": "m", "messages": ASK, "n": 1}))
    answer, _ = run(
        "none",
        lambda: httpx2.post(
            url, json={"n": 1, "messages": ASK, "model": "m"}, headers={"user-agent": "other"}
        ).json()["choices"][0]["message"]["content"],
    )
    assert answer == ECHO
