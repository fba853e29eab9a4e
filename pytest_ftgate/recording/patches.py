"""Interception of HTTP clients: built once, in place only while a scope is open.

vcrpy's patches replace classes and functions of the HTTP libraries for the whole process. They
are built once, since building is slow, and switched in when the first scope opens and out when
the last one closes: tests that are not evals meet the libraries as they are.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import threading
from typing import TYPE_CHECKING, Any

import vcr.patch
from vcr.patch import CassettePatcherBuilder
from vcr.request import HeadersDict, Request
from vcr.stubs import VCRConnection, VCRHTTPConnection, VCRHTTPSConnection, httpx_stubs

from pytest_ftgate.recording.failures import STANDARD, RecordedFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ftgate.recording.cassette import IndexedCassette

_HTTPX = ("httpx", "httpx2")
_IN_PROCESS = ("WSGITransport", "ASGITransport", "MockTransport")
_ABSENT = object()


class Switch:
    """A set of attribute replacements that are put in place and taken out together."""

    def __init__(self) -> None:
        self._replacements: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self._saved: list[tuple[Any, str, Any]] = []
        self._lock = threading.RLock()
        self._suspended = 0
        self.is_on = False

    def add(self, target: Any, attribute: str, replacement: Any) -> None:
        """Replace ``target.attribute`` while the switch is on; the last replacement counts."""
        self._replacements[id(target), attribute] = target, attribute, replacement

    def on(self) -> None:
        """Put the replacements in place; what they displace may be another tool's own patch."""
        with self._lock:
            if self.is_on:
                return
            self.is_on = True
            for target, attribute, replacement in self._replacements.values():
                self._saved.append((target, attribute, vars(target).get(attribute, _ABSENT)))
                setattr(target, attribute, replacement)

    def off(self) -> None:
        """Put back what was there."""
        with self._lock:
            self.is_on = False
            while self._saved:
                target, attribute, original = self._saved.pop()
                if original is _ABSENT:
                    delattr(target, attribute)
                else:
                    setattr(target, attribute, original)

    @contextlib.contextmanager
    def real_connections(self) -> Iterator[None]:
        """Put back the classes of ``http.client`` for as long as vcrpy builds on a real one.

        vcrpy's own ``force_reset`` puts back every library, which costs milliseconds and makes
        other threads go live unseen; the code that it is for needs these two names only.
        """
        with self._lock:
            self._suspended += 1
            if self.is_on:
                for stub in (VCRHTTPConnection, VCRHTTPSConnection):
                    setattr(http.client, stub._baseclass.__name__, stub._baseclass)
        try:
            yield
        finally:
            with self._lock:
                self._suspended -= 1
                if self.is_on and not self._suspended:
                    for name in ("HTTPConnection", "HTTPSConnection"):
                        setattr(http.client, name, self._replacements[id(http.client), name][2])


def interception(
    cassette: IndexedCassette, wanted: Callable[[str], bool]
) -> tuple[Switch, contextlib.ExitStack]:
    """The switch that sends the calls of all installed HTTP clients through the cassette.

    Args:
        cassette: answers and records.
        wanted: whether a call to a host is the cassette's business in the current context.

    Returns:
        The switch, off, and the clean-up to run when it is not needed any more.
    """
    switch, cleanup = Switch(), contextlib.ExitStack()
    wrap = _Wrapper(cassette, wanted)
    for patcher in CassettePatcherBuilder(cassette).build():
        # Entering and leaving a patcher tells what it would replace, and by what.
        with patcher:
            target = getattr(patcher, "target", None)
            replacement = target and getattr(target, patcher.attribute)
        if target is None:  # no replacement: it closes pooled connections at the end
            cleanup.push(patcher.__exit__)
        else:
            _add(switch, wrap, target, patcher.attribute, replacement)
    switch.add(VCRConnection, "getresponse", wrap.getresponse(VCRConnection.getresponse))
    switch.add(vcr.patch, "force_reset", switch.real_connections)
    if hasattr(httpx_stubs, "_make_vcr_request"):
        switch.add(httpx_stubs, "_make_vcr_request", _vcr_request)
    return switch, cleanup


class _Headers(HeadersDict):  # type: ignore[misc]
    """vcrpy's request headers, copied only when somebody looks: replay never does."""

    def __init__(self, source: Any) -> None:
        self._source = source

    @functools.cached_property
    def _store(self) -> Any:
        return HeadersDict(self._source)._store


def _vcr_request(request: Any, body: Any) -> Request:
    """Stands for vcrpy's own maker of requests: copying headers is what costs most in it."""
    return Request(request.method, str(request.url), body, _Headers(request.headers))


def _add(switch: Switch, wrap: _Wrapper, target: Any, attribute: str, replacement: Any) -> None:
    family = getattr(target, "__module__", "").partition(".")[0]
    if family not in _HTTPX:
        switch.add(target, attribute, replacement)
    elif target.__name__ not in _IN_PROCESS:  # those never reach a network: leave them alone
        asynchronous = attribute == "handle_async_request"
        switch.add(
            target,
            attribute,
            (wrap.handle_async if asynchronous else wrap.handle)(family, replacement),
        )


class _Wrapper:
    """Adds to vcrpy's replacements what they lack: failures, and leaving other calls alone."""

    def __init__(self, cassette: IndexedCassette, wanted: Callable[[str], bool]) -> None:
        self._cassette = cassette
        self._wanted = wanted

    def handle(self, family: str, intercepted: Any) -> Any:
        """A ``handle_request`` for a transport of the family."""
        original, wanted, cassette = intercepted.__wrapped__, self._wanted, self._cassette

        @functools.wraps(original)
        def handle_request(self: Any, request: Any) -> Any:
            if not wanted(request.url.host):
                return original(self, request)
            try:
                return intercepted(self, request)
            except RecordedFailure as failure:
                raise failure.as_raised_by(family) from None
            except Exception as error:
                cassette.failed(error, family)
                raise

        return handle_request

    def handle_async(self, family: str, intercepted: Any) -> Any:
        """A ``handle_async_request`` for a transport of the family."""
        original, wanted, cassette = intercepted.__wrapped__, self._wanted, self._cassette

        @functools.wraps(original)
        async def handle_async_request(self: Any, request: Any) -> Any:
            if not wanted(request.url.host):
                return await original(self, request)
            try:
                return await intercepted(self, request)
            except RecordedFailure as failure:
                raise failure.as_raised_by(family) from None
            except Exception as error:
                cassette.failed(error, family)
                raise

        return handle_async_request

    def getresponse(self, original: Any) -> Any:
        """A ``getresponse`` for vcrpy's stand-in of ``http.client`` connections."""
        cassette = self._cassette

        @functools.wraps(original)
        def getresponse(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return original(self, *args, **kwargs)
            except RecordedFailure as failure:
                raise failure.as_raised_by(STANDARD) from None
            except Exception as error:
                cassette.failed(error, STANDARD, self._vcr_request)
                raise

        return getresponse
