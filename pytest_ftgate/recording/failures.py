"""Calls that failed without a response: connection resets, timeouts, cut-off answers.

They are recorded with the class that the client raised and replayed by raising it again, so that
retries and fallbacks of the code under test run as they did. When the code has moved to another
client since, the kind of the failure finds that client's class.
"""

from __future__ import annotations

import http.client
import importlib
import sys
from typing import TYPE_CHECKING, Any

from pytest_ftgate.recording.lines import Event

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD = "http.client"
"""The family of clients that end in ``http.client``: urllib, urllib3, requests, httplib2, boto."""

_MESSAGE = 500
_MODULES = frozenset(
    {"httpx", "httpx2", "builtins", "http.client", "ssl", "socket", "urllib3.exceptions"}
)

# The kinds, the most specific first, with the class of httpx (and httpx2) that stands for each.
_HTTPX_KINDS = (
    ("connect_timeout", "ConnectTimeout"),
    ("read_timeout", "ReadTimeout"),
    ("write_timeout", "WriteTimeout"),
    ("pool_timeout", "PoolTimeout"),
    ("timeout", "TimeoutException"),
    ("connect", "ConnectError"),
    ("reset", "ReadError"),
    ("write", "WriteError"),
    ("close", "CloseError"),
    ("proxy", "ProxyError"),
    ("cut_off", "RemoteProtocolError"),
    ("protocol", "ProtocolError"),
    ("network", "NetworkError"),
    ("transport", "TransportError"),
)
_STANDARD_KINDS: tuple[tuple[str, type[Exception]], ...] = (
    ("timeout", TimeoutError),
    ("connect", ConnectionRefusedError),
    ("cut_off", http.client.RemoteDisconnected),
    ("reset", ConnectionError),
    ("cut_off", http.client.HTTPException),
    ("transport", OSError),
)


class RecordedFailure(Exception):
    """A recorded failure on its way to the place where the client's own exception is raised."""

    def __init__(self, event: Event) -> None:
        super().__init__(event.type)
        self.event = event

    def as_raised_by(self, family: str) -> Exception:
        """The exception that a client of the family (``httpx``, ``httpx2``, ...) would raise."""
        module, _, name = self.event.type.rpartition(".")
        if module.partition(".")[0] == family or (
            family == STANDARD and not module.startswith("httpx")
        ):
            exact = _build(module, name, self.event)
            if exact is not None:
                return exact
        return _nearest(family, self.event)


def event_of(error: BaseException, family: str) -> Event | None:
    """What is kept of a failed call, or ``None`` when the error is not the transport's."""
    kind = _kind(error, family)
    if kind is None:
        return None
    cls = type(error)
    module = "httpx" if cls.__module__.startswith("httpx.") else cls.__module__
    module = "httpx2" if cls.__module__.startswith("httpx2.") else module
    errno, message = None, str(error)
    if isinstance(error, OSError) and len(error.args) == 2:
        errno, message = error.errno, str(error.strerror)
    return Event(kind, f"{module}.{cls.__qualname__}", message[:_MESSAGE], errno)


def _kind(error: BaseException, family: str) -> str | None:
    if family != STANDARD:
        client: Any = sys.modules[family]
        for kind, name in _HTTPX_KINDS:
            if isinstance(error, getattr(client, name)):
                return kind
        return None
    for kind, cls in _STANDARD_KINDS:
        if isinstance(error, cls):
            return kind
    if type(error).__module__ == "urllib3.exceptions":
        return "timeout" if "Timeout" in type(error).__name__ else "connect"
    return None


def _nearest(family: str, event: Event) -> Exception:
    if family != STANDARD:
        name = next((name for kind, name in _HTTPX_KINDS if kind == event.kind), "TransportError")
        cls: Callable[[str], Exception] = getattr(sys.modules[family], name)
        return cls(event.message)
    kind = "timeout" if event.kind.endswith("timeout") else event.kind
    found = next((cls for name, cls in _STANDARD_KINDS if name == kind), ConnectionError)
    return found(event.message)


def _build(module: str, name: str, event: Event) -> Exception | None:
    if module not in _MODULES:
        return None
    cls = getattr(importlib.import_module(module), name, None)
    if not isinstance(cls, type) or not issubclass(cls, Exception):
        return None
    if cls is http.client.IncompleteRead:
        return cls(b"")  # the part that came is not recorded
    if event.errno is not None:
        return cls(event.errno, event.message)
    for arguments in ((event.message,), (None, event.message)):  # urllib3's name a connection
        try:
            return cls(*arguments)
        except TypeError:
            continue
    return None
