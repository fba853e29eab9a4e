"""The official SDK clients: imported on first use, with the keys that each record mode allows."""

from __future__ import annotations

import importlib
import ipaddress
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_ftgate.errors import MissingExtra, ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

DUMMY_KEY = "not-a-key"
"""Stands for a key where none is needed: while replaying, and for servers on this machine."""

# Async connections belong to the event loop that opened them, and a pytest session may have one
# loop per test: none is kept for the next call.
_ASYNC_OPTIONS: dict[str, Any] = {"default_headers": {"Connection": "close"}}


def openai_client(
    *, async_: bool = False, base_url: str | None = None, replaying: bool = False
) -> Any:
    """An ``openai.OpenAI`` or ``openai.AsyncOpenAI``.

    Args:
        async_: give the async client.
        base_url: of an OpenAI-compatible server; default: ``OPENAI_BASE_URL``, else OpenAI.
        replaying: nothing will be sent, so a dummy key is used. Otherwise ``OPENAI_API_KEY`` is
            needed, except for a server on this machine (a loopback address).

    Raises:
        MissingExtra: the openai package is not installed.
        ProviderError: calls would be live and there is no key.
    """
    sdk = _sdk("openai", "The OpenAI provider")
    key = _key("OPENAI_API_KEY", base_url or os.environ.get("OPENAI_BASE_URL"), replaying)
    if key is None and not os.environ.get("OPENAI_API_KEY", "").strip():
        raise _no_key("OpenAI", "OPENAI_API_KEY")
    if async_:
        return sdk.AsyncOpenAI(api_key=key, base_url=base_url, **_ASYNC_OPTIONS)
    return sdk.OpenAI(api_key=key, base_url=base_url)


def anthropic_client(
    *, async_: bool = False, base_url: str | None = None, replaying: bool = False
) -> Any:
    """An ``anthropic.Anthropic`` or ``anthropic.AsyncAnthropic``.

    Args:
        async_: give the async client.
        base_url: of a compatible server, without ``/v1``; default: ``ANTHROPIC_BASE_URL``, else
            Anthropic.
        replaying: nothing will be sent, so a dummy key is used. Otherwise ``ANTHROPIC_API_KEY``,
            ``ANTHROPIC_AUTH_TOKEN`` or another credential that the SDK finds is needed, except
            for a server on this machine (a loopback address).

    Raises:
        MissingExtra: the anthropic package is not installed.
        ProviderError: calls would be live and there is no key.
    """
    sdk = _sdk("anthropic", "The Anthropic provider")
    make = sdk.AsyncAnthropic if async_ else sdk.Anthropic
    options = _ASYNC_OPTIONS if async_ else {}
    key = _key("ANTHROPIC_API_KEY", base_url or os.environ.get("ANTHROPIC_BASE_URL"), replaying)
    client = make(api_key=key, base_url=base_url, **options)
    given = (client.api_key or "").strip() or (client.auth_token or "").strip()
    if not (given or getattr(client, "credentials", None)):
        raise _no_key("Anthropic", "ANTHROPIC_API_KEY")
    return client


def dummy_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """The key variables that ``environ`` lacks, with dummy values.

    Set while replaying, they let the clients that an application builds for itself be built.
    """
    has_anthropic = environ.get("ANTHROPIC_API_KEY") or environ.get("ANTHROPIC_AUTH_TOKEN")
    wanted = {
        "OPENAI_API_KEY": environ.get("OPENAI_API_KEY"),
        "ANTHROPIC_API_KEY": has_anthropic,
    }
    return {name: DUMMY_KEY for name, value in wanted.items() if not value}


def is_loopback(url: str | None) -> bool:
    """Whether a URL names a server on this machine."""
    host = urlsplit(url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class ClientCache:
    """The clients of one provider, made on first use and kept: making one takes 40 ms.

    There is one client per base URL for sync calls; for async calls one per base URL and event
    loop. Safe to use from several threads.
    """

    def __init__(self, make: Callable[..., Any], *, replaying: bool) -> None:
        self._make = make
        self._replaying = replaying
        self._lock = threading.Lock()
        self._sync: dict[str | None, Any] = {}
        self._async: weakref.WeakKeyDictionary[Any, dict[str | None, Any]] = (
            weakref.WeakKeyDictionary()
        )

    def sync(self, base_url: str | None) -> Any:
        """The sync client of that base URL."""
        with self._lock:
            if base_url not in self._sync:
                self._sync[base_url] = self._make(base_url=base_url, replaying=self._replaying)
            return self._sync[base_url]

    def async_(self, base_url: str | None, loop: object) -> Any:
        """The async client of that base URL and event loop."""
        with self._lock:
            clients = self._async.setdefault(loop, {})
            if base_url not in clients:
                clients[base_url] = self._make(
                    async_=True, base_url=base_url, replaying=self._replaying
                )
            return clients[base_url]

    def close(self) -> None:
        """Close the sync clients and forget the async ones, which keep no connection open."""
        with self._lock:
            for client in self._sync.values():
                client.close()
            self._sync.clear()
            self._async.clear()


def _sdk(name: str, feature: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # the SDK is there; something that it needs is not
            raise
        raise MissingExtra(feature, name) from None


def _key(variable: str, base_url: str | None, replaying: bool) -> str | None:
    """The key to give to the SDK; ``None`` lets it look for one itself."""
    if replaying:
        return DUMMY_KEY
    if is_loopback(base_url):
        return os.environ.get(variable, "").strip() or DUMMY_KEY
    return None


def _no_key(provider: str, variable: str) -> ProviderError:
    return ProviderError(
        f"No key for {provider}: {variable} is not set, and live calls need it. Set it to record "
        "or to run live; replaying (--ftgate-record=none) needs no key."
    )
