"""How cases of a ladder fail: which checks explain a miss of the KPI, which labels are confused.

Everything here is about the last iterations that count, over the cases that are compared.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from pytest_ftgate.stats.systematic import SHARE
from pytest_ftgate.verdicts.ladder.tables import tabulate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.verdicts.labels import MacroF1
    from pytest_ftgate.verdicts.ladder.tables import Measured, Table, Universe

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

FORMAT, POLICY = "format_valid", "policy_violation_rate"
_NO_CHECKS = ("pass_rate", "error_rate")
_STRAY = 0.05


class Mode(Struct, frozen=True, eq=False):
    """A way to fail: its name, its check, and the cases that fail so (flags over the universe).

    ``kind`` tells tags and strata from failed checks and confusions. ``stable`` says of a label
    that it is the same wrong one nearly always.
    """

    name: str
    kind: str
    check: str
    cases: Flags
    stable: bool = False


class Window(Struct, frozen=True, eq=False):
    """The iterations whose failures are looked at.

    ``measured`` are those iterations, ``cases`` the compared ones, ``table`` the KPI that tells a
    failed case, with one row for each of the iterations.
    """

    measured: tuple[Measured, ...]
    universe: Universe
    cases: Flags
    table: Table

    @property
    def failures(self) -> Floats:
        """(iterations, compared cases): the share of trials that failed."""
        return failing(self.table)[:, self.cases]


def failing(table: Table) -> Floats:
    """The share of trials that failed, from a rate; NaN where there is no value."""
    return table.values if table.direction == "lower" else 1.0 - table.values


def failure_kpi(name: str, measured: Sequence[Measured]) -> str:
    """The rate that tells failed cases: the KPI itself, accuracy for macro F1, or pass_rate."""
    for each in measured:
        kpi = each.catalogue.get(name)
        if kpi is None:
            continue
        check = next((f1.check for f1 in each.catalogue.labels if f1 is kpi), None)
        return check or (name if kpi.unit == "rate" else "pass_rate")
    return "pass_rate"


def modes(window: Window) -> list[Mode]:
    """All ways to fail that may gather persistent cases: tags, strata, checks, confusions."""
    return [*_tags(window), *_strata(window), *causes(window)]


def causes(window: Window) -> list[Mode]:
    """The checks whose misses explain those of the KPI, label checks by what they confuse."""
    found: list[Mode] = []
    own = {id(each.catalogue.get(window.table.name)) for each in window.measured}
    labels = {f1.check for each in window.measured for f1 in each.catalogue.labels}
    for name in _checks(window):
        table = tabulate(name, window.measured, window.universe)
        if table is None:
            continue
        is_own = any(id(kpi) in own for kpi in table.kpis)
        if not is_own and not _explains(failing(table), failing(window.table), window.cases):
            continue
        cases = window.cases & _persistent(failing(table))
        if name in labels:
            found += _confusions(window, name, cases)
        elif not is_own:
            found.append(Mode(f"check:{name}", "check", name, cases))
    return found


def _checks(window: Window) -> Iterator[str]:
    shown = {kpi.name: kpi for each in window.measured for kpi in each.catalogue.shown}
    for name, kpi in shown.items():
        if name not in _NO_CHECKS and kpi.unit == "rate":
            yield name


def _explains(part: Floats, whole: Floats, cases: Flags) -> bool:
    """Whether the KPI hardly ever holds where the check fails."""
    failed = (part > 0)[:, cases]
    held = (whole == 0)[:, cases]
    return bool(failed.any()) and float((failed & held).sum()) <= _STRAY * float(failed.sum())


def _persistent(failed: Floats) -> Flags:
    known = np.isfinite(failed)
    share = np.where(known, failed, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.asarray(known.any(axis=0) & (share >= SHARE - 1e-9))


def _tags(window: Window) -> Iterator[Mode]:
    members: dict[str, list[int]] = {}
    for at in np.flatnonzero(window.cases).tolist():
        for tag in window.universe.records[at].tags:
            members.setdefault(tag, []).append(at)
    for tag, places in sorted(members.items()):
        cases = np.zeros(len(window.universe), np.bool_)
        cases[places] = True
        yield Mode(f"tag:{tag}", "tag", "", cases)


def _strata(window: Window) -> Iterator[Mode]:
    for name in window.universe.strata:
        cases = window.universe.in_stratum(name) & window.cases
        yield Mode(f"stratum:{name}", "stratum", "", cases)


def _confusions(window: Window, check: str, cases: Flags) -> list[Mode]:
    """The pairs of labels that cases are confused in nearly always; the rest as one mode."""
    pairs = _wrong_labels(window, check, cases)
    members: dict[str, list[int]] = {}
    for at in np.flatnonzero(cases).tolist():
        seen = pairs.get(at, Counter())
        pair, count = max(seen.items(), key=lambda item: (item[1], item[0]), default=(("", ""), 0))
        stable = count >= SHARE * sum(seen.values()) - 1e-9 and count > 0
        members.setdefault(f"{pair[0]} as {pair[1]}" if stable else "", []).append(at)
    found = []
    for pair_name, places in sorted(members.items()):
        flags = np.zeros(len(window.universe), np.bool_)
        flags[places] = True
        name = f"{check}: {pair_name or 'various wrong labels'}"
        found.append(Mode(name, "confusion", check, flags, stable=bool(pair_name)))
    return found


def _wrong_labels(
    window: Window, check: str, cases: Flags
) -> Mapping[int, Counter[tuple[str, str]]]:
    """For each case of the universe how often which label was taken for which."""
    seen: dict[int, Counter[tuple[str, str]]] = {}
    for each in window.measured:
        f1 = next((f1 for f1 in each.catalogue.labels if f1.check == check), None)
        if f1 is None:
            continue
        for at, expected, predicted in _labels(each, f1, cases):
            if predicted != expected:
                pair = (expected, "no label" if predicted is None else predicted)
                seen.setdefault(at, Counter())[pair] += 1
    return seen


def _labels(each: Measured, f1: MacroF1, cases: Flags) -> Iterator[tuple[int, str, str | None]]:
    places = each.places[f1.frame.case_of_row[np.asarray(f1.rows, np.intp)]]
    for at in np.flatnonzero(cases[places]).tolist():
        yield int(places[at]), f1.expected[at], f1.predicted[at]
