"""Thresholds: the three modes, fail-closed errors, and sentences that agree with the verdict."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.model import Gate, GateMode
from pytest_ftgate.reports import numbers
from pytest_ftgate.stats.intervals import Interval
from pytest_ftgate.verdicts.amounts import amount
from pytest_ftgate.verdicts.measures import BEYOND, Unit
from pytest_ftgate.verdicts.thresholds import Evidence, judge


def seen(value: float, low: float, high: float, n: int = 100, **changes: object) -> Evidence:
    interval = Interval(value, low, high, n)
    return Evidence(**{"seen": interval, "worst": interval, "unit": "rate", **changes})  # type: ignore[arg-type]


NEAR_BELOW = seen(0.94, 0.90, 0.97)
FAR_BELOW = seen(0.80, 0.75, 0.85)
NEAR_ABOVE = seen(0.96, 0.92, 0.98)
FAR_ABOVE = seen(0.99, 0.96, 1.00)


@pytest.mark.parametrize(
    ("mode", "verdicts"),
    [
        ("observed", ("block", "block", "pass", "pass")),
        ("confident", ("block", "warn", "pass", "pass")),
        ("proven", ("block", "block", "block", "pass")),
    ],
)
def test_modes_of_a_minimum(mode: GateMode, verdicts: tuple[str, ...]) -> None:
    gate = Gate(kpi="x", min=0.95, mode=mode)
    found = [judge(gate, each) for each in (FAR_BELOW, NEAR_BELOW, NEAR_ABOVE, FAR_ABOVE)]
    assert tuple(each.verdict for each in found) == verdicts


@pytest.mark.parametrize(
    ("mode", "verdicts"),
    [
        ("observed", ("pass", "pass", "block", "block")),
        ("confident", ("pass", "pass", "warn", "block")),
        ("proven", ("pass", "block", "block", "block")),
    ],
)
def test_modes_of_a_maximum(mode: GateMode, verdicts: tuple[str, ...]) -> None:
    gate = Gate(kpi="x", max=0.95, mode=mode)
    found = [judge(gate, each) for each in (FAR_BELOW, NEAR_BELOW, NEAR_ABOVE, FAR_ABOVE)]
    assert tuple(each.verdict for each in found) == verdicts


@pytest.mark.parametrize(
    ("gate", "evidence", "reason"),
    [
        (
            Gate(kpi="x", min=0.95),
            NEAR_BELOW,
            "94.0 % is below the minimum of 95.0 %, within noise (95 % interval 90.0 % to 97.0 %)",
        ),
        (
            Gate(kpi="x", min=0.95),
            FAR_BELOW,
            "80.0 % is below the minimum of 95.0 % (95 % interval 75.0 % to 85.0 %)",
        ),
        (
            Gate(kpi="x", min=0.95),
            NEAR_ABOVE,
            "96.0 % reaches the minimum of 95.0 %, within noise (95 % interval 92.0 % to 98.0 %)",
        ),
        (
            Gate(kpi="x", min=0.95, mode="proven"),
            NEAR_ABOVE,
            "96.0 % reaches the minimum of 95.0 %, but is not proven to "
            "(95 % interval 92.0 % to 98.0 %)",
        ),
        (
            Gate(kpi="x", max=0.95),
            FAR_BELOW,
            "80.0 % is within the maximum of 95.0 % (95 % interval 75.0 % to 85.0 %)",
        ),
        (
            Gate(kpi="x", max=2.0),
            seen(2.125, 1.5, math.inf, unit="seconds"),
            "2.1 s is above the maximum of 2.0 s, within noise (too few cases for a 95 % interval)",
        ),
        (
            Gate(kpi="x", max=300),
            seen(189.04, 180, 1200, unit="tokens"),
            "189 tokens is within the maximum of 300 tokens, within noise "
            "(95 % interval 180 tokens to 1,200 tokens)",
        ),
        (
            Gate(kpi="x", max=0.005),
            seen(0.0042, 0.0040, 0.0044, unit="usd"),
            "$0.0042 is within the maximum of $0.0050 (95 % interval $0.0040 to $0.0044)",
        ),
    ],
)
def test_the_reason_tells_value_threshold_and_interval(
    gate: Gate, evidence: Evidence, reason: str
) -> None:
    assert judge(gate, evidence).reason == reason


def test_a_threshold_that_is_exactly_reached_is_reached() -> None:
    assert judge(Gate(kpi="x", min=0.95), seen(38 / 40, 0.8, 1.0)).verdict == "pass"
    assert judge(Gate(kpi="x", max=0.05), seen(2 / 40, 0.0, 0.2)).verdict == "pass"


def test_the_mean_of_thirds_reaches_what_it_equals() -> None:
    value = (2 / 3 + 2 / 3 + 1 / 3 + 1 / 3) / 4
    nudged = math.nextafter(value, 0)
    assert nudged < 0.5
    assert judge(Gate(kpi="x", min=0.5), seen(nudged, 0.4, 0.6)).verdict == "pass"
    assert judge(Gate(kpi="x", min=0.5), seen(0.5 - 1e-9, 0.4, 0.6)).verdict == "block"


def test_numbers_that_differ_never_read_alike() -> None:
    reason = judge(Gate(kpi="x", min=0.95), seen(0.94999, 0.9, 0.97)).reason
    assert reason.startswith("94.999 % is below the minimum of 95.0")
    reason = judge(Gate(kpi="x", min=0.951234), seen(0.9512, 0.9, 0.97)).reason
    assert reason.startswith("95.120 % is below the minimum of 95.123 %")


@given(
    value=st.floats(0, 1),
    bound=st.floats(0, 1),
    mode=st.sampled_from(["observed", "confident", "proven"]),
    minimum=st.booleans(),
    spread=st.floats(0, 0.5),
)
def test_words_and_verdict_come_from_one_comparison(
    value: float, bound: float, mode: GateMode, minimum: bool, spread: float
) -> None:
    gate = Gate(kpi="x", mode=mode, **{"min" if minimum else "max": bound})
    verdict, reason = judge(gate, seen(value, max(0, value - spread), min(1, value + spread)))
    failed = "is below" in reason or "is above" in reason
    assert failed == (value < bound - 2e-12 if minimum else value > bound + 2e-12) or (
        abs(value - bound) <= 2e-12
    )
    if mode == "observed":
        assert (verdict == "block") == failed
    if failed:
        assert verdict != "pass"


def test_the_worse_of_both_ends_counts() -> None:
    gate = Gate(kpi="x", min=0.2, max=0.9)
    assert judge(gate, seen(0.5, 0.4, 0.6)).verdict == "pass"
    verdict, reason = judge(gate, FAR_ABOVE)
    assert verdict == "block"
    assert reason.startswith("99.0 % is above the maximum of 90.0 %")
    verdict, reason = judge(gate, seen(0.1, 0.05, 0.15))
    assert reason.startswith("10.0 % is below the minimum of 20.0 %")


class TestUnseen:
    """Errors hide results: a threshold must hold even at their worst."""

    WORST = Interval(0.931, 0.89, 0.96, 103)

    def test_held_by_the_seen_and_not_at_the_worst(self) -> None:
        evidence = Evidence(NEAR_ABOVE.seen, self.WORST, "rate", hidden=3)
        assert judge(Gate(kpi="x", min=0.95), evidence) == (
            "block",
            "96.0 % reaches the minimum of 95.0 %, but with 3 unseen results at the worst 93.1 % "
            "does not, within noise (95 % interval 89.0 % to 96.0 %)",
        )

    def test_held_even_at_the_worst(self) -> None:
        evidence = Evidence(NEAR_ABOVE.seen, self.WORST, "rate", hidden=1)
        assert judge(Gate(kpi="x", min=0.90), evidence) == (
            "pass",
            "96.0 % reaches the minimum of 90.0 %, with 1 unseen result at the worst 93.1 %, "
            "within noise (95 % interval 89.0 % to 96.0 %)",
        )

    def test_held_by_neither(self) -> None:
        evidence = Evidence(NEAR_BELOW.seen, self.WORST, "rate", hidden=2)
        verdict, reason = judge(Gate(kpi="x", min=0.95), evidence)
        assert verdict == "block"
        assert reason.startswith(
            "94.0 % is below the minimum of 95.0 %, with 2 unseen results at the worst 93.1 %"
        )

    def test_the_worst_interval_decides_the_other_modes(self) -> None:
        evidence = Evidence(FAR_ABOVE.seen, self.WORST, "rate", hidden=2)
        assert judge(Gate(kpi="x", min=0.95, mode="proven"), evidence).verdict == "block"
        assert judge(Gate(kpi="x", min=0.95, mode="confident"), evidence).verdict == "warn"
        assert judge(Gate(kpi="x", min=0.97, mode="confident"), evidence).verdict == "block"

    def test_a_time_that_an_error_may_have_taken_is_unbounded(self) -> None:
        evidence = Evidence(
            Interval(1.0, 0.9, 1.1, 9), Interval(BEYOND, 0.9, BEYOND, 20), "seconds", hidden=11
        )
        verdict, reason = judge(Gate(kpi="x", max=2.0), evidence)
        assert verdict == "block"
        assert "but with 11 unseen results at the worst unbounded does not" in reason


def test_without_a_value_nothing_passes() -> None:
    nothing = seen(math.nan, 0.0, 1.0, n=0, missing="no case used grade.format")
    for mode in ("observed", "confident", "proven"):
        assert judge(Gate(kpi="x", min=0.0, mode=mode), nothing) == (  # type: ignore[arg-type]
            "block",
            "nothing to judge: no case used grade.format",
        )


def test_with_a_part_unknown_nothing_passes() -> None:
    known = seen(0.99, 0.96, 1.0, unknown=2)
    verdict, reason = judge(Gate(kpi="x", min=0.95), known)
    assert verdict == "warn"
    assert reason.endswith("; the value of 2 results is unknown")
    assert judge(Gate(kpi="x", min=0.995), known).verdict == "block"


def test_a_gate_without_bounds_is_not_for_this_room() -> None:
    with pytest.raises(ValueError, match="neither min nor max"):
        judge(Gate(kpi="x", max_drop=0.1), FAR_ABOVE)


@pytest.mark.parametrize("unit", ["seconds", "tokens"])
@pytest.mark.parametrize("size", [0.0, 0.0123, 0.5, 1.0261, 12.0, 99.5, 100.0, 1234.4])
def test_a_reason_and_its_row_in_the_tables_show_the_same_number(unit: Unit, size: float) -> None:
    assert amount(size, unit).removesuffix(" tokens") == numbers.number(size, unit)
