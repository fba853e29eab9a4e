"""The canary: a request that must not get out, sent when a session starts to replay.

It goes to a host of the domain that is reserved for names that do not exist, through each family
of HTTP clients that is installed. Interception works if every one of them ends in a miss.
"""

from __future__ import annotations

import http.client
import sys
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import CassetteMiss, FtgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

URL = "https://canary.invalid/ftgate"


class InterceptionFailed(FtgateError):
    """A client's request was not intercepted: replay would go out to the network."""


def sing(clients: Callable[[], Iterator[tuple[str, Callable[[], object]]]] | None = None) -> None:
    """Send the canary through every client, within an open scope of a replaying recorder.

    Raises:
        InterceptionFailed: a client did not end in a miss.
    """
    for name, send in (clients or probes)():
        try:
            send()
        except CassetteMiss:
            continue
        except Exception as error:
            reason = f"it ended in {type(error).__name__}: {error}"
        else:
            reason = "it was answered"
        raise InterceptionFailed(
            f"Requests through {name} are not intercepted: a request to {URL} should have been "
            f"refused as not recorded, but {reason}. Another plugin may have replaced the client's "
            "transport; a version of it that vcrpy does not know is the other common cause."
        )


def probes() -> Iterator[tuple[str, Callable[[], object]]]:
    """The clients that are installed, each with a function that sends the canary through it."""
    for name in ("httpx2", "httpx"):
        if name in sys.modules:
            yield name, _with_httpx(sys.modules[name])
            yield f"{name} (async)", _with_async_httpx(sys.modules[name])
    if "urllib3" in sys.modules:
        yield "urllib3 and requests", _with_urllib3(sys.modules["urllib3"])
    yield "http.client", _with_http_client


def _with_httpx(httpx: Any) -> Callable[[], object]:
    def send() -> None:
        # Without __init__ it has no connections: were it not intercepted, it could not go out.
        transport = httpx.HTTPTransport.__new__(httpx.HTTPTransport)
        transport.handle_request(httpx.Request("GET", URL))

    return send


def _with_async_httpx(httpx: Any) -> Callable[[], object]:
    def send() -> None:
        transport = httpx.AsyncHTTPTransport.__new__(httpx.AsyncHTTPTransport)
        # Driven by hand: an event loop would cost more than the rest of the canary.
        coroutine = transport.handle_async_request(httpx.Request("GET", URL))
        try:
            coroutine.send(None)
        except StopIteration:
            return
        finally:
            coroutine.close()

    return send


def _with_urllib3(urllib3: Any) -> Callable[[], object]:
    def send() -> None:
        with urllib3.PoolManager() as pool:
            pool.request("GET", URL.replace("https", "http"), retries=False, redirect=False)

    return send


def _with_http_client() -> None:
    connection = http.client.HTTPConnection("canary.invalid")
    connection.request("GET", "/ftgate")
    connection.getresponse()
