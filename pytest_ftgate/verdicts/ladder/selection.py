"""Which iterations and cases a verdict on one KPI compares: the same cases in every iteration."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pytest_ftgate.verdicts.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.verdicts.ladder.discipline import Standing
    from pytest_ftgate.verdicts.ladder.history import Entry, History
    from pytest_ftgate.verdicts.ladder.tables import Table

    Flags = NDArray[np.bool_]

SHARE = 0.8
"""An iteration with less of the cases than this does not count: it would shrink the comparison."""


class Selection(NamedTuple):
    """The rows that count, in order, the cases that all of them have, and the rest with why not."""

    rows: tuple[int, ...]
    cases: Flags
    why_not: tuple[str, ...]
    notes: tuple[str, ...]


def select(history: History, standings: Sequence[Standing], table: Table) -> Selection:
    """Choose what is compared.

    An iteration that was run on a part of its cases, or on other cases than the rest, is left out
    rather than let the cases that all have shrink to few. Cases that were added, removed or edited
    between runs, or that ended in an error, are left out of all iterations.
    """
    present = table.present
    sizes = present.sum(axis=1)
    why = [standing.why_not for standing in standings]
    for at, entry in enumerate(history.entries):
        if not why[at] and not sizes[at]:
            why[at] = _no_result(entry, table.name)
    eligible = [at for at, reason in enumerate(why) if not reason]
    usual = median(int(sizes[at]) for at in eligible) if eligible else 0
    for at in eligible:
        entry, size = history.entries[at], int(sizes[at])
        if size < SHARE * entry.available and size < SHARE * usual:
            why[at] = _thin(entry, size)
    eligible = [at for at in eligible if not why[at]]
    if eligible:
        reference = _reference(history, eligible)
        for at in eligible:
            shared = int((present[at] & present[reference]).sum())
            if shared < SHARE * min(sizes[at], sizes[reference]):
                of = history.entries[reference].variant.name
                why[at] = f"ran on other cases: {shared:,} of its {sizes[at]:,} are those of {of}"
    rows = tuple(at for at in eligible if not why[at])
    chosen = present[list(rows)]
    common: Flags = np.zeros(present.shape[1], np.bool_)
    if rows:
        common = np.asarray(chosen.all(axis=0))
    return Selection(rows, common, tuple(why), tuple(_notes(history, rows, chosen, common)))


def _reference(history: History, eligible: Sequence[int]) -> int:
    """The iteration whose cases are today's: the current variant, or else the last one."""
    names = [history.entries[at].variant.name for at in eligible]
    shipped = history.outline.shipped
    return eligible[names.index(shipped)] if shipped in names else eligible[-1]


def _no_result(entry: Entry, kpi: str) -> str:
    if entry.errors:
        return f"has no result: {counted(len(entry.errors), 'case')} ended in an error"
    if entry.changed and not entry.records:
        return "its cases were edited since it was run: run it again"
    return f"has no result of {kpi}" if entry.records else "has no result"


def _thin(entry: Entry, size: int) -> str:
    text = f"has results of {size:,} of {counted(entry.available, 'case')}"
    if entry.changed:
        return f"{text}, since {entry.changed:,} were edited: run it again"
    if entry.errors:
        return f"{text}, since {len(entry.errors):,} ended in an error: run it again"
    return f"{text}: run it on all"


def _notes(history: History, rows: Sequence[int], chosen: Flags, common: Flags) -> list[str]:
    if not rows:
        return []
    entries = [history.entries[at] for at in rows]
    n = int(common.sum())
    notes = []
    if others := int(chosen.any(axis=0).sum()) - n:
        notes.append(
            f"compared on the {counted(n, 'case')} that all {counted(len(rows), 'iteration')} have;"
            f" {others:,} that only some have (added, removed, edited or in error) left out"
        )
    if errors := {case for entry in entries for case in entry.errors}:
        notes.append(f"{counted(len(errors), 'case')} ended in an error in some iteration")
    if all(len(entry.ran) < entry.available for entry in entries):
        most = max(entry.available for entry in entries)
        notes.append(f"every iteration ran on a part of the split's {counted(most, 'case')}")
    return notes
