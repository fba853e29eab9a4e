from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import openai
import pytest

from pytest_ftgate.errors import MissingExtra, ProviderError
from pytest_ftgate.model import Variant
from pytest_ftgate.providers import clients
from pytest_ftgate.providers.anthropic import AnthropicProvider
from pytest_ftgate.providers.openai import OpenAIProvider

from .server import Reply

MESSAGES = [{"role": "user", "content": "hi"}]
CHAT = Reply({"choices": [{"message": {"content": "x"}}]})

MAKERS = {
    (clients.openai_client, False): openai.OpenAI,
    (clients.openai_client, True): openai.AsyncOpenAI,
    (clients.anthropic_client, False): anthropic.Anthropic,
    (clients.anthropic_client, True): anthropic.AsyncAnthropic,
}


@pytest.mark.parametrize(("make", "async_"), MAKERS)
def test_replaying_needs_no_key_and_uses_none(
    make: Any, async_: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert make(async_=async_, replaying=True).api_key == clients.DUMMY_KEY
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-real")
    client = make(async_=async_, replaying=True)
    assert type(client) is MAKERS[make, async_]
    assert client.api_key == clients.DUMMY_KEY


@pytest.mark.parametrize("async_", [False, True])
@pytest.mark.parametrize(
    ("make", "variable"),
    [
        (clients.openai_client, "OPENAI_API_KEY"),
        (clients.anthropic_client, "ANTHROPIC_API_KEY"),
    ],
)
def test_live_calls_need_a_key(
    make: Any, variable: str, async_: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProviderError, match=f"{variable} is not set, and live calls need it"):
        make(async_=async_)
    with pytest.raises(ProviderError, match=variable):
        make(async_=async_, base_url="https://llm.example.com/v1")
    monkeypatch.setenv(variable, "sk-real")
    assert make(async_=async_).api_key == "sk-real"


@pytest.mark.parametrize("blank", ["", " \n"])
def test_an_empty_key_is_no_key(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", blank)
    monkeypatch.setenv("ANTHROPIC_API_KEY", blank)
    with pytest.raises(ProviderError):
        clients.openai_client()
    with pytest.raises(ProviderError):
        clients.anthropic_client()


def test_an_anthropic_token_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token")
    assert clients.anthropic_client().auth_token == "token"


@pytest.mark.parametrize("make", [clients.openai_client, clients.anthropic_client])
def test_a_server_on_this_machine_needs_no_key(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    local = "http://127.0.0.1:8080/v1"
    assert make(base_url=local).api_key == clients.DUMMY_KEY
    monkeypatch.setenv("OPENAI_API_KEY", "local-key")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "local-key")
    assert make(base_url=local).api_key == "local-key", "a local proxy may want one"


def test_a_local_server_may_be_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://localhost:1")
    assert clients.openai_client().api_key == clients.DUMMY_KEY
    assert clients.anthropic_client().api_key == clients.DUMMY_KEY


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://127.8.0.1", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://llm.localhost:8080", True),
        ("http://192.168.1.5", False),
        ("https://api.openai.com/v1", False),
        ("https://localhost.example.com", False),
        ("not a url", False),
        ("", False),
        (None, False),
    ],
)
def test_loopback(url: str | None, expected: bool) -> None:
    assert clients.is_loopback(url) is expected


def test_dummy_keys_fill_what_the_environment_lacks() -> None:
    dummy = clients.DUMMY_KEY
    assert clients.dummy_keys({}) == {"OPENAI_API_KEY": dummy, "ANTHROPIC_API_KEY": dummy}
    assert clients.dummy_keys({"OPENAI_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "t"}) == {
        "OPENAI_API_KEY": dummy
    }
    assert clients.dummy_keys({"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b"}) == {}


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_a_missing_sdk_names_the_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    provider = {"openai": OpenAIProvider, "anthropic": AnthropicProvider}[name](replaying=True)
    variant = Variant(name="v1", model="m", params={"max_tokens": 1})
    with pytest.raises(MissingExtra) as caught:
        provider.complete(MESSAGES, variant)
    assert caught.value.extra == name
    assert f"pip install 'pytest-ftgate[{name}]'" in str(caught.value)


def test_an_sdk_that_lacks_a_part_of_its_own_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "openai.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "openai")
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        clients.openai_client(replaying=True)


def test_the_room_imports_no_sdk_until_one_is_used() -> None:
    code = (
        "import sys\n"
        "from pytest_ftgate import providers\n"
        "from pytest_ftgate.providers import clients, pricing, repair, usage\n"
        "providers.get('openai', replaying=True)\n"
        "providers.get('anthropic', replaying=True)\n"
        "heavy = ('openai', 'anthropic', 'httpx', 'httpx2', 'pydantic', 'genai_prices', 'pytest')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_threads_share_one_client() -> None:
    made: list[Any] = []
    gate = threading.Barrier(8)

    def make(**options: Any) -> object:
        made.append(options)
        return object()

    cache = clients.ClientCache(make, replaying=True)

    def get(_: int) -> object:
        gate.wait()
        return cache.sync("http://a")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(get, range(8)))) == 1
    assert made == [{"base_url": "http://a", "replaying": True}]


def test_there_is_a_client_for_each_base_url_and_event_loop() -> None:
    cache = clients.ClientCache(clients.openai_client, replaying=True)
    assert cache.sync("http://a/v1") is cache.sync("http://a/v1")
    assert cache.sync("http://a/v1") is not cache.sync("http://b/v1")

    async def pair() -> tuple[Any, Any]:
        loop = asyncio.get_running_loop()
        return cache.async_("http://a/v1", loop), cache.async_("http://a/v1", loop)

    first, again = asyncio.run(pair())
    assert first is again
    assert asyncio.run(pair())[0] is not first
    cache.close()


def test_a_closed_cache_closes_its_clients() -> None:
    cache = clients.ClientCache(clients.openai_client, replaying=True)
    client = cache.sync(None)
    cache.close()
    assert client.is_closed()


def test_async_calls_keep_no_connection_for_another_loop(
    server: Any, openai_provider: OpenAIProvider
) -> None:
    server.will(CHAT)
    variant = Variant(name="v1", base_url=f"{server.url}/v1", model="m")
    for _ in range(3):
        assert asyncio.run(openai_provider.acomplete(MESSAGES, variant)).text == "x"
    assert [seen.headers["connection"] for seen in server.received] == ["close"] * 3


def test_threads_may_ask_at_once(server: Any, openai_provider: OpenAIProvider) -> None:
    server.will(CHAT)
    variant = Variant(name="v1", base_url=f"{server.url}/v1", model="m")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: openai_provider.complete(MESSAGES, variant), range(16)))
    assert [answer.text for answer in answers] == ["x"] * 16
    assert len(server.received) == 16
