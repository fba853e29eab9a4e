"""Interception of HTTP clients: built once a session, unnoticed by tests that are not evals.

vcrpy's patches replace classes and functions of the HTTP libraries for the whole process. They
are built once, since building is slow, and each is in place no longer than it has to be.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
from typing import TYPE_CHECKING, Any

import vcr.patch
from vcr.patch import CassettePatcherBuilder
from vcr.request import HeadersDict, Request
from vcr.stubs import VCRConnection, VCRHTTPConnection, VCRHTTPSConnection, httpx_stubs

from pytest_ftgate.recording.failures import STANDARD, RecordedFailure
from pytest_ftgate.recording.switch import Switch

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ftgate.recording.cassette import IndexedCassette

_HTTPX = ("httpx", "httpx2")
_IN_PROCESS = ("WSGITransport", "ASGITransport", "MockTransport")


class Interception:
    """Sends the calls of all installed HTTP clients through a cassette.

    What httpx and httpx2 get is in place from start to stop, since it leaves calls outside a scope
    alone, and replacing the methods of busy classes again and again would slow them down. What the
    ``http.client`` family gets are vcrpy's own classes, which do not: they are in place only while
    a scope is open.

    Args:
        cassette: answers and records.
        wanted: whether a call to a host is the cassette's business in the current context.
    """

    def __init__(self, cassette: IndexedCassette, wanted: Callable[[str], bool]) -> None:
        self.standing = Switch()
        self._in_scopes = Switch()
        self._cleanup = contextlib.ExitStack()
        wrap = _Wrapper(cassette, wanted)
        for patcher in CassettePatcherBuilder(cassette).build():
            # Entering and leaving a patcher tells what it would replace, and by what.
            with patcher:
                target = getattr(patcher, "target", None)
                replacement = target and getattr(target, patcher.attribute)
            if target is None:  # no replacement: it closes pooled connections at the end
                self._cleanup.push(patcher.__exit__)
            else:
                self._add(wrap, target, patcher.attribute, replacement)
        add = self._in_scopes.add
        add(VCRConnection, "getresponse", wrap.getresponse(VCRConnection.getresponse))
        add(vcr.patch, "force_reset", self._real_connections)
        if hasattr(httpx_stubs, "_make_vcr_request"):
            add(httpx_stubs, "_make_vcr_request", _vcr_request)

    def start(self) -> None:
        """Put in place what stays for the session."""
        self.standing.on()

    def scope_opened(self) -> None:
        """Intercept everything."""
        self.standing.on()
        self._in_scopes.on()

    def last_scope_closed(self) -> None:
        """Leave the libraries to the tests that are no evals."""
        self._in_scopes.off()

    def stop(self) -> None:
        """Take everything out, and close the connections that vcrpy stood in for."""
        self._in_scopes.off()
        self.standing.off()
        self._cleanup.close()

    def _add(self, wrap: _Wrapper, target: Any, attribute: str, replacement: Any) -> None:
        family = getattr(target, "__module__", "").partition(".")[0]
        if family not in _HTTPX:
            self._in_scopes.add(target, attribute, replacement)
        elif target.__name__ not in _IN_PROCESS:  # those never reach a network: leave them alone
            original = getattr(target, attribute)
            make = wrap.handle_async if attribute == "handle_async_request" else wrap.handle
            self.standing.add(target, attribute, make(family, original, replacement))

    def _real_connections(self) -> contextlib.AbstractContextManager[None]:
        """Stands for vcrpy's ``force_reset`` while it builds on a real connection.

        That one puts back every library, which costs milliseconds and makes other threads go live
        unseen; the code that it is for needs two names of ``http.client`` only.
        """
        stubs = (VCRHTTPConnection, VCRHTTPSConnection)
        originals = {stub._baseclass.__name__: stub._baseclass for stub in stubs}
        return self._in_scopes.without(http.client, originals)


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


class _Wrapper:
    """Adds to vcrpy's replacements what they lack: failures, and leaving other calls alone."""

    def __init__(self, cassette: IndexedCassette, wanted: Callable[[str], bool]) -> None:
        self._cassette = cassette
        self._wanted = wanted

    def handle(self, family: str, original: Any, intercepted: Any) -> Any:
        """A ``handle_request`` for a transport of the family."""
        wanted, cassette = self._wanted, self._cassette

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

    def handle_async(self, family: str, original: Any, intercepted: Any) -> Any:
        """A ``handle_async_request`` for a transport of the family."""
        wanted, cassette = self._wanted, self._cassette

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
