"""KPIs that every record can answer for: outcomes, errors, time, retries, tokens, cost."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.verdicts.measures import Series, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from pytest_ftgate.model import Record
    from pytest_ftgate.verdicts.frame import Frame
    from pytest_ftgate.verdicts.measures import Aggregate, Unit

    Floats = NDArray[np.float64]

_NO_PRICE = (
    "no price of the model is known: give [prices] in the experiment or install "
    "pytest-ftgate[prices]"
)


def pass_rate(frame: Frame) -> Series:
    """The share of cases whose checks all hold."""
    return Series(
        frame=frame,
        name="pass_rate",
        values=frame.passed,
        lost=~frame.scored,
        missing="no case was scored",
    )


def error_rate(frame: Frame) -> Series:
    """The share of cases that ended in an error; skipped cases do not count."""
    return Series(
        frame=frame,
        name="error_rate",
        values=(~frame.scored).astype(np.float64),
        lost=np.zeros(len(frame.records), np.bool_),
        direction="lower",
        missing="no case ran",
    )


def measured(frame: Frame) -> Iterator[tuple[Series, bool]]:
    """Times, retries, tokens and cost, each with whether it is worth showing unasked."""
    retries = rows_of(frame, lambda record: record.retries)
    seconds = rows_of(frame, lambda record: record.latency_s)
    called = any(record.provenance is not None for record in frame.records)
    yield (
        _unbounded(
            frame, "retries_per_task", "count", retries, missing="no variant asked for retries"
        ),
        _any_known(retries),
    )
    for aggregate in _QUANTILES:
        name = f"time_to_output_{aggregate}"
        yield (
            _unbounded(
                frame,
                name,
                "seconds",
                seconds,
                missing="no case told its time",
                aggregate=aggregate,
            ),
            _any_known(seconds),
        )
    for name, unit, missing, told in _SPENDING:
        spent = rows_of(frame, partial(_spent, told) if called else told)
        # Results that were imported have no calls of ours and may still tell their cost.
        shown = called or _any_known(spent)
        yield _unbounded(frame, name, unit, spent, missing=missing), shown


_QUANTILES: tuple[Aggregate, ...] = ("p50", "p95")


def _unbounded(
    frame: Frame,
    name: str,
    unit: Unit,
    values: Floats,
    *,
    missing: str,
    aggregate: Aggregate = "mean",
) -> Series:
    return Series(
        frame=frame,
        name=name,
        values=values,
        lost=~frame.scored,
        aggregate=aggregate,
        unit=unit,
        direction="lower",
        span=None,
        least=0.0,
        missing=missing,
        expected_everywhere=True,
    )


def _any_known(values: Floats) -> bool:
    return bool((~np.isnan(values)).any())


def _spent(told: Callable[[Record], float | None], record: Record) -> float | None:
    """What a case spent: nothing if it made no call while others did."""
    return 0.0 if record.provenance is None else told(record)


def _tokens_in(record: Record) -> float | None:
    return record.usage.input_tokens if record.usage else None


def _tokens_out(record: Record) -> float | None:
    return record.usage.output_tokens if record.usage else None


def _cost(record: Record) -> float | None:
    return record.cost


_SPENDING: tuple[tuple[str, Unit, str, Callable[[Record], float | None]], ...] = (
    ("tokens_in_per_task", "tokens", "no provider call told its tokens", _tokens_in),
    ("tokens_out_per_task", "tokens", "no provider call told its tokens", _tokens_out),
    ("cost_per_task", "usd", _NO_PRICE, _cost),
)
