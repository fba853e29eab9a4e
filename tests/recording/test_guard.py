"""In replay nothing gets out: sockets, the canary, and the contexts that nobody needs."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest

from pytest_ftgate.errors import CassetteMiss
from pytest_ftgate.recording import Recorder, canary
from tests.recording.conftest import Run, scope_of
from tests.servers import FakeProvider


async def open_stream(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "connect",
    [
        lambda port: socket.create_connection(("127.0.0.1", port)).close(),
        lambda port: socket.create_connection(("localhost", port)).close(),
        lambda port: asyncio.run(open_stream("127.0.0.1", port)),
    ],
)
def test_a_client_with_sockets_of_its_own_cannot_get_out(
    connect: Callable[[int], object], provider: FakeProvider, run: Run
) -> None:
    with pytest.raises(CassetteMiss) as missed:
        run("none", lambda: connect(provider.port))
    assert f"an attempt to connect to 127.0.0.1, port {provider.port}" in str(missed.value)
    assert "opens its own sockets" in str(missed.value)
    assert "passthrough_hosts" in str(missed.value)
    assert all(len(line) <= 80 for line in str(missed.value).splitlines())
    connect(provider.port)


def test_connect_ex_is_guarded_too(provider: FakeProvider, run: Run) -> None:
    def connect() -> None:
        with socket.socket() as sock:
            sock.connect_ex(("127.0.0.1", provider.port))

    with pytest.raises(CassetteMiss):
        run("none", connect)
    connect()


def test_looking_up_a_name_is_a_miss_that_names_it(run: Run) -> None:
    def swallow() -> None:
        with pytest.raises(CassetteMiss):
            socket.create_connection(("api.example.com", 443))

    _, scope = run("none", swallow)
    assert "an attempt to look up the address of api.example.com" in scope.misses[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST"])
def test_passthrough_hosts_may_be_reached_by_any_client(
    host: str, provider: FakeProvider, run: Run
) -> None:
    connect = lambda: socket.create_connection(("127.0.0.1", provider.port)).close()  # noqa: E731
    _, scope = run("none", connect, passthrough_hosts=[host])
    assert scope.misses == []


@pytest.mark.parametrize("mode", ["new_episodes", "all", "off"])
def test_other_modes_let_sockets_be(mode: str, provider: FakeProvider, run: Run) -> None:
    connect = lambda: socket.create_connection(("127.0.0.1", provider.port)).close()  # noqa: E731
    run(mode, connect)


def test_what_needs_no_network_is_let_be(run: Run, tmp_path: Path) -> None:
    def local() -> None:
        socket.getaddrinfo("127.0.0.1", 80)
        socket.getaddrinfo(None, 0)
        socket.getaddrinfo("localhost", 80)
        left, right = socket.socketpair()
        left.close()
        right.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.connect(("127.0.0.1", 9))
        path = str(tmp_path / "s")
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(path)
            server.listen()
            client.connect(path)

    assert run("none", local)[1].misses == []


def test_the_canary_proves_interception() -> None:
    with Recorder("none") as recorder:
        recorder.check_interception()
        assert recorder.stale() == {}
    with Recorder("new_episodes") as recorder:
        recorder.check_interception()


def test_the_canary_tries_every_family() -> None:
    names = [name for name, _ in canary.probes()]
    assert names == [
        "httpx2",
        "httpx2 (async)",
        "httpx",
        "httpx (async)",
        "urllib3 and requests",
        "http.client",
    ]


@pytest.mark.parametrize(
    ("target", "attribute", "name"),
    [
        (httpx2.HTTPTransport, "handle_request", "httpx2"),
        (httpx2.AsyncHTTPTransport, "handle_async_request", r"httpx2 \(async\)"),
        (httpx.HTTPTransport, "handle_request", "httpx"),
    ],
)
def test_the_canary_finds_a_client_that_is_not_intercepted(
    target: type, attribute: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recorder("none") as recorder, monkeypatch.context() as another_tool:
        another_tool.setattr(target, attribute, lambda self, request: object())
        with pytest.raises(canary.InterceptionFailed, match=f"through {name} are not intercepted"):
            recorder.check_interception()


def test_the_canary_finds_one_that_fails_in_another_way() -> None:
    def fail() -> None:
        raise OSError("no route to host")

    def probes() -> Iterator[tuple[str, Callable[[], object]]]:
        yield "some client", fail

    with pytest.raises(canary.InterceptionFailed, match="it ended in OSError: no route to host"):
        canary.sing(probes)


def test_interception_that_another_tool_took_out_is_put_back(
    provider: FakeProvider, pack: Path
) -> None:
    real = httpx2.HTTPTransport.handle_request
    with Recorder("none") as recorder:
        httpx2.HTTPTransport.handle_request = real  # as a mocking tool does when it ends
        with scope_of(recorder, pack), pytest.raises(CassetteMiss, match="never recorded"):
            httpx2.get(provider.url)
    assert httpx2.HTTPTransport.handle_request is real


def test_a_tool_that_mocks_inside_a_case_is_asked_first(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recorder("none") as recorder, scope_of(recorder, pack) as scope:
        with monkeypatch.context() as mocking:
            mocking.setattr(
                httpx2.HTTPTransport,
                "handle_request",
                lambda self, request: httpx2.Response(200, text="mocked"),
            )
            assert httpx2.get("https://api.example.com").text == "mocked"
        with pytest.raises(CassetteMiss):
            httpx2.get("https://api.example.com")
    assert len(scope.misses) == 1


def contexts() -> list[object]:
    def of(client: object) -> object:
        return client._transport._pool._ssl_context

    return [
        of(openai.OpenAI(api_key="k")._client),
        of(openai.AsyncOpenAI(api_key="k")._client),
        of(anthropic.Anthropic(api_key="k")._client),
        of(anthropic.AsyncAnthropic(api_key="k")._client),
        of(httpx2.Client()),
    ]


def test_clients_built_in_replay_share_one_ssl_context() -> None:
    with Recorder("none"):
        shared = contexts()
        assert len({id(context) for context in shared}) == 1
        older = [httpx.Client()._transport._pool._ssl_context for _ in range(2)]
        assert older[0] is older[1]
        own = httpx2.Client(verify=False)._transport._pool._ssl_context
        assert own is not shared[0]


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_certificates_are_loaded_when_a_connection_needs_them(
    library: Any, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    transports = sys.modules[f"{library.__name__}._transports.default"]
    made: list[object] = []
    original = transports.create_ssl_context

    def counted(*args: object, **kwargs: object) -> object:
        made.append(original(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(transports, "create_ssl_context", counted)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    url = provider.url.replace("http:", "https:")

    async def ask() -> None:
        async with library.AsyncClient() as client:
            await client.get(url)

    with Recorder("none", passthrough_hosts=["127.0.0.1"]), library.Client() as client:
        assert not made
        with pytest.raises(library.ConnectError, match="SSL"):
            client.get(url)  # the server speaks no TLS, and says so after the client's hello
        with pytest.raises(library.ConnectError, match="SSL"):
            asyncio.run(ask())
        assert isinstance(client._transport._pool._ssl_context, ssl.SSLContext)
    assert len(made) == 1


def test_certificates_that_the_environment_names_are_loaded_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Recorder("none"):
        monkeypatch.setenv("SSL_CERT_FILE", os.fspath(tmp_path / "none.pem"))
        with pytest.raises(FileNotFoundError):
            httpx2.Client()


def test_contexts_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Recorder("none"):
        one = httpx2.Client()._transport._pool._ssl_context
        (tmp_path / "empty").mkdir()
        monkeypatch.setenv("SSL_CERT_DIR", os.fspath(tmp_path / "empty"))
        assert httpx2.Client()._transport._pool._ssl_context is not one


def test_clients_built_while_recording_have_contexts_of_their_own() -> None:
    with Recorder("new_episodes"):
        assert len({id(context) for context in contexts()}) == 5
