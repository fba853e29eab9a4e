"""Shares of a session for several machines: deterministic, and alike in every stratum.

Light on purpose: the options of every pytest session are read with it.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = tuple[str, str, str, int]
"""Suite, variant, case id and trial."""

_SHARD = r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})"


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``i/n``, the first of n shards being 1.

    Raises:
        ValueError: it is no shard; the message completes a sentence on the option.
    """
    found = re.fullmatch(_SHARD, text) if isinstance(text, str) else None
    if found is None or int(found[1]) > int(found[2]):
        raise ValueError(f"got {text!r}, allowed: i/n with i from 1 to n, like 1/3")
    return int(found[1]), int(found[2])


def select_shard(items: Iterable[tuple[Key, str | None]], index: int, count: int) -> frozenset[Key]:
    """The items that one of several machines evaluates.

    Within each suite, variant and stratum the items are put in the order of a hash of their key
    and dealt out in turn, going on from one to the next. So the shards differ by at most one item
    in each of them, and by at most one item in all; and which item goes where depends neither on
    the order of the items nor on the machine.

    Args:
        items: every item of the session with its stratum.
        index: 1 to ``count``.
        count: the number of shards.

    Returns:
        The keys of the shard. The shards of 1 to ``count`` hold every item once.
    """
    groups: dict[tuple[str, str, str], list[Key]] = defaultdict(list)
    for key, stratum in items:
        # A case without stratum differs from one of a stratum of any name.
        groups[key[0], key[1], "" if stratum is None else f"={stratum}"].append(key)
    dealt = [key for group in sorted(groups) for key in sorted(groups[group], key=_mixed)]
    return frozenset(dealt[index - 1 :: count])


def _mixed(key: Key) -> tuple[bytes, Key]:
    text = "\0".join(map(str, key)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).digest(), key
