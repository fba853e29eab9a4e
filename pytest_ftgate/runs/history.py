"""A suite's accepted history: one line each time its baseline moved, oldest first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pytest_ftgate.errors import DataError, NoBaseline
from pytest_ftgate.model import SCHEMA_VERSION, HistoryEntry
from pytest_ftgate.runs.codec import damaged, encode, too_new
from pytest_ftgate.runs.git_files import read_from_commit

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_ADVICE = "Restore the file, or remove the line"
_DECODER = msgspec.json.Decoder(HistoryEntry)


def read_history(path: str | os.PathLike[str]) -> tuple[HistoryEntry, ...]:
    """The entries of a history file; none when it is missing.

    Raises:
        DataError: a line is damaged, or the file cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}", "Check the path") from error
    return decode_history(data, path)


def read_history_from_git(ref: str, path: Path, cwd: Path) -> tuple[HistoryEntry, ...]:
    """The entries of a history file as a commit holds it; none when it has no such file.

    Raises:
        StoreError: git, the repository or the commit is not there.
        DataError: a line is damaged.
    """
    try:
        data, name = read_from_commit(ref, path, cwd)
    except NoBaseline:
        return ()
    return decode_history(data, name)


def decode_history(data: bytes, path: str | os.PathLike[str]) -> tuple[HistoryEntry, ...]:
    """The entries of a history file's content.

    Raises:
        DataError: a line is damaged.
    """
    lines = enumerate(data.split(b"\n"), start=1)
    return tuple(_decode(line, path, number) for number, line in lines if line.strip())


def encode_history(entries: Iterable[HistoryEntry]) -> bytes:
    """The entries as the bytes of their file."""
    return b"".join(encode(entry) + b"\n" for entry in entries)


def _decode(line: bytes, path: str | os.PathLike[str], number: int) -> HistoryEntry:
    try:
        entry = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(error, path, number, _ADVICE) from None
    if entry.schema_version > SCHEMA_VERSION:
        raise DataError(path, too_new(entry.schema_version), "Upgrade pytest-ftgate", line=number)
    return entry
