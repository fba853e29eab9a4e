"""Writing files so that a kill, a full disk or a hostile name never costs data.

Every file is either replaced as a whole (:func:`write_atomic`, :func:`write_together`) or grown a
line at a time (:func:`append_line`); a name that comes from data becomes a file name by
:func:`slug`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pytest_ftgate.errors import StoreError, shown_path

_TEMP_PREFIX = ".ftgate-"
_TEMP_SUFFIX = ".tmp"

_SLUG_MAX = 64
_HASH_BYTES = 6
_HASHED_TAIL = re.compile(rf"-[0-9a-f]{{{2 * _HASH_BYTES}}}\Z")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\Z")

_ADVICE = {
    errno.ENOSPC: "Free some space on the disk and run again",
    errno.EDQUOT: "Free some of the disk quota and run again",
    errno.EFBIG: "Raise the file size limit (ulimit -f) and run again",
    errno.EROFS: "Choose a path on a writable file system",
    errno.EACCES: "Grant write permission or choose another path",
    errno.EPERM: "Grant write permission or choose another path",
    errno.ENOTDIR: "Remove the file that stands where a directory is needed",
    errno.EISDIR: "Choose a path that is not a directory",
}


def write_atomic(
    path: str | os.PathLike[str], data: bytes, *, root: str | os.PathLike[str] | None = None
) -> None:
    """Replace a file by ``data`` so that readers see the old content or the new, nothing between.

    The data goes to a temporary file in the same directory, is synced to the disk, and is renamed
    over ``path``. A symbolic link at ``path`` is replaced and never written through. Missing
    directories are made; the permissions of an existing file are kept. Temporary files that a
    killed process left in the directory are removed.

    Args:
        path: the file to write.
        data: its whole new content.
        root: if given, the file must lie below this directory after links are resolved.

    Raises:
        StoreError: the file cannot be written, or would lie outside ``root``; what was at ``path``
            before is still there.
    """
    write_together([(path, data)], root=root)


def write_together(
    files: Sequence[tuple[str | os.PathLike[str], bytes]],
    *,
    root: str | os.PathLike[str] | None = None,
) -> None:
    """Replace several files that belong together, each as by :func:`write_atomic`.

    All data is on the disk before the first file is replaced: a full disk or a missing permission
    changes none of them. Only a kill can come between the replacements; they happen in the order
    given.

    Args:
        files: each file with its whole new content.
        root: as for :func:`write_atomic`.

    Raises:
        StoreError: a file cannot be written, or would lie outside ``root``.
    """
    targets = [Path(path) for path, _ in files]
    with contextlib.ExitStack() as cleanup:
        temps = []
        for target, (_, data) in zip(targets, files, strict=True):
            try:
                temps.append(_stage(target, data, root, cleanup))
            except OSError as error:
                raise write_error(target, error) from error
        for target, temp in zip(targets, temps, strict=True):
            try:
                temp.replace(target)
            except OSError as error:
                raise write_error(target, error) from error
            _sync_directory(target.parent)
        for directory in {target.parent for target in targets}:
            clean_stale_temps(directory)


def append_line(fd: int, line: bytes, *, path: str | os.PathLike[str] = "the file") -> None:
    r"""Append one line by a single ``write``, so that a kill can tear the last line only.

    ``fd`` must have been opened with ``O_APPEND`` and be the file's only writer: a line that the
    disk took a part of is cut off again, so that later lines do not continue it.

    Args:
        fd: file descriptor.
        line: the line, with or without its closing newline.
        path: the file's name for the error message.

    Raises:
        StoreError: the line could not be written as a whole.
        ValueError: ``line`` holds a newline before its end.
    """
    if not line.endswith(b"\n"):
        line += b"\n"
    if line.find(b"\n") != len(line) - 1:
        raise ValueError("a line must not hold a newline")
    try:
        written = os.write(fd, line)
    except OSError as error:
        raise write_error(path, error) from error
    if written != len(line):
        with contextlib.suppress(OSError):
            os.ftruncate(fd, os.fstat(fd).st_size - written)
        raise write_error(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def slug(name: str) -> str:
    """A file name for any text: portable, short, inside its directory, and unlike any other's.

    Names of lower-case letters, digits, ``.``, ``_`` and ``-`` stay as they are. Every other name
    (with capitals, which collide where the file system ignores case; long; reserved on some
    system; empty) keeps its harmless characters and gets a hash of the whole name. Names are
    compared in Unicode normal form C.

    Returns:
        At most 64 characters out of ``[A-Za-z0-9._-]``, never starting with ``.`` or ``-``.
    """
    name = unicodedata.normalize("NFC", name)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip(".-").rstrip(".")
    plain = (
        safe == name
        and name
        and name == name.lower()
        and len(name) <= _SLUG_MAX
        and not _RESERVED.match(name)
        and not _HASHED_TAIL.search(name)
    )
    if plain:
        return name
    mark = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES)
    # The dot would make "con.txt" reserved again in front of the hash.
    stem = safe[: _SLUG_MAX - 2 * _HASH_BYTES - 1].replace(".", "_").rstrip("-") or "unnamed"
    return f"{stem}-{mark.hexdigest()}"


def clean_stale_temps(directory: str | os.PathLike[str]) -> int:
    """Remove temporary files that killed processes left in ``directory``.

    A temporary file in use is locked by its writer and is left alone.

    Returns:
        The number of files removed; 0 when the directory is missing or read-only.
    """
    removed = 0
    try:
        with os.scandir(directory) as entries:
            names = [entry.path for entry in entries if _is_temp(entry)]
    except OSError:
        return 0
    for name in names:
        with contextlib.suppress(OSError):
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name)  # noqa: PTH108 - a plain string from scandir
                removed += 1
            finally:
                os.close(fd)
    return removed


def write_error(path: str | os.PathLike[str], error: OSError) -> StoreError:
    """The :class:`StoreError` for a failed write: what, where, why, and what to do."""
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "Check the path and run again")
    return StoreError(
        f"{shown_path(path)}: cannot be written: {reason}. What was there is unchanged. {advice}."
    )


def _stage(
    target: Path,
    data: bytes,
    root: str | os.PathLike[str] | None,
    cleanup: contextlib.ExitStack,
) -> Path:
    """The data in a synced temporary file beside the target, locked until the cleanup."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if root is not None:
        _refuse_outside(target, Path(root))
    if target.is_dir() and not target.is_symlink():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    fd, temp = _open_temp(target.parent)
    cleanup.callback(os.close, fd)
    cleanup.callback(temp.unlink, missing_ok=True)
    _keep_mode(fd, target)
    _write_all(fd, data)
    os.fsync(fd)
    return temp


