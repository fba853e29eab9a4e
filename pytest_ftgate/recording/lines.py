"""The lines of a pack: what they hold and how they are read without reading all of it.

A pack is JSON Lines. An interaction's line starts with its key, case, trial and sequence number
in this order, so that an index needs to look at a line's head only; the rest is parsed when the
interaction is played. The other kind of line tells how long the whole task of a case took.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from pytest_ftgate.recording.bodies import Body

TASK = "task"
"""The key of a line that tells how long a whole task took."""

REPLACE = "replace"
"""The key of a part file's line that says that the lines after it replace a case's old ones."""


class StoredRequest(Struct):
    """A request as stored; ``headers`` hold what the allow-list lets through."""

    method: str
    uri: str
    headers: dict[str, list[str]]
    body: Body | None = None


class Status(Struct):
    """A response's status code and reason phrase."""

    code: int
    message: str = ""


class StoredResponse(Struct):
    """A response as stored, its body decompressed."""

    status: Status
    headers: dict[str, list[str]]
    body: Body


class Event(Struct, omit_defaults=True):
    """A failed call: its kind, and the exception's class and message as the client raised it."""

    kind: str
    type: str
    message: str = ""
    errno: int | None = None


class Interaction(Struct, kw_only=True, omit_defaults=True):
    """One call. ``k`` stands first on its line; exactly one of response and event is set."""

    k: str
    case: str
    trial: int = field()
    seq: int = field()
    recorded_at: str | None = None
    elapsed_s: float | None = None
    request: StoredRequest
    response: StoredResponse | UnsetType = UNSET
    event: Event | UnsetType = UNSET


class Answer(Struct):
    """The part of an interaction that replay needs; the request stays unparsed."""

    recorded_at: str | None = None
    elapsed_s: float | None = None
    response: StoredResponse | UnsetType = UNSET
    event: Event | UnsetType = UNSET


class Question(Struct):
    """The part of an interaction that a miss is explained with."""

    request: StoredRequest


class TaskTime(Struct, kw_only=True):
    """How long the whole task of a case took when it was recorded, in seconds."""

    k: str = TASK
    case: str
    trial: int
    recorded_at: str | None = None
    elapsed_s: float | None = None


class Replace(Struct, kw_only=True):
    """In a part file: the next ``lines`` lines replace all that the case and trial had."""

    k: str = REPLACE
    case: str
    trial: int
    lines: int


class Head(NamedTuple):
    """What an index knows of a line; ``seq`` is -1 where a line has none."""

    key: str
    case: str
    trial: int
    seq: int


_HEAD = re.compile(
    rb'\{"k":"([0-9a-z]+)","case":"((?:[^"\\]|\\.)*)","trial":(\d{1,9})(?:,"seq":(\d{1,9}))?[,}]'
)


class _AnyHead(Struct):
    k: str
    case: str
    trial: int
    seq: int = -1


def head_of(data: bytes, start: int, end: int) -> Head:
    """The head of the line at ``data[start:end]``.

    Raises:
        msgspec.DecodeError: the line is not JSON, or lacks what every line has.
    """
    match = _HEAD.match(data, start, end)
    if match is not None:
        key, case, trial, seq = match.groups()
        name = case.decode() if b"\\" not in case else msgspec.json.decode(b'"' + case + b'"')
        return Head(key.decode(), name, int(trial), -1 if seq is None else int(seq))
    # Spelled in another way, as by hand: any JSON object with the same members will do.
    found = msgspec.json.decode(data[start:end], type=_AnyHead)
    return Head(found.k, found.case, found.trial, found.seq)


def encode(line: Interaction | TaskTime | Replace) -> bytes:
    """The line, with its newline."""
    return msgspec.json.encode(line) + b"\n"


def decode(line: bytes, kind: type[Any]) -> Any:
    """The line as ``kind``.

    Raises:
        msgspec.DecodeError: the line is not JSON, or not of this shape.
    """
    return msgspec.json.decode(line, type=kind)
