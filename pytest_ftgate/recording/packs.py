"""Packs on disk: reading without parsing, appending while recording, merging without loss.

A pack is replaced as a whole or not at all. While recording, each process appends to a part file
of its own beside the pack; :func:`merge_parts` folds the parts into the pack. A process that is
killed leaves a part behind, which every reader takes into account and the next merge folds in.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_ftgate import files, strict_json
from pytest_ftgate.errors import DataError, StoreError
from pytest_ftgate.recording import lines
from pytest_ftgate.recording.keys import NOT_JSON
from pytest_ftgate.recording.lines import REPLACE, TASK, Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CONFLICT = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")
_RECORD_AGAIN = "Restore the file from version control, or delete the line and record it again"
_KEY = re.compile(r"[0-9a-f]{32}\Z")


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
            raise self.damaged(str(error)) from None

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

    ``played`` holds case, trial and sequence number of the interactions played in this process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trials: dict[tuple[str, int], Trial] = {}
        self.played: set[tuple[str, int, int]] = set()

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
    _read_into(pack, _parts_of(pack.path))
    return pack


def write(pack: Pack) -> None:
    """Replace the pack's file by what the index holds; an empty pack has no file.

    Raises:
        StoreError: the file cannot be written; the old one is still there.
    """
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
    pack = Pack(Path(path))
    if not _parts_of(pack.path):
        return False
    with _locked(pack.path.parent), contextlib.ExitStack() as held:
        parts = [part for part in _parts_of(pack.path) if held.enter_context(_claimed(part))]
        if not parts:
            return False
        _read_into(pack, parts)
        write(pack)
        files.clean_stale_temps(pack.path.parent)
        for part in parts:
            part.unlink(missing_ok=True)
    return True


class PartWriter:
    """Appends lines to this process's part of a pack; the file appears with the first line."""

    def __init__(self, pack: Path, worker: str | None) -> None:
        self.pack = pack
        self._worker = worker or "main"
        self._fd: int | None = None
        self._pid = 0
        self._path = pack
        self.used = False

    def append(self, block: Sequence[bytes]) -> None:
        """Write lines, each by a single write.

        Raises:
            StoreError: the disk is full or the directory cannot be written.
        """
        if self._fd is None or self._pid != os.getpid():  # a forked child writes its own part
            self._fd = self._open()
            self.used = True
        for line in block:
            files.append_line(self._fd, line, path=self._path)

    def close(self) -> None:
        """Let go of the part, so that it can be merged."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        if self._pid == os.getpid():
            with contextlib.suppress(OSError):
                fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)

    def _open(self) -> int:
        self._pid = os.getpid()
        label = f"{self._worker}-{self._pid}-{secrets.token_hex(4)}"
        self._path = self.pack.with_name(f"{self.pack.name}.{label}.part")
        try:
            self.pack.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            fd = os.open(self._path, flags, 0o666)
        except OSError as error:
            raise files.write_error(self._path, error) from error
        with contextlib.suppress(OSError):  # a file system without locks: merge when idle only
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return fd


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
                raise _damaged(path, data, start, "the last line was cut off")
            end = len(data)
        stop = end - 1 if data[end - 1 : end] == b"\r" and end > start else end
        if stop > start:
            yield Entry(_head(path, data, start, stop), path, data, start, stop)
        start = end + 1


def _head(path: Path, data: bytes, start: int, end: int) -> Head:
    try:
        head = lines.head_of(data, start, end)
    except NOT_JSON as error:
        raise _damaged(path, data, start, str(error)) from None
    if data[end - 1] != 0x7D:  # }
        raise _damaged(path, data, start, "the line does not end with '}', it was cut off")
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


def _damaged(path: Path, data: bytes, start: int, reason: str) -> DataError:
    line = data.count(b"\n", 0, start) + 1
    if data[start:].startswith(_CONFLICT):
        return DataError(
            path,
            "this is the mark of an unresolved merge conflict",
            "Keep the lines of both sides and remove the marks",
            line=line,
        )
    return DataError(path, f"the line is damaged: {reason}", _RECORD_AGAIN, line=line)


def _bytes_of(path: Path) -> bytes:
    try:
        return strict_json.read_bytes(path)
    except DataError:
        if not path.exists():
            return b""
        raise


def _parts_of(pack: Path) -> list[Path]:
    prefix, found = f"{pack.name}.", []
    try:
        with os.scandir(pack.parent) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(prefix) and name.endswith(".part") and entry.is_file():
                    found.append((entry.stat().st_mtime_ns, name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{pack.parent}: cannot be read: {error.strerror}.") from error
    return [pack.with_name(name) for _, name in sorted(found)]


@contextlib.contextmanager
def _claimed(part: Path) -> Iterator[bool]:
    """Whether no live process is writing the part; it stays ours while the context is open."""
    try:
        fd = os.open(part, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        yield _lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One merger at a time in a directory."""
    fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _lock(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how)
    except OSError as error:
        # Some file systems have no locks at all: go on without.
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True
