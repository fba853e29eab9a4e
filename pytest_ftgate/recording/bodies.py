"""How bodies are kept in a pack: JSON as JSON, text as text, anything else as base64.

Compressed bodies are kept decompressed, so that a person can read them and so that what is inside
can be searched for secrets. Decompression is bounded: a few bytes can claim to be terabytes.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DECOMPRESSED = 50 * 1024 * 1024
"""The most bytes that a compressed body may unfold to."""

VOLATILE = frozenset({"timings", "__verbose"})
"""Top-level keys of provider answers that hold the server's own stopwatch and nothing else."""


class BodyTooLarge(FtgateError):
    """A compressed body unfolds to more than :data:`MAX_DECOMPRESSED`."""


class Body(Struct, omit_defaults=True):
    """A stored body: exactly one of the three is set, or none for an empty body."""

    json: Raw | UnsetType = UNSET
    string: str | UnsetType = UNSET
    base64: str | UnsetType = UNSET

    def to_bytes(self) -> bytes:
        """The bytes that a client receives.

        Raises:
            ValueError: the stored base64 is damaged.
        """
        if self.json is not UNSET:
            return bytes(self.json)
        if self.string is not UNSET:
            return self.string.encode("utf-8", "surrogatepass")
        if self.base64 is not UNSET:
            return base64.b64decode(self.base64, validate=True)
        return b""


def store(data: bytes) -> Body:
    """The body as it is stored. JSON keeps its numbers and the order of its keys as they were."""
    if not data:
        return Body()
    if data.lstrip()[:1] in (b"{", b"["):
        try:
            msgspec.json.decode(data)
            return Body(json=Raw(msgspec.json.format(data, indent=-1)))
        except (msgspec.DecodeError, RecursionError):
            pass
    try:
        return Body(string=data.decode("utf-8"))
    except UnicodeDecodeError:
        return Body(base64=base64.b64encode(data).decode("ascii"))


def drop_volatile(data: bytes) -> bytes:
    """An answer, or a stream of events, without the keys of :data:`VOLATILE`."""
    if not any(name.encode() in data for name in VOLATILE):
        return data
    if data.lstrip()[:1] == b"{":
        return _drop_keys(data)
    if b"data:" not in data:
        return data
    return b"\n".join(_drop_in_event(line) for line in data.split(b"\n"))


def decompress(data: bytes, encoding: str) -> bytes | None:
    """The body with its content encodings undone, outermost first.

    Args:
        data: the body as it came over the wire.
        encoding: the ``content-encoding`` header; empty for none.

    Returns:
        The plain body, or ``None`` when an encoding is unknown here or the data is damaged.

    Raises:
        BodyTooLarge: it unfolds to more than :data:`MAX_DECOMPRESSED`.
    """
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    for name in reversed(names):
        if name == "identity" or not data:
            continue
        unfold = _UNFOLDERS.get(name)
        plain = unfold(data) if unfold else None
        if plain is None:
            return None
        data = plain
    return data


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _bounded(decompressor: _Decompressor, data: bytes) -> bytes:
    plain = decompressor.decompress(data, MAX_DECOMPRESSED + 1)
    if len(plain) > MAX_DECOMPRESSED:
        raise BodyTooLarge(
            f"A compressed body of {len(data):,} bytes unfolds to more than "
            f"{MAX_DECOMPRESSED // 2**20} MB. Leave such calls out with passthrough_hosts."
        )
    return plain


def _gunzip(data: bytes) -> bytes | None:
    plain = b""
    while data:  # a gzip body may have several members
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            plain += _bounded(member, data)
        except zlib.error:
            return None
        if len(plain) > MAX_DECOMPRESSED:
            return _bounded(_Joined(plain), data)
        if not member.eof:
            return None
        data = member.unused_data.lstrip(b"\0")
    return plain


class _Joined:
    """Gzip members that are small each and too large together."""

    def __init__(self, plain: bytes) -> None:
        self._plain = plain

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._plain[:max_length]


def _inflate(data: bytes) -> bytes | None:
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):  # servers send both under this name
        member = zlib.decompressobj(bits)
        try:
            plain = _bounded(member, data)
        except zlib.error:
            continue
        if member.eof:
            return plain
    return None


def _unbrotli(data: bytes) -> bytes | None:
    try:
        import brotli
    except ImportError:
        try:
            import brotlicffi as brotli
        except ImportError:
            return None
    member = brotli.Decompressor()
    plain = b""
    feed = getattr(member, "process", None) or member.decompress
    try:
        for start in range(0, len(data), 4096):
            plain += feed(data[start : start + 4096])
            if len(plain) > MAX_DECOMPRESSED:
                return _bounded(_Joined(plain), data)
    except brotli.error:
        return None
    return plain if member.is_finished() else None


def _unzstd(data: bytes) -> bytes | None:
    try:
        import zstandard
    except ImportError:
        return None
    member = zstandard.ZstdDecompressor().decompressobj()
    plain = b""
    try:
        for start in range(0, len(data), 4096):
            plain += member.decompress(data[start : start + 4096])
            if len(plain) > MAX_DECOMPRESSED:
                return _bounded(_Joined(plain), data)
    except zstandard.ZstdError:
        return None
    return plain


_UNFOLDERS: dict[str, Callable[[bytes], bytes | None]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}


def _drop_in_event(line: bytes) -> bytes:
    if not line.startswith(b"data:"):
        return line
    payload = line[5:].strip()
    if payload[:1] != b"{" or not any(name.encode() in payload for name in VOLATILE):
        return line
    return b"data: " + _drop_keys(payload)


def _drop_keys(data: bytes) -> bytes:
    try:
        fields: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Raw])
    except (msgspec.DecodeError, RecursionError):
        return data
    kept = {name: value for name, value in fields.items() if name not in VOLATILE}
    return data if len(kept) == len(fields) else msgspec.json.encode(kept)


def is_base64(text: str) -> bool:
    """Whether a stored base64 body can be decoded."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
