"""Slices: did a stratum or a tag get worse, behind a total that did not?

Every stratum and tag of at least twenty matched cases is compared in every judged KPI that is a
rate or a bounded score. Slices are many, so a drop in one warns only after Benjamini and
Hochberg's correction over all of them, and blocks only where a gate protects the slice, after
Holm's over the protected ones. Smaller slices are described and judge nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import Struct

from pytest_ftgate.model import SliceResult
from pytest_ftgate.stats.multiplicity import benjamini_hochberg, holm
from pytest_ftgate.verdicts.drops import Rule, fell, weigh_sample
from pytest_ftgate.verdicts.pairs import flips

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.model import Record
    from pytest_ftgate.stats.paired import Estimate
    from pytest_ftgate.verdicts.pairs import Pair, Sample

    Flags = NDArray[np.bool_]

LEAST_CASES = 20
FALSE_SHARE = 0.10
"""Benjamini and Hochberg's q: the expected share of false alarms among the slices flagged."""

DESCRIBED_CASES = 5
MOST_SLICES = 200
"""Slices that are looked at, the largest first: a tag a case would be no slice."""


def slices_of(records: Sequence[Record], protected: Iterable[str] = ()) -> dict[str, Flags]:
    """The cases of each slice, by its name (``stratum:hard``, ``tag:refund``), sorted by name.

    Args:
        records: the matched ones of the run; a case's first record speaks for it.
        protected: the names of slices that are looked at in any case.

    Returns:
        Flags over the cases in the order in which they first appear. Of the others, slices of
        fewer than five cases, and those that all cases are in, are left out.
    """
    place: dict[str, int] = {}
    members: dict[str, list[int]] = defaultdict(list)
    for record in records:
        if record.case in place:
            continue
        place[record.case] = at = len(place)
        if record.stratum is not None:
            members[f"stratum:{record.stratum}"].append(at)
        for tag in set(record.tags):
            members[f"tag:{tag}"].append(at)
    guarded = [name for name in members if is_named(name, protected)]
    large = [name for name, cases in members.items() if DESCRIBED_CASES <= len(cases) < len(place)]
    large.sort(key=lambda name: (-len(members[name]), name))
    found = {}
    for name in sorted({*guarded, *large[:MOST_SLICES]}):
        found[name] = np.zeros(len(place), np.bool_)
        found[name][members[name]] = True
    return found


class Asked(Struct, frozen=True):
    """A judged KPI whose slices are compared.

    Attributes:
        name: the KPI as the plan calls it.
        pair: both sides.
        rule: its margin and alpha.
        protected: slices that may block, by their names with or without ``stratum:`` or ``tag:``.
    """

    name: str
    pair: Pair
    rule: Rule
    protected: tuple[str, ...] = ()


class _Found(Struct, frozen=True):
    """One KPI in one slice."""

    asked: Asked
    name: str
    sample: Sample
    estimate: Estimate

    @property
    def protected(self) -> bool:
        return is_named(self.name, self.asked.protected)

    @property
    def tested(self) -> bool:
        return self.estimate.n >= LEAST_CASES


def is_named(slice_name: str, names: Iterable[str]) -> bool:
    """Whether ``stratum:safety`` or ``tag:safety`` is among names such as ``safety``."""
    wanted = set(names)
    return slice_name in wanted or slice_name.partition(":")[2] in wanted


def compare_slices(slices: Mapping[str, Flags], asked: Iterable[Asked]) -> list[SliceResult]:
    """Every slice in every KPI, flagged.

    Args:
        slices: flags over the matched cases.
        asked: the KPIs; those that are no mean over cases are passed over.
    """
    found = [
        _Found(each, name, sample, weigh_sample(sample, each.pair.span, each.rule))
        for each in asked
        if each.pair.judged is not None and each.pair.span is not None and _by_case(each.pair)
        for name, cases in slices.items()
        if (sample := each.pair.judged.within(cases)).present.any()
    ]
    tested = [each for each in found if each.tested]
    shielded = [each for each in tested if each.protected]
    warn = _adjusted(tested, benjamini_hochberg([each.estimate.p for each in tested]))
    block = _adjusted(shielded, holm([each.estimate.p for each in shielded]))
    return [_result(each, warn.get(id(each)), block.get(id(each))) for each in found]


def _by_case(pair: Pair) -> bool:
    """Macro F1 of a slice is not the mean of its cases' shares in the whole."""
    return not pair.linear


def _adjusted(found: Sequence[_Found], p_values: Iterable[float]) -> dict[int, float]:
    return {id(each): float(p) for each, p in zip(found, p_values, strict=True)}


def _result(found: _Found, warn_p: float | None, block_p: float | None) -> SliceResult:
    sample, seen, rule = found.sample, found.estimate, found.asked.rule
    cells = flips(sample) if found.asked.pair.binary else None
    now, before = sample.means
    flag: Literal["none", "descriptive", "warn", "block"] = "none"
    if warn_p is None:
        flag = "descriptive"
    elif fell(seen, rule.margin):
        if block_p is not None and block_p < rule.alpha:
            flag = "block"
        elif warn_p <= FALSE_SHARE:
            flag = "warn"
    return SliceResult(
        slice=found.name,
        kpi=found.asked.name,
        n=seen.n,
        value=now,
        baseline=before,
        delta=now - before,
        b=cells.b if cells else None,
        c=cells.c if cells else None,
        p=seen.p,
        p_adjusted=warn_p if block_p is None else block_p,
        flag=flag,
    )
