from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from pytest_ftgate.errors import StoreError
from pytest_ftgate.model import Record, Run
from pytest_ftgate.verdicts.pooling import pool
from tests.runs.making import COMPONENT_HASHES, skipped
from tests.verdicts.arms import compared, gate, judged, kpi, paired, records, run_of


def fresh(found: Sequence[Record], **plan: Any) -> Run:
    """A run of answers of its own."""
    return run_of([replace(record, provenance="live") for record in found], **plan)


def test_trials_are_numbered_on() -> None:
    first, second = fresh(records([1.0, 0.0])), fresh(records([[0.0, 1.0], [1.0, 1.0]]))
    pooled = pool(first, second)
    (plan,) = pooled.manifest.plans
    assert plan.selected == (
        ("c0", 0), ("c0", 1), ("c0", 2), ("c1", 0), ("c1", 1), ("c1", 2),
    )  # fmt: skip
    assert (plan.trials, plan.available) == (3, 6)
    seen = {(r.case, r.trial): r.observations[0].value for r in pooled.records}
    assert [seen[key] for key in plan.selected] == [1, 0, 1, 0, 1, 1]
    assert pooled.end is not None
    assert pooled.end.received == 6
    assert pooled.end.wall_s == 18.0


def test_is_judged_like_a_run_with_as_many_trials() -> None:
    before = [1.0] * 60
    parts = [[1.0] * 50 + [0.0] * 10, [1.0] * 58 + [0.0] * 2, [1.0] * 60]
    pooled = judged(pool(*(fresh(records(part)) for part in parts)), records(before))
    whole = compared(before, [list(trials) for trials in zip(*parts, strict=True)])
    assert kpi(pooled.suites[0]) == kpi(whole)
    assert gate(pooled.suites[0]) == gate(whole)


def test_what_more_trials_do() -> None:
    """One unlucky run would block; four more that show nothing take it back."""
    before, unlucky = paired(80, 9, 2, 9)
    assert gate(compared(before, unlucky))[0] == "block"
    again = [fresh(records(before)) for _ in range(4)]
    suite = judged(pool(fresh(records(unlucky)), *again), records(before)).suites[0]
    assert gate(suite)[0] == "inconclusive"
    assert kpi(suite).delta == pytest.approx(-0.014)


def test_a_partial_run_stays_partial() -> None:
    first = fresh(records([1.0, 0.0]), available=5)
    (plan,) = pool(first, first).manifest.plans
    assert (len(plan.selected), plan.available) == (4, 10)


def test_without_an_end_of_each_there_is_none() -> None:
    run = fresh(records([1.0]))
    assert pool(run, replace(run, end=None)).end is None


def test_other_suites_are_left_alone() -> None:
    run = fresh(records([1.0]))
    other: Run = run_of([replace(record, suite="orders") for record in records([0.0])])
    assert pool(run, other).records == run.records


def test_cases_that_changed_are_refused() -> None:
    run = fresh(records([1.0]))
    changed = run_of([replace(record, content="f" * 32) for record in records([1.0])])
    with pytest.raises(StoreError, match="case 'c0' of suite 'triage' is not the same"):
        pool(run, changed)
    assert len(pool(run, run_of([skipped("c0")])).records) == 2


def test_another_version_of_the_variant_is_refused() -> None:
    run = fresh(records([1.0]), components=COMPONENT_HASHES)
    other = fresh(records([1.0]), components={**COMPONENT_HASHES, "model": "f" * 32})
    with pytest.raises(StoreError, match=r"different versions of triage \[v1\] \(model\)"):
        pool(run, other)


def test_reading_the_same_recording_twice_adds_no_trial() -> None:
    run = run_of(records([1.0, 0.0]))
    with pytest.raises(StoreError, match="replays the same recorded answers as another one"):
        pool(run, run)
    later = [replace(record, recorded_at="2026-10-02T08:00:00Z") for record in run.records]
    assert len(pool(run, run_of(later)).records) == 4
