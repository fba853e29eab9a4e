"""Where a suite's baseline lies, and how it is read.

``<baselines>/<suite>.jsonl`` is what later runs are compared with. Beside it lie
``<suite>.anchor.jsonl``, an older baseline that shows slow erosion, and ``<suite>.history.jsonl``,
a line each time the baseline moved. All are committed; only :mod:`accepting` writes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import DataError, NoBaseline, shown_path
from pytest_ftgate.files import slug
from pytest_ftgate.runs.baseline_reading import decode_baseline
from pytest_ftgate.runs.git_files import read_from_commit

if TYPE_CHECKING:
    import os

    from pytest_ftgate.model import Baseline

_SUFFIX = ".jsonl"
_BESIDE = (".anchor.jsonl", ".history.jsonl", ".holdout.jsonl")


def baseline_path(folder: str | os.PathLike[str], suite: str) -> Path:
    """Where the baseline of a suite lies in a folder of baselines."""
    return Path(folder) / f"{slug(suite)}{_SUFFIX}"


def find_path(
    test_file: str | os.PathLike[str],
    suite: str,
    *,
    folder: str = "baselines",
    place: str | os.PathLike[str] | None = None,
) -> Path:
    """Where the baseline of a suite lies in a project.

    Args:
        test_file: the file of the suite's eval test.
        suite: its name.
        folder: the folder of baselines beside the test file.
        place: if given, the baseline itself (``.jsonl``) or another folder of baselines.
    """
    if place is None:
        return baseline_path(Path(test_file).parent / folder, suite)
    return Path(place) if Path(place).suffix == _SUFFIX else baseline_path(place, suite)


def anchor_path(path: str | os.PathLike[str]) -> Path:
    """Where the older anchor of a baseline lies."""
    return _beside(path, "anchor")


def history_path(path: str | os.PathLike[str]) -> Path:
    """Where the accepted history of a baseline lies."""
    return _beside(path, "history")


def is_baseline(path: str | os.PathLike[str]) -> bool:
    """Whether a file in a folder of baselines is one, by its name, and nothing that lies beside."""
    name = Path(path).name
    return name.endswith(_SUFFIX) and not name.endswith(_BESIDE)


def read(path: str | os.PathLike[str]) -> Baseline:
    """Read a baseline or an anchor.

    Returns:
        The baseline with its records sorted by case and trial.

    Raises:
        NoBaseline: the file is missing.
        DataError: it is damaged, or cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise NoBaseline(
            f"{shown_path(path)}: there is no baseline. "
            "Make one of a run by: pytest-ftgate baseline accept"
        ) from None
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}", "Check the path") from error
    return decode_baseline(data, path)


def read_from_git(ref: str, path: str | os.PathLike[str], cwd: Path) -> Baseline:
    """Read a baseline as a commit holds it, whatever the working tree says.

    Args:
        ref: a branch, tag or commit, like ``origin/main``.
        path: the baseline's file in the working tree; relative to ``cwd``.
        cwd: a directory of the repository.

    Raises:
        NoBaseline: the commit has no such file.
        StoreError: git, the repository or the commit is not there.
        DataError: the file is damaged; it is named ``ref:path``.
    """
    data, name = read_from_commit(ref, path, cwd)
    return decode_baseline(data, name)


def _beside(path: str | os.PathLike[str], role: str) -> Path:
    path = Path(path)
    return path.with_name(f"{path.name.removesuffix(_SUFFIX)}.{role}{_SUFFIX}")
