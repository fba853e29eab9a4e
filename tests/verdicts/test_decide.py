"""The verdict on a run: which gates speak, how they add up, and what the document says."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Gate, Record, Rules, Run, SuitePlan, Usage
from pytest_ftgate.runs.codec import decode_record, encode_record
from tests.runs.making import end_of, failed, held, manifest_of, missed, plan_of, run_of, scored
from tests.verdicts.checked import decided, gate_of, kpi_of, suite_of

RECORDS = tuple(
    scored(f"c{number}", held() if number < 9 else missed(), held("other")) for number in range(10)
)
PASSES, BLOCKS = Gate(kpi="echo", min=0.9), Gate(kpi="echo", min=0.95)


def with_rules(run: Run, **rules: object) -> Run:
    return replace(run, manifest=replace(run.manifest, rules=Rules(**rules)))  # type: ignore[arg-type]


def session(*suites: tuple[SuitePlan, tuple[Record, ...]]) -> Run:
    records = tuple(record for _, records in suites for record in records)
    plans = tuple(plan for plan, _ in suites)
    return Run(manifest=manifest_of(*plans), records=records, end=end_of(len(records)))


class TestGates:
    def test_pass_and_block(self) -> None:
        verdict = decided(run_of(*RECORDS, gates=(PASSES,)))
        assert (verdict.verdict, verdict.exit_code) == ("pass", 0)
        verdict = decided(run_of(*RECORDS, gates=(BLOCKS,)))
        assert (verdict.verdict, verdict.exit_code) == ("block", 1)

    def test_a_gate_writes_its_words_into_its_kpi(self) -> None:
        run = run_of(*RECORDS, gates=(replace(BLOCKS, max=0.99, mode="confident"),))
        kpi = kpi_of(run, "echo")
        assert (kpi.verdict, kpi.reason) == gate_of(run, "echo")
        assert (kpi.verdict, kpi.min, kpi.max, kpi.mode) == ("warn", 0.95, 0.99, "confident")
        assert kpi_of(run, "other").verdict == "none"
        assert decided(run).verdict == "warn"

    def test_gates_keep_their_order(self) -> None:
        gates = (Gate(kpi="nowhere", min=0.1), Gate(kpi="other", min=0.5), PASSES)
        suite = suite_of(run_of(*RECORDS, gates=gates))
        assert [gate.name for gate in suite.gates[2:]] == ["nowhere", "other", "echo"]

    @pytest.mark.parametrize(
        ("name", "advice"),
        [
            ("ecco", "did you mean 'echo'?"),
            ("format_validity", "did you mean 'format_valid'?"),
            ("accuracy", "no case used grade.label"),
        ],
    )
    def test_a_gate_of_an_unknown_kpi_blocks(self, name: str, advice: str) -> None:
        run = run_of(*RECORDS, gates=(PASSES, Gate(kpi=name, min=0.0)))
        assert gate_of(run, name) == ("block", f"no such KPI in the results: {advice}")
        assert decided(run).verdict == "block"
        assert name not in [kpi.name for kpi in suite_of(run).kpis]

    def test_accuracy_of_several_label_checks_is_refused_by_name(self) -> None:
        seen = [held(name, kind="label", expected="a", predicted="a") for name in ("x", "y")]
        run = run_of(scored("c1", *seen), gates=(Gate(kpi="macro_f1", min=0.5),))
        assert gate_of(run, "macro_f1") == (
            "block",
            "no such KPI in the results: there are 2 label checks, so name one: "
            "x_macro_f1, y_macro_f1",
        )

    def test_a_built_in_kpi_that_was_not_recorded_says_how_to(self) -> None:
        run = run_of(*RECORDS, gates=(Gate(kpi="policy_violation_rate", max=0.5),))
        assert gate_of(run, "policy_violation_rate") == (
            "block",
            "nothing to judge: no case used grade.policy",
        )

    def test_a_regression_gate_without_baseline(self) -> None:
        run = run_of(*RECORDS, gates=(Gate(kpi="echo", max_drop=0.02),))
        assert gate_of(run, "baseline")[0] == "warn"
        assert gate_of(with_rules(run, missing_baseline="fail"), "baseline")[0] == "block"
        assert "echo" not in [gate.name for gate in suite_of(run).gates]

    def test_a_test_that_stops_early_does_not_look_better(self) -> None:
        """A failed assert before the check hides it: the threshold must hold without it."""
        stopped = scored("c9", missed("assert", kind="assert"))
        run = run_of(*RECORDS[:9], stopped, gates=(BLOCKS,))
        assert kpi_of(run, "echo").value == 1.0
        verdict, reason = gate_of(run, "echo")
        assert verdict == "block"
        assert "but with 1 unseen result at the worst 90.0 % does not" in reason


class TestPartial:
    RUN = run_of(*RECORDS, gates=(PASSES,), available=40)

    def test_is_neither_passed_nor_failed(self) -> None:
        verdict = decided(self.RUN)
        assert (verdict.verdict, verdict.exit_code) == ("inconclusive", 0)
        suite = verdict.suites[0]
        assert suite.partial == "10 of 40 results were selected"
        gate, reason = gate_of(self.RUN, "echo")
        assert gate == "partial"
        assert reason.startswith(
            "10 of 40 results were selected, so the gate cannot judge the suite; of these: "
            "90.0 % reaches the minimum of 90.0 %"
        )
        assert kpi_of(self.RUN, "echo").verdict == "partial"

    def test_fails_where_that_is_asked_for(self) -> None:
        run = with_rules(self.RUN, on_partial="fail")
        assert gate_of(run, "echo")[0] == "block"
        assert (decided(run).verdict, decided(run).exit_code) == ("block", 1)

    def test_is_not_what_on_inconclusive_speaks_of(self) -> None:
        assert decided(with_rules(self.RUN, on_inconclusive="fail")).exit_code == 0

    def test_integrity_is_judged_all_the_same(self) -> None:
        run = replace(self.RUN, records=self.RUN.records[1:])
        assert gate_of(run, "complete") == ("block", "1 result was lost: c0")
        assert decided(run).verdict == "error"


class TestNoGate:
    def test_every_gate_is_silent(self) -> None:
        run = with_rules(run_of(*RECORDS, gates=(BLOCKS,)), gate=False)
        assert [gate.verdict for gate in suite_of(run).gates] == ["none"] * 3
        assert gate_of(run, "echo")[1].startswith("gating is off: 90.0 % is below")
        assert (decided(run).verdict, decided(run).exit_code) == ("inconclusive", 0)

    def test_a_broken_run_says_so_and_fails_nothing(self) -> None:
        run = with_rules(run_of(*RECORDS, failed("e")), gate=False)
        assert (decided(run).verdict, decided(run).exit_code) == ("error", 0)


class TestOtherVariants:
    OLD = tuple(replace(record, variant="v0") for record in RECORDS)

    def test_only_inform(self) -> None:
        run = run_of(*self.OLD, gates=(BLOCKS,), current=False)
        gate, reason = gate_of(run, "echo")
        assert gate == "none"
        assert reason.startswith("not the current variant: 90.0 % is below the minimum")
        assert (decided(run).verdict, decided(run).exit_code) == ("inconclusive", 0)

    def test_do_not_decide_beside_the_current_one(self) -> None:
        run = session(
            (plan_of(*self.OLD, gates=(BLOCKS,), current=False), self.OLD),
            (plan_of(*RECORDS, gates=(PASSES,)), RECORDS),
        )
        verdict = decided(run)
        assert [suite.verdict for suite in verdict.suites] == ["inconclusive", "pass"]
        assert (verdict.verdict, verdict.exit_code) == ("pass", 0)

    def test_count_by_their_errors(self) -> None:
        broken = (*self.OLD, failed("e", variant="v0"))
        run = session(
            (plan_of(*broken, current=False), broken),
            (plan_of(*RECORDS, gates=(PASSES,)), RECORDS),
        )
        assert (decided(run).verdict, decided(run).exit_code) == ("error", 1)


class TestAcrossSuites:
    def test_the_worst_verdict_counts(self) -> None:
        other = tuple(replace(record, suite="orders") for record in RECORDS)
        run = session(
            (plan_of(*RECORDS, gates=(PASSES,)), RECORDS),
            (plan_of(*other, gates=(BLOCKS,)), other),
        )
        verdict = decided(run)
        assert [suite.verdict for suite in verdict.suites] == ["pass", "block"]
        assert (verdict.verdict, verdict.exit_code) == ("block", 1)
        assert (verdict.run.selected, verdict.run.received) == (20, 20)


class TestSummary:
    def test_counts(self) -> None:
        records = [
            scored("a", held()),
            scored("b", missed()),
            scored("c", missed(must_pass=True)),
            failed("d"),
        ]
        suite = suite_of(run_of(*records, trials=1))
        assert suite.counts == {"passed": 1, "missed": 1, "failed": 1, "error": 1, "skipped": 0}
        assert (suite.cases, suite.selected, suite.received, suite.available) == (4, 4, 4, 4)

    def test_cases_and_trials(self) -> None:
        records = [scored(case, trial=trial) for case in "ab" for trial in range(3)]
        suite = suite_of(run_of(*records, trials=3))
        assert (suite.cases, suite.trials, suite.selected) == (2, 3, 6)

    def test_the_worst_misses_come_first(self) -> None:
        records = [
            scored("one", missed("x")),
            scored("two", missed("x"), missed("y", reason="")),
            scored("fine", held()),
            scored("must", missed("x", must_pass=True), output="o" * 5000, source="d.jsonl:4"),
            failed("broken"),
            scored("one-too", missed("x")),
        ]
        found = suite_of(run_of(*records)).misses
        assert [miss.case for miss in found] == ["broken", "must", "two", "one", "one-too"]
        assert [miss.outcome for miss in found[:3]] == ["error", "failed", "missed"]
        assert found[0].reasons == ("CassetteMiss: no recorded call",)
        assert found[1].source == "d.jsonl:4"
        assert found[1].output == "o" * 1000
        assert found[2].reasons == ("x: no x", "y: the check does not hold")

    def test_a_document_does_not_grow_with_the_misses(self) -> None:
        records = [scored(f"c{n}", missed(reason="r" * 100_000)) for n in range(150)]
        found = suite_of(run_of(*records)).misses
        assert len(found) == 100
        assert len(found[0].reasons[0]) == 2000

    def test_provenance(self) -> None:
        records = [
            scored("a", recorded_at="2026-10-02T00:00:00Z", model="m2"),
            scored("b", recorded_at="2026-10-01T00:00:00Z", model="m1"),
            scored("c", provenance="live", recorded_at="2026-10-03T00:00:00Z", model="m1"),
            scored("d", provenance=None, recorded_at=None, model=None),
            failed("e"),
        ]
        run = run_of(*records)
        facts = suite_of(run).provenance
        assert (facts.live, facts.replayed, facts.none) == (1, 2, 1)
        assert facts.recorded_from == "2026-10-01T00:00:00Z"
        assert facts.recorded_to == "2026-10-03T00:00:00Z"
        assert facts.models == ("m1", "m2")
        assert (decided(run).run.live, decided(run).run.replayed) == (1, 2)

    def test_totals(self) -> None:
        used = Usage(input_tokens=10, output_tokens=1)
        records = [scored(case, usage=used, cost=0.1) for case in "abc"]
        suite = suite_of(run_of(*records, scored("free", provenance=None, usage=None), failed("e")))
        assert suite.usage == Usage(input_tokens=30, output_tokens=3, cached_tokens=None)
        assert suite.cost == pytest.approx(0.3)

    def test_totals_are_unknown_as_soon_as_a_part_is(self) -> None:
        suite = suite_of(run_of(scored("a", cost=0.1), scored("b", usage=None, cost=None)))
        assert (suite.usage.input_tokens, suite.cost) == (None, None)
        suite = suite_of(run_of(scored("a", provenance=None, usage=None)))
        assert (suite.usage.input_tokens, suite.cost) == (None, None)


def test_stored_records_give_the_same_verdict() -> None:
    records = (*RECORDS, failed("e"), scored("w", weight=2.0, stratum="hard", cluster="k"))
    run = run_of(*records, gates=(PASSES, Gate(kpi="time_to_output_p50", max=1)))
    lines = [encode_record(record) for record in records]
    back = tuple(decode_record(line, "records.jsonl", n) for n, line in enumerate(lines, 1))
    assert decided(replace(run, records=back)) == decided(run)
