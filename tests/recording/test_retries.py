"""Retries, resets and timeouts happen in replay as they did live, without the waiting."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import time
from collections.abc import Callable
from pathlib import Path

import anthropic
import httpx
import httpx2
import openai
import pytest
import requests
import urllib3

from pytest_ftgate.recording import Recorder
from tests.recording.conftest import Run, scope_of
from tests.servers import FakeProvider, Fault

ASK = [{"role": "user", "content": "hi"}]
TIMEOUT_S = 0.3


def openai_chat(url: str, **options: object) -> str | None:
    with openai.OpenAI(api_key="k", base_url=f"{url}/v1", **options) as client:
        return client.chat.completions.create(model="m", messages=ASK).choices[0].message.content


async def openai_async(url: str, **options: object) -> str | None:
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", **options) as client:
        done = await client.chat.completions.create(model="m", messages=ASK)
    return done.choices[0].message.content


def anthropic_message(url: str, **options: object) -> str:
    with anthropic.Anthropic(api_key="k", base_url=url, **options) as client:
        return client.messages.create(model="m", max_tokens=9, messages=ASK).content[0].text


SDKS = [
    openai_chat,
    lambda url, **options: asyncio.run(openai_async(url, **options)),
    anthropic_message,
]
SDK_IDS = ["openai", "openai_async", "anthropic"]


@pytest.mark.parametrize("ask", SDKS, ids=SDK_IDS)
@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_a_retry_replays_without_the_wait(
    ask: Callable[..., object], status: int, provider: FakeProvider, run: Run, pack: Path
) -> None:
    provider.script(Fault(status=status, headers={"retry-after-ms": "2"}), None)
    _, live = run("new_episodes", lambda: ask(provider.url))
    assert [call.status for call in live.calls] == [status, 200]
    # As if the provider had asked for minutes.
    pack.write_text(pack.read_text().replace('"retry-after-ms":["2"]', '"retry-after":["100"]'))

    started = time.monotonic()
    answer, replayed = run("none", lambda: ask(provider.url))
    assert time.monotonic() - started < 20
    assert answer == "echo: hi"
    assert [call.status for call in replayed.calls] == [status, 200]
    assert [call.attempt for call in replayed.calls] == [1, 2]
    assert replayed.attempts == 2
    assert len(provider.seen) == 2


def test_giving_up_replays_as_giving_up(provider: FakeProvider, run: Run) -> None:
    def ask() -> str:
        with pytest.raises(openai.RateLimitError) as caught:
            openai_chat(provider.url, max_retries=2)
        return str(caught.value)

    provider.script(*[Fault(status=429, headers={"retry-after-ms": "1"})] * 3)
    first, live = run("new_episodes", ask)
    second, replayed = run("none", ask)
    assert first == second
    assert live.attempts == replayed.attempts == 3
    assert replayed.misses == []


def test_a_wait_too_long_to_obey_ends_the_replay_too(provider: FakeProvider, run: Run) -> None:
    def ask() -> None:
        with pytest.raises(openai.RateLimitError):
            openai_chat(provider.url)

    provider.script(Fault(status=429, headers={"retry-after": "3600"}))
    _, live = run("new_episodes", ask)
    _, replayed = run("none", ask)
    assert live.attempts == replayed.attempts == 1
    assert replayed.misses == []


def test_more_retries_than_recorded_are_a_miss(provider: FakeProvider, run: Run) -> None:
    def ask(retries: int) -> None:
        with pytest.raises(openai.OpenAIError):
            openai_chat(provider.url, max_retries=retries)

    provider.script(*[Fault(status=500, headers={"retry-after-ms": "1"})] * 2)
    run("new_episodes", lambda: ask(1))
    _, replayed = run("none", lambda: ask(2))
    assert len(replayed.misses) == 1
    assert "recorded 2 times and already played 2 of 2" in replayed.misses[0]


@pytest.mark.parametrize("ask", SDKS, ids=SDK_IDS)
def test_a_reset_is_retried_in_replay_too(
    ask: Callable[..., object], provider: FakeProvider, run: Run
) -> None:
    provider.script(Fault(break_="reset"), None)
    _, live = run("new_episodes", lambda: ask(provider.url))
    answer, replayed = run("none", lambda: ask(provider.url))
    assert answer == "echo: hi"
    assert [call.failure for call in live.calls] == [call.failure for call in replayed.calls]
    assert replayed.calls[0].failure in {"reset", "cut_off"}
    assert replayed.calls[1].failure is None
    assert len(provider.seen) == 2


def caught(kind: type[Exception], work: Callable[[], object]) -> Callable[[], object]:
    def catch() -> object:
        with pytest.raises(kind) as error:
            work()
        return type(error.value), str(error.value)

    return catch


async def _async_get(url: str) -> None:
    async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
        await client.get(url)


def _http_client(url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=TIMEOUT_S)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        connection.getresponse().read()


FAILURES = [
    ("hang", httpx2.ReadTimeout, lambda url: httpx2.get(url, timeout=TIMEOUT_S)),
    ("hang", httpx2.ReadTimeout, lambda url: asyncio.run(_async_get(url))),
    ("hang", httpx.ReadTimeout, lambda url: httpx.get(url, timeout=TIMEOUT_S)),
    ("hang", requests.ReadTimeout, lambda url: requests.get(url, timeout=TIMEOUT_S)),
    ("hang", TimeoutError, _http_client),
    (
        "hang",
        openai.APITimeoutError,
        lambda url: openai_chat(url, max_retries=0, timeout=TIMEOUT_S),
    ),
    (
        "hang",
        anthropic.APITimeoutError,
        lambda url: anthropic_message(url, max_retries=0, timeout=TIMEOUT_S),
    ),
    ("reset", httpx2.TransportError, lambda url: httpx2.get(url)),
    ("reset", httpx.TransportError, lambda url: httpx.get(url)),
    ("reset", requests.ConnectionError, lambda url: requests.get(url)),
    ("reset", OSError, _http_client),
    ("truncate", httpx2.RemoteProtocolError, lambda url: httpx2.get(url)),
    ("truncate", requests.ConnectionError, lambda url: requests.get(url)),
    ("truncate", http.client.IncompleteRead, _http_client),
    ("truncate", openai.APIConnectionError, lambda url: openai_chat(url, max_retries=0)),
]


@pytest.mark.parametrize(("what", "kind", "ask"), FAILURES)
def test_failures_replay_as_themselves(
    what: str,
    kind: type[Exception],
    ask: Callable[[str], object],
    provider: FakeProvider,
    run: Run,
) -> None:
    provider.script(Fault(break_=what))
    first, live = run("new_episodes", caught(kind, lambda: ask(provider.url)))
    second, replayed = run("none", caught(kind, lambda: ask(provider.url)))
    if kind is not http.client.IncompleteRead:  # it tells how much came, which is not recorded
        assert first == second
    assert (live.attempts, replayed.attempts) == (1, 1)
    assert live.calls[0].failure == replayed.calls[0].failure
    assert live.calls[0].elapsed_s == replayed.calls[0].elapsed_s
    assert len(provider.seen) == 1


@pytest.mark.parametrize(
    ("kind", "ask"),
    [
        (httpx2.ConnectError, lambda url: httpx2.get(url)),
        (requests.ConnectionError, lambda url: requests.get(url)),
        (
            urllib3.exceptions.NewConnectionError,
            lambda url: urllib3.PoolManager().request("GET", url, retries=False),
        ),
        (ConnectionRefusedError, _http_client),
    ],
)
def test_a_refused_connection_replays(
    kind: type[Exception], ask: Callable[[str], object], run: Run
) -> None:
    with FakeProvider() as provider:
        url = provider.url
    _, live = run("new_episodes", caught(kind, lambda: ask(url)))
    _, replayed = run("none", caught(kind, lambda: ask(url)))
    assert live.calls[0].failure == replayed.calls[0].failure == "connect"
    assert replayed.misses == []


def test_failures_of_one_client_replay_in_another(provider: FakeProvider, run: Run) -> None:
    provider.script(Fault(break_="hang"))
    run("new_episodes", caught(httpx2.ReadTimeout, lambda: httpx2.get(provider.url, timeout=0.2)))
    for kind, ask in (
        (httpx.ReadTimeout, lambda: httpx.get(provider.url)),
        (requests.Timeout, lambda: requests.get(provider.url)),
    ):
        _, replayed = run("none", caught(kind, ask))
        assert replayed.misses == []


def test_a_failure_that_ended_the_task_is_not_recorded(provider: FakeProvider, pack: Path) -> None:
    provider.script(None, Fault(status=401))

    def task() -> None:
        openai_chat(provider.url)
        openai_chat(provider.url)

    with Recorder("new_episodes") as recorder:
        scope = scope_of(recorder, pack)
        with pytest.raises(openai.AuthenticationError), scope, scope.task():
            task()
    assert pack.read_text().count("\n") == 1
    assert '"code":200' in pack.read_text()

    with Recorder("new_episodes") as recorder:
        with scope_of(recorder, pack) as scope, scope.task():
            task()
    assert [call.provenance for call in scope.calls] == ["replayed", "live"]
    assert [call.status for call in scope.calls] == [200, 200]


def test_a_failure_that_the_task_survived_is_recorded(
    provider: FakeProvider, run: Run, pack: Path
) -> None:
    def task() -> str:
        try:
            return str(openai_chat(provider.url))
        except openai.AuthenticationError:
            return "Sorry."

    provider.script(Fault(status=401))
    assert run("new_episodes", task)[0] == "Sorry."
    assert '"code":401' in pack.read_text()
    assert run("none", task)[0] == "Sorry."
