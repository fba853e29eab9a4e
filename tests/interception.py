"""What interception replaces in the HTTP libraries of this process."""

from __future__ import annotations

import http.client
import socket

import httpx
import httpx2
import httpx2._transports.default as transports
import urllib3.connectionpool
import vcr.patch


def replaceable() -> dict[str, object]:
    """The attributes as they are now, by name; other tools leave equal ones in other places."""
    return {
        "http.client.HTTPConnection": http.client.HTTPConnection,
        "http.client.HTTPSConnection": http.client.HTTPSConnection,
        "urllib3's ConnectionCls": urllib3.connectionpool.HTTPSConnectionPool.ConnectionCls,
        "httpx.HTTPTransport.handle_request": httpx.HTTPTransport.handle_request,
        "httpx.AsyncHTTPTransport.handle_async_request": (
            httpx.AsyncHTTPTransport.handle_async_request
        ),
        "httpx2.HTTPTransport.handle_request": httpx2.HTTPTransport.handle_request,
        "httpx2.AsyncHTTPTransport.handle_async_request": (
            httpx2.AsyncHTTPTransport.handle_async_request
        ),
        "socket.socket.connect": socket.socket.connect,
        "socket.getaddrinfo": socket.getaddrinfo,
        "httpx2's create_ssl_context": transports.create_ssl_context,
        "vcr.patch.force_reset": vcr.patch.force_reset,
    }


def changed(before: dict[str, object]) -> list[str]:
    """The names of what is another object now than it was."""
    return [name for name, value in replaceable().items() if value is not before[name]]
