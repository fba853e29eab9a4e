"""Label checks: macro F1 with its interval and worst case, and the table of confusions.

The classes are the labels that the cases expect. A predicted label that no case expects is wrong
and belongs to no class, like a prediction that could not be made: a model that invents labels
must not add classes to the average.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from pytest_ftgate.model import LabelTable
from pytest_ftgate.stats import classification
from pytest_ftgate.stats.intervals import Interval, finite
from pytest_ftgate.verdicts.frame import CaseValues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.model import Direction
    from pytest_ftgate.stats.classification import Confusion
    from pytest_ftgate.verdicts.frame import Frame
    from pytest_ftgate.verdicts.measures import Unit

MOST_CLASSES = 1000
MOST_SHOWN = 50
"""A confusion table of more classes is left out of the document: nobody could read it."""


class MacroF1(Struct, frozen=True, eq=False, kw_only=True):
    """Macro F1 of one label check.

    Attributes:
        frame: where the rows are from.
        check: the check's name.
        name: the KPI's name.
        rows: the row of each label observation.
        expected: the expected label of each.
        predicted: the predicted one, ``None`` if it could not be made.
        lost: the rows whose labels an error hid.
    """

    frame: Frame
    check: str
    name: str
    rows: Sequence[int]
    expected: Sequence[str]
    predicted: Sequence[str | None]
    lost: NDArray[np.bool_]
    unit: Unit = "score"
    direction: Direction = "higher"
    unknown: int = 0

    @property
    def missing(self) -> str:
        """Why there may be no value, as a clause."""
        if len(set(self.expected)) > MOST_CLASSES:
            return f"there are more than {MOST_CLASSES:,} classes"
        return "no case recorded a label"

    @property
    def hidden(self) -> int:
        """The number of rows whose labels an error hid."""
        return int(self.lost.sum())

    def measure(self, *, stratum: str | None = None, worst: bool = False) -> Interval:
        """The value with its 95 % interval, of all cases or of one stratum's.

        The interval of the worst case is that of the scored cases, moved down with the value.
        """
        rows, expected, predicted = self._chosen(stratum)
        if not expected or len(set(expected)) > MOST_CLASSES:
            return Interval(math.nan, 0.0, 1.0, 0)
        cases = self.frame.case_of_row[rows]
        present = np.bincount(cases, minlength=self.frame.cases) > 0
        seen = classification.macro_f1(
            expected, predicted, cases=cases, design=self.frame.design(present)
        )
        if not worst or not self.hidden:
            return seen
        value = self._worst_value(
            self._confusion(rows, expected, predicted), self._lost_weights(stratum)
        )
        drop = seen.value - value
        return Interval(value, max(0.0, seen.low - drop), seen.high - drop, seen.n)

    def case_values(self, keep: NDArray[np.bool_] | None = None) -> CaseValues:
        """Macro F1 as a mean over cases (linearised).

        Args:
            keep: the cases of the frame to measure; default all that have a label.
        """
        return self.linearised(keep)[0]

    def linearised(self, keep: NDArray[np.bool_] | None = None) -> tuple[CaseValues, float]:
        """:meth:`case_values`, and the squared deviation of their pseudo-case."""
        rows, expected, predicted = self._chosen(None)
        if keep is not None:
            kept = keep[self.frame.case_of_row[rows]]
            rows = rows[kept]
            expected = [label for label, wanted in zip(expected, kept, strict=True) if wanted]
            classes = set(expected)
            predicted = [
                label if label in classes else None
                for label, wanted in zip(predicted, kept, strict=True)
                if wanted
            ]
        cases = self.frame.case_of_row[rows]
        trials = np.bincount(cases, minlength=self.frame.cases)
        present = trials > 0
        design = self.frame.design(present)
        linear = classification.linear_f1(expected, predicted, cases=cases, design=design)
        return CaseValues(linear.values, trials[present], present, design), linear.e2

    def table(self, accuracy: float, macro_f1: float) -> LabelTable | None:
        """The confusion of all rows, with the KPIs' own accuracy and macro F1.

        Counts are rows; precision, recall and F1 weigh them as the KPIs do. ``None`` for a check
        of more than 50 classes.
        """
        rows, expected, predicted = self._chosen(None)
        if not 0 < len(set(expected)) <= MOST_SHOWN:
            return None
        counts = classification.confusion(expected, predicted).counts.astype(int)
        weighted = self._confusion(rows, expected, predicted)
        labels: tuple[str | None, ...] = weighted.labels
        if counts[:, -1].any():
            labels = (*labels, None)
            counts = np.vstack([counts, np.zeros(len(labels), int)])
        else:
            counts = counts[:, :-1]
        return LabelTable(
            check=self.check,
            labels=labels,
            counts=tuple(tuple(row) for row in counts.tolist()),
            precision=_by_label(weighted, weighted.precision),
            recall=_by_label(weighted, weighted.recall),
            f1=_by_label(weighted, weighted.f1),
            accuracy=accuracy,
            macro_f1=macro_f1,
            macro_precision=float(np.nan_to_num(weighted.precision).mean()),
            macro_recall=float(np.nan_to_num(weighted.recall).mean()),
        )

    def _chosen(self, stratum: str | None) -> tuple[NDArray[np.intp], list[str], list[str | None]]:
        """Rows, expected and predicted labels, ordered by case; unexpected ones folded."""
        rows = np.asarray(self.rows, dtype=np.intp)
        order = np.argsort(self.frame.case_of_row[rows], kind="stable")
        if stratum is not None:
            order = order[self.frame.rows_of(stratum)[rows[order]]]
        places = order.tolist()
        expected = [self.expected[place] for place in places]
        classes = set(expected)
        predicted = [
            label if label in classes else None
            for label in (self.predicted[place] for place in places)
        ]
        return rows[order], expected, predicted

    def _confusion(
        self, rows: NDArray[np.intp], expected: list[str], predicted: list[str | None]
    ) -> Confusion:
        return classification.confusion(expected, predicted, weights=self.frame.row_weights(rows))

    def _lost_weights(self, stratum: str | None) -> NDArray[np.float64]:
        lost = self.lost if stratum is None else self.lost & self.frame.rows_of(stratum)
        return self.frame.row_weights(np.flatnonzero(lost))

    @staticmethod
    def _worst_value(table: Confusion, lost: NDArray[np.float64]) -> float:
        """A bound that macro F1 cannot fall below, whatever the lost rows were of these classes.

        Each of them adds at most one expected and one predicted row without a hit, to the
        denominators of two classes. Class F1 = 2 hits / mass is convex and falling in its mass,
        so giving the rows one by one to the class that loses most is the worst that can happen.
        """
        if lost.size == 0:
            return table.macro_f1
        hits, mass = table.hits, table.expected + table.predicted
        size = len(table.labels)
        step = float(lost.max())

        def gain(label: int) -> float:
            return float(hits[label] / (mass[label] + step) - hits[label] / mass[label])

        heap = [(gain(label), label) for label in range(size)]
        heapq.heapify(heap)
        for _ in range(2 * lost.size):
            label = heap[0][1]
            mass[label] += step
            heapq.heapreplace(heap, (gain(label), label))
        return float((2.0 * hits / mass).mean())


def _by_label(table: Confusion, numbers: NDArray[np.float64]) -> dict[str, float | None]:
    return {
        label: finite(number) for label, number in zip(table.labels, numbers.tolist(), strict=True)
    }
