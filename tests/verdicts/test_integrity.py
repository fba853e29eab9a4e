"""What can be judged at all: losses, errors, emptiness."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import CaseError, Gate, Record, Rules, Run
from pytest_ftgate.verdicts.decide import decide
from tests.runs.making import (
    end_of,
    failed,
    held,
    manifest_of,
    missed,
    plan_of,
    run_of,
    scored,
    skipped,
)
from tests.verdicts.arms import baseline
from tests.verdicts.checked import decided, gate_of, suite_of

HELD = tuple(scored(f"c{number}", held()) for number in range(5))
GATES = (Gate(kpi="echo", min=0.5),)


def with_rules(run: Run, **rules: object) -> Run:
    return replace(run, manifest=replace(run.manifest, rules=Rules(**rules)))  # type: ignore[arg-type]


def lacking(run: Run, *cases: str) -> Run:
    return replace(run, records=tuple(r for r in run.records if r.case not in cases))


def test_a_sound_run_passes() -> None:
    run = run_of(*HELD, gates=GATES)
    assert gate_of(run, "complete") == ("pass", "all 5 results arrived")
    assert gate_of(run, "errors") == ("pass", "no errors")
    verdict = decided(run)
    assert (verdict.verdict, verdict.exit_code) == ("pass", 0)
    assert [gate.name for gate in verdict.suites[0].gates] == ["complete", "errors", "echo"]


def test_lost_records_are_named_and_block() -> None:
    run = lacking(run_of(*HELD, gates=GATES), "c1", "c2", "c3", "c4")
    assert gate_of(run, "complete") == ("block", "4 results were lost: c1, c2, c3 and 1 more")
    verdict = decided(run)
    assert (verdict.verdict, verdict.exit_code) == ("error", 1)
    assert (verdict.run.selected, verdict.run.received) == (5, 1)


def test_a_lost_trial_is_named_as_pytest_names_it() -> None:
    records = [scored("c1", held(), trial=trial) for trial in range(3)]
    run = run_of(*records, trials=3)
    run = replace(run, records=(records[0], records[2]))
    assert gate_of(run, "complete") == ("block", "1 result was lost: c1#2")


def test_records_that_nothing_selected_block_and_do_not_count() -> None:
    run = run_of(*HELD[:2])
    run = replace(run, records=(*HELD[:2], scored("zz", held()), scored("c0", held(), trial=1)))
    verdict, reason = gate_of(run, "complete")
    assert (verdict, reason) == ("block", "2 results were never selected: c0#2, zz")
    assert suite_of(run).received == 2
    assert suite_of(run).counts["passed"] == 2


def test_a_run_without_end_marker_is_never_judged_sound() -> None:
    run = replace(lacking(run_of(*HELD, gates=GATES), "c4"), end=None)
    assert gate_of(run, "complete") == (
        "block",
        "the run did not reach its end: 4 of 5 results arrived",
    )
    verdict = decided(run)
    assert (verdict.verdict, verdict.exit_code, verdict.run.complete) == ("error", 1, False)
    whole = replace(run_of(*HELD), end=None)
    assert decided(whole).verdict == "error"


def test_gates_do_not_judge_a_suite_of_which_a_part_is_missing() -> None:
    run = lacking(run_of(*HELD, gates=GATES), "c3", "c4")
    verdict, reason = gate_of(run, "echo")
    assert verdict == "partial"
    assert reason.startswith("3 of 5 results arrived, so the gate cannot judge the suite; of these")
    assert gate_of(replace(run, end=None), "echo")[0] == "partial"
    assert gate_of(with_rules(run, on_partial="fail"), "echo")[0] == "block"
    whole = replace(run_of(*HELD, gates=GATES), end=None)
    assert gate_of(whole, "echo")[1].startswith("the run did not reach its end, so the gate cannot")


class TestErrors:
    RUN = run_of(*HELD, failed("e1"), failed("e2", trial=1), gates=GATES)

    def test_one_is_too_many_by_default(self) -> None:
        assert gate_of(self.RUN, "errors") == (
            "block",
            "2 errors, allowed are 0: e1 (CassetteMiss), e2#2 (CassetteMiss)",
        )
        assert decided(self.RUN).verdict == "error"

    def test_tolerated_ones_pass_and_are_named(self) -> None:
        run = with_rules(self.RUN, max_errors=2)
        verdict, reason = gate_of(run, "errors")
        assert (verdict, reason[:20]) == ("pass", "2 errors, allowed ar")
        assert (decided(run).verdict, decided(run).exit_code) == ("pass", 0)

    def test_more_than_tolerated(self) -> None:
        assert gate_of(with_rules(self.RUN, max_errors=1), "errors")[0] == "block"

    def test_tolerated_ones_still_count_against_a_threshold(self) -> None:
        run = run_of(*HELD, failed("e1"), gates=(Gate(kpi="echo", min=0.9),))
        verdict, reason = gate_of(with_rules(run, max_errors=1), "echo")
        assert verdict == "block"
        assert reason.startswith(
            "100.0 % reaches the minimum of 90.0 %, but with 1 unseen result at the worst 83.3 %"
        )


RECORD_THEM = "record the calls: pytest evals/test_triage.py --ftgate-record=new_episodes"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([skipped("a"), skipped("b")], "every case was skipped, so there is nothing to judge"),
        (
            [failed("a"), failed("b")],
            "every case ended in an error, both the same: CassetteMiss: no recorded call. To "
            f"record it: pytest; {RECORD_THEM}",
        ),
        (
            [failed("a"), skipped("b")],
            "every case was skipped or ended in an error: CassetteMiss: no recorded call. To "
            f"record it: pytest; {RECORD_THEM}",
        ),
    ],
)
def test_nothing_scored_is_never_green(records: list[Record], why: str) -> None:
    error = CaseError(type="CassetteMiss", message="no recorded call.\n  To record it: pytest")
    records = [replace(r, error=error) if r.status == "error" else r for r in records]
    for gates in ((), (Gate(kpi="echo", min=0.0),), (Gate(kpi="pass_rate", min=0.0),)):
        run = with_rules(run_of(*records, gates=gates), max_errors=99)
        assert gate_of(run, "scored") == ("block", why)
        verdict = decided(run)
        assert (verdict.verdict, verdict.exit_code) == ("error", 1)


def test_where_nothing_is_scored_one_gate_says_so() -> None:
    gates = (Gate(kpi="format_valid", min=0.5), Gate(kpi="pass_rate", min=0.5, max_drop=0.02))
    run = with_rules(run_of(failed("a"), failed("b"), gates=gates), missing_baseline="fail")
    suite = suite_of(run)
    assert [(gate.name, gate.verdict) for gate in suite.gates] == [
        ("complete", "pass"),
        ("errors", "none"),
        ("scored", "block"),
        ("format_valid", "none"),
        ("pass_rate", "none"),
    ]
    assert gate_of(run, "errors")[1] == "2 errors, allowed are 0; nothing was scored"
    assert gate_of(run, "format_valid")[1] == "nothing was scored"
    rows = {kpi.name: (kpi.verdict, kpi.reason) for kpi in suite.kpis if kpi.n == 0}
    assert rows == {
        "format_valid": ("none", "no case was scored"),
        "pass_rate": ("none", "no case was scored"),
    }


def test_what_is_not_scored_is_not_compared() -> None:
    whole = run_of(*HELD, gates=GATES)
    before = baseline(HELD)
    broken = replace(whole, records=tuple(failed(r.case) for r in whole.records))
    suite = decide(broken, baselines={"triage": before}).suites[0]
    assert (suite.baseline, suite.matched, suite.newly_failing) == (None, None, ())
    assert all(kpi.baseline is None for kpi in suite.kpis)


@pytest.mark.parametrize(
    ("messages", "share"),
    [
        (["x", "x", "y"], ", 2 of 3 the same: E: x;"),
        (["x", "y"], ", 2 different ones, the first: E: x;"),
        (["x"], ": E: x;"),
    ],
)
def test_the_commonest_error_is_told(messages: list[str], share: str) -> None:
    errors = [
        failed(f"c{at}", error=CaseError(type="E", message=message))
        for at, message in enumerate(messages)
    ]
    reason = gate_of(run_of(*errors), "scored")[1]
    assert reason == (f"every case ended in an error{share} pytest-ftgate show tells each in full")


def test_no_case_selected() -> None:
    run = run_of()
    assert gate_of(run, "complete") == ("block", "no case was selected")
    assert [gate.name for gate in suite_of(run).gates] == ["complete", "errors"]
    assert (decided(run).verdict, decided(run).exit_code) == ("error", 1)


def test_no_suite_at_all() -> None:
    run = Run(manifest=manifest_of(), records=(), end=end_of(0))
    verdict = decided(run)
    assert (verdict.verdict, verdict.exit_code, verdict.suites) == ("error", 1, ())


def test_hostile_names_stay_on_one_line() -> None:
    run = lacking(run_of(*HELD, scored("a\n::error::b\x1b[31m", held())), "a\n::error::b\x1b[31m")
    assert gate_of(run, "complete")[1] == "1 result was lost: a\\n::error::b\\u001b[31m"


def test_every_suite_is_guarded_for_itself() -> None:
    other = scored("x", held(), suite="orders")
    plans = (plan_of(*HELD, gates=GATES), plan_of(other, gates=GATES))
    run = Run(manifest=manifest_of(*plans), records=HELD, end=end_of(5))
    verdict = decided(run)
    assert [suite.verdict for suite in verdict.suites] == ["pass", "error"]
    assert verdict.verdict == "error"


def test_a_missed_must_pass_check_blocks_and_is_no_error() -> None:
    run = run_of(*HELD[:2], scored("x", missed(must_pass=True)), gates=())
    assert gate_of(run, "must_pass") == (
        "block",
        "1 result missed a check that must pass: x",
    )
    assert suite_of(run).verdict == "block"


def test_a_suite_without_gates_is_no_pass() -> None:
    assert suite_of(run_of(*HELD)).verdict == "inconclusive"
