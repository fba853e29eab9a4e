"""The regression rule on every kind of KPI: rates, scores, labels, times, money, and several."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Gate, Observation, Record, Rules, Usage
from tests.runs.making import scored
from tests.verdicts.arms import (
    ECHO,
    compared,
    echo,
    gate,
    judged,
    kpi,
    paired,
    run_of,
)


class TestLowerIsBetter:
    def violations(self, flags: list[float]) -> list[Record]:
        return [
            scored(
                f"c{n}",
                Observation(check="policy", kind="policy", value=1 - v, passed=not v, reason="x"),
            )
            for n, v in enumerate(flags)
        ]

    def test_a_rise_blocks_and_numbers_keep_their_sign(self) -> None:
        before, now = paired(10, 3, 20, 167)  # cells of violations
        run = run_of(
            self.violations(now), gates=[Gate(kpi="policy_violation_rate")], primary_kpi=None
        )
        (suite,) = judged(run, self.violations(before)).suites
        verdict, reason = gate(suite, "policy_violation_rate")
        assert verdict == "block"
        assert reason.startswith("rose by 8.5 points (90 % interval +4.")
        row = kpi(suite, "policy_violation_rate")
        assert row.delta == pytest.approx(0.085)
        assert row.delta_low is not None
        assert row.delta_high is not None
        assert 0 < row.delta_low < 0.085 < row.delta_high
        assert (row.b, row.c) == (20, 3), "b passed before and fails now"
        assert row.newcombe_low is not None
        assert row.newcombe_low > 0

    def test_a_fall_passes(self) -> None:
        before, now = paired(0, 20, 0, 180)
        run = run_of(
            self.violations(now), gates=[Gate(kpi="policy_violation_rate")], primary_kpi=None
        )
        (suite,) = judged(run, self.violations(before)).suites
        verdict, reason = gate(suite, "policy_violation_rate")
        assert verdict == "pass"
        assert "which excludes a rise beyond 2.0 points" in reason


class TestTrials:
    def test_are_pooled_within_their_case(self) -> None:
        before = [[1, 1, 1, 1, 0]] * 100
        now = [[1, 1, 1, 0, 0]] * 50 + [[1, 1, 1, 1, 0]] * 50
        suite = compared(before, now)
        row = kpi(suite)
        assert row.delta == pytest.approx(-0.1)
        assert (row.b, row.c) == (0, 0), "the majority of each case still passes"
        assert row.mcnemar_p is None, "flips of majorities are not the difference"
        assert gate(suite)[0] == "block"

    def test_arms_may_have_different_numbers_of_them(self) -> None:
        suite = compared([[1, 1, 1]] * 60, [1.0] * 50 + [0.0] * 10)
        assert kpi(suite).delta == pytest.approx(-1 / 6)
        assert gate(suite)[0] == "block"


class TestSeveralKpis:
    def many(self, before: list[float], now: list[float], names: int) -> tuple[list[Record], ...]:
        def side(values: list[float]) -> list[Record]:
            return [
                scored(f"c{n}", echo(1.0), *(replace(echo(v), check=f"k{i}") for i in range(names)))
                for n, v in enumerate(values)
            ]

        return side(before), side(now)

    def test_holm_holds_back_all_but_the_primary_one(self) -> None:
        # One-sided p is .035: significant alone, and not among four.
        cells = paired(170, 9, 3, 18)
        assert gate(compared(*cells))[0] == "block"
        before, now = self.many(*cells, names=4)
        gates = [Gate(kpi=f"k{i}") for i in range(4)]
        (suite,) = judged(run_of(now, gates=gates), before).suites
        verdict, reason = gate(suite, "k0")
        assert verdict == "warn"
        assert "but among 4 KPIs that could be chance" in reason
        (suite,) = judged(run_of(now, gates=gates, primary_kpi="k0"), before).suites
        assert [gate(suite, f"k{i}")[0] for i in range(4)] == ["block", "warn", "warn", "warn"]

    def test_one_gate_beside_the_primary_kpi_needs_no_correction(self) -> None:
        before, now = self.many(*paired(170, 9, 3, 18), names=1)
        (suite,) = judged(run_of(now, gates=[Gate(kpi="k0")]), before).suites
        assert gate(suite, "k0")[0] == "block"


class TestTimesAndMoney:
    GATES = (
        ECHO,
        Gate(kpi="time_to_output_p50", max_drop=0.1),
        Gate(kpi="cost_per_task", max_drop=0.001),
    )

    def side(self, trials: int, seconds: float, dollars: float) -> list[Record]:
        return [
            scored(
                f"c{n}",
                echo(1.0),
                trial=trial,
                latency_s=seconds + 0.01 * trial + 0.001 * n,
                cost=dollars + 0.0001 * (n % 7) + 0.00002 * trial,
                usage=Usage(input_tokens=100, output_tokens=20),
            )
            for n in range(100)
            for trial in range(trials)
        ]

    @pytest.mark.parametrize(("trials", "verdict"), [(1, "warn"), (2, "warn"), (3, "block")])
    def test_only_warn_below_three_trials(self, trials: int, verdict: str) -> None:
        run = run_of(self.side(trials, 1.5, 0.02), gates=self.GATES)
        (suite,) = judged(run, self.side(trials, 1.0, 0.01)).suites
        assert gate(suite, "time_to_output_p50")[0] == verdict
        assert gate(suite, "cost_per_task")[0] == verdict

    def test_say_why_they_only_warn(self) -> None:
        run = run_of(self.side(1, 1.5, 0.02), gates=self.GATES)
        (suite,) = judged(run, self.side(1, 1.0, 0.01)).suites
        assert gate(suite, "time_to_output_p50")[1] == (
            "rose by 0.50 s against a tolerance of 0.10 s; only 3 trials of each case on both "
            "sides could tell it from a run's load"
        )
        assert gate(suite, "cost_per_task")[1].startswith("rose by $0.0100 (90 % interval +$0.0100")
        row = kpi(suite, "time_to_output_p50")
        assert (row.delta, row.delta_low, row.p, row.mde) == (pytest.approx(0.5), None, None, None)

    def test_percentiles_are_compared_by_the_spread_between_trials(self) -> None:
        run = run_of(self.side(3, 1.5, 0.02), gates=self.GATES)
        (suite,) = judged(run, self.side(3, 1.0, 0.01)).suites
        row = kpi(suite, "time_to_output_p50")
        assert row.delta_low is not None
        assert row.delta_high is not None
        # Three trials a side, 0.01 s apart each: t with 4 degrees of freedom.
        assert row.delta_high - row.delta_low == pytest.approx(2 * 2.1318 * 0.00816, rel=1e-3)

    def test_within_the_tolerance_they_pass(self) -> None:
        run = run_of(self.side(1, 1.05, 0.0101), gates=self.GATES)
        (suite,) = judged(run, self.side(1, 1.0, 0.01)).suites
        assert gate(suite, "time_to_output_p50") == (
            "pass",
            "rose by 0.050 s, within the tolerance of 0.10 s",
        )
        assert suite.verdict == "pass"

    def test_cheaper_does_not_rescue_worse(self) -> None:
        now = [
            replace(r, observations=(echo(0.0 if n < 12 else 1.0),))
            for n, r in enumerate(self.side(1, 0.1, 0.0))
        ]
        (suite,) = judged(run_of(now, gates=self.GATES), self.side(1, 1.0, 0.01)).suites
        assert (gate(suite)[0], suite.verdict) == ("block", "block")

    def test_a_warning_of_the_times_is_no_doubt(self) -> None:
        run = run_of(self.side(1, 1.5, 0.01), gates=self.GATES, rules=Rules(on_inconclusive="fail"))
        found = judged(run, self.side(1, 1.0, 0.01))
        assert (found.verdict, found.exit_code) == ("warn", 0)


class TestScoresAndLabels:
    def test_the_tolerance_is_two_hundredths_of_the_range(self) -> None:
        def side(value: float) -> list[Record]:
            tone = Observation(check="tone", kind="score", value=value, low=0.0, high=2.0)
            return [
                scored(f"c{n}", replace(tone, value=value - 0.01 * (n % 3))) for n in range(200)
            ]

        run = run_of(side(1.5), gates=[Gate(kpi="tone")], primary_kpi="tone")
        (suite,) = judged(run, side(1.6)).suites
        assert kpi(suite, "tone").tolerance == 0.04
        assert kpi(suite, "tone").b is None
        assert gate(suite, "tone") == (
            "block",
            "dropped by 0.100 (90 % interval -0.117 to -0.083) against a tolerance of 0.040",
        )

    def labels(self, hits: int) -> list[Record]:
        def seen(n: int) -> Observation:
            expected = "abc"[n % 3]
            predicted = expected if n < hits else "a"
            held = expected == predicted
            return Observation(
                check="queue", kind="label", value=float(held), passed=held,
                expected=expected, predicted=predicted,
            )  # fmt: skip

        return [scored(f"c{n}", seen(n)) for n in range(300)]

    def test_macro_f1_is_compared_by_its_linear_form(self) -> None:
        run = run_of(self.labels(240), gates=[Gate(kpi="macro_f1")], primary_kpi="macro_f1")
        (suite,) = judged(run, self.labels(290)).suites
        row = kpi(suite, "macro_f1")
        assert row.delta == pytest.approx((row.value or 0) - (row.baseline or 0))
        assert row.delta_low is not None
        assert row.delta_low < (row.delta or 0) < (row.delta_high or 0) < 0
        assert gate(suite, "macro_f1")[0] == "block"
        assert not [each for each in suite.slices if each.kpi == "macro_f1"]
