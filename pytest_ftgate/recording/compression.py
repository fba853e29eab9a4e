"""Undoing content encodings within bounds: a few bytes can claim to be terabytes."""

from __future__ import annotations

import importlib
import zlib
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DECOMPRESSED = 50 * 1024 * 1024
"""The most bytes that a compressed body may unfold to."""


class BodyTooLarge(FtgateError):
    """A compressed body unfolds to more than :data:`MAX_DECOMPRESSED`."""


class _Damaged(Exception):
    """The data is not what its encoding says."""


def decompress(data: bytes, encoding: str) -> bytes | None:
    """A body with its content encodings undone, the outermost first.

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
        if unfold is None:
            return None
        try:
            plain = unfold(data)
        except (_Damaged, ImportError):
            return None
        if len(plain) > MAX_DECOMPRESSED:
            raise BodyTooLarge(
                f"A compressed body of {len(data):,} bytes unfolds to more than "
                f"{MAX_DECOMPRESSED // 2**20} MB. Leave such calls out with passthrough_hosts."
            )
        data = plain
    return data


# Each gives at most one byte more than is allowed, which is how too much is told from enough.


def _gunzip(data: bytes) -> bytes:
    plain = b""
    while data and len(plain) <= MAX_DECOMPRESSED:  # a gzip body may have several members
        member = _Member(data, 16 + zlib.MAX_WBITS, MAX_DECOMPRESSED - len(plain))
        plain, data = plain + member.plain, member.rest
    return plain


def _inflate(data: bytes) -> bytes:
    try:
        return _Member(data, zlib.MAX_WBITS, MAX_DECOMPRESSED).plain
    except _Damaged:  # servers send the raw format under the same name
        return _Member(data, -zlib.MAX_WBITS, MAX_DECOMPRESSED).plain


class _Member:
    """One stream of zlib's formats, unfolded up to ``limit`` and a byte."""

    def __init__(self, data: bytes, bits: int, limit: int) -> None:
        stream = zlib.decompressobj(bits)
        try:
            self.plain = stream.decompress(data, limit + 1)
        except zlib.error:
            raise _Damaged from None
        if not stream.eof and len(self.plain) <= limit:
            raise _Damaged
        self.rest = stream.unused_data.lstrip(b"\0")


def _unbrotli(data: bytes) -> bytes:
    brotli = _first_of("brotli", "brotlicffi")
    stream = brotli.Decompressor()
    feed: Callable[..., bytes] = getattr(stream, "process", None) or stream.decompress
    plain, waiting = b"", data
    try:
        while not stream.is_finished() and len(plain) <= MAX_DECOMPRESSED:
            piece = feed(waiting, output_buffer_limit=MAX_DECOMPRESSED + 1 - len(plain))
            if not piece and not waiting:
                raise _Damaged
            plain, waiting = plain + piece, b""
    except (brotli.error, TypeError):  # older ones cannot be bounded
        raise _Damaged from None
    return plain


def _unzstd(data: bytes) -> bytes:
    zstd = _first_of("compression.zstd", "backports.zstd")
    stream = zstd.ZstdDecompressor()
    try:
        plain: bytes = stream.decompress(data, MAX_DECOMPRESSED + 1)
    except zstd.ZstdError:
        raise _Damaged from None
    if not stream.eof and len(plain) <= MAX_DECOMPRESSED:
        raise _Damaged
    return plain


def _first_of(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ImportError(f"none of {', '.join(names)}")


_UNFOLDERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
