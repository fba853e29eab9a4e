"""Part files: what a process records, until it is folded into the pack.

Each process appends to a part of its own beside the pack, which it locks while it lives. A part
that nobody has locked was left by a process that ended, or was killed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
from typing import TYPE_CHECKING

from pytest_ftgate import files
from pytest_ftgate.errors import StoreError, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_SUFFIX = ".part"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


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
        self._path = self.pack.with_name(f"{self.pack.name}.{label}{_SUFFIX}")
        try:
            self.pack.parent.mkdir(parents=True, exist_ok=True)
            while True:
                fd = os.open(self._path, _CREATE, 0o666)
                with contextlib.suppress(OSError):  # the file system may have no locks
                    fcntl.flock(fd, fcntl.LOCK_EX)
                if os.fstat(fd).st_nlink:
                    return fd
                os.close(fd)  # a merge took the empty part between its creation and the lock
        except OSError as error:
            raise files.write_error(self._path, error) from error


def parts_of(pack: Path) -> list[Path]:
    """The part files beside a pack, the oldest first.

    Raises:
        StoreError: the directory cannot be read.
    """
    prefix, found = f"{pack.name}.", []
    try:
        with os.scandir(pack.parent) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(prefix) and name.endswith(_SUFFIX) and entry.is_file():
                    found.append((entry.stat().st_mtime_ns, name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"{shown_path(pack.parent)}: cannot be read: {error}.") from error
    return [pack.with_name(name) for _, name in sorted(found)]


@contextlib.contextmanager
def claimed(part: Path) -> Iterator[bool]:
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
def locked(directory: Path) -> Iterator[None]:
    """One merger at a time in a directory.

    Raises:
        StoreError: there is no such directory, or it cannot be opened.
    """
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"{shown_path(directory)}: cannot be opened: {error}.") from error
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
