"""The baselines that a run is compared with: found when it starts, and kept with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_ftgate.errors import NoBaseline
from pytest_ftgate.files import slug, write_atomic
from pytest_ftgate.runs import baseline
from pytest_ftgate.runs.baseline_writing import encode_baseline
from pytest_ftgate.runs.history import encode_history, read_history, read_history_from_git

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_ftgate.model import Baseline, HistoryEntry, SuitePlan

_FOLDER = "baselines"


class Compared(NamedTuple):
    """By suite, what its current variant is compared with, and what was accepted before."""

    baselines: dict[str, Baseline]
    anchors: dict[str, Baseline]
    histories: dict[str, tuple[HistoryEntry, ...]]

    @classmethod
    def nothing(cls) -> Compared:
        """Of a run that has nothing to be compared with."""
        return cls({}, {}, {})


def find(
    plans: Iterable[SuitePlan],
    root: Path,
    *,
    folder: str,
    place: Path | None = None,
    ref: str | None = None,
) -> Compared:
    """The baselines of the suites that have one, with their anchors and histories.

    Args:
        plans: what the run evaluates.
        root: the project's root, which the plans' files are relative to.
        folder: the folder of baselines beside a test file.
        place: the baseline itself, or the folder of baselines, instead.
        ref: a git branch, tag or commit to read them from, instead of the working tree, so that a
            change cannot vouch for itself.

    Raises:
        StoreError: git, the repository or the commit is not there.
        DataError: a baseline is damaged.
    """
    found = Compared.nothing()
    for plan in plans:
        path = baseline.find_path(root / plan.file, plan.suite, folder=folder, place=place)
        for where, role in ((path, found.baselines), (baseline.anchor_path(path), found.anchors)):
            present = _read(where, root, ref)
            if present is not None:
                role[plan.suite] = present
        entries = _read_history(baseline.history_path(path), root, ref)
        if entries and plan.suite in found.baselines:
            found.histories[plan.suite] = entries
    return found


def keep(compared: Compared, directory: Path) -> None:
    """Write them into a run's directory, with the outputs that they have.

    Raises:
        StoreError: they cannot be written.
    """
    for suite, present in compared.baselines.items():
        write_atomic(_path(directory, suite), encode_baseline(present, outputs=True))
    for suite, present in compared.anchors.items():
        path = baseline.anchor_path(_path(directory, suite))
        write_atomic(path, encode_baseline(present, outputs=True))
    for suite, entries in compared.histories.items():
        write_atomic(baseline.history_path(_path(directory, suite)), encode_history(entries))


def kept(directory: Path, plans: Iterable[SuitePlan]) -> Compared:
    """What :func:`keep` wrote; nothing where nothing was kept.

    Raises:
        DataError: a file is damaged.
    """
    found = Compared.nothing()
    if not (directory / _FOLDER).is_dir():
        return found
    for suite in {plan.suite for plan in plans}:
        path = _path(directory, suite)
        for where, role in ((path, found.baselines), (baseline.anchor_path(path), found.anchors)):
            present = _read(where, directory, None)
            if present is not None:
                role[suite] = present
        if entries := read_history(baseline.history_path(path)):
            found.histories[suite] = entries
    return found


def _path(directory: Path, suite: str) -> Path:
    return directory / _FOLDER / f"{slug(suite)}.jsonl"


def _read(path: Path, cwd: Path, ref: str | None) -> Baseline | None:
    try:
        return baseline.read(path) if ref is None else baseline.read_from_git(ref, path, cwd)
    except NoBaseline:
        return None


def _read_history(path: Path, cwd: Path, ref: str | None) -> tuple[HistoryEntry, ...]:
    return read_history(path) if ref is None else read_history_from_git(ref, path, cwd)
