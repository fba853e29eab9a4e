"""Streamed answers as text: what the events bring, place by place.

Server-sent events and JSON Lines carry an answer in pieces. Pieces belong together when they
stand at the same place of their events: the same path, and the same ``index`` of choice, content
block or tool call along it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pytest_ftgate.recording.keys import NOT_JSON
from pytest_ftgate.strict_json import is_too_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INDEXES = ("index", "output_index", "content_index", "item_id")


class _Piece(NamedTuple):
    holder: Any  # the dict or list that the text stands in
    at: str | int
    text: str


class _Event(NamedTuple):
    line: int
    prefix: str
    value: Any


def rewrite(
    text: str, pieces: Callable[[list[str]], list[str]], value: Callable[[Any], Any]
) -> str:
    """A stream with the texts of its events replaced; any other text is returned as it is.

    Args:
        text: the body of an answer.
        pieces: gives the new pieces for the pieces of one text, as many as there were.
        value: gives the new value of a whole event.
    """
    rows = text.split("\n")
    events = list(_events(rows))
    changed: set[int] = set()
    for group in _groups(events).values():
        old = [piece.text for _, piece in group]
        new = pieces(old)
        for (event, piece), before, after in zip(group, old, new, strict=True):
            if before != after:
                piece.holder[piece.at] = after
                changed.add(event.line)
    for event in events:
        clean = value(event.value)
        if clean is not event.value or event.line in changed:
            rows[event.line] = event.prefix + msgspec.json.encode(clean).decode()
    return "\n".join(rows)


def joined(text: str) -> Iterator[tuple[str, str]]:
    """The texts that the events of a stream bring together, each with its path."""
    for (path, *_), group in _groups(list(_events(text.split("\n")))).items():
        yield str(path), "".join(piece.text for _, piece in group)


def _events(rows: list[str]) -> Iterator[_Event]:
    for number, row in enumerate(rows):
        prefix = "data: " if row.startswith("data:") else ""
        payload = row[5:].strip() if prefix else row.strip()
        if payload[:1] != "{":
            continue
        try:
            value = msgspec.json.decode(payload)
        except NOT_JSON:
            continue
        if not is_too_deep(value):
            yield _Event(number, prefix, value)


def _groups(events: list[_Event]) -> dict[tuple[Any, ...], list[tuple[_Event, _Piece]]]:
    found: dict[tuple[Any, ...], list[tuple[_Event, _Piece]]] = {}
    for event in events:
        for key, piece in _pieces_of(event.value, "", (str(event.value.get("type")),)):
            found.setdefault(key, []).append((event, piece))
    return found


def _pieces_of(
    value: Any, path: str, indexes: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], _Piece]]:
    if isinstance(value, dict):
        found = (value.get(name) for name in _INDEXES)
        indexes = (*indexes, *(index for index in found if isinstance(index, (str, int))))
        members: Any = list(value.items())
    else:
        members = enumerate(value)
    for at, item in members:
        inner = f"{path}.{at}" if isinstance(value, dict) else f"{path}[]"
        if isinstance(item, str):
            yield (inner, *indexes), _Piece(value, at, item)
        elif isinstance(item, (dict, list)):
            yield from _pieces_of(item, inner, indexes)
