"""Are the failures systematic? Persistent cases against chance, what they share, groups of them."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.iterations import ErrorMode, FailureExample, FailureGroup, Failures
from pytest_ftgate.stats.systematic import FEWEST_RUNS, error_modes, persistent_cases
from pytest_ftgate.text import shown
from pytest_ftgate.verdicts.ladder.modes import FORMAT, POLICY, Mode, Window, modes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.model import Observation, Record
    from pytest_ftgate.verdicts.ladder.evidence import Witness

    Flags = NDArray[np.bool_]

RUNS = 10
"""The last iterations that failures are looked for in; 5 will do."""

_MODES = 20
_EXAMPLES = 3
_REASON_LIMIT = 200


def analyse(window: Window, witness: Witness) -> Failures | None:
    """The persistent failures of a window; ``None`` with fewer than 5 iterations or no case."""
    if len(window.measured) < FEWEST_RUNS or not window.cases.any():
        return None
    trials = int(window.table.trials[:, window.cases].min())
    found = persistent_cases(window.failures, trials=trials)
    compared = np.flatnonzero(window.cases)
    persistent = np.zeros(len(window.universe), np.bool_)
    persistent[compared[list(found.cases)]] = True
    ways = modes(window)
    tested = error_modes(persistent[compared], {mode.name: mode.cases[compared] for mode in ways})
    return Failures(
        runs=found.runs,
        observed=found.observed,
        expected=found.expected,
        p=found.p,
        share=None if math.isnan(found.share) else found.share,
        modes=tuple(
            ErrorMode(
                name=mode.name,
                n=mode.n,
                persistent=mode.persistent,
                p=mode.p,
                p_adjusted=mode.p_adjusted,
                systematic=mode.systematic,
            )
            for mode in tested[:_MODES]
            if mode.persistent
        ),
        groups=tuple(_groups(window, witness, persistent, ways)),
    )


def _groups(
    window: Window, witness: Witness, persistent: Flags, ways: Sequence[Mode]
) -> Iterator[FailureGroup]:
    """Each persistent case in one group: a broken format or policy first, then the largest."""
    failed = _failed(window, persistent)
    found = [
        _group(window, witness, mode, cases, failed)
        for mode, cases in _parts(persistent, ways, window.table.name)
    ]
    yield from sorted(found, key=lambda group: (-len(group.cases), group.name))


def _parts(persistent: Flags, ways: Sequence[Mode], kpi: str) -> Iterator[tuple[Mode, Flags]]:
    """The groups; what no other check explains is a miss of the KPI alone."""
    left = persistent.copy()
    open_ways = [mode for mode in ways if mode.kind in ("check", "confusion")]
    while left.any() and open_ways:
        mode = max(
            open_ways,
            key=lambda each: (
                bool((each.cases & left).any()) and each.check == FORMAT,
                bool((each.cases & left).any()) and each.check == POLICY,
                int((each.cases & left).sum()),
                each.name,
            ),
        )
        open_ways.remove(mode)
        cases = mode.cases & left
        if cases.any():
            left &= ~cases
            yield mode, cases
    if left.any():
        yield Mode(f"check:{kpi}", "check", kpi, left), left


def _group(
    window: Window,
    witness: Witness,
    mode: Mode,
    cases: Flags,
    failed: Mapping[str, Sequence[Record]],
) -> FailureGroup:
    names = window.universe.names(cases)
    kind, evidence = witness.judge(mode, cases)
    return FailureGroup(
        name=mode.name.removeprefix("check:"),
        kind=kind,
        cases=names,
        examples=tuple(
            _example(failed[case], mode.check) for case in names[:_EXAMPLES] if case in failed
        ),
        evidence=evidence,
    )


def _failed(window: Window, persistent: Flags) -> dict[str, list[Record]]:
    """The failed records of each persistent case, those of the newest iteration first."""
    wanted = set(window.universe.names(persistent))
    found: dict[str, list[Record]] = {}
    for each in reversed(window.measured):
        for record in each.entry.records:
            if record.case in wanted and record.outcome in ("missed", "failed"):
                found.setdefault(record.case, []).append(record)
    return found


def _example(failed: Sequence[Record], check: str) -> FailureExample:
    """What the latest miss of a check said; of any check, where the check itself never missed."""
    own = (seen for record in failed for seen in record.observations if _misses(seen, check))
    others = (seen for record in failed for seen in record.observations if seen.passed is False)
    seen = next(chain(own, others), None)
    reason = f"{seen.check}: {seen.reason or 'the check does not hold'}" if seen else ""
    newest = failed[0]
    return FailureExample(
        case=newest.case, reason=shown(reason, _REASON_LIMIT), source=newest.source
    )


def _misses(seen: Observation, check: str) -> bool:
    return seen.passed is False and check in (seen.check, *_DERIVED.get(seen.check, ()))


_DERIVED = {"policy": (POLICY,), "escalated": ("escalation_rate",)}
