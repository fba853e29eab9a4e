"""The records of one suite and variant as arrays: a row a trial, and what belongs to its case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.grouping import codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.model import Record

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Flags = NDArray[np.bool_]


class CaseValues(Struct, frozen=True, eq=False):
    """The values of the cases that have one.

    ``values`` and ``trials`` have an entry for each case that ``present`` marks, in case order.
    """

    values: Floats
    trials: Ints
    present: Flags
    design: Design


class Frame:
    """Scored and erroneous records in plan order; skipped ones are no part of it.

    A case's weight, stratum and cluster are those of its first record.

    Args:
        records: of one suite and variant, none of them skipped.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        number: dict[str, int] = {}
        first: list[Record] = []
        self.case_of_row: Ints = np.empty(len(records), np.intp)
        for row, record in enumerate(records):
            case = number.setdefault(record.case, len(number))
            if case == len(first):
                first.append(record)
            self.case_of_row[row] = case
        self.cases = len(first)
        self.scored: Flags = np.fromiter(
            (record.status == "scored" for record in records), np.bool_, len(records)
        )
        self._weights: Floats = np.asarray([record.weight for record in first], np.float64)
        self._clusters = _coded([record.cluster for record in first])
        names = [record.stratum for record in first]
        self.strata: tuple[str, ...] = tuple(
            dict.fromkeys(name for name in names if name is not None)
        )
        place: dict[str | None, int] = {name: at for at, name in enumerate(self.strata)}
        self._strata: Ints = np.asarray([place.get(name, -1) for name in names], np.intp)
        self.scored_cases = int(np.count_nonzero(np.bincount(self.case_of_row[self.scored])))
        self._passed: Floats | None = None
        self._designs: dict[bytes, Design] = {}
        self._rows_of: dict[str, Flags] = {}

    @property
    def passed(self) -> Floats:
        """Whether each row passed, 1 or 0; NaN where it was not scored."""
        if self._passed is None:
            found = [record.outcome == "passed" for record in self.records]
            self._passed = np.where(self.scored, np.asarray(found, np.float64), np.nan)
        return self._passed

    def case_values(
        self, values: Floats, *, stratum: str | None = None, median: bool = False
    ) -> CaseValues:
        """The mean (or median) of each case over its trials.

        Args:
            values: a number a row, NaN where there is none.
            stratum: the cases of this stratum alone.
            median: take the median instead of the mean.
        """
        known = ~np.isnan(values)
        if stratum is not None:
            known &= self.rows_of(stratum)
        rows, numbers = self.case_of_row[known], values[known]
        trials = np.bincount(rows, minlength=self.cases)
        present = trials > 0
        counts = trials[present]
        if median:
            result = _medians(rows, numbers, counts)
        else:
            result = np.bincount(rows, weights=numbers, minlength=self.cases)[present] / counts
        return CaseValues(result, counts, present, self.design(present))

    def rows_of(self, stratum: str) -> Flags:
        """Which rows belong to cases of the stratum."""
        if stratum not in self._rows_of:
            cases = self._strata == self.strata.index(stratum)
            self._rows_of[stratum] = cases[self.case_of_row]
        return self._rows_of[stratum]

    def weight_of(self, cases: Flags) -> float:
        """The weight of some of the cases."""
        return float(self._weights[cases].sum())

    def row_weights(self, rows: Ints) -> Floats:
        """Each case's weight, shared equally by those of its rows that are given."""
        cases = self.case_of_row[rows]
        trials = np.bincount(cases, minlength=self.cases)
        return np.asarray(self._weights[cases] / trials[cases])

    def design(self, present: Flags) -> Design:
        """Weights, strata and clusters of some of the cases; each choice is prepared once."""
        key = present.tobytes()
        if key not in self._designs:
            self._designs[key] = Design.of(
                int(present.sum()),
                weights=self._weights[present],
                strata=self._strata[present] if self.strata else None,
                clusters=None if self._clusters is None else self._clusters[present],
            )
        return self._designs[key]


def _coded(clusters: list[str | None]) -> Ints | None:
    if all(name is None for name in clusters):
        return None
    return codes(clusters, none_is_unique=True)


def _medians(rows: Ints, numbers: Floats, counts: Ints) -> Floats:
    """The median of the numbers of each case, in case order."""
    ordered = numbers[np.lexsort((numbers, rows))]
    ends = np.cumsum(counts)
    starts = ends - counts
    return np.asarray((ordered[starts + (counts - 1) // 2] + ordered[starts + counts // 2]) / 2.0)
