"""The run store: one directory a run, written so that a kill at any moment leaves it readable.

``<root>/runs/<run id>/`` holds ``manifest.json`` (first: what was going to run), ``records.jsonl``
(a line a record, as they come) and ``end.json`` (last: its absence makes the run incomplete).
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from pytest_ftgate.errors import DataError, StoreError, shown_path
from pytest_ftgate.files import write_atomic
from pytest_ftgate.model import Manifest, Run, RunEnd
from pytest_ftgate.runs import compared
from pytest_ftgate.runs.codec import encode_document
from pytest_ftgate.runs.reading import count_lines, read_document, read_records
from pytest_ftgate.runs.writer import END, MANIFEST, RECORDS, RunWriter

LATEST = "latest"

_NAMES_SHOWN = 3
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_now = datetime.now  # captured at import, so that frozen time does not make runs collide
_HOW_TO_GO_ON = (
    "Choose a writable directory with --ftgate-store=DIR, or go on without keeping the run "
    "by --ftgate-no-gate"
)


def new_run_id() -> str:
    """A run id that sorts by time and is unique: UTC to the millisecond, and 8 random digits."""
    now = _now(UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{secrets.token_hex(4)}"


class RunInfo(Struct, frozen=True, kw_only=True):
    """A run as lists show it: what its manifest and end marker say, without its records.

    ``problem`` says why a run cannot be read; then ``manifest`` is ``None``.
    """

    id: str
    path: Path
    manifest: Manifest | None
    complete: bool
    selected: int
    received: int
    problem: str | None = None


class RunStore:
    """The runs below one directory.

    Args:
        root: the directory; it is made by the first run, with a ``.gitignore`` of its own.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.runs = self.root / "runs"

    def create(self, manifest: Manifest) -> RunWriter:
        """Start a run: make its directory and write its manifest.

        Raises:
            StoreError: the store cannot be written, or holds a run of this id.
        """
        if not _RUN_ID.match(manifest.run):
            raise StoreError(f"{manifest.run!r} is no run id. Make one by new_run_id().")
        directory = self.runs / manifest.run
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            directory.mkdir()
        except FileExistsError:
            raise StoreError(
                f"{shown_path(directory)}: exists already. Start the run under a new id."
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            write_atomic(ignore, b"*\n")
        write_atomic(directory / MANIFEST, encode_document(manifest))
        return RunWriter(directory)

    def save(self, run: Run) -> Path:
        """Write a whole run, with what it was compared with; its directory.

        Raises:
            StoreError: the store cannot be written, or holds a run of this id.
        """
        writer = self.create(run.manifest)
        try:
            compared.keep(
                compared.Compared(run.baselines, run.anchors, run.histories), writer.directory
            )
            for record in run.records:
                writer.append(record)
            if run.end is not None:
                writer.finish(run.end)
        finally:
            writer.abort()
        return writer.directory

    def list(self) -> list[RunInfo]:
        """All runs, newest first; a run that cannot be read is among them with its problem."""
        return [_inform(directory) for directory in self._directories()]

    def load(self, which: str | os.PathLike[str] = LATEST) -> Run:
        """Read a run with its records in plan order.

        Args:
            which: ``latest``, a run id, the start of one or of its random part, or the path of a
                run's directory.

        Raises:
            StoreError: there is no such run, or several.
            DataError: a file of the run is damaged.
        """
        directory = self.find(which)
        manifest = read_document(directory / MANIFEST, Manifest)
        end = read_document(directory / END, RunEnd) if (directory / END).exists() else None
        records = read_records(directory / RECORDS, manifest, end)
        kept = compared.kept(directory, manifest.plans)
        return Run(
            manifest=manifest,
            records=records,
            end=end,
            baselines=kept.baselines,
            anchors=kept.anchors,
            histories=kept.histories,
        )

    def find(self, which: str | os.PathLike[str]) -> Path:
        """The directory of the run that ``which`` names, as for :meth:`load`.

        Raises:
            StoreError: there is no such run, or several.
        """
        name = os.fspath(which)
        if os.sep in name or (Path(name) / MANIFEST).is_file():
            if (Path(name) / MANIFEST).is_file():
                return Path(name)
            raise StoreError(
                f"{shown_path(name)}: holds no run: it has no {MANIFEST}. "
                "Give the directory of a run, or a run id."
            )
        directories = self._directories()
        if not directories:
            raise StoreError(
                f"The run store {shown_path(self.root)} holds no run. Evaluate a suite with pytest "
                "first, or name another store by --store."
            )
        if name == LATEST:
            return directories[0]
        return self._match(name, directories)

    def _match(self, name: str, directories: Sequence[Path]) -> Path:
        found = [directory for directory in directories if directory.name == name] or [
            directory
            for directory in directories
            if name
            and (directory.name.startswith(name) or directory.name.split("-")[-1].startswith(name))
        ]
        if len(found) == 1:
            return found[0]
        where = shown_path(self.root)
        names = [directory.name for directory in found or directories]
        if found:
            raise StoreError(
                f"{name!r} names {len(found)} runs of {where}: {_shortened(names)}. "
                "Give more characters."
            )
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the newest are {_shortened(names)}."
        raise StoreError(
            f"{name!r} names no run of {where}; {hint} List them by: pytest-ftgate runs"
        )

    def _directories(self) -> Sequence[Path]:
        """The runs' directories, newest first (the id starts with the time)."""
        try:
            found = [path for path in self.runs.iterdir() if path.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StoreError(
                f"The run store {shown_path(self.root)} cannot be read: {error.strerror}. "
                "Grant read permission or name another store."
            ) from error
        return sorted(found, key=lambda path: path.name, reverse=True)

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"The run store {shown_path(self.root)} cannot be written: {error.strerror}. "
            f"{_HOW_TO_GO_ON}."
        )


def _inform(directory: Path) -> RunInfo:
    complete, received, problem, manifest = False, 0, None, None
    try:
        manifest = read_document(directory / MANIFEST, Manifest)
        if (directory / END).exists():
            complete, received = True, read_document(directory / END, RunEnd).received
        else:
            received = count_lines(directory / RECORDS)
    except DataError as error:
        manifest, complete, problem = None, False, str(error)
    plans = manifest.plans if manifest else ()
    return RunInfo(
        id=directory.name,
        path=directory,
        manifest=manifest,
        complete=complete,
        selected=sum(len(plan.selected) for plan in plans),
        received=received,
        problem=problem,
    )


def _shortened(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
