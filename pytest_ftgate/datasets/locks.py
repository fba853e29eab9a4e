"""The lock of a holdout: a committed file of hashes, so that a later change is noticed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pytest_ftgate.canonical import digest
from pytest_ftgate.datasets.hashing import case_hash
from pytest_ftgate.datasets.reading import load
from pytest_ftgate.errors import DataError, shown_path
from pytest_ftgate.files import write_atomic
from pytest_ftgate.strict_json import parse_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ftgate.model import Case

_VERSION = 1
_SHOWN = 5


class LockCheck(Struct, frozen=True, kw_only=True):
    """How a holdout differs from its lock, by case id; nothing in it: the lock holds."""

    path: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the holdout is what was locked."""
        return not (self.added or self.removed or self.changed)

    @property
    def reason(self) -> str:
        """What differs, as a clause; empty when the lock holds."""
        parts = [
            f"{len(ids)} {name} ({', '.join(ids[:_SHOWN])}{', ...' if len(ids) > _SHOWN else ''})"
            for name, ids in (
                ("added", self.added),
                ("removed", self.removed),
                ("changed", self.changed),
            )
            if ids
        ]
        return f"the holdout differs from its lock: {', '.join(parts)}" if parts else ""


def lock_path(path: str | os.PathLike[str]) -> Path:
    """Where the lock of a dataset lies: beside it, ``dataset.jsonl.lock``."""
    return Path(f"{os.fspath(path)}.lock")


def lock(path: str | os.PathLike[str], *, replace: bool = False) -> Path:
    """Lock the holdout of a dataset as it is now.

    The lock covers all of a holdout case but its ``metadata``. Locking an unchanged holdout again
    changes nothing.

    Args:
        path: the dataset.
        replace: whether a lock of another holdout may be replaced.

    Returns:
        The path of the lock file.

    Raises:
        DataErrors: the dataset is wrong.
        DataError: there is no holdout case, or the holdout is locked and has changed.
        StoreError: the lock cannot be written.
    """
    cases = load(path)
    hashes = _hashes(cases)
    if not hashes:
        raise DataError(
            path,
            "there is no holdout case to lock",
            "Run 'pytest-ftgate dataset split', or set split: holdout",
        )
    target = lock_path(path)
    if target.exists() and not replace:
        _refuse_difference(path, target, hashes)
    content = {
        "schema_version": _VERSION,
        "dataset": Path(path).name,
        "digest": digest(hashes),
        "holdout": hashes,
    }
    write_atomic(target, (json.dumps(content, indent=2) + "\n").encode())
    return target


def verify_lock(
    path: str | os.PathLike[str], cases: Iterable[Case] | None = None
) -> LockCheck | None:
    """Compare a dataset's holdout with its lock.

    Args:
        path: the dataset.
        cases: its cases if they have been read already.

    Returns:
        The differences, or ``None`` when the dataset has no lock.

    Raises:
        DataErrors: the dataset is wrong.
        DataError: the lock file is damaged.
    """
    target = lock_path(path)
    if not target.exists():
        return None
    return _compare(target, _hashes(load(path) if cases is None else cases))


def refuse_change(path: str | os.PathLike[str], cases: Iterable[Case]) -> None:
    """Refuse cases that are about to be written over a dataset with another, locked holdout.

    Raises:
        DataError: they change the locked holdout, or the lock file is damaged.
    """
    target = lock_path(path)
    if target.exists():
        _refuse_difference(path, target, _hashes(cases))


def _refuse_difference(path: str | os.PathLike[str], target: Path, hashes: dict[str, str]) -> None:
    check = _compare(target, hashes)
    if not check.holds:
        raise DataError(
            path,
            check.reason,
            f"Results on it no longer compare; to start anew, remove {shown_path(target)}",
        )


def _compare(target: Path, now: dict[str, str]) -> LockCheck:
    locked = _read(target)
    return LockCheck(
        path=str(target),
        added=tuple(sorted(now.keys() - locked.keys())),
        removed=tuple(sorted(locked.keys() - now.keys())),
        changed=tuple(sorted(key for key in now.keys() & locked.keys() if now[key] != locked[key])),
    )


def _hashes(cases: Iterable[Case]) -> dict[str, str]:
    return {
        case.id: case_hash(case)
        for case in sorted(cases, key=lambda case: case.id)
        if case.split == "holdout"
    }


def _read(target: Path) -> dict[str, str]:
    content: Any = parse_file(target)
    advice = "Restore it from version control"
    if not isinstance(content, dict) or not isinstance(content.get("holdout"), dict):
        raise DataError(target, "this is no holdout lock", advice)
    if content.get("schema_version") != _VERSION:
        raise DataError(
            target,
            f"the lock has the version {content.get('schema_version')!r}, known: {_VERSION}",
            "Update pytest-ftgate",
        )
    locked: dict[str, str] = content["holdout"]
    if content.get("digest") != digest(locked):
        raise DataError(target, "the lock was edited: its digest is not that of its hashes", advice)
    return locked
