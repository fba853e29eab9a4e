"""Damaged versions of a valid file, for tests that a damaged file is refused and never crashes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAGMENTS = (
    *(bytes([byte]) for byte in b"\x00\t\n\r\"'#%&*+,-./09:<=>@[\\]{|}~"),
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\\ud800",
    b"NaN",
    b"nan",
    b"1e999",
    b"*x",
    b"&x ",
    b"!!int ",
    b"<<",
    b"{{",
    b"%}",
    b'"""',
    b"[[",
)


def damaged(data: bytes, *, count: int, seed: int = 0) -> Iterator[bytes]:
    """Every truncation of the data, then ``count`` random insertions, overwrites, cuts and moves.

    The same arguments give the same damage.
    """
    yield from (data[:end] for end in range(len(data)))
    rng = random.Random(seed)
    for _ in range(count):
        spoilt = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            _spoil(spoilt, rng)
        yield bytes(spoilt)


def _spoil(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    fragment = rng.choice(_FRAGMENTS)
    way = rng.randrange(4)
    if way == 0:
        data[at:at] = fragment
    elif way == 1:
        data[at : at + len(fragment)] = fragment
    elif way == 2:
        del data[at : at + rng.randrange(1, 6)]
    else:
        source = rng.randrange(len(data) + 1)
        data[at:at] = data[source : source + rng.randrange(40)]
