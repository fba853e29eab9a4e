"""Request keys: two requests with one key are the same question.

A key covers the method, the URI and the body. What differs from run to run without changing the
question is normalised first: the order of JSON keys and of query parameters, the port of a
loopback server, and the random boundary of a multipart body. Keys are part of the format on disk
and must never change for a given request.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from pytest_ftgate.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

BOUNDARY = b"ftgate-boundary"
"""What stands for the random boundary of a multipart body."""

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are not JSON, or nested too deeply to be read."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|::1|0\.0\.0\.0)\Z", re.IGNORECASE)
_BOUNDARY = re.compile(rb"\A--([^\r\n]{1,70})\r?\n")


def request_key(method: str, uri: str, body: bytes) -> str:
    """The key of a request: 32 hexadecimal digits of BLAKE2b.

    Args:
        method: the HTTP method.
        uri: the absolute URI.
        body: the body as sent, empty when there is none.
    """
    head = f"{method.upper()}\n{normal_uri(uri)}\n".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(head + normal_body(body), digest_size=16).hexdigest()


def normal_body(body: bytes) -> bytes:
    """The body as it is compared: canonical JSON, or text with its multipart boundary replaced."""
    if body.lstrip()[:1] in (b"{", b"["):
        try:
            return _quick_canonical(body)
        except NOT_JSON:
            return body
    return replace_boundary(body)


def _quick_canonical(body: bytes) -> bytes:
    """Canonical JSON ten times faster than the reference, to which it leaves the rare spellings."""
    try:
        return _ENCODER.encode(_DECODER.decode(body))
    except _RareNumber:
        return canonical_json(msgspec.json.decode(body))


class _RareNumber(Exception):
    """A number that canonical JSON spells with an exponent."""


def _common_float(text: str) -> float:
    value = float(text)
    if not repr(value).replace(".", "").lstrip("-").isdigit():
        raise _RareNumber
    return value


_DECODER = msgspec.json.Decoder(float_hook=_common_float)
_ENCODER = msgspec.json.Encoder(order="sorted")


def json_body(body: bytes) -> Any | None:
    """The object or array that a body holds as JSON, or ``None`` for any other body."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return msgspec.json.decode(body)
    except NOT_JSON:
        return None


def replace_boundary(body: bytes) -> bytes:
    """A multipart body with a fixed boundary in place of its random one; others unchanged."""
    match = _BOUNDARY.match(body)
    if match is None or b"--" + match[1] + b"--" not in body:
        return body
    return body.replace(b"--" + match[1], b"--" + BOUNDARY)


def body_bytes(body: Any) -> bytes:
    """A body as vcrpy hands it over, as one ``bytes``."""
    if isinstance(body, bytes):
        return body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    return b"".join(body_bytes(part) for part in body)


@lru_cache(maxsize=1024)
def normal_uri(uri: str) -> str:
    """The URI without credentials and fragment, its query sorted, loopback ports dropped."""
    parts = urlsplit(uri)
    host = (parts.hostname or "").lower()
    netloc = f"[{host}]" if ":" in host else host
    if parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme)) and not is_loopback(host):
        netloc = f"{netloc}:{parts.port}"
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return urlunsplit((parts.scheme, netloc, parts.path or "/", query, ""))


def with_port(uri: str, asked: str) -> str:
    """A normal URI with the port of the URI that was asked for, as people know the server."""
    port, parts = urlsplit(asked).port, urlsplit(uri)
    if port in (None, parts.port, _DEFAULT_PORTS.get(parts.scheme)):
        return uri
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{port}"))


@lru_cache(maxsize=1024)
def host_of(uri: str) -> str:
    """The host of a URI in lower case, without port or brackets."""
    return (urlsplit(uri).hostname or "").lower()


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    return _LOOPBACK.match(host) is not None


def header(headers: Mapping[str, Any] | None, name: str) -> str:
    """One header's value in lower-case-insensitive lookup; empty when absent."""
    for key, value in (headers or {}).items():
        if key.lower() == name:
            first = value[0] if isinstance(value, (list, tuple)) and value else value
            return first.decode("latin-1") if isinstance(first, bytes) else str(first or "")
    return ""
