"""KPIs that plugins define."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_ftgate.errors import ConfigError
from pytest_ftgate.verdicts.measures import Series, rows_of

if TYPE_CHECKING:
    from pytest_ftgate.model import Record
    from pytest_ftgate.verdicts.frame import Frame
    from pytest_ftgate.verdicts.measures import KpiDefinition


def defined_kpi(definition: KpiDefinition, frame: Frame) -> Series:
    """The KPI of a definition on the records of a frame.

    Raises:
        ConfigError: the definition's range is empty, or for some case it raised, or gave what is
            no finite number within its range.
    """
    low, high = _range(definition)

    def value(record: Record) -> float | None:
        try:
            number = definition.value(record)
            fits = number is None or (math.isfinite(number) and low <= number <= high)
        except Exception as error:  # whatever the code of a plugin raises
            raise ConfigError(
                f"The KPI {definition.name!r} failed for case {record.case!r}: "
                f"{type(error).__name__}: {error}. Correct its definition; return None where "
                "there is no number."
            ) from error
        if not fits:
            raise ConfigError(
                f"The KPI {definition.name!r} gave {number:g} for case {record.case!r}, allowed: "
                f"{_allowed(low, high)}. Correct its definition; return None where there is no "
                "number."
            )
        return number

    return Series(
        frame=frame,
        name=definition.name,
        values=rows_of(frame, value),
        lost=~frame.scored,
        aggregate="rate" if definition.unit == "rate" and (low, high) == (0.0, 1.0) else "mean",
        unit=definition.unit,
        direction=definition.direction,
        span=(low, high) if math.isfinite(low) and math.isfinite(high) else None,
        least=low,
        missing="its definition gave no number for any case",
    )


def _range(definition: KpiDefinition) -> tuple[float, float]:
    rate = definition.unit == "rate"
    low, high = definition.low, definition.high
    if low is None:
        low = 0.0 if rate else -math.inf
    if high is None:
        high = 1.0 if rate else math.inf
    if not low < high:
        raise ConfigError(
            f"The KPI {definition.name!r} has low {low:g} and high {high:g}; low must be below "
            "high. Correct its definition."
        )
    return low, high


def _allowed(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f"{low:g} to {high:g}"
    if math.isfinite(low):
        return f"a finite number of at least {low:g}"
    return f"a finite number of at most {high:g}" if math.isfinite(high) else "a finite number"
