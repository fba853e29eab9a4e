"""Reading text and JSON that people edit by hand: strict, bounded, with the place of each fault.

The standard parser accepts ``NaN``, reads ``1e999`` as infinity and lets the last of two equal
keys win; each of these would change a result without a word.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_ftgate.canonical import escape_surrogates
from pytest_ftgate.errors import DataError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

MAX_DEPTH = 100
"""The deepest nesting of arrays and objects that is read."""

_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ADVICE = (
    ("Extra data", "Put one JSON value on each line, with nothing after it"),
    ("trailing comma", "Remove the comma before the closing bracket"),
    ("property name", "Write keys in double quotes and no comma after the last one"),
    ("delimiter", "Look for a missing comma, colon, quote or bracket before this place"),
    ("Unterminated string", "Close the text with a double quote"),
    ("Invalid control character", r"Write line breaks and tabs within text as \n and \t"),
    (r"Invalid \escape", r"Write a backslash within text as \\"),
)


class _Refused(Exception):
    """What the standard parser would accept and we do not."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


def parse(text: str, path: str | os.PathLike[str], *, line: int = 1) -> Any:
    r"""Parse one JSON value.

    Lone surrogates (``"\ud83d"``, half an emoji) become their six-character spelling, so that
    every text can be stored, hashed and sent.

    Args:
        text: the JSON text.
        path: the file that it comes from.
        line: the 1-based line of the file on which it starts.

    Raises:
        DataError: with line and column where they are known. The text is not JSON, holds a number
            that is not finite, repeats a key within one object, or is nested deeper than
            :data:`MAX_DEPTH`.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_int=_whole,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        reason, advice = _explain(error)
        raise DataError(
            path, reason, advice, line=line + error.lineno - 1, column=error.colno
        ) from None
    except _Refused as error:
        raise DataError(path, error.reason, error.advice, line=line) from None
    except RecursionError:
        raise _too_deep(path, line) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and is_too_deep(value):
        raise _too_deep(path, line)
    return escape_all(value) if _SURROGATE.search(text) else value


def parse_file(path: str | os.PathLike[str]) -> Any:
    """Parse a file that holds one JSON value.

    Raises:
        DataError: the file cannot be read, or as :func:`parse`.
    """
    return parse(read_text(path), path)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, without its byte order mark, line endings as they are.

    Raises:
        DataError: the file cannot be read or is not UTF-8.
    """
    return _decode(read_bytes(path), path, 1)


def read_lines(
    path: str | os.PathLike[str], refuse: Callable[[DataError], object]
) -> Iterator[tuple[int, str]]:
    r"""The lines of a UTF-8 file that are not blank, each with its 1-based number.

    Lines end at ``\n`` or ``\r\n`` and nowhere else: JSON may hold other separators within text.

    Args:
        path: the file.
        refuse: called with the error of each line that is not UTF-8; such lines are left out.

    Raises:
        DataError: the file cannot be read.
    """
    data = read_bytes(path)
    _refuse_utf16(data, path)
    for number, raw in enumerate(data.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            yield number, _decode(raw, path, number).rstrip("\r")
        except DataError as error:
            refuse(error)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The content of a file without its UTF-8 byte order mark.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(path, "there is no such file", "Check the path") from None
    except IsADirectoryError:
        raise DataError(path, "this is a directory", "Name a file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(path, f"the file cannot be read: {reason}", "Check the path") from None
    return data.removeprefix(_BOM)


def is_too_deep(value: object, limit: int = MAX_DEPTH) -> bool:
    """Whether lists, tuples and dicts are nested deeper than ``limit``; safe for any depth."""
    level = [value]
    for _ in range(limit):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list, tuple))
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list, tuple))
        ]
        if not level:
            return False
    return True


def escape_all(value: Any) -> Any:
    """The JSON value with :func:`escape_surrogates` applied to every text and key in it."""
    if isinstance(value, str):
        return escape_surrogates(value)
    if isinstance(value, (list, tuple)):
        return [escape_all(item) for item in value]
    if isinstance(value, dict):
        return {escape_surrogates(key): escape_all(item) for key, item in value.items()}
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused(f"the key {key!r} stands twice in one object", "Remove one of them")
            seen.add(key)
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(f"the number {text} is too large", "Write a finite number, or text")
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # Python's limit on the digits of a number
        raise _Refused(f"a number has {len(text)} digits", "Write it as text") from None


def _refuse_constant(text: str) -> NoReturn:
    raise _Refused(f"{text} is not a JSON number", "Write a finite number, or null for unknown")


def _explain(error: json.JSONDecodeError) -> tuple[str, str]:
    rest = error.doc[error.pos : error.pos + 12].strip()
    if not rest and "Extra data" not in error.msg:
        return (
            f"this is not JSON: {error.msg[0].lower()}{error.msg[1:]}, the text ends here",
            "Look for a line that was cut off or a missing bracket",
        )
    got = f", got {rest[:1]!r}" if error.msg.startswith("Expecting") else ""
    reason = f"this is not JSON: {error.msg[0].lower()}{error.msg[1:]}{got}"
    for fragment, advice in _ADVICE:
        if fragment in error.msg:
            return reason, advice
    return reason, "Write text in double quotes; other values are numbers, true, false, null"


def _decode(data: bytes, path: str | os.PathLike[str], line: int) -> str:
    _refuse_utf16(data, path)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        raise DataError(
            path,
            f"this is not UTF-8: byte 0x{data[error.start]:02x}",
            "Save the file as UTF-8",
            line=line + before.count(b"\n"),
            column=len(before) - before.rfind(b"\n"),
        ) from None


def _refuse_utf16(data: bytes, path: str | os.PathLike[str]) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(path, "this is UTF-16", "Save the file as UTF-8", line=1)


def _too_deep(path: str | os.PathLike[str], line: int) -> DataError:
    return DataError(
        path, f"the value is nested deeper than {MAX_DEPTH} levels", "Flatten it", line=line
    )
