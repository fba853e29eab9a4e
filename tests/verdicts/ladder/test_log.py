"""The lines of the iteration log: values, differences to the parent, what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from pytest_ftgate.iterations import LoggedKpi, SaturationRules
from pytest_ftgate.model import Gate, Observation, Record, Usage
from pytest_ftgate.stats import intervals, paired
from pytest_ftgate.verdicts.kpis import KpiDefinition
from tests.runs.making import failed, held, missed, scored
from tests.verdicts.ladder.making import (
    SUITE,
    chain,
    judged,
    ladder_of,
    ladder_run,
    records_of,
    run_with,
)

V1, V2, V3 = chain(3)


def test_values_with_their_intervals_and_paired_differences() -> None:
    rng = np.random.default_rng(1)
    scores = (rng.random((2, 50)) < 0.7).astype(float)
    first, second = judged(ladder_run(scores)).log
    wilson = intervals.rate(scores[1])
    delta = paired.compare(scores[1], scores[0])
    assert second.kpis[0] == LoggedKpi(
        name="echo",
        value=scores[1].mean(),
        low=wilson.low,
        high=wilson.high,
        n=50,
        delta=delta.delta,
        delta_low=delta.low,
        delta_high=delta.high,
    )
    assert first.kpis[0].delta is None


def test_the_difference_is_to_the_parent_not_to_the_line_before() -> None:
    scores = np.array([[0.0] * 10, [1.0] * 10, [1.0] * 10])
    facts = [V1, V2, {**V3, "parent": "v1"}]
    log = judged(ladder_run(scores, facts=facts)).log
    assert [each.kpis[0].delta for each in log] == [None, 1.0, 1.0]
    facts = [V1, V2, {**V3, "parent": "v2"}]
    log = judged(ladder_run(scores, facts=facts)).log
    assert [each.kpis[0].delta for each in log] == [None, 1.0, 0.0]


def test_an_uncounted_iteration_is_measured_on_all_it_has() -> None:
    half = run_with((V3, records_of("v3", [1, 0])), number=2, available=20)
    log = judged(ladder_run(np.ones((2, 20))), half).log
    assert (log[2].counted, log[2].kpis[0].n, log[2].kpis[0].value) == (False, 2, 0.5)
    assert log[2].kpis[0].delta == -0.5  # on the two cases that both have


def test_the_primary_kpi_and_the_gated_ones_are_shown() -> None:
    def seen(variant: str) -> tuple[Record, ...]:
        label = Observation(
            check="queue", kind="label", value=1.0, passed=True, expected="a", predicted="a"
        )
        return tuple(
            scored(f"c{at}", held("echo"), label, variant=variant, suite=SUITE) for at in range(4)
        )

    gates = tuple(Gate(kpi=name, min=0.5) for name in ("queue", "time_to_output_p50", "nowhere"))
    run = run_with((V1, seen("v1")), (V2, seen("v2")), gates=gates)
    names = ["echo", "queue", "time_to_output_p50"]
    assert [kpi.name for kpi in judged(run).log[1].kpis] == names
    assert [kpi.name for kpi in judged(run, kpi="queue").log[1].kpis] == [
        "queue",
        "echo",
        "time_to_output_p50",
    ]
    time = judged(run).log[1].kpis[2]
    assert (time.unit, time.value, time.delta) == ("seconds", 0.5, None)


def test_what_it_costs() -> None:
    def spent(variant: str, tokens: int, cost: float | None) -> tuple[Record, ...]:
        return records_of(
            variant,
            np.ones(4),
            usage=Usage(input_tokens=tokens, output_tokens=7),
            latency_s=tokens / 100,
            cost=cost,
        )

    rules = SaturationRules(calls_per_month=1000)
    run = run_with((V1, spent("v1", 100, None)), (V2, spent("v2", 300, 0.002)), saturation=rules)
    first, second = judged(run).log
    assert (first.tokens_in, first.tokens_out, first.latency_s) == (100, 7, 1.0)
    assert (first.cost, first.cost_per_month) == (None, None)
    assert (second.tokens_in, second.latency_s) == (300, 3.0)
    assert (second.cost, second.cost_per_month) == (0.002, 2.0)
    assert (second.models, second.recorded_from) == (("gpt-4.1-mini",), "2026-10-01T08:00:00Z")


def test_without_a_cost_of_its_time_there_is_that_of_present_prices() -> None:
    def spent(variant: str, model: str, **usage: int) -> tuple[Record, ...]:
        return records_of(variant, np.ones(4), model=model, cost=None, usage=Usage(**usage))

    full = {"input_tokens": 300, "output_tokens": 10}
    run = run_with(
        (V1, spent("v1", "m", input_tokens=300)),
        (V2, spent("v2", "m-2026-01-31", **full)),
        (V3, spent("v3", "other", **full)),
        prices={"m": (2.0, 8.0)},
    )
    costs = [line.cost for line in judged(run).log]
    assert costs == [None, pytest.approx((300 * 2 + 10 * 8) / 1e6), None]


def test_a_cost_that_one_case_does_not_tell_is_unknown() -> None:
    records = records_of("v1", np.ones(4), cost=0.001)
    records = (replace(records[0], cost=None), *records[1:])
    assert judged(run_with((V1, records))).log[0].cost is None


def test_facts_of_the_run() -> None:
    records = tuple(
        scored(f"c{at}", held(), suite=SUITE, trial=trial) for at in range(3) for trial in range(2)
    )
    run = run_with(
        ({**V1, "change": "a start"}, (*records, failed("c3", suite=SUITE))), trials=2, available=8
    )
    (line,) = judged(run).log
    assert (line.change, line.cases, line.trials, line.errors) == ("a start", 4, 2, 1)


class TestKpis:
    def test_a_score_with_its_range(self) -> None:
        def stars(variant: str, value: float) -> tuple[Record, ...]:
            seen = Observation(check="stars", kind="score", value=value, low=1, high=5)
            return tuple(scored(f"c{at}", seen, variant=variant, suite=SUITE) for at in range(9))

        run = run_with((V1, stars("v1", 3)), (V2, stars("v2", 4)))
        result = judged(run, kpi="stars")
        assert (result.unit, result.margin) == ("score", pytest.approx(0.12))
        assert [line.kpis[0].value for line in result.log] == [3, 4]
        assert result.log[1].kpis[0].delta == 1

    def test_less_is_better_keeps_its_sign_in_the_log(self) -> None:
        def ruled(variant: str, broken: int) -> tuple[Record, ...]:
            rule = [missed("policy", kind="policy")] * broken + [held("policy", kind="policy")] * 9
            return tuple(
                scored(f"c{at}", rule[at], variant=variant, suite=SUITE) for at in range(9)
            )

        run = run_with((V1, ruled("v1", 3)), (V2, ruled("v2", 0)))
        result = judged(run, kpi="policy_violation_rate")
        assert result.direction == "lower"
        assert result.log[1].kpis[0].delta == pytest.approx(-1 / 3)
        assert result.best is not None
        assert result.best.variant == "v2"

    def test_macro_f1_is_a_mean_of_linearised_values(self) -> None:
        def labelled(variant: str, wrong: int, cases: int = 30) -> tuple[Record, ...]:
            records = []
            for at in range(cases):
                expected = "abc"[at % 3]
                predicted = "a" if at < wrong else expected
                seen = Observation(
                    check="queue",
                    kind="label",
                    value=float(expected == predicted),
                    passed=expected == predicted,
                    expected=expected,
                    predicted=predicted,
                )
                records.append(scored(f"c{at:02d}", seen, variant=variant, suite=SUITE))
            return tuple(records)

        run = run_with((V1, labelled("v1", 15)), (V2, labelled("v2", 6)))
        result = judged(run, kpi="macro_f1")
        assert result.unit == "score"
        alone = ladder_of(run_with((V2, labelled("v2", 6))))
        found = alone._measured[0].catalogue.get("macro_f1")
        assert found is not None
        assert result.log[1].kpis[0].value == pytest.approx(found.measure().value)
        assert result.log[1].kpis[0].delta > 0  # type: ignore[operator]
        # on other cases the value is that of those cases alone
        more = run_with((V3, labelled("v3", 6, cases=40)), number=2)
        assert judged(run, more, kpi="macro_f1").log[2].kpis[0].value == pytest.approx(
            result.log[1].kpis[0].value
        )

    def test_a_kpi_of_a_plugin(self) -> None:
        long = KpiDefinition(
            name="short", value=lambda record: float(len(record.output or "") < 99)
        )
        run = ladder_run(np.ones((2, 5)))
        assert judged(run, kpi="short", extra_kpis=[long]).log[0].kpis[0].value == 1.0

    @pytest.mark.parametrize(
        ("kpi", "problem"),
        [
            ("ecco", "no such KPI in the results; did you mean 'echo'?"),
            ("time_to_output_p50", "it is a quantile, and a verdict needs the mean of what each "
             "case gives"),
            ("tokens_in_per_task", "it has no highest and lowest value, so no gain of it is small "
             "or large; judge a rate or a bounded score"),
        ],
    )  # fmt: skip
    def test_kpis_that_there_is_no_verdict_on(self, kpi: str, problem: str) -> None:
        ladder = ladder_of(ladder_run(np.ones((2, 5))))
        assert ladder.problem(kpi) == problem
        with pytest.raises(ValueError, match=f"{kpi}: there is no verdict on it"):
            ladder.judge(kpi)

    def test_without_a_primary_kpi_it_is_the_pass_rate(self) -> None:
        ladder = ladder_of(ladder_run(np.ones((2, 5)), primary_kpi=None))
        assert ladder.kpi == "pass_rate"
        assert ladder.judge("pass_rate").log[0].kpis[0].value == 1.0


class TestUnlike:
    @staticmethod
    def notes(**changes: Any) -> tuple[str, ...]:
        parts = [
            (V1, records_of("v1", np.ones(4))),
            (V2, records_of("v2", np.ones(4), **changes)),
        ]
        return judged(run_with(*parts)).notes

    def test_trials(self) -> None:
        twice = tuple(
            replace(record, trial=trial)
            for record in records_of("v2", np.ones(4))
            for trial in range(2)
        )
        run = run_with((V1, records_of("v1", np.ones(4))), (V2, twice))
        assert "trials differ between iterations: 1 to 2 a case" in judged(run).notes

    def test_time(self) -> None:
        late = "answers were recorded over 30 days: a hosted model may have changed meanwhile"
        assert late in self.notes(recorded_at="2026-10-31T08:00:00Z")
        assert late not in self.notes(recorded_at="2026-10-05T08:00:00Z")
        assert late not in self.notes(recorded_at=None)
        assert not any("days" in note for note in self.notes(recorded_at="yesterday"))
