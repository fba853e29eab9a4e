"""Which cases of a run and of a baseline are the same: by id and by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ftgate.model import Record

LEAST_SHARE = 0.8
"""Least part of the weight that must match, on both sides, for a comparison to judge."""


class Matching(Struct, frozen=True):
    """What a run and a baseline share.

    Attributes:
        now: the run's records of matched cases, in their order.
        before: the baseline's records of the same cases, in the same order of cases.
        cases: the ids of the matched cases, in that order.
        added: ids that only the run has.
        removed: ids that only the baseline has; empty for a partial run, which cannot tell.
        changed: ids whose input or expectation is another one now.
        share: matched part of the weight of all cases, the smaller of the two sides.
    """

    now: tuple[Record, ...]
    before: tuple[Record, ...]
    cases: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    share: float


def match(now: Sequence[Record], before: Sequence[Record], *, partial: bool = False) -> Matching:
    """Match the cases of two sides; a case of which every trial was skipped is not there.

    Args:
        now: the run's records of one suite and variant, in plan order.
        before: the baseline's records.
        partial: whether the run took only a part of the suite.
    """
    ours, theirs = _by_case(now), _by_case(before)
    shared = [case for case in ours if case in theirs]
    changed = tuple(case for case in shared if not _same(ours[case], theirs[case]))
    kept = set(shared).difference(changed)
    cases = tuple(case for case in shared if case in kept)
    shares = [_share(ours, kept)]
    if not partial:
        shares.append(_share(theirs, kept))
    return Matching(
        now=tuple(record for record in now if record.case in kept and record.status != "skipped"),
        before=tuple(record for case in cases for record in theirs[case]),
        cases=cases,
        added=tuple(case for case in ours if case not in theirs),
        removed=() if partial else tuple(sorted(case for case in theirs if case not in ours)),
        changed=changed,
        share=min(shares),
    )


def _by_case(records: Sequence[Record]) -> dict[str, list[Record]]:
    """The trials of each case in their order, cases in the order in which they first appear."""
    found: dict[str, list[Record]] = {}
    for record in records:
        if record.status != "skipped":
            found.setdefault(record.case, []).append(record)
    for trials in found.values():
        if len(trials) > 1:
            trials.sort(key=lambda record: record.trial)
    return found


def _same(ours: Sequence[Record], theirs: Sequence[Record]) -> bool:
    """A side that does not know its content is taken at its id's word."""
    if len(ours) == len(theirs) == 1 and ours[0].content == theirs[0].content:
        return True
    contents = [
        {record.content for record in side if record.content is not None} for side in (ours, theirs)
    ]
    return not all(contents) or contents[0] == contents[1]


def _share(side: Mapping[str, Sequence[Record]], kept: set[str]) -> float:
    total = sum(records[0].weight for records in side.values())
    matched = sum(records[0].weight for case, records in side.items() if case in kept)
    return matched / total if total > 0 else 0.0
