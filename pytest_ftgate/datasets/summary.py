"""What a dataset holds, split by split and stratum by stratum, and what is doubtful about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from pytest_ftgate.datasets.cases import SPLITS
from pytest_ftgate.datasets.hashing import dataset_hash
from pytest_ftgate.datasets.splits import duplicates, groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Case


class Shares(Struct, frozen=True, kw_only=True):
    """How many cases of one stratum (or of all) are in each split."""

    cases: int
    splits: dict[str, int]

    def share(self, split: str) -> float:
        """The part of the cases that is in a split, from 0 to 1."""
        return self.splits[split] / self.cases


class Summary(Struct, frozen=True, kw_only=True):
    """A dataset at a glance.

    ``strata`` has the key ``None`` for cases without a stratum. ``duplicates`` are groups of ids
    with inputs that are alike, ``crossing`` those groups (and clusters) that lie in several
    splits. ``notes`` are sentences on what is doubtful; they are no errors.
    """

    hash: str
    total: Shares
    strata: dict[str | None, Shares]
    tags: dict[str, int]
    duplicates: tuple[tuple[str, ...], ...]
    crossing: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def summarize(cases: Sequence[Case]) -> Summary:
    """Count a dataset and look for what is doubtful about it."""
    names = sorted({case.stratum for case in cases}, key=lambda name: (name is None, name or ""))
    crossing = tuple(
        tuple(case.id for case in group)
        for group in groups(cases)
        if len({case.split for case in group}) > 1
    )
    total = _shares(cases)
    alike = tuple(tuple(case.id for case in group) for group in duplicates(cases))
    return Summary(
        hash=dataset_hash(cases),
        total=total,
        strata={name: _shares([case for case in cases if case.stratum == name]) for name in names},
        tags=dict(sorted(Counter(tag for case in cases for tag in case.tags).items())),
        duplicates=alike,
        crossing=crossing,
        notes=(*_notes_on_groups(alike, crossing), *_notes_on_size(total, names)),
    )


def _shares(cases: Sequence[Case]) -> Shares:
    counts = Counter(case.split for case in cases)
    return Shares(cases=len(cases), splits={split: counts[split] for split in SPLITS})


def _notes_on_groups(
    alike: tuple[tuple[str, ...], ...], crossing: tuple[tuple[str, ...], ...]
) -> list[str]:
    notes = [
        f"{_listed(group)} belong together and lie in several splits: results on one leak into "
        "the other. Run 'pytest-ftgate dataset split', or remove all but one."
        for group in crossing
    ]
    if alike:
        extra = sum(len(group) - 1 for group in alike)
        notes.append(
            f"{extra} {'cases repeat' if extra > 1 else 'case repeats'} another's input "
            f"up to white space and letter case, first {_listed(alike[0])}: they count twice. "
            "Remove them, or use trials."
        )
    return notes


def _notes_on_size(total: Shares, strata: Sequence[str | None]) -> list[str]:
    notes = []
    if strata == [None]:
        notes.append(
            'No case has a "stratum": easy cases may hide what hard ones lose. '
            "Mark them easy, typical or hard."
        )
    if not total.splits["holdout"]:
        notes.append(
            "The holdout is empty: a decision on fine-tuning needs cases that nobody tuned on. "
            "Run 'pytest-ftgate dataset split'."
        )
    evaluated = total.splits["dev"] + total.splits["holdout"]
    if 0 < evaluated < 100:
        notes.append(
            f"{evaluated} case{'s' if evaluated > 1 else ''} to evaluate on: "
            "only large changes can be told from noise. A first pass takes 100 to 300."
        )
    return notes


def _listed(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:5])
    return shown if len(ids) <= 5 else f"{shown} and {len(ids) - 5} more"
