"""Dividing cases into train, dev and holdout so that each stratum is in each and nothing leaks."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_ftgate.canonical import digest
from pytest_ftgate.datasets.cases import SPLITS
from pytest_ftgate.datasets.hashing import likeness
from pytest_ftgate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from pytest_ftgate.model import Case

RATIOS = (0.75, 0.125, 0.125)
"""The default shares of train, dev and holdout."""


def split_cases(
    cases: Sequence[Case], *, ratios: Sequence[float] = RATIOS, seed: int = 0
) -> tuple[Case, ...]:
    """Assign every case to a split, by strata.

    Cases whose inputs differ only in white space, letter case or Unicode form, and cases of one
    ``cluster``, go to one split together. The outcome depends on the cases and the seed and not
    on their order. What one stratum gets too much or too little by rounding is made up for in the
    next, so that many small strata still add up to the ratios.

    Args:
        cases: the cases; their present splits are ignored.
        ratios: shares of train, dev and holdout, at least 0 each, adding up to 1.
        seed: another seed gives another assignment.

    Returns:
        The cases in their order, each with its split.

    Raises:
        ConfigError: the ratios are wrong.
    """
    _check(ratios)
    by_stratum: dict[str, list[tuple[Case, ...]]] = defaultdict(list)
    for group in groups(cases):
        by_stratum[_stratum(group)].append(group)
    assigned: dict[str, str] = {}
    owed = [0.0] * len(SPLITS)
    for stratum in sorted(by_stratum):
        members = sorted(by_stratum[stratum], key=lambda group: (-len(group), _rank(group, seed)))
        total = sum(map(len, members))
        owed = [share * total + rest for share, rest in zip(ratios, owed, strict=True)]
        for group in members:
            at = max((at for at in range(len(SPLITS)) if ratios[at] > 0), key=owed.__getitem__)
            owed[at] -= len(group)
            assigned.update((case.id, SPLITS[at]) for case in group)
    return tuple(replace(case, split=assigned[case.id]) for case in cases)


def groups(cases: Sequence[Case]) -> tuple[tuple[Case, ...], ...]:
    """The cases in groups that must not be divided; most groups are single cases.

    Two cases are in one group when their inputs are alike or their ``cluster`` is the same, or
    when other cases link them so.
    """
    return _linked(cases, lambda case: [("input", likeness(case)), *_cluster(case)])


def duplicates(cases: Sequence[Case]) -> tuple[tuple[Case, ...], ...]:
    """The groups of two or more cases with inputs that are alike."""
    found = _linked(cases, lambda case: [("input", likeness(case))])
    return tuple(group for group in found if len(group) > 1)


def _linked(
    cases: Sequence[Case], links: Callable[[Case], list[Hashable]]
) -> tuple[tuple[Case, ...], ...]:
    """Union-find over shared links; groups in the order of their first case."""
    parent = list(range(len(cases)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[Hashable, int] = {}
    for at, case in enumerate(cases):
        for link in links(case):
            parent[root(at)] = root(first.setdefault(link, at))
    found: dict[int, list[Case]] = defaultdict(list)
    for at, case in enumerate(cases):
        found[root(at)].append(case)
    return tuple(tuple(group) for group in found.values())


def _cluster(case: Case) -> list[Hashable]:
    return [] if case.cluster is None else [("cluster", case.cluster)]


def _stratum(group: Iterable[Case]) -> str:
    """The stratum of most of the group's cases; of several, the first by name."""
    counts = Counter(case.stratum or "" for case in group)
    return min(counts, key=lambda name: (-counts[name], name))


def _rank(group: Iterable[Case], seed: int) -> str:
    return digest([seed, *sorted(case.id for case in group)])


def _check(ratios: Sequence[float]) -> None:
    shown = ", ".join(f"{ratio:g}" for ratio in ratios)
    if len(ratios) != len(SPLITS) or not all(
        math.isfinite(ratio) and ratio >= 0 for ratio in ratios
    ):
        raise ConfigError(
            f"split ratios: got {shown}, allowed: three numbers of at least 0, "
            f"for {', '.join(SPLITS)}"
        )
    if not math.isclose(sum(ratios), 1, abs_tol=1e-6):
        raise ConfigError(
            f"split ratios: {shown} add up to {sum(ratios):g}, and must add up to 1; "
            "write fractions, like 0.75, 0.125, 0.125"
        )
