"""KPIs from records: values, intervals, what counts and what does not."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Gate, Observation, Record, Usage
from pytest_ftgate.model.kpis import BUILT_IN_KPIS
from pytest_ftgate.verdicts import kpis
from pytest_ftgate.verdicts.measures import Series
from tests.runs.making import failed, held, missed, plan_of, run_of, scored, skipped
from tests.verdicts.checked import kpi_of, suite_of
from tests.verdicts.observed import graded, label, rate


def names(run_records: list[Record], **plan: object) -> list[str]:
    return [kpi.name for kpi in suite_of(run_of(*run_records, **plan)).kpis]


class TestRates:
    def test_a_check_is_a_kpi_of_its_name_with_wilson_interval(self) -> None:
        kpi = kpi_of(run_of(*rate(81, 263)), "echo")
        assert kpi.value == 81 / 263
        assert (kpi.low, kpi.high) == pytest.approx((0.255289, 0.366210), abs=5e-7)
        assert (kpi.n, kpi.unit, kpi.direction) == (263, "rate", "higher")

    def test_pass_rate_counts_cases_whose_checks_all_hold(self) -> None:
        records = [
            scored("both", held("a"), held("b")),
            scored("one", held("a"), missed("b")),
            scored("must", missed("a", must_pass=True)),
            scored("score without threshold", graded(0.0)),
            scored("no check"),
        ]
        kpi = kpi_of(run_of(*records), "pass_rate")
        assert (kpi.value, kpi.n) == (0.6, 5)

    def test_errors_and_skipped_cases_are_not_in_a_value(self) -> None:
        run = run_of(*rate(3, 4), failed("e1"), failed("e2", observations=(held(),)), skipped("s"))
        kpi = kpi_of(run, "echo")
        assert (kpi.value, kpi.n) == (0.75, 4)
        errors = kpi_of(run, "error_rate")
        assert (errors.value, errors.n, errors.direction) == (2 / 6, 6, "lower")

    def test_trials_are_averaged_within_their_case(self) -> None:
        records = [
            scored("a", held(), trial=0),
            scored("a", missed(), trial=1),
            scored("a", missed(), trial=2),
            scored("b", held(), trial=0),
        ]
        kpi = kpi_of(run_of(*records, trials=3), "echo")
        assert kpi.value == pytest.approx((1 / 3 + 1) / 2)
        assert kpi.n == 2

    def test_weights_count(self) -> None:
        records = [scored("a", held(), weight=3.0), scored("b", missed(), weight=1.0)]
        assert kpi_of(run_of(*records), "echo").value == 0.75

    def test_clusters_widen_the_interval(self) -> None:
        def spread(cluster: object) -> float:
            records = [
                replace(record, cluster=cluster(number))  # type: ignore[operator]
                for number, record in enumerate(rate(30, 60))
            ]
            kpi = kpi_of(run_of(*records), "echo")
            assert kpi.low is not None
            assert kpi.high is not None
            return kpi.high - kpi.low

        alone = spread(lambda number: None)
        assert spread(lambda number: f"own-{number}") == alone
        assert spread(lambda number: f"g{number // 6}") > 1.5 * alone

    def test_used_twice_a_check_holds_if_it_holds_each_time(self) -> None:
        records = [scored("a", held(), missed()), scored("b", held(), held())]
        assert kpi_of(run_of(*records), "echo").value == 0.5

    def test_a_check_used_in_some_cases_says_so(self) -> None:
        kpi = kpi_of(run_of(scored("a", held()), scored("b"), scored("c", missed())), "echo")
        assert (kpi.value, kpi.n) == (0.5, 2)
        assert kpi.reason == "recorded in 2 of 3 scored cases"


class TestBuiltIns:
    def test_format(self) -> None:
        seen = held("format_valid", kind="format")
        run = run_of(scored("a", seen), scored("b", replace(seen, value=0.0, passed=False)))
        assert kpi_of(run, "format_valid").value == 0.5

    def test_policy_is_shown_as_the_rate_of_violations(self) -> None:
        seen = held("policy", kind="policy")
        records = [scored("a", seen), scored("b", seen), scored("c", seen)]
        records.append(scored("d", missed("policy", kind="policy")))
        kpi = kpi_of(run_of(*records), "policy_violation_rate")
        assert (kpi.value, kpi.direction) == (0.25, "lower")
        assert "policy" not in names(records)
        asked = run_of(*records, gates=(Gate(kpi="policy", min=0.5),))
        assert kpi_of(asked, "policy").value == 0.75

    def test_escalation(self) -> None:
        def escalated(value: float) -> Observation:
            return Observation(check="escalated", kind="escalation", value=value)

        records = [
            scored("a", escalated(1.0)),
            scored("b", escalated(0.0), escalated(1.0)),
            scored("c", escalated(0.0)),
            scored("d", escalated(0.0)),
        ]
        kpi = kpi_of(run_of(*records), "escalation_rate")
        assert (kpi.value, kpi.direction) == (0.5, "lower")
        assert "escalated" not in names(records)

    def test_assert_counts_the_cases_where_none_failed(self) -> None:
        records = [
            scored("a", missed("assert", kind="assert")),
            scored("b"),
            scored("c"),
            failed("e"),
        ]
        kpi = kpi_of(run_of(*records), "assert")
        assert (kpi.value, kpi.n) == (2 / 3, 3)
        assert "assert" not in names([scored("a"), scored("b")])

    def test_retries_are_a_mean_per_task_with_a_t_interval(self) -> None:
        records = [scored(f"c{n}", retries=n) for n in range(3)]
        kpi = kpi_of(run_of(*records), "retries_per_task")
        assert (kpi.value, kpi.low, kpi.unit) == (1.0, 0.0, "count")
        assert kpi.high == pytest.approx(1 + 4.302653 / math.sqrt(3), abs=1e-6)

    def test_times_are_quantiles_with_order_statistics(self) -> None:
        records = [scored(f"c{n}", latency_s=float(n)) for n in range(1, 101)]
        median = kpi_of(run_of(*records), "time_to_output_p50")
        assert (median.value, median.low, median.high) == (50.5, 40.0, 61.0)
        p95 = kpi_of(run_of(*records), "time_to_output_p95")
        assert p95.value == pytest.approx(95.05)
        assert (p95.low, p95.high) == (90.0, 100.0)
        assert p95.unit == "seconds"

    def test_p95_of_few_cases_has_no_upper_bound(self) -> None:
        records = [scored(f"c{n}", latency_s=float(n)) for n in range(1, 51)]
        assert kpi_of(run_of(*records), "time_to_output_p95").high is None

    def test_a_time_is_the_median_of_a_case_s_trials(self) -> None:
        records = [
            scored("a", trial=trial, latency_s=seconds)
            for trial, seconds in enumerate((9.0, 1.0, 2.0))
        ]
        records += [scored("b", trial=trial, latency_s=s) for trial, s in enumerate((4.0, 8.0))]
        assert kpi_of(run_of(*records, trials=3), "time_to_output_p50").value == (2.0 + 6.0) / 2

    def test_tokens_and_cost_per_task(self) -> None:
        records = [
            scored("a", usage=Usage(input_tokens=100, output_tokens=10), cost=0.002),
            scored("b", usage=Usage(input_tokens=300, output_tokens=20), cost=0.004),
        ]
        run = run_of(*records)
        assert kpi_of(run, "tokens_in_per_task").value == 200
        assert kpi_of(run, "tokens_out_per_task").value == 15
        cost = kpi_of(run, "cost_per_task")
        assert (cost.value, cost.unit) == (pytest.approx(0.003), "usd")

    def test_what_is_unknown_stays_unknown(self) -> None:
        run = run_of(scored("a", cost=0.002), scored("b", cost=None), scored("c", cost=0.004))
        kpi = kpi_of(run, "cost_per_task")
        assert (kpi.value, kpi.n) == (pytest.approx(0.003), 2)
        assert kpi.reason == "the value of 1 result is unknown"
        kpi = kpi_of(run_of(scored("a"), scored("b")), "cost_per_task")
        assert (kpi.value, kpi.low, kpi.high, kpi.n) == (None, None, None, 0)
        assert kpi.reason.startswith("no price of the model is known: give [prices]")

    def test_a_case_without_a_call_spent_nothing_where_others_called(self) -> None:
        free = scored("b", provenance=None, usage=None, cost=None)
        run = run_of(scored("a", cost=0.004), free)
        assert kpi_of(run, "cost_per_task").value == 0.002
        assert kpi_of(run, "tokens_in_per_task").value == 50

    def test_nothing_about_providers_where_none_was_called(self) -> None:
        record = scored("a", provenance=None, usage=None, latency_s=None, retries=None)
        assert names([record]) == ["pass_rate", "error_rate"]

    def test_a_cost_that_was_imported_is_shown(self) -> None:
        record = scored("a", provenance=None, usage=None, cost=0.5)
        assert kpi_of(run_of(record), "cost_per_task").value == 0.5


class TestScores:
    def test_a_score_is_a_mean_within_its_range(self) -> None:
        records = [scored(f"c{n}", graded(2.0)) for n in range(9)] + [scored("c9", graded(1.0))]
        kpi = kpi_of(run_of(*records), "tone")
        assert (kpi.value, kpi.unit, kpi.n) == (1.9, "score", 10)
        assert kpi.high == 2.0
        assert kpi.low is not None
        assert 1.4 < kpi.low < 1.9

    def test_used_twice_a_score_is_averaged(self) -> None:
        record = scored("a", graded(0.0), graded(1.0), graded(2.0))
        assert kpi_of(run_of(record), "tone").value == 1.0

    def test_a_rubric_is_a_score(self) -> None:
        record = scored("a", graded(1.5, kind="rubric"))
        assert kpi_of(run_of(record), "tone").value == 1.5


class TestStrata:
    def test_every_kpi_by_stratum_in_dataset_order(self) -> None:
        records = [
            scored("c1", label("a", "a"), stratum="typical", latency_s=1.0),
            scored("c2", label("b", "b"), stratum="hard", latency_s=3.0),
            scored("c3", label("b", "a"), stratum="hard", latency_s=5.0),
            scored("c4", label("a", "a"), stratum=None, latency_s=7.0),
            failed("c5", stratum="easy"),
        ]
        run = run_of(*records)
        accuracy = kpi_of(run, "queue")
        assert accuracy.value == 0.75
        found = {name: (part.value, part.n) for name, part in accuracy.strata.items()}
        assert found == {"typical": (1.0, 1), "hard": (0.5, 2), "easy": (None, 0)}
        assert list(accuracy.strata) == ["typical", "hard", "easy"]
        times = kpi_of(run, "time_to_output_p50").strata
        assert (times["hard"].value, times["hard"].n) == (4.0, 2)
        assert kpi_of(run, "queue_macro_f1").strata["hard"].value == pytest.approx(2 / 3)
        assert kpi_of(run, "error_rate").strata["easy"].value == 1.0

    def test_none_without_strata(self) -> None:
        assert kpi_of(run_of(*rate(1, 2)), "echo").strata == {}


class TestOrder:
    RECORDS = (
        scored(
            "a", held("echo"), held("policy", kind="policy"), held("format_valid", kind="format")
        ),
    )

    def test_outcomes_checks_errors_measures(self) -> None:
        assert names([*self.RECORDS]) == [
            "pass_rate",
            "format_valid",
            "policy_violation_rate",
            "echo",
            "error_rate",
            "retries_per_task",
            "time_to_output_p50",
            "time_to_output_p95",
            "tokens_in_per_task",
            "tokens_out_per_task",
            "cost_per_task",
        ]

    def test_primary_and_gated_kpis_come_first(self) -> None:
        gates = (Gate(kpi="error_rate", max=0.5), Gate(kpi="echo", min=0.5))
        found = names([*self.RECORDS], gates=gates, primary_kpi="format_valid")
        assert found[:4] == ["format_valid", "error_rate", "echo", "pass_rate"]
        assert len(found) == len(set(found)) == 11

    def test_a_kpi_is_one_row_whatever_the_primary_calls_it(self) -> None:
        records = [scored("a", label("x", "x"))]
        found = names(records, gates=(Gate(kpi="accuracy", min=0.5),), primary_kpi="queue")
        assert found[:2] == ["accuracy", "pass_rate"]
        assert "queue" not in found

    def test_compute_gives_the_same_rows_unjudged(self) -> None:
        gates = (Gate(kpi="echo", min=0.99), Gate(kpi="nowhere", min=0.5))
        plan = plan_of(*self.RECORDS, gates=gates)
        found = kpis.compute(self.RECORDS, plan)
        assert [kpi.name for kpi in found] == names([*self.RECORDS], gates=gates)
        assert {kpi.verdict for kpi in found} == {"none"}


def test_the_ranges_that_experiments_are_held_to_are_those_of_the_kpis() -> None:
    records = [
        scored("a", held("format_valid"), held("policy"), held("escalated"), missed("assert"))
    ]
    catalogue = kpis.catalogue_of(records)
    for name, (low, high) in BUILT_IN_KPIS.items():
        kpi = catalogue.get(name)
        assert isinstance(kpi, Series), name
        found = kpi.span or (kpi.least, math.inf)
        assert found == (low, high), name
