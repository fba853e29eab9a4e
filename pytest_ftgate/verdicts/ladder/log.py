"""The iteration log: for each variant what changed, its KPIs, its parent's, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.iterations import LoggedIteration, LoggedKpi
from pytest_ftgate.prices import listed
from pytest_ftgate.stats import paired
from pytest_ftgate.stats.intervals import finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.verdicts.ladder.discipline import Standing
    from pytest_ftgate.verdicts.ladder.history import Entry, History
    from pytest_ftgate.verdicts.ladder.selection import Selection
    from pytest_ftgate.verdicts.ladder.tables import Table, Universe

    Flags = NDArray[np.bool_]

TOKENS_IN, TOKENS_OUT = "tokens_in_per_task", "tokens_out_per_task"
LATENCY, COST = "time_to_output_p50", "cost_per_task"
SPENDING = (TOKENS_IN, TOKENS_OUT, LATENCY, COST)
"""What an iteration costs: tables that the log needs beside its KPIs."""


class Log:
    """Builds the lines of one suite's log for the verdict on one KPI.

    Args:
        history: the iterations.
        standings: what each changed.
        universe: the cases of the suite.
        tables: the KPIs to show, the judged one first, and :data:`SPENDING` where known, by name.
        shown: the names of the KPIs to show.
        selection: what the verdict compares; iterations that count are measured on these cases,
            the others on all they have.
    """

    def __init__(
        self,
        history: History,
        standings: Sequence[Standing],
        universe: Universe,
        *,
        tables: dict[str, Table],
        shown: Sequence[str],
        selection: Selection,
    ) -> None:
        self._history = history
        self._standings = standings
        self._universe = universe
        self._tables = tables
        self._shown = shown
        self._selection = selection
        self._places = {entry.variant.name: at for at, entry in enumerate(history.entries)}

    def lines(self) -> tuple[LoggedIteration, ...]:
        """All lines in the order of the history."""
        return tuple(self._line(at, entry) for at, entry in enumerate(self._history.entries))

    def _line(self, at: int, entry: Entry) -> LoggedIteration:
        standing, variant = self._standings[at], entry.variant
        tokens_in, tokens_out = self._value(TOKENS_IN, at), self._value(TOKENS_OUT, at)
        cost = self._value(COST, at)
        if cost is None:  # run before its price was written down
            cost = self._priced(entry.models, tokens_in, tokens_out)
        calls = self._history.outline.rules.calls_per_month
        earliest, latest = entry.recorded
        return LoggedIteration(
            variant=variant.name,
            parent=variant.parent,
            kind=standing.kind,
            counted=at in self._selection.rows,
            components=standing.components,
            change=variant.change,
            why_not=self._selection.why_not[at],
            question=standing.question,
            kpis=tuple(self._kpi(name, at) for name in self._shown),
            cases=len(entry.ran),
            trials=entry.trials,
            errors=len(entry.errors),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            latency_s=self._value(LATENCY, at),
            cost=cost,
            cost_per_month=None if cost is None or calls is None else cost * calls,
            models=entry.models,
            recorded_from=earliest,
            recorded_to=latest,
        )

    def _cases(self, table: Table, at: int) -> Flags:
        """The cases that an iteration is measured on: those compared, where it counts."""
        present: Flags = table.present[at]
        if at not in self._selection.rows:
            return present
        return np.asarray(present & self._selection.cases)

    def _value(self, name: str, at: int) -> float | None:
        """A table's value; unknown as soon as one of the cases does not tell."""
        table = self._tables.get(name)
        if table is None:
            return None
        cases = self._cases(table, at)
        kpi = table.kpis[at]
        if not cases.any() or kpi is None or kpi.unknown:
            return None
        return finite(table.interval(at, cases, self._universe.design(cases)).value)

    def _priced(
        self, models: Sequence[str], tokens_in: float | None, tokens_out: float | None
    ) -> float | None:
        """What a case costs by the experiment's present prices."""
        price = listed(models[0], self._history.outline.prices) if len(models) == 1 else None
        if price is None or tokens_in is None or tokens_out is None:
            return None
        return (tokens_in * price[0] + tokens_out * price[1]) / 1e6

    def _kpi(self, name: str, at: int) -> LoggedKpi:
        table = self._tables[name]
        cases = self._cases(table, at)
        seen = table.interval(at, cases, self._universe.design(cases)) if cases.any() else None
        delta = self._delta(table, at)
        return LoggedKpi(
            name=name,
            value=finite(seen.value) if seen else None,
            low=finite(seen.low) if seen else None,
            high=finite(seen.high) if seen else None,
            n=seen.n if seen else 0,
            unit=table.unit,
            direction=table.direction,
            delta=finite(delta.delta) if delta else None,
            delta_low=finite(delta.low) if delta else None,
            delta_high=finite(delta.high) if delta else None,
        )

    def _delta(self, table: Table, at: int) -> paired.Estimate | None:
        parent = self._places.get(self._history.entries[at].variant.parent or "")
        if parent is None or not table.is_mean:
            return None
        both = self._cases(table, at) & self._cases(table, parent)
        if not both.any():
            return None
        return paired.compare(
            table.values[at, both],
            table.values[parent, both],
            span=table.span,
            trials=(table.trials[at, both], table.trials[parent, both]),
            design=self._universe.design(both),
        )
