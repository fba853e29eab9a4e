"""Writing one run: a record a line as they come, the end marker last."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from pytest_ftgate.errors import StoreError, shown_path
from pytest_ftgate.files import append_line, write_atomic, write_error
from pytest_ftgate.runs.codec import encode_document, encode_record

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ftgate.model import Manifest, Record, RunEnd

MANIFEST = "manifest.json"
RECORDS = "records.jsonl"
END = "end.json"
STALE = "stale.json"
"""The recorded calls that a full replay did not play: pack, relative to the root -> places."""


class RunWriter:
    """Writes the records of one run as they come; made by :meth:`RunStore.create`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._records = directory / RECORDS
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            self._fd: int | None = os.open(self._records, flags, 0o666)
        except OSError as error:
            raise write_error(self._records, error) from error

    def append(self, record: Record) -> None:
        """Add one record; it survives a kill from here on.

        Raises:
            StoreError: it cannot be written, a number of it is not finite, or the run has ended.
        """
        append_line(self._open_fd(), encode_record(record), path=self._records)

    def replan(self, manifest: Manifest) -> None:
        """Replace the manifest: more is going to run than was planned at first.

        Raises:
            StoreError: it cannot be written.
        """
        write_atomic(self.directory / MANIFEST, encode_document(manifest))

    def finish(self, end: RunEnd) -> None:
        """Sync the records to the disk and write the end marker: the run is complete.

        Raises:
            StoreError: the marker cannot be written (the run stays incomplete), or the run has
                ended already.
        """
        fd = self._open_fd()
        try:
            os.fsync(fd)
        except OSError as error:
            raise write_error(self._records, error) from error
        finally:
            self.abort()
        write_atomic(self.directory / END, encode_document(end))

    def abort(self) -> None:
        """Close the file without an end marker: the run stays incomplete, with its records."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = None

    def _open_fd(self) -> int:
        if self._fd is None:
            raise StoreError(f"{shown_path(self.directory)}: the run has ended already.")
        return self._fd
