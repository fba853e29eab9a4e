from __future__ import annotations

from msgspec.structs import replace

from pytest_ftgate.model import Record
from pytest_ftgate.verdicts.confirming import Confirmation, needs_confirmation
from tests.verdicts.arms import judged, paired, records, run_of


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

    def test_a_part_of_a_suite_is_not_judged(self) -> None:
        before, now = paired(40, 1, 0, 9)
        run = run_of(live(records(now)), available=500)
        assert needs_confirmation(judged(run, records(before))) == ()
