"""Hostile text made fit to be shown: one line, printable characters only, bounded length.

Model output reaches terminals, reports and logs inside reasons and previews. What could move a
cursor, recolour a terminal, reverse the reading order or hide characters is shown as an escape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

ELLIPSIS = "…"

# Code points that Unicode calls default-ignorable but str.isprintable() accepts: they draw
# nothing, so text could be hidden in them.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_NAME = re.compile(r"[^\W\d]\w*")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def shown(text: str, limit: int | None = None, *, multiline: bool = False) -> str:
    r"""The text as it may be shown to a person.

    Control characters (ANSI and OSC sequences among them), bidirectional controls, zero-width and
    otherwise invisible characters, unusual spaces and lone surrogates become ``\uXXXX`` escapes;
    line feed, carriage return and tab become ``\n``, ``\r`` and ``\t``.

    Args:
        text: any text.
        limit: the most characters of the result, the closing ellipsis included.
        multiline: keep line feeds as they are (carriage returns and tabs are still escaped).

    Returns:
        A string of printable characters (and line feeds, if asked for) that encodes as UTF-8.
    """
    if limit is not None and len(text) > limit:
        # Escaping only lengthens: what lies beyond the limit can never be shown.
        return _cut(_escape(text[:limit], multiline), limit)
    escaped = _escape(text, multiline)
    return escaped if limit is None or len(escaped) <= limit else _cut(escaped, limit)


def preview(value: object, limit: int = 80) -> str:
    """A JSON value as one bounded line: ``"asap"``, ``{"a": [1, 2…``.

    Large values are encoded only as far as they are shown. A value that JSON cannot express is
    shown by its ``repr``.
    """
    chunks: list[str] = []
    length = 0
    try:
        for chunk in json.JSONEncoder(ensure_ascii=False).iterencode(_clipped(value, limit)):
            chunks.append(chunk)
            length += len(chunk)
            if length > limit:
                break
    except (TypeError, ValueError, RecursionError):
        return shown(_repr(value), limit)
    return shown("".join(chunks), limit)


def json_path(parts: Iterable[str | int]) -> str:
    """A JSON path: ``$.items[0].name``, with unusual keys quoted."""
    path = "$"
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _NAME.fullmatch(part):
            path += f".{shown(part, 60)}"
        else:
            path += f"[{preview(part, 60)}]"
    return path


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # whatever a foreign __repr__ raises, or too deep a nesting
        return f"<{type(value).__name__}>"


def _clipped(value: object, limit: int) -> object:
    return value[: limit + 1] if isinstance(value, str) else value


def _cut(escaped: str, limit: int) -> str:
    return escaped[: max(limit - 1, 0)] + ELLIPSIS if limit > 0 else ""


def _escape(text: str, multiline: bool) -> str:
    if text.isprintable() and not _INVISIBLE.search(text):
        return text
    return "".join(
        char if _is_plain(char) or (multiline and char == "\n") else _escaped(char) for char in text
    )


def _is_plain(char: str) -> bool:
    return char.isprintable() and not _INVISIBLE.match(char)


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
