"""How a KPI is measured: its value and interval from the rows of a frame.

A KPI can also be asked for its worst case: what it would be if every answer that an error hid had
been the worst possible one. Errors are never counted as zeros and never dropped in silence: the
value speaks of the scored cases, and gates must hold in the worst case.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from msgspec import Struct

from pytest_ftgate.stats import intervals
from pytest_ftgate.stats.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_ftgate.model import Direction, Record
    from pytest_ftgate.verdicts.frame import CaseValues, Frame

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Unit = Literal["rate", "score", "seconds", "tokens", "usd", "count"]
Aggregate = Literal["rate", "mean", "p50", "p95"]

BEYOND = 1e300
"""Stands for "no bound" in the worst case of a quantile: an error may have taken for ever."""

QUANTILES = {"p50": 0.50, "p95": 0.95}


class KpiDefinition(Struct, frozen=True, kw_only=True):
    """A KPI that a plugin adds: a number for each scored record, averaged over cases.

    Trials of a case are averaged first. A rate's values lie in [0, 1]; another KPI with both
    ``low`` and ``high`` is a bounded score, and without them an unbounded mean.

    Attributes:
        name: as gates and reports call it; it must not be that of another KPI or check.
        value: the record's number, or ``None`` if it has none.
        direction: whether ``higher`` or ``lower`` values are better.
        unit: how values are shown.
        low: the lowest possible value.
        high: the highest possible value.
    """

    name: str
    value: Callable[[Record], float | None]
    direction: Direction = "higher"
    unit: Unit = "rate"
    low: float | None = None
    high: float | None = None


class Kpi(Protocol):
    """What gates and tables need to know of a KPI."""

    @property
    def name(self) -> str:
        """As reports call it."""

    @property
    def unit(self) -> Unit:
        """How values are shown."""

    @property
    def direction(self) -> Direction:
        """Whether higher or lower values are better."""

    @property
    def missing(self) -> str:
        """Why there may be no value, as a clause."""

    @property
    def hidden(self) -> int:
        """The number of rows whose value an error hid and the worst case can bound."""

    @property
    def unknown(self) -> int:
        """The number of scored rows of which a value was to be expected and is not known."""

    def measure(self, *, stratum: str | None = None, worst: bool = False) -> Interval:
        """The value with its 95 % interval, of all cases or of one stratum's."""


class Series(Struct, frozen=True, eq=False, kw_only=True):
    """A KPI with one number a row: a rate, a score, an unbounded mean or a quantile.

    Attributes:
        frame: where the rows are from.
        name: the KPI's name.
        values: a number a row, NaN where there is none.
        lost: the rows whose number an error hid.
        aggregate: how rows become one value.
        unit: how values are shown.
        direction: whether higher or lower values are better.
        span: lowest and highest possible value; ``None`` for an unbounded KPI.
        least: lowest possible value of an unbounded KPI.
        missing: why there may be no value.
        expected_everywhere: whether every scored row should have a number.
    """

    frame: Frame
    name: str
    values: Floats
    lost: Flags
    aggregate: Aggregate = "rate"
    unit: Unit = "rate"
    direction: Direction = "higher"
    span: tuple[float, float] | None = (0.0, 1.0)
    least: float = -math.inf
    missing: str = "no case recorded it"
    expected_everywhere: bool = False

    @property
    def hidden(self) -> int:
        """The number of rows whose value an error hid and the worst case can bound."""
        return 0 if self._worst_value is None else int(self.lost.sum())

    @property
    def unknown(self) -> int:
        """The number of scored rows of which a value was to be expected and is not known."""
        if not self.expected_everywhere:
            return 0
        return int((np.isnan(self.values) & self.frame.scored).sum())

    def measure(self, *, stratum: str | None = None, worst: bool = False) -> Interval:
        """The value with its 95 % interval, of all cases or of one stratum's."""
        return self.summarise(self.case_values(stratum=stratum, worst=worst))

    def summarise(self, cases: CaseValues) -> Interval:
        """The value of some cases with its 95 % interval."""
        if self.aggregate == "rate":
            return intervals.rate(cases.values, trials=cases.trials, design=cases.design)
        if self.aggregate != "mean":
            return intervals.quantile(cases.values, QUANTILES[self.aggregate])
        if self.span is None:
            seen = intervals.mean(cases.values, design=cases.design)
            return replace(seen, low=max(seen.low, self.least))
        low, high = self.span
        return intervals.score_mean(
            cases.values, low=low, high=high, trials=cases.trials, design=cases.design
        )

    def case_values(self, *, stratum: str | None = None, worst: bool = False) -> CaseValues:
        """The value of each case over its trials; for a quantile the median, else the mean."""
        values = self.row_values(worst=worst)
        return self.frame.case_values(values, stratum=stratum, median=self.aggregate in QUANTILES)

    def row_values(self, *, worst: bool = False) -> Floats:
        """A number a row; ``worst`` puts the worst possible one where an error hid it."""
        if worst and self._worst_value is not None:
            return np.where(self.lost, self._worst_value, self.values)
        return self.values

    @property
    def _worst_value(self) -> float | None:
        if self.span is not None:
            return self.span[0] if self.direction == "higher" else self.span[1]
        return BEYOND if self.aggregate in QUANTILES else None


def rows_of(frame: Frame, value: Callable[[Record], float | None]) -> Floats:
    """A function's number for each scored record, NaN where it gives ``None``."""
    found = [value(record) if record.status == "scored" else None for record in frame.records]
    return np.asarray([math.nan if number is None else number for number in found], np.float64)
