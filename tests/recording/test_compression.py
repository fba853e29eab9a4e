"""Content encodings are undone, and what would fill the memory is refused."""

from __future__ import annotations

import gzip
import importlib
import zlib
from types import SimpleNamespace

import pytest

from pytest_ftgate.recording import compression
from pytest_ftgate.recording.compression import BodyTooLarge, decompress

PLAIN = b"an answer " * 500


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def packed(data: bytes) -> bytes:
    """Gzip without a time stamp, which would change the test's id."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", PLAIN),
        ("identity", PLAIN),
        ("gzip", packed(PLAIN)),
        ("X-GZIP", packed(PLAIN)),
        ("gzip", b"".join([*map(packed, (PLAIN[:100], PLAIN[100:])), b"\0\0"])),
        ("deflate", zlib.compress(PLAIN)),
        ("deflate", raw_deflate(PLAIN)),
        ("deflate, gzip", packed(zlib.compress(PLAIN))),
    ],
)
def test_undoes_encodings(encoding: str, packed: bytes) -> None:
    assert decompress(packed, encoding) == PLAIN


def test_an_empty_body_is_empty_whatever_its_encoding() -> None:
    assert decompress(b"", "gzip") == b""


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"not gzip"),
        ("gzip", packed(PLAIN)[:-9]),
        ("deflate", b"not deflate"),
        ("deflate", zlib.compress(PLAIN)[:-9]),
        ("unheard-of", PLAIN),
    ],
)
def test_what_cannot_be_undone_is_unknown(encoding: str, packed: bytes) -> None:
    assert decompress(packed, encoding) is None


def bomb(size: int) -> bytes:
    return gzip.compress(b"\0" * size, compresslevel=9, mtime=0)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", lambda limit: bomb(limit + 1)),
        ("gzip", lambda limit: bomb(limit // 2 + 1) * 2),
        ("deflate", lambda limit: zlib.compress(b"\0" * (limit + 1))),
        ("gzip, gzip", lambda limit: gzip.compress(bomb(limit + 1))),
    ],
)
def test_bombs_are_refused(encoding: str, packed: object) -> None:
    limit = compression.MAX_DECOMPRESSED
    with pytest.raises(BodyTooLarge, match="unfolds to more than 50 MB"):
        decompress(packed(limit), encoding)


def test_the_largest_body_allowed_is_allowed() -> None:
    limit = compression.MAX_DECOMPRESSED
    plain = decompress(bomb(limit), "gzip")
    assert plain is not None
    assert len(plain) == limit


class _Chunked:
    """A decompressor with the face of brotli's and zstd's, over zlib."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()
        self.waiting = b""

    @property
    def eof(self) -> bool:
        return self._stream.eof

    def is_finished(self) -> bool:
        return self._stream.eof

    def process(self, data: bytes, *, output_buffer_limit: int) -> bytes:
        return self.decompress(data, min(output_buffer_limit, 1000))

    def decompress(self, data: bytes, max_length: int) -> bytes:
        plain = self._stream.decompress(self.waiting + data, max_length)
        self.waiting = self._stream.unconsumed_tail
        return plain


@pytest.mark.parametrize(
    ("encoding", "modules", "face"),
    [
        ("br", ("brotli", "brotlicffi"), {"Decompressor": _Chunked, "error": zlib.error}),
        (
            "zstd",
            ("compression.zstd", "backports.zstd"),
            {"ZstdDecompressor": _Chunked, "ZstdError": zlib.error},
        ),
    ],
)
def test_encodings_of_other_packages_are_undone_where_these_are_installed(
    encoding: str,
    modules: tuple[str, ...],
    face: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def installed(*names: str) -> object:
        def load(name: str) -> object:
            if name in names:
                return SimpleNamespace(**face)
            raise ImportError(name)

        return load

    monkeypatch.setattr(importlib, "import_module", installed())
    assert decompress(zlib.compress(PLAIN), encoding) is None
    for name in modules:
        monkeypatch.setattr(importlib, "import_module", installed(name))
        assert decompress(zlib.compress(PLAIN), encoding) == PLAIN
        assert decompress(b"damaged", encoding) is None
        assert decompress(zlib.compress(PLAIN)[:-9], encoding) is None
    monkeypatch.setattr(compression, "MAX_DECOMPRESSED", 2000)
    with pytest.raises(BodyTooLarge):
        decompress(zlib.compress(PLAIN), encoding)
