"""Evidence beside the KPI: growing costs, the user's volume, and whether it is enough already."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from pytest_ftgate.iterations import EarlyStop, Growth, PromptCost, SaturationRules
from pytest_ftgate.model import Record, Run, Usage
from tests.verdicts.ladder.making import chain, judged, ladder_run, records_of, run_with

COUNT = 10


def growing(*, cost: float | None = 0.001, calls: float | None = 1000, **plan: Any) -> Run:
    """Ten iterations whose prompts grow by 100 tokens each."""
    parts = [
        (
            fact,
            records_of(
                fact["variant"],
                np.ones(5),
                usage=Usage(input_tokens=100 * (at + 1), output_tokens=10),
                latency_s=1.0,
                cost=None if cost is None else cost * (at + 1),
            ),
        )
        for at, fact in enumerate(chain(COUNT))
    ]
    return run_with(*parts, saturation=SaturationRules(calls_per_month=calls), **plan)


def test_growth_is_of_the_last_window_against_the_one_before() -> None:
    found = judged(growing()).growth
    assert found[0] == Growth(
        measure="prompt tokens", unit="tokens", before=300.0, now=800.0, ratio=800 / 300
    )
    assert found[1] == Growth(measure="latency", unit="seconds", before=1.0, now=1.0, ratio=1.0)
    assert found[2].measure == "cost"
    assert found[2].now == pytest.approx(0.008)


def test_unknown_costs_do_not_grow() -> None:
    assert [each.measure for each in judged(growing(cost=None)).growth] == [
        "prompt tokens",
        "latency",
    ]
    assert judged(ladder_run(np.ones((9, 5)))).growth == ()
    free = run_with(
        *((fact, records_of(fact["variant"], np.ones(5), cost=0.0)) for fact in chain(COUNT))
    )
    assert "cost" not in [each.measure for each in judged(free).growth]


class TestVolume:
    def test_the_current_variant_beside_the_first(self) -> None:
        prices = {"gpt-4.1-mini": (2.0, 8.0)}
        assert judged(growing(shipped="v9", prices=prices)).prompt_cost == PromptCost(
            calls_per_month=1000,
            variant="v9",
            per_month=pytest.approx(9.0),
            prompt_per_month=pytest.approx(900 * 2e-6 * 1000),
            first="v1",
            first_per_month=pytest.approx(1.0),
            tokens_per_month=900_000,
            first_tokens_per_month=100_000,
        )

    def test_without_a_price_of_tokens_the_part_of_the_prompt_is_unknown(self) -> None:
        found = judged(growing()).prompt_cost
        assert found is not None
        assert (found.variant, found.prompt_per_month) == ("v10", None)

    def test_without_a_cost_there_are_tokens(self) -> None:
        assert judged(growing(cost=None)).prompt_cost == PromptCost(
            calls_per_month=1000,
            variant="v10",
            per_month=None,
            prompt_per_month=None,
            first="v1",
            first_per_month=None,
            tokens_per_month=1_000_000,
            first_tokens_per_month=100_000,
        )

    def test_without_volume_or_any_usage_there_is_nothing_to_say(self) -> None:
        assert judged(growing(calls=None)).prompt_cost is None
        bare = run_with(
            *((fact, records_of(fact["variant"], np.ones(5), usage=None)) for fact in chain(COUNT)),
            saturation=SaturationRules(calls_per_month=1000),
        )
        assert judged(bare).prompt_cost is None


def stopping(held: int, of: int, strata: dict[str, int] | None = None, **plan: Any) -> EarlyStop:
    names = [name for name, size in (strata or {}).items() for _ in range(size)]
    records: tuple[Record, ...] = records_of("v1", [at < held for at in range(of)])
    if names:
        records = tuple(
            replace(record, stratum=name or None)
            for record, name in zip(records, names, strict=True)
        )
    (fact,) = chain(1)
    found = judged(run_with((fact, records), **plan)).early_stop
    assert found is not None
    return found


THIRDS = {"easy": 20, "typical": 20, "hard": 20}


class TestEnough:
    def test_over_90_percent_of_50_representative_cases(self) -> None:
        found = stopping(59, 60, THIRDS)
        assert (found.met, found.variant, found.n) == (True, "v1", 60)
        assert found.reason == (
            "v1 reaches 98.3 % (95 % interval 91.1 % to 99.7 %) on 60 cases of 3 strata, the "
            "weakest hard with 95.0 %: prompting is sufficient"
        )
        assert {name: each.n for name, each in found.strata.items()} == {
            "easy": 20,
            "hard": 20,
            "typical": 20,
        }

    def test_an_interval_that_reaches_below(self) -> None:
        found = stopping(56, 60, THIRDS)
        assert found.met is True
        assert found.reason.endswith(
            ": prompting is sufficient, though its interval reaches below 90 %"
        )

    @pytest.mark.parametrize(
        ("held", "of", "strata", "met", "ending"),
        [
            (54, 60, THIRDS, False, "not above the 90 % at which prompting is sufficient"),
            (49, 49, None, False, "and at least 50 are needed to call prompting sufficient"),
            (60, 60, None, None, "whether they are representative cannot be told: "
             "the cases have no strata"),
            (60, 60, {"easy": 60}, False, "whether they are representative is doubtful: "
             "all cases are of the stratum easy"),
            (60, 60, {"easy": 30, "hard": 4, "typical": 26}, False, "each stratum needs 5 cases, "
             "and hard has 4"),
            (60, 60, {"easy": 49, "hard": 11}, False, "easy is 82 % of the cases"),
            (60, 60, {"easy": 30, "hard": 20, "": 10}, False, "10 cases have no stratum"),
        ],
    )  # fmt: skip
    def test_what_keeps_it_from_being_enough(self, held, of, strata, met, ending) -> None:
        found = stopping(held, of, strata)
        assert found.met is met
        assert found.reason.endswith(ending)

    def test_a_value_just_above_is_told_apart_from_the_threshold(self) -> None:
        found = stopping(901, 1001, None)
        assert "90.01 %" in found.reason

    def test_only_of_rates_that_should_be_high(self) -> None:
        run = ladder_run(np.ones((1, 60)))
        assert judged(run, kpi="error_rate").early_stop is None
        assert judged(run, kpi="echo").early_stop is not None

    def test_it_is_about_the_current_variant(self) -> None:
        scores = np.ones((3, 60))
        scores[1] = 0.0
        found = judged(ladder_run(scores, shipped="v2")).early_stop
        assert found is not None
        assert (found.variant, found.value) == ("v2", 0.0)
        found = judged(ladder_run(scores)).early_stop
        assert found is not None
        assert found.variant == "v3"
