"""KPIs that come from what the checks saw.

In the worst case a row counts as the worst value where an error hid it, and where a failed
``assert`` ended the test before the check was reached: stopping early must not look better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.verdicts.labels import MacroF1
from pytest_ftgate.verdicts.measures import Series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pytest_ftgate.model import Direction
    from pytest_ftgate.verdicts.columns import Column
    from pytest_ftgate.verdicts.frame import Frame

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

FORMAT, POLICY, ESCALATED, ASSERT = "format_valid", "policy", "escalated", "assert"


def cut_rows(frame: Frame, columns: Mapping[str, Column]) -> Flags:
    """The rows in which a failed assert ended the test."""
    return np.asarray(_values(frame, columns, ASSERT) == 0.0)


def format_valid(frame: Frame, columns: Mapping[str, Column], cut: Flags) -> Series:
    """The share of cases whose first answer was valid."""
    values = _values(frame, columns, FORMAT)
    return Series(
        frame=frame,
        name=FORMAT,
        values=values,
        lost=_lost(frame, values, cut),
        missing="no case used grade.format",
    )


def policy_violation_rate(frame: Frame, columns: Mapping[str, Column], cut: Flags) -> Series:
    """The share of cases with a blocking violation."""
    values = 1.0 - _values(frame, columns, POLICY)
    return Series(
        frame=frame,
        name="policy_violation_rate",
        values=values,
        lost=_lost(frame, values, cut),
        direction="lower",
        missing="no case used grade.policy",
    )


def escalation_rate(frame: Frame, columns: Mapping[str, Column], cut: Flags) -> Series:
    """The share of cases that were handed to a person."""
    values = _values(frame, columns, ESCALATED)
    return Series(
        frame=frame,
        name="escalation_rate",
        values=values,
        lost=_lost(frame, values, cut),
        direction="lower",
        missing="no case used grade.escalated",
    )


def check_kpi(frame: Frame, column: Column, cut: Flags) -> Series:
    """A check's own KPI: the rate of cases that hold, or the mean of a score."""
    values = np.asarray(column.values, dtype=np.float64)
    if column.name == ASSERT:
        # Only a failed assert leaves an observation: every other scored row held.
        values = np.where(frame.scored, np.nan_to_num(values, nan=1.0), np.nan)
    lost = _lost(frame, values, cut)
    if column.is_score:
        return Series(
            frame=frame,
            name=column.name,
            values=values,
            lost=lost,
            aggregate="mean",
            unit="score",
            span=(column.low, column.high) if column.low < column.high else None,
        )
    direction: Direction = "lower" if column.kind == "escalation" else "higher"
    return Series(frame=frame, name=column.name, values=values, lost=lost, direction=direction)


def macro_f1(frame: Frame, column: Column, lost: Flags) -> MacroF1:
    """Macro F1 of a label check; ``lost`` is that of the check's own KPI."""
    return MacroF1(
        frame=frame,
        check=column.name,
        name=f"{column.name}_macro_f1",
        rows=column.rows,
        expected=column.expected,
        predicted=column.predicted,
        lost=lost,
    )


def _values(frame: Frame, columns: Mapping[str, Column], name: str) -> Floats:
    if name not in columns:
        return np.full(len(frame.records), np.nan)
    return np.asarray(columns[name].values, dtype=np.float64)


def _lost(frame: Frame, values: Floats, cut: Flags) -> Flags:
    return np.asarray(~frame.scored | (cut & np.isnan(values)))
