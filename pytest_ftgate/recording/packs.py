"""Packs on disk: read without being parsed, and replaced as a whole or not at all.

Processes record into part files beside the pack, and :func:`merge_parts` folds these in. A process
that is killed leaves a part behind, which every reader takes into account and the next merge
folds in.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_ftgate import files, strict_json
from pytest_ftgate.errors import DataError
from pytest_ftgate.recording import lines
from pytest_ftgate.recording.keys import NOT_JSON
from pytest_ftgate.recording.lines import REPLACE, TASK, Head
from pytest_ftgate.recording.parts import claimed, locked, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CONFLICT = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")
_RECORD_AGAIN = "Restore the file from version control, or delete the line and record it again"
_BYTE = re.compile(r" \(byte (\d+)\)\Z")
_KEY = re.compile(r"[0-9a-f]{32}\Z")


Place = tuple[str, int, int]
"""Case, trial and sequence number of an interaction."""


class Entry:
    """A line of a pack that was not parsed yet."""

    __slots__ = ("_data", "_end", "_path", "_start", "head")

    def __init__(self, head: Head, path: Path, data: bytes, start: int, end: int) -> None:
        self.head = head
        self._path = path
        self._data = data
        self._start = start
        self._end = end

    @property
    def line(self) -> bytes:
        """The line without its end."""
        return self._data[self._start : self._end]

    def parse(self, kind: type[Any]) -> Any:
        """The line as a structure of :mod:`~pytest_ftgate.recording.lines`.

        Raises:
            DataError: the line is damaged.
        """
        try:
            return lines.decode(self.line, kind)
        except NOT_JSON as error:
            raise _unread(self._path, self._data, self._start, self._end, error) from None

    def damaged(self, reason: str) -> DataError:
        """The error that names this line."""
        return _damaged(self._path, self._data, self._start, reason)


class Trial:
    """What a pack holds for one case and trial: interactions in order, and the task's time."""

    __slots__ = ("entries", "task")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.task: Entry | None = None

    def add(self, entry: Entry) -> None:
        """Take in a line; one that is here already, from a merge cut short, changes nothing."""
        if entry.head.key == TASK:
            self.task = entry
            return
        at = len(self.entries)
        while at and self.entries[at - 1].head.seq > entry.head.seq:
            at -= 1
        twin = at
        while twin and self.entries[twin - 1].head.seq == entry.head.seq:
            twin -= 1
            if self.entries[twin].line == entry.line:
                return
        self.entries.insert(at, entry)

    @property
    def next_seq(self) -> int:
        """The sequence number of the next interaction to be recorded."""
        return self.entries[-1].head.seq + 1 if self.entries else 0


