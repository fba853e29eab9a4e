"""What the cases of a dataset expect: its labels, and cases that contradict each other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_ftgate.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Case

_MOST_LABELS = 20
WHOLE = "expected"
"""What the labels are called of a dataset whose cases expect a text and not an object."""


def labels(cases: Sequence[Case]) -> dict[str, dict[str, list[Case]]]:
    """The cases by label, for each part of the expectation that is one.

    That is a text or a truth value in every case that has it, with few different values of which
    some are repeated: ``{"queue": {"billing": [...], "shipping": [...]}}``.
    """
    found: dict[str, dict[str, list[Case]]] = defaultdict(lambda: defaultdict(list))
    free: set[str] = set()
    for case in cases:
        parts = case.expected if isinstance(case.expected, dict) else {WHOLE: case.expected}
        for name, value in parts.items():
            if isinstance(value, (str, bool)):
                found[name][str(value).lower() if isinstance(value, bool) else value].append(case)
            elif value is not None:
                free.add(name)
    return {
        name: dict(sorted(by_label.items()))
        for name, by_label in found.items()
        if name not in free
        and 1 < len(by_label) <= _MOST_LABELS
        and 2 * len(by_label) <= sum(map(len, by_label.values()))
    }


def exact_duplicates(cases: Sequence[Case]) -> tuple[tuple[Case, ...], ...]:
    """The groups of two or more cases with the very same input."""
    found: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        found[digest(case.input)].append(case)
    return tuple(tuple(group) for group in found.values() if len(group) > 1)


def contradict(group: Sequence[Case]) -> bool:
    """Whether cases with the same input expect different answers."""
    return len({digest(case.expected) for case in group}) > 1
