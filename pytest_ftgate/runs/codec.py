"""Records, manifests and end markers as JSON, strict in both directions.

What is written is finite, valid UTF-8 and one line a record; what is read is checked against the
model, and whatever is wrong is reported with its file and line.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from pytest_ftgate.canonical import escape_surrogates
from pytest_ftgate.errors import DataError, StoreError
from pytest_ftgate.model import SCHEMA_VERSION, Manifest, Record, RunEnd

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_Document = TypeVar("_Document", Manifest, RunEnd)

_ENCODER = msgspec.json.Encoder()
_RECORD = msgspec.json.Decoder(Record)
RESTORE = "Restore the file, or remove the run and evaluate again"
_BYTE = re.compile(r" \(byte (\d+)\)\Z")
_PLACE = re.compile(r" - at `([^`]*)`\Z")


def encode_record(record: Record) -> bytes:
    """One record as one line of JSON, without its newline.

    Lone surrogates, which UTF-8 cannot hold, are written as the six characters of their escape.

    Raises:
        StoreError: a number of the record is NaN or infinite.
    """
    for name, number in _numbers(record):
        if number is not None and not math.isfinite(number):
            raise StoreError(
                f"The record of case {record.case!r} (suite {record.suite}, variant "
                f"{record.variant}, trial {record.trial + 1}) cannot be stored: {name} is "
                f"{number}. Numbers must be finite; leave out what is not known."
            )
    return encode(record)


def encode_document(document: Manifest | RunEnd) -> bytes:
    """A manifest or an end marker as indented JSON with a closing newline."""
    return msgspec.json.format(encode(document), indent=2) + b"\n"


def decode_record(line: bytes, path: str | os.PathLike[str], number: int) -> Record:
    """One line of a run's records.

    Args:
        line: the line, with or without its newline.
        path: the file it is from.
        number: its 1-based number.

    Raises:
        DataError: it is not JSON, not a record, or of a later version of the format.
    """
    try:
        record = _RECORD.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(error, path, number) from None
    problem = implausible(record)
    if problem:
        raise DataError(path, problem, RESTORE, line=number)
    return record


def decode_document(data: bytes, kind: type[_Document], path: str | os.PathLike[str]) -> _Document:
    """A manifest or an end marker.

    Raises:
        DataError: it is not JSON, not a document of this kind, or of a later version.
    """
    try:
        document = msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(error, path, None) from None
    if isinstance(document, Manifest) and document.schema_version > SCHEMA_VERSION:
        raise DataError(path, too_new(document.schema_version), "Upgrade pytest-ftgate")
    return document


def encode(value: msgspec.Struct) -> bytes:
    """A structure as JSON on one line; lone surrogates as the six characters of their escape."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_escaped(msgspec.to_builtins(value)))


def _escaped(value: object) -> object:
    match value:
        case str():
            return escape_surrogates(value)
        case dict():
            return {_escaped(key): _escaped(item) for key, item in value.items()}
        case list() | tuple():
            return [_escaped(item) for item in value]
    return value


def _numbers(record: Record) -> Iterator[tuple[str, float | None]]:
    yield "cost", record.cost
    yield "latency_s", record.latency_s
    yield "weight", record.weight
    for seen in record.observations:
        yield f"the value of check {seen.check!r}", seen.value
        yield f"the lower end of check {seen.check!r}", seen.low
        yield f"the upper end of check {seen.check!r}", seen.high


def implausible(record: Record) -> str | None:
    """What no record that was written here can hold, as a clause; a hand-edited one can."""
    if record.schema_version > SCHEMA_VERSION:
        return too_new(record.schema_version)
    if record.trial < 0:
        return f"trial is {record.trial}, expected 0 or more"
    if record.weight <= 0:
        return f"weight is {record.weight}, expected a number above 0"
    for seen in record.observations:
        if not seen.low <= seen.value <= seen.high:
            return (
                f"the value of check {seen.check!r} is {seen.value}, "
                f"expected {seen.low} to {seen.high}"
            )
    return None


def too_new(version: int) -> str:
    """What to say of a file of a later version of the format, as a clause."""
    return f"the format is version {version}, and this release reads up to {SCHEMA_VERSION}"


def damaged(
    error: Exception, path: str | os.PathLike[str], number: int | None, advice: str = RESTORE
) -> DataError:
    """The :class:`DataError` for what msgspec could not decode.

    Args:
        error: as msgspec raised it.
        path: the file.
        number: the 1-based line that was decoded, ``None`` for a whole document.
        advice: what to do.
    """
    text, column = str(error), None
    if isinstance(error, RecursionError):
        text = "JSON is nested too deeply"
    elif isinstance(error, UnicodeDecodeError):
        text = f"the text is not UTF-8: {error.reason}"
    elif found := _BYTE.search(text):
        text, column = text[: found.start()], int(found[1]) + 1
    elif found := _PLACE.search(text):
        text = f"{found[1].removeprefix('$.')}: {text[: found.start()]}"
    return DataError(path, text, advice, line=number, column=column)
