"""Looking after packs: what was not played any more, and taking it out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from pytest_ftgate.recording import packs
from pytest_ftgate.recording.lines import Answer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_ftgate.recording.packs import Entry, Pack, Place


class Coverage(TypedDict):
    """What one process did with a pack; it can be sent between processes as JSON.

    ``scoped`` holds the (case, trial) that were run, ``played`` the (case, trial, sequence number)
    of the interactions that were played or recorded.
    """

    scoped: list[tuple[str, int]]
    played: list[tuple[str, int, int]]


def unplayed(
    coverages: Iterable[Mapping[str, Coverage]],
    known_cases: Mapping[str, Collection[str]] | None = None,
) -> dict[Path, list[Place]]:
    """The interactions that a run did not play, in the packs that it used.

    Of a case and trial that was run, everything counts that was not played. Of others, nothing is
    known, unless the case is not in ``known_cases``: then the dataset has lost it.

    Args:
        coverages: what each process of the run did, by the pack's path.
        known_cases: by the pack's path, the ids of all cases that its dataset still has.

    Raises:
        DataError: a pack is damaged.
    """
    merged: dict[str, tuple[set[tuple[str, int]], set[Place]]] = {}
    for coverage in coverages:
        for path, found in coverage.items():
            scoped, played = merged.setdefault(path, (set(), set()))
            scoped.update((case, trial) for case, trial in found["scoped"])
            played.update((case, trial, seq) for case, trial, seq in found["played"])
    return {
        Path(path): _unplayed_of(packs.read(path), scoped, played, (known_cases or {}).get(path))
        for path, (scoped, played) in merged.items()
    }


def prune(
    path: str | Path, places: Collection[Place], *, recorded_before: str | None = None
) -> list[Place]:
    """Take interactions out of a pack, and the times of tasks that have none left.

    Args:
        path: the pack.
        places: what to take out; what is not there any more is passed over.
        recorded_before: keep what was recorded at or after this instant (ISO 8601 in UTC), such as
            the start of the run that ``places`` come from.

    Returns:
        What was taken out.

    Raises:
        DataError: the pack is damaged; nothing was changed.
        StoreError: the pack cannot be written; nothing was changed.
    """
    unwanted = set(places)
    removed: list[Place] = []
    with packs.editing(Path(path)) as pack:
        for trial in pack.trials.values():
            kept = []
            for entry in trial.entries:
                place = packs.place_of(entry.head)
                if place in unwanted and _is_older(entry, recorded_before):
                    removed.append(place)
                else:
                    kept.append(entry)
            trial.entries = kept
            if not kept:
                trial.task = None
    return sorted(removed)


def _unplayed_of(
    pack: Pack,
    scoped: set[tuple[str, int]],
    played: set[Place],
    known: Collection[str] | None,
) -> list[Place]:
    found = []
    for entry in pack:
        case, trial, _ = place = packs.place_of(entry.head)
        was_run = (case, trial) in scoped
        if (was_run and place not in played) or (known is not None and case not in known):
            found.append(place)
    return found


def _is_older(entry: Entry, instant: str | None) -> bool:
    if instant is None:
        return True
    answer: Answer = entry.parse(Answer)
    return answer.recorded_at is None or answer.recorded_at[: len(instant) - 1] < instant[:-1]
