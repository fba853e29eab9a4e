"""The holdout ledger: every look at a holdout leaves a line, because looks wear it out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from pytest_ftgate import files
from pytest_ftgate.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


class HoldoutUse(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation of a suite's holdout; ``cases`` is how many of its cases were selected."""

    at: str
    run: str
    suite: str
    variant: str
    cases: int
    record_mode: str
    git_commit: str | None = None


def ledger_path(baselines: Path, suite: str) -> Path:
    """Where a suite's holdout uses are written: beside its baseline, to be committed."""
    return baselines / f"{files.slug(suite)}.holdout.jsonl"


def note_use(path: Path, use: HoldoutUse) -> None:
    """Append a use to the ledger.

    Raises:
        StoreError: the ledger cannot be written; the holdout must then not count as evaluated.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        raise files.write_error(path, error) from error
    try:
        files.append_line(fd, msgspec.json.encode(use), path=path)
    finally:
        os.close(fd)


def read_uses(path: Path) -> tuple[HoldoutUse, ...]:
    """Every use of the holdout so far, oldest first; none when there is no ledger.

    Raises:
        StoreError: a line is damaged.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    uses = []
    for number, line in enumerate(lines, 1):
        try:
            uses.append(msgspec.json.decode(line, type=HoldoutUse))
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{path}:{number}: no entry of a holdout ledger: {error}. Restore the file from "
                "version control."
            ) from None
    return tuple(uses)
