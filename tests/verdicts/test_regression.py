"""The regression rule through whole verdicts: what blocks, passes, warns, and cannot tell."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import CaseError, Gate, Observation, Record, Rules
from pytest_ftgate.stats.flips import delta_interval, mcnemar_mid_p
from pytest_ftgate.stats.paired import compare
from pytest_ftgate.verdicts.decide import decide
from tests.runs.making import scored
from tests.verdicts.arms import (
    ECHO,
    baseline,
    compared,
    echo,
    gate,
    judged,
    kpi,
    paired,
    records,
    run_of,
)


class TestRule:
    def test_a_real_drop_blocks(self) -> None:
        suite = compared(*paired(160, 15, 3, 22))
        assert gate(suite) == (
            "block",
            "dropped by 6.0 points (90 % interval -9.5 to -2.5) against a tolerance of 2.0 points",
        )
        assert (suite.verdict, kpi(suite).verdict) == ("block", "block")

    def test_no_change_passes_where_the_data_exclude_a_drop(self) -> None:
        suite = compared(*paired(380, 1, 1, 18))
        assert gate(suite) == (
            "pass",
            "did not change (90 % interval -0.7 to +0.7), which excludes a drop beyond 2.0 points",
        )
        assert suite.verdict == "pass"

    def test_a_drop_that_may_be_chance_warns(self) -> None:
        suite = compared(*paired(40, 4, 2, 4))
        verdict, reason = gate(suite)
        assert (verdict, suite.verdict) == ("warn", "warn")
        assert "against a tolerance of 2.0 points, but that could be chance; about " in reason

    def test_too_little_data_is_inconclusive_and_says_what_would_settle_it(self) -> None:
        suite = compared(*paired(40, 2, 2, 6))
        verdict, reason = gate(suite)
        assert (verdict, suite.verdict) == ("inconclusive", "inconclusive")
        row = kpi(suite)
        assert row.mde == pytest.approx(0.107, abs=0.005)
        assert row.cases_needed == 1540
        assert reason == (
            "did not change (90 % interval -7.5 to +7.5), but a drop of up to 7.5 points could "
            "have been missed; about 1,540 cases would settle it"
        )

    def test_a_drop_of_exactly_the_tolerance_is_a_drop(self) -> None:
        assert gate(compared(*paired(40, 1, 0, 9)))[0] == "warn"

    def test_a_gain_passes(self) -> None:
        suite = compared(*paired(100, 0, 20, 80))
        assert gate(suite)[0] == "pass"
        assert gate(suite)[1].startswith("rose by 10.0 points (90 % interval +6.")

    def test_numbers_are_those_of_the_estimator(self) -> None:
        before, now = paired(160, 15, 3, 22)
        row, oracle = kpi(compared(before, now)), compare(now, before)
        assert (row.baseline, row.value) == (0.875, 0.815)
        assert row.delta == pytest.approx(oracle.delta)
        assert (row.delta_low, row.delta_high) == pytest.approx((oracle.low, oracle.high))
        assert row.p == pytest.approx(oracle.p)
        assert (row.b, row.c, row.tolerance) == (15, 3, 0.02)
        assert row.mcnemar_p == mcnemar_mid_p(15, 3)
        assert (row.newcombe_low, row.newcombe_high) == pytest.approx(
            delta_interval((160, 15, 3, 22))  # type: ignore[arg-type]
        )

    @pytest.mark.parametrize(
        ("max_drop", "verdict"), [(0.0, "warn"), (0.05, "block"), (0.2, "pass")]
    )
    def test_the_tolerance_is_the_gates(self, max_drop: float, verdict: str) -> None:
        before, now = paired(160, 20, 3, 17)
        suite = compared(before, now, gates=[replace(ECHO, max_drop=max_drop)])
        assert gate(suite)[0] == ("block" if max_drop == 0.0 else verdict)

    def test_alpha_is_the_gates_and_reports_stay_at_90_percent(self) -> None:
        before, now = paired(168, 8, 2, 22)
        usual = compared(before, now)
        strict = compared(before, now, gates=[replace(ECHO, alpha=0.001)])
        assert (gate(usual)[0], gate(strict)[0]) == ("block", "warn")
        assert "(99.8 % interval -8.2 to +2.2)" in gate(strict)[1]
        assert kpi(strict).delta_high == pytest.approx(kpi(usual).delta_high)


class TestWhoIsJudged:
    def test_the_primary_kpi_needs_no_gate_table(self) -> None:
        suite = compared(*paired(160, 15, 3, 22), gates=[])
        assert gate(suite)[0] == "block"
        assert kpi(suite).tolerance == 0.02

    def test_without_an_experiment_the_only_check_is_primary(self) -> None:
        suite = compared(*paired(160, 15, 3, 22), gates=[], primary_kpi=None)
        assert gate(suite, "echo")[0] == "block"

    def test_with_several_checks_it_is_the_pass_rate(self) -> None:
        before, now = paired(160, 15, 3, 22)
        extra = Observation(check="other", kind="text", value=1.0, passed=True)
        run = run_of(
            [replace(r, observations=(*r.observations, extra)) for r in records(now)],
            gates=[],
            primary_kpi=None,
        )
        (suite,) = judged(run, records(before)).suites
        assert [each.name for each in suite.gates] == ["complete", "errors", "pass_rate"]

    def test_other_kpis_are_shown_with_their_difference(self) -> None:
        row = kpi(compared(*paired(160, 15, 3, 22)), "pass_rate")
        assert (row.verdict, row.delta, row.b, row.tolerance) == (
            "none",
            pytest.approx(-0.06),
            15,
            None,
        )

    def test_a_primary_kpi_and_a_gate_of_two_names_are_one(self) -> None:
        before, now = (
            [
                scored(
                    f"c{n}",
                    replace(echo(v), kind="label", expected="a", predicted="a" if v else "b"),
                )
                for n, v in enumerate(side)
            ]
            for side in paired(160, 15, 3, 22)
        )
        run = run_of(now, gates=[Gate(kpi="echo_accuracy")], primary_kpi="echo")
        (suite,) = judged(run, before).suites
        names = [each.name for each in suite.gates]
        assert names == ["complete", "errors", "echo_accuracy"]

    def test_other_variants_are_not_compared(self) -> None:
        suite = compared(*paired(160, 15, 3, 22), current=False)
        assert suite.matched is None
        assert kpi(suite).baseline is None

    def test_a_gate_table_with_thresholds_leaves_unbounded_kpis_alone(self) -> None:
        suite = compared(
            *paired(40, 2, 2, 6), gates=[ECHO, Gate(kpi="time_to_output_p50", max=2.0)]
        )
        assert gate(suite, "time_to_output_p50")[1].startswith("0.50 s is within the maximum")
        assert kpi(suite, "time_to_output_p50").delta == 0.0
        assert kpi(suite, "time_to_output_p50").tolerance is None


class TestThresholdAndComparison:
    BEFORE, NOW = paired(160, 15, 3, 22)

    def test_the_worse_verdict_stands_and_both_are_told(self) -> None:
        suite = compared(self.BEFORE, self.NOW, gates=[replace(ECHO, min=0.8)])
        verdict, reason = gate(suite)
        assert verdict == "block"
        assert reason.startswith("81.5 % reaches the minimum of 80.0 %, within noise")
        assert "; against the baseline: dropped by 6.0 points" in reason
        suite = compared(self.NOW, self.NOW, gates=[replace(ECHO, min=0.9)])
        assert gate(suite)[0] == "block"
        assert "against the baseline: did not change" in gate(suite)[1]

    def test_inconclusive_is_worse_than_a_pass(self) -> None:
        suite = compared(*paired(40, 2, 2, 6), gates=[replace(ECHO, min=0.5)])
        assert gate(suite)[0] == "inconclusive"


class TestErrors:
    def broken(self, found: tuple[Record, ...], *cases: str) -> list[Record]:
        error = CaseError(type="E", message="m")
        return [
            replace(r, status="error", error=error, observations=()) if r.case in cases else r
            for r in found
        ]

    def test_count_as_failures_and_are_told_apart(self) -> None:
        outcomes = [1.0] * 100
        now = self.broken(records(outcomes), *(f"c{n}" for n in range(8)))
        run = run_of(now, rules=Rules(max_errors=10))
        (suite,) = judged(run, records(outcomes)).suites
        verdict, reason = gate(suite)
        assert verdict == "block"
        assert reason.startswith(
            "did not change, with 8 unseen results at the worst dropped by 8.0 points (90 % "
        )
        row = kpi(suite)
        assert (row.delta, row.b, row.value) == (0.0, 0, 1.0)
        assert suite.newly_failing == tuple(f"c{n}" for n in range(8))

    def test_of_the_baseline_say_nothing_of_a_change(self) -> None:
        outcomes = [1.0] * 100
        before = self.broken(records(outcomes), *(f"c{n}" for n in range(8)))
        (suite,) = judged(run_of(records(outcomes)), before).suites
        assert (kpi(suite).delta, kpi(suite).b, kpi(suite).c) == (0.0, 0, 0)
        assert suite.newly_fixed == ()

    def test_values_that_are_gone_are_not_a_pass(self) -> None:
        outcomes = [1.0] * 100
        now = [
            replace(r, observations=()) if n < 30 else r for n, r in enumerate(records(outcomes))
        ]
        (suite,) = judged(run_of(now), records(outcomes)).suites
        assert gate(suite) == (
            "inconclusive",
            "30 % of the baseline's values are not there now, at most 20 % may be missing",
        )

    def test_a_check_that_is_gone_altogether(self) -> None:
        now = [replace(r, observations=()) for r in records([1.0] * 20)]
        (suite,) = judged(run_of(now), records([1.0] * 20)).suites
        assert gate(suite)[0] == "block"
        assert gate(suite)[1].startswith("no such KPI in the results")


class TestMatching:
    def test_only_the_same_cases_are_compared(self) -> None:
        before, now = records([1.0] * 100), records([1.0] * 90 + [0.0] * 15)
        now = tuple(
            replace(r, content="f" * 32) if int(r.case[1:]) in range(90, 100) else r for r in now
        )
        (suite,) = judged(run_of(now), before).suites
        assert (suite.matched, len(suite.added), len(suite.changed)) == (90, 5, 10)
        assert kpi(suite).delta == 0.0
        assert gate(suite)[0] == "pass"
        assert suite.warnings == (
            "the dataset changed: 5 cases added, 10 cases changed; only 90 cases that stayed are "
            "compared",
        )

    def test_with_too_few_in_common_nothing_is_judged(self) -> None:
        before, now = paired(40, 30, 0, 30)
        suite = compared(before[:60], now)
        assert gate(suite) == (
            "inconclusive",
            "only 60 % of the cases (by weight) are those of the baseline, at least 80 % are "
            "needed; accept a new baseline: pytest-ftgate baseline accept",
        )
        assert suite.slices == ()

    def test_a_partial_run_compares_what_it_has_and_judges_nothing(self) -> None:
        before, now = paired(160, 15, 3, 22)
        suite = compared(before, now[:100] + now[160:175], available=200)
        verdict, reason = gate(suite)
        assert verdict == "partial"
        assert suite.removed == ()
        assert suite.verdict == "inconclusive"
        assert "115 of 200 results were selected, so the gate cannot judge the suite" in reason

    def test_newly_failing_and_fixed(self) -> None:
        suite = compared([1, 1, 0, 0, [1, 1, 0]], [1, 0, 1, 0, [1, 0, 0]])
        assert (suite.newly_failing, suite.newly_fixed) == (("c1", "c4"), ("c2",))

    def test_a_kpi_that_the_baseline_does_not_know(self) -> None:
        found = records([1.0] * 30)
        bare = [replace(r, observations=()) for r in found]
        (suite,) = judged(run_of(found), bare).suites
        assert gate(suite) == (
            "inconclusive",
            "has no value in the baseline to be compared with; accept a new "
            "baseline: pytest-ftgate baseline accept",
        )


class TestMissingBaseline:
    def test_is_asked_for_by_a_gate(self) -> None:
        run = run_of(records([1.0] * 5))
        (suite,) = decide(run).suites
        assert gate(suite, "baseline") == (
            "warn",
            "there is no baseline to compare with: pytest-ftgate baseline accept makes one",
        )
        assert suite.verdict == "warn"

    def test_is_required_by_the_rules(self) -> None:
        run = run_of(
            records([1.0] * 5),
            gates=[Gate(kpi="echo", min=0.5)],
            rules=Rules(missing_baseline="fail"),
        )
        (suite,) = decide(run).suites
        assert (gate(suite, "baseline")[0], suite.verdict) == ("block", "block")

    def test_of_another_split_is_none(self) -> None:
        found = records([1.0] * 5)
        (suite,) = judged(run_of(found, split="holdout"), baseline(found)).suites
        assert gate(suite, "baseline") == (
            "warn",
            "the baseline is of the split dev, and this run of holdout: there is nothing to "
            "compare with",
        )
        assert suite.matched is None

    def test_is_nobodys_business_where_nobody_asks(self) -> None:
        run = run_of(records([1.0] * 5), gates=[Gate(kpi="echo", min=0.5)])
        assert [each.name for each in decide(run).suites[0].gates] == ["complete", "errors", "echo"]


class TestAnchor:
    """Each step lost a little, within what one comparison can tell; the anchor sees the sum."""

    STEP = paired(176, 4, 1, 19)
    ANCHOR = paired(170, 16, 1, 13)[0]

    def test_slow_erosion_is_caught(self) -> None:
        before, now = self.STEP
        run = run_of(records(now))
        older = baseline(records(self.ANCHOR), run="older")
        (suite,) = judged(run, records(before), anchors={"triage": older}).suites
        assert gate(suite)[0] != "block"
        verdict, reason = gate(suite, "echo vs anchor")
        assert verdict in ("warn", "block")
        assert reason.startswith("dropped by 4.5 points")
        meant = "if it is meant: pytest-ftgate baseline accept --move-anchor"
        assert reason.endswith(meant) == (verdict == "block")
        assert suite.anchor is not None
        assert suite.anchor.run == "older"
        assert kpi(suite).baseline == 0.9, "the table speaks of the baseline"

    def test_is_not_asked_twice(self) -> None:
        before, now = self.STEP
        run = run_of(records(now))
        same = baseline(records(before))
        (suite,) = judged(run, same, anchors={"triage": same}).suites
        assert "echo vs anchor" not in [each.name for each in suite.gates]

    def test_that_shares_too_little_only_warns_in_words(self) -> None:
        before, now = self.STEP
        older = baseline(records(self.ANCHOR[:100]), run="older")
        (suite,) = judged(run_of(records(now)), records(before), anchors={"triage": older}).suites
        assert "echo vs anchor" not in [each.name for each in suite.gates]
        assert suite.warnings == (
            "only 50 % of the cases are those of the anchor, so slow erosion is not watched: "
            "pytest-ftgate baseline accept --move-anchor",
        )


class TestExitCode:
    @pytest.mark.parametrize(
        ("cells", "verdict"), [((40, 2, 2, 6), "inconclusive"), ((40, 4, 2, 4), "warn")]
    )
    def test_what_could_not_be_told_can_be_made_to_fail(
        self, cells: tuple[int, int, int, int], verdict: str
    ) -> None:
        before, now = paired(*cells)
        found = judged(run_of(records(now)), records(before))
        assert (found.verdict, found.exit_code) == (verdict, 0)
        rules = Rules(on_inconclusive="fail")
        assert judged(run_of(records(now), rules=rules), records(before)).exit_code == 7

    def test_without_gating_differences_are_shown_and_nothing_is_judged(self) -> None:
        before, now = paired(160, 15, 3, 22)
        found = judged(run_of(records(now), rules=Rules(gate=False)), records(before))
        (suite,) = found.suites
        assert (gate(suite)[0], found.exit_code) == ("none", 0)
        assert kpi(suite).delta == pytest.approx(-0.06)
