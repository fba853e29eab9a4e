"""What a dataset holds, split by split and stratum by stratum, and what is doubtful about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from pytest_ftgate.datasets.cases import SPLITS
from pytest_ftgate.datasets.expectations import contradict, exact_duplicates, labels
from pytest_ftgate.datasets.hashing import dataset_hash
from pytest_ftgate.datasets.splits import duplicates, groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Case


_Groups = tuple[tuple[str, ...], ...]
_GROUPS = 10


class Shares(Struct, frozen=True, kw_only=True):
    """How many cases of one stratum (or of all) are in each split."""

    cases: int
    splits: dict[str, int]

    def share(self, split: str) -> float:
        """The part of the cases that is in a split, from 0 to 1."""
        return self.splits[split] / self.cases


class Summary(Struct, frozen=True, kw_only=True):
    """A dataset at a glance.

    ``strata`` has the key ``None`` for cases without a stratum. ``labels`` counts the values of
    each part of the expectation that is a label. ``exact`` are groups of ids with the very same
    input, ``duplicates`` those with inputs that are alike, ``crossing`` the groups (and clusters)
    that lie in several splits. ``notes`` are sentences on what is doubtful; they are no errors.
    """

    hash: str
    total: Shares
    strata: dict[str | None, Shares]
    labels: dict[str, dict[str, Shares]]
    tags: dict[str, int]
    exact: tuple[tuple[str, ...], ...]
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
    same = exact_duplicates(cases)
    exact = tuple(tuple(case.id for case in group) for group in same)
    at_odds = tuple(tuple(case.id for case in group) for group in same if contradict(group))
    return Summary(
        hash=dataset_hash(cases),
        total=total,
        strata={name: _shares([case for case in cases if case.stratum == name]) for name in names},
        labels={
            part: {label: _shares(group) for label, group in by_label.items()}
            for part, by_label in labels(cases).items()
        },
        tags=dict(sorted(Counter(tag for case in cases for tag in case.tags).items())),
        exact=exact,
        duplicates=alike,
        crossing=crossing,
        notes=(
            *_notes_on_groups(crossing, at_odds),
            *_notes_on_duplicates(alike, exact),
            *_notes_on_size(total, names),
        ),
    )


def _shares(cases: Sequence[Case]) -> Shares:
    counts = Counter(case.split for case in cases)
    return Shares(cases=len(cases), splits={split: counts[split] for split in SPLITS})


def _notes_on_groups(crossing: _Groups, at_odds: _Groups) -> list[str]:
    return [
        f"{_listed(group)} belong together and lie in several splits: results on one leak into "
        "the other. Run 'pytest-ftgate dataset split', or remove all but one."
        for group in crossing
    ] + [
        f"{_listed(group)} have the same input and expect different answers, so that no answer is "
        "right for all of them. Correct or remove all but one."
        for group in at_odds
    ]


def _notes_on_duplicates(alike: _Groups, exact: _Groups) -> list[str]:
    if not alike:
        return []
    extra = sum(len(group) - 1 for group in alike)
    told = [f"{_listed(group)} (the same)" for group in exact]
    told += [
        f"{_listed(group)} (but for white space and letter case)"
        for group in alike
        if group not in exact
    ]
    more = f"; and {len(told) - _GROUPS} groups more" if len(told) > _GROUPS else ""
    counted = "1 case repeats" if extra == 1 else f"{extra} cases repeat"
    return [
        f"{counted} another's input, which then counts twice: {'; '.join(told[:_GROUPS])}{more}. "
        "Remove them, or use trials."
    ]


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
