"""Where the keys of a TOML file stand: the standard parser does not tell."""

from __future__ import annotations

import re
import tomllib

Keys = tuple[str | int, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_LONG_TEXT = re.compile("\"\"\"|'''")


def key_lines(text: str) -> dict[Keys, int]:
    """The 1-based line of each table and key of a valid TOML text.

    The tables of an array are told apart by their index: ``("variant", 0, "name")``. Keys within
    inline tables are not listed.
    """
    lines: dict[Keys, int] = {}
    counts: dict[Keys, int] = {}
    table: Keys = ()
    closing: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        rest = line
        if closing is not None:
            _, found, rest = line.partition(closing)
            if not found:
                continue
            closing = None
        elif header := _HEADER.match(line):
            table = _table(_parts(header[2]), counts, is_array=header[1] == "[[")
            _note(lines, table, number)
            continue
        elif key := _KEY.match(line):
            _note(lines, table + _parts(key[1]), number)
            rest = line[key.end() :]
        closing = _left_open(rest)
    return lines


def _table(parts: tuple[str, ...], counts: dict[Keys, int], *, is_array: bool) -> Keys:
    """The keys of a table's header; a part that names an array stands for its latest table."""
    keys: Keys = ()
    for position, part in enumerate(parts):
        keys += (part,)
        if is_array and position == len(parts) - 1:
            counts[keys] = counts.get(keys, 0) + 1
        if keys in counts:
            keys += (counts[keys] - 1,)
    return keys


def _note(lines: dict[Keys, int], keys: Keys, number: int) -> None:
    for length in range(1, len(keys) + 1):
        lines.setdefault(keys[:length], number)


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(next(iter(tomllib.loads(f"{part} = 0"))) for part in re.findall(_PART, dotted))


def _left_open(text: str) -> str | None:
    """The delimiter of a multi-line text that this line opens and does not close."""
    closing: str | None = None
    for mark in _LONG_TEXT.findall(text):
        if closing is None:
            closing = mark
        elif mark == closing:
            closing = None
    return closing
