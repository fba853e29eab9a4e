"""The last line of defence in replay: sockets.

A client that vcrpy does not know opens its connection by itself. While a case is replayed, looking
up a host or connecting to one is a miss, whoever does it.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import CassetteMiss
from pytest_ftgate.recording import keys, misses
from pytest_ftgate.recording.surfacing import surfacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_ftgate.recording.scopes import Scope
    from pytest_ftgate.recording.switch import Switch

_ADVICE = (
    "It came from a client that cannot be replayed, since it opens its own sockets.",
    "Use one built on httpx, requests, urllib3, aiohttp or http.client, or list the",
    "host under passthrough_hosts if it may be reached in replay.",
)


class Guard:
    """Refuses connections that a scope knows nothing of.

    Args:
        scope_of: the scope that a call to a host belongs to, ``None`` to let it pass.
        passthrough: hosts that may be reached, by the addresses that their names lead to as well.
    """

    def __init__(self, scope_of: Callable[[str], Scope | None], passthrough: Iterable[str]) -> None:
        self._scope_of = scope_of
        self._passthrough = tuple(passthrough)
        self._addresses: frozenset[str] | None = None
        self._look_up: Callable[..., Any] = socket.getaddrinfo

    def install(self, switch: Switch) -> None:
        """Let the switch put the guard in place."""
        self._look_up = socket.getaddrinfo
        for name in ("connect", "connect_ex"):
            switch.add(socket.socket, name, self._connecting(getattr(socket.socket, name)))
        switch.add(socket, "getaddrinfo", self._looking_up(socket.getaddrinfo))

    def _connecting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(sock: socket.socket, address: Any) -> Any:
            if (
                sock.family in (socket.AF_INET, socket.AF_INET6)
                and sock.type == socket.SOCK_STREAM
                and isinstance(address, tuple)
            ):
                try:
                    self._refuse(str(address[0]), f"connect to {address[0]}, port {address[1]}")
                except CassetteMiss:
                    sock.close()  # callers close it when an OSError comes, which this is not
                    raise
            return original(sock, address)

        return connect

    def _looking_up(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
            if name and not _is_local(name):
                self._refuse(name, f"look up the address of {name}")
            return original(host, *args, **kwargs)

        return getaddrinfo

    def _refuse(self, host: str, what: str) -> None:
        scope = self._scope_of(host.lower())
        if scope is not None and host not in self._allowed_addresses():
            raise surfacing(misses.note(scope, f"an attempt to {what}", *_ADVICE))

    def _allowed_addresses(self) -> frozenset[str]:
        if self._addresses is None:
            found: set[str] = set()
            for host in self._passthrough:
                try:
                    found.update(str(entry[4][0]) for entry in self._look_up(host, None))
                except OSError:
                    continue  # a host without an address cannot be reached anyway
            self._addresses = frozenset(found)
        return self._addresses


def _is_local(host: str) -> bool:
    """Whether looking the host up needs no network; connecting to it is another question."""
    if keys.is_loopback(host) or host == socket.gethostname():
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
