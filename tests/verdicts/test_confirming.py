from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.errors import StoreError
from pytest_ftgate.model import Record, Run
from pytest_ftgate.verdicts.confirming import Confirmation, needs_confirmation, pool
from tests.runs.making import skipped
from tests.verdicts.arms import compared, gate, judged, kpi, paired, records, run_of


def live(found: tuple[Record, ...]) -> tuple[Record, ...]:
    return tuple(replace(record, provenance="live") for record in found)


def needed(before: list[float], now: list[float]) -> tuple[Confirmation, ...]:
    return needs_confirmation(judged(run_of(live(records(now))), records(before)))


class TestNeed:
    def test_a_drop_of_the_tolerance_or_more(self) -> None:
        assert needed(*paired(40, 1, 0, 9)) == (Confirmation("triage", "v1", ("echo",), 4),)
        assert needed(*paired(160, 15, 3, 22))[0].kpis == ("echo",)

    def test_not_less(self) -> None:
        assert needed(*paired(80, 1, 0, 19)) == ()
        assert needed(*paired(80, 0, 10, 10)) == ()

    def test_replays_would_only_say_the_same_again(self) -> None:
        before, now = paired(40, 1, 0, 9)
        assert needs_confirmation(judged(run_of(records(now)), records(before))) == ()

    def test_nothing_is_left_to_run(self) -> None:
        run = run_of(live(records([[0.0] * 5] * 10)))
        verdict = judged(run, records([1.0] * 10))
        assert needs_confirmation(verdict) == ()
        assert needs_confirmation(verdict, trials=8)[0].more == 3


class TestPool:
    def test_trials_are_numbered_on(self) -> None:
        first, second = run_of(records([1.0, 0.0])), run_of(records([[0.0, 1.0], [1.0, 1.0]]))
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

    def test_is_judged_like_a_run_with_as_many_trials(self) -> None:
        before = [1.0] * 60
        parts = [[1.0] * 50 + [0.0] * 10, [1.0] * 58 + [0.0] * 2, [1.0] * 60]
        pooled = judged(pool(*(run_of(records(part)) for part in parts)), records(before))
        whole = compared(before, [list(trials) for trials in zip(*parts, strict=True)])
        assert kpi(pooled.suites[0]) == kpi(whole)
        assert gate(pooled.suites[0]) == gate(whole)

    def test_what_more_trials_do(self) -> None:
        """One unlucky run would block; four more that show nothing take it back."""
        before, unlucky = paired(80, 9, 2, 9)
        assert gate(compared(before, unlucky))[0] == "block"
        again = [run_of(records(before)) for _ in range(4)]
        suite = judged(pool(run_of(records(unlucky)), *again), records(before)).suites[0]
        assert gate(suite)[0] == "inconclusive"
        assert kpi(suite).delta == pytest.approx(-0.014)

    def test_a_partial_run_stays_partial(self) -> None:
        first = run_of(records([1.0, 0.0]), available=5)
        (plan,) = pool(first, first).manifest.plans
        assert (len(plan.selected), plan.available) == (4, 10)

    def test_without_an_end_of_each_there_is_none(self) -> None:
        run = run_of(records([1.0]))
        assert pool(run, replace(run, end=None)).end is None

    def test_other_suites_are_left_alone(self) -> None:
        run = run_of(records([1.0]))
        other: Run = run_of([replace(record, suite="orders") for record in records([0.0])])
        assert pool(run, other).records == run.records

    def test_cases_that_changed_are_refused(self) -> None:
        run = run_of(records([1.0]))
        changed = run_of([replace(record, content="f" * 32) for record in records([1.0])])
        with pytest.raises(StoreError, match="case 'c0' of suite 'triage' is not the same"):
            pool(run, changed)
        assert len(pool(run, run_of([skipped("c0")])).records) == 2
