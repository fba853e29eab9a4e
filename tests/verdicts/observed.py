"""Observations and records that tests of KPIs are made of."""

from __future__ import annotations

from msgspec.structs import replace

from pytest_ftgate.model import Observation, Record
from tests.runs.making import held, missed, scored


def rate(hits: int, cases: int, check: str = "echo") -> list[Record]:
    return [
        scored(f"c{number}", held(check) if number < hits else missed(check))
        for number in range(cases)
    ]


def label(expected: str, predicted: str | None, check: str = "queue") -> Observation:
    held_ = expected == predicted
    return Observation(
        check=check,
        kind="label",
        value=float(held_),
        passed=held_,
        reason="" if held_ else f'expected "{expected}"',
        expected=expected,
        predicted=predicted,
    )


def graded(value: float, **changes: object) -> Observation:
    seen = Observation(check="tone", kind="score", value=value, low=0.0, high=2.0)
    return replace(seen, **changes)
