"""One spelling for every JSON value, so that equal values have equal bytes and equal hashes.

Hashes of cases, prompts and requests are compared across machines and years: the spelling is
part of the format on disk and must never change.
"""

from __future__ import annotations

import hashlib
import json

_ENCODER = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
)


def canonical_json(value: object) -> bytes:
    r"""Encode a JSON value in its one canonical spelling.

    Keys are sorted by code point, there is no white space, text is UTF-8, and a lone surrogate
    is written as its ``\udXXX`` escape. Numbers keep their kind: ``1`` and ``1.0`` differ.
    Tuples are written as arrays.

    Args:
        value: ``None``, booleans, finite numbers, text, and lists, tuples and text-keyed dicts
            of these.

    Raises:
        ValueError: a number is not finite, or the value is nested too deeply or refers to itself.
        TypeError: a value is not JSON, or keys of one object are of kinds that do not sort.
    """
    try:
        text = _ENCODER.encode(value)
    except RecursionError:
        raise ValueError("the value is nested too deeply to be written as JSON") from None
    # Within a JSON text a lone surrogate can only stand in a string, where the replacement
    # (backslash, u, four hex digits) is exactly JSON's own escape for it.
    return text.encode("utf-8", "backslashreplace")


def digest(value: object) -> str:
    """The BLAKE2b-128 hash of the value's canonical JSON, as 32 hexadecimal digits.

    Raises:
        ValueError: as :func:`canonical_json`.
        TypeError: as :func:`canonical_json`.
    """
    return hashlib.blake2b(canonical_json(value), digest_size=16).hexdigest()


def escape_surrogates(text: str) -> str:
    r"""The text with each lone surrogate replaced by its six-character ``\udXXX`` spelling.

    Lone surrogates come from emoji cut in half; they cannot be written as UTF-8 or sent.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