def _refuse_outside(target: Path, root: Path) -> None:
    parent = target.parent.resolve()
    if not parent.is_relative_to(root.resolve()):
        raise StoreError(
            f"{shown_path(target)}: lies outside {shown_path(root)} after following links "
            f"(it is in {parent}). Remove the link or choose another path."
        )


def _open_temp(directory: Path) -> tuple[int, Path]:
    while True:
        temp = directory / f"{_TEMP_PREFIX}{secrets.token_hex(8)}{_TEMP_SUFFIX}"
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            # Where the file system has no locks, the cleaner cannot lock either and leaves it.
            with contextlib.suppress(OSError):
                fcntl.flock(fd, fcntl.LOCK_EX)
            # A cleaner may have taken the file between its creation and the lock.
            if os.fstat(fd).st_nlink:
                return fd, temp
        except BaseException:
            os.close(fd)
            temp.unlink(missing_ok=True)
            raise
        os.close(fd)


def _keep_mode(fd: int, target: Path) -> None:
    try:
        old = target.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(old.st_mode):
        os.fchmod(fd, stat.S_IMODE(old.st_mode))


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _sync_directory(directory: Path) -> None:
    # The rename has happened; some file systems cannot sync a directory, which is no failure.
    with contextlib.suppress(OSError):
        fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _is_temp(entry: os.DirEntry[str]) -> bool:
    return (
        entry.name.startswith(_TEMP_PREFIX)
        and entry.name.endswith(_TEMP_SUFFIX)
        and entry.is_file(follow_symlinks=False)
    )
