"""Interactions that a full run did not play: what sessions note, and what may be pruned."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ftgate.errors import DataError
from pytest_ftgate.runs.writer import STALE

if TYPE_CHECKING:
    from pytest_ftgate.runs.store import RunInfo, RunStore

Place = tuple[str, int, int]
"""Case, trial and sequence number of an interaction."""


class Stale(NamedTuple):
    """What the newest full run left unplayed.

    ``packs`` holds a pack with nothing stale as well, with no places.
    """

    run: str
    created_at: str
    packs: dict[Path, frozenset[Place]]


def newest(store: RunStore, root: Path) -> Stale | None:
    """The list of the newest run that is complete, and ran all of what it ran a part of.

    Args:
        store: the run store.
        root: the project's root, which the packs' paths are relative to.

    Raises:
        DataError: the list is damaged.
    """
    for run in store.list():
        if run.manifest is not None and _is_full(run) and (run.path / STALE).is_file():
            packs = _read(run.path / STALE, root)
            return Stale(run.id, run.manifest.created_at, packs)
    return None


def held(found: Stale) -> dict[Path, list[Place]]:
    """The stale interactions that the packs still hold: those that pruning would take out.

    Raises:
        DataError: a pack is damaged.
    """
    packs = {path: _held(path, places, found) for path, places in found.packs.items() if places}
    return {path: places for path, places in packs.items() if places}


def _held(path: Path, places: frozenset[Place], found: Stale) -> list[Place]:
    from pytest_ftgate.recording import packs
    from pytest_ftgate.recording.maintenance import prune
    from pytest_ftgate.recording.parts import parts_of

    packs.read(path)  # so that an error names the pack and not its copy
    with tempfile.TemporaryDirectory() as directory:
        for file in (path, *parts_of(path)):
            if file.exists():
                shutil.copyfile(file, Path(directory, file.name))
        return prune(Path(directory, path.name), places, recorded_before=found.created_at)


def _is_full(run: RunInfo) -> bool:
    plans = run.manifest.plans if run.manifest is not None else ()
    return (
        run.complete
        and run.received == run.selected > 0
        and all(len(plan.selected) >= plan.available for plan in plans)
    )


def _read(path: Path, root: Path) -> dict[Path, frozenset[Place]]:
    from pytest_ftgate.strict_json import parse_file

    content: Any = parse_file(path)
    try:
        return {
            root / pack: frozenset((str(case), int(trial), int(seq)) for case, trial, seq in places)
            for pack, places in content.items()
        }
    except (AttributeError, TypeError, ValueError):
        raise DataError(
            path, "this is no list of stale interactions", "Remove the file and run pytest again"
        ) from None