class Pack:
    """The index of a pack and of the parts that lie beside it.

    ``parts`` are the part files that it was read from. ``scoped`` and ``played`` hold what this
    process did: the trials that it ran, and the interactions that it played or recorded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trials: dict[tuple[str, int], Trial] = {}
        self.parts: list[Path] = []
        self.scoped: set[tuple[str, int]] = set()
        self.played: set[Place] = set()

    def trial(self, case: str, trial: int) -> Trial:
        """What is held for a case and trial; empty when nothing was recorded."""
        found = self.trials.get((case, trial))
        if found is None:
            found = self.trials[case, trial] = Trial()
        return found

    def __iter__(self) -> Iterator[Entry]:
        for key in sorted(self.trials):
            yield from self.trials[key].entries

    def to_bytes(self) -> bytes:
        """The pack's file: sorted by case, trial and sequence, the task's time after its calls."""
        found: list[bytes] = []
        for key in sorted(self.trials):
            trial = self.trials[key]
            found += (entry.line for entry in trial.entries)
            if trial.task is not None:
                found.append(trial.task.line)
        return b"\n".join([*found, b""]) if found else b""


def read(path: str | os.PathLike[str]) -> Pack:
    """The index of a pack, the parts beside it included; empty when there is none.

    Raises:
        DataError: a line of the pack is damaged or its last line was cut off.
    """
    pack = Pack(Path(path))
    pack.parts = parts_of(pack.path)
    _read_into(pack, pack.parts)
    return pack


def place_of(head: Head) -> Place:
    """What tells an interaction from all others of its pack."""
    return head.case, head.trial, head.seq


def _write(pack: Pack) -> None:
    data = pack.to_bytes()
    if not data:
        pack.path.unlink(missing_ok=True)
    elif not pack.path.exists() or pack.path.read_bytes() != data:
        files.write_atomic(pack.path, data)


def merge_parts(path: str | os.PathLike[str]) -> bool:
    """Fold the parts of ended processes into the pack; may be killed and repeated at any moment.

    Returns:
        Whether there was anything to fold in.

    Raises:
        DataError: the pack or a part is damaged; nothing was changed.
        StoreError: the pack cannot be written; nothing was changed.
    """
    if not parts_of(Path(path)):
        return False
    with editing(Path(path)) as pack:
        return bool(pack.parts)


@contextlib.contextmanager
def editing(path: Path) -> Iterator[Pack]:
    """The pack, the parts of ended processes folded in, to be changed and written at the end.

    One process at a time edits the packs of a directory.

    Raises:
        DataError: the pack or a part is damaged; nothing was changed.
        StoreError: the pack cannot be written; nothing was changed.
    """
    pack = Pack(path)
    with locked(path.parent), contextlib.ExitStack() as held:
        pack.parts = [part for part in parts_of(path) if held.enter_context(claimed(part))]
        _read_into(pack, pack.parts)
        yield pack
        _write(pack)
        files.clean_stale_temps(path.parent)
        for part in pack.parts:
            part.unlink(missing_ok=True)


def _read_into(pack: Pack, parts: Iterable[Path]) -> None:
    data = _bytes_of(pack.path)
    for entry in _entries(pack.path, data, torn_ok=False):
        if entry.head.key == REPLACE:
            raise entry.damaged(f"a line of kind {REPLACE!r} belongs in part files only")
        pack.trial(entry.head.case, entry.head.trial).add(entry)
    for part in parts:
        _apply_part(pack, list(_entries(part, _bytes_of(part), torn_ok=True)))


def _apply_part(pack: Pack, entries: list[Entry]) -> None:
    at = 0
    while at < len(entries):
        entry = entries[at]
        at += 1
        case, trial = entry.head.case, entry.head.trial
        if entry.head.key != REPLACE:
            pack.trial(case, trial).add(entry)
            continue
        count = entry.parse(lines.Replace).lines
        block = entries[at : at + count]
        at += count
        if len(block) < count:  # cut off by a kill: the old recording stays
            break
        fresh = Trial()
        for line in block:
            fresh.add(line)
        pack.trials[case, trial] = fresh


def _entries(path: Path, data: bytes, *, torn_ok: bool) -> Iterator[Entry]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        if end < 0:
            if torn_ok:
                return
            if not _is_whole(data, start):
                raise _damaged(path, data, start, "the last line was cut off", len(data) - start)
            end = len(data)
        stop = end - 1 if data[end - 1 : end] == b"\r" and end > start else end
        if stop > start:
            yield Entry(_head(path, data, start, stop), path, data, start, stop)
        start = end + 1


def _head(path: Path, data: bytes, start: int, end: int) -> Head:
    try:
        head = lines.head_of(data, start, end)
    except NOT_JSON as error:
        raise _unread(path, data, start, end, error) from None
    if data[end - 1] != 0x7D:  # }
        reason = "the line does not end with '}', it was cut off"
        raise _damaged(path, data, start, reason, end - start)
    if head.key not in (TASK, REPLACE) and (head.seq < 0 or not _KEY.match(head.key)):
        raise _damaged(
            path,
            data,
            start,
            f'"k" is {head.key!r}, not 32 hexadecimal digits, or "seq" is missing',
        )
    return head


def _is_whole(data: bytes, start: int) -> bool:
    # An editor may have dropped the newline at the end of the file; that is no damage.
    try:
        msgspec.json.decode(data[start:])
    except NOT_JSON:
        return False
    return True


def _unread(path: Path, data: bytes, start: int, end: int, error: Exception) -> DataError:
    """The error for a line that cannot be decoded, with the column where that is known."""
    try:
        data[start:end].decode()
    except UnicodeDecodeError as wrong:
        return _damaged(path, data, start, "it is not UTF-8", wrong.start)
    reason = str(error)
    place = _BYTE.search(reason)
    if place is not None:
        return _damaged(path, data, start, _BYTE.sub("", reason), int(place[1]))
    return _damaged(path, data, start, reason, end - start if "truncated" in reason else None)


def _damaged(path: Path, data: bytes, start: int, reason: str, at: int | None = None) -> DataError:
    """The error for the line that starts at ``start``; ``at`` counts its bytes up to the fault."""
    line, column = data.count(b"\n", 0, start) + 1, None
    if at is not None:
        column = len(data[start : start + at].decode("utf-8", "replace")) + 1
    if data[start:].startswith(_CONFLICT):
        return DataError(
            path,
            "this is the mark of an unresolved merge conflict",
            "Keep the lines of both sides and remove the marks",
            line=line,
        )
    return DataError(
        path, f"the line is damaged: {reason}", _RECORD_AGAIN, line=line, column=column
    )


def _bytes_of(path: Path) -> bytes:
    try:
        return strict_json.read_bytes(path)
    except DataError:
        if not path.exists():
            return b""
        raise
