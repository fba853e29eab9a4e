"""What the checks saw, gathered by check: a number a row, and the labels of label checks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct, field

from pytest_ftgate.model import CheckKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Observation, Record

SCORE_KINDS: frozenset[CheckKind] = frozenset({"score", "rubric"})


class Column(Struct, eq=False):
    """One check's rows.

    ``values`` has a number for each row, NaN where the check was not used: for a score its value,
    else 1 for a hold and 0 for a miss. Used more than once in a row, a check holds if it holds
    each time, and a score is their mean. ``is_score`` tells the two apart; ``low`` and ``high`` are
    the range of a score.
    """

    name: str
    kind: CheckKind
    is_score: bool
    values: list[float]
    low: float = math.inf
    high: float = -math.inf
    rows: list[int] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    predicted: list[str | None] = field(default_factory=list)
    _several: dict[int, list[float]] = field(default_factory=dict)
    _last: int = -1

    def add(self, row: int, seen: Observation) -> None:
        """Take in what the check saw in a row; rows come in their order."""
        if seen.passed is not None and seen.expected is None and not self.is_score:
            if row != self._last:  # nearly all there is, and there are hundreds of thousands
                self._last = row
                self.values[row] = 1.0 if seen.passed else 0.0
                return
        self._last = row
        value = seen.value if self.is_score else _held(seen)
        before = self.values[row]
        self.values[row] = value if math.isnan(before) else self._joined(row, before, value)
        if self.is_score:
            self.low = min(self.low, seen.low)
            self.high = max(self.high, seen.high)
        if seen.expected is not None:
            self.rows.append(row)
            self.expected.append(seen.expected)
            self.predicted.append(seen.predicted)

    def _joined(self, row: int, before: float, value: float) -> float:
        if self.is_score:
            several = self._several.setdefault(row, [before])
            several.append(value)
            return math.fsum(several) / len(several)
        return max(before, value) if self.kind == "escalation" else min(before, value)


def gather(records: Sequence[Record]) -> dict[str, Column]:
    """The columns of all checks of scored records, in the order in which they first appear."""
    columns: dict[str, Column] = {}
    size = len(records)
    for row, record in enumerate(records):
        if record.status != "scored":
            continue
        for seen in record.observations:
            column = columns.get(seen.check)
            if column is None:
                column = Column(seen.check, seen.kind, seen.kind in SCORE_KINDS, [math.nan] * size)
                columns[seen.check] = column
            column.add(row, seen)
    return columns


def _held(seen: Observation) -> float:
    if seen.passed is not None:
        return float(seen.passed)
    return (seen.value - seen.low) / (seen.high - seen.low) if seen.high > seen.low else 1.0
