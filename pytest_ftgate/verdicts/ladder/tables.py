"""KPIs of a whole ladder as matrices: a row an iteration, a column a case of the suite."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
from msgspec import Struct

from pytest_ftgate.stats.design import Design
from pytest_ftgate.stats.grouping import codes
from pytest_ftgate.stats.intervals import Interval
from pytest_ftgate.stats.paired import estimate
from pytest_ftgate.verdicts import kpis
from pytest_ftgate.verdicts.frame import CaseValues
from pytest_ftgate.verdicts.measures import Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.model import Direction, Record
    from pytest_ftgate.verdicts.labels import MacroF1
    from pytest_ftgate.verdicts.ladder.history import Entry
    from pytest_ftgate.verdicts.measures import Kpi, KpiDefinition, Unit

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Flags = NDArray[np.bool_]

_TAIL = 0.025


class Universe:
    """All cases of a suite, in an order that does not depend on that of the records.

    A case's weight, stratum, cluster and tags are those of its newest record.

    Args:
        cases: the newest record of each case id.
    """

    def __init__(self, cases: Mapping[str, Record]) -> None:
        self.ids: tuple[str, ...] = tuple(sorted(cases))
        self.records: tuple[Record, ...] = tuple(cases[case] for case in self.ids)
        self.place = {case: at for at, case in enumerate(self.ids)}
        self._weights = np.asarray([record.weight for record in self.records], np.float64)
        self._strata = [record.stratum for record in self.records]
        clusters = [record.cluster for record in self.records]
        self._clusters = (
            None
            if all(cluster is None for cluster in clusters)
            else codes(clusters, none_is_unique=True)
        )
        self._designs: dict[bytes, Design] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def strata(self) -> tuple[str, ...]:
        """The names of the strata, sorted."""
        return tuple(sorted({name for name in self._strata if name is not None}))

    def in_stratum(self, name: str) -> Flags:
        """Which cases belong to a stratum."""
        return np.asarray([stratum == name for stratum in self._strata], np.bool_)

    def design(self, chosen: Flags) -> Design:
        """Weights, strata and clusters of some of the cases; each choice is prepared once."""
        key = chosen.tobytes()
        if key not in self._designs:
            self._designs[key] = Design.of(
                int(chosen.sum()),
                weights=self._weights[chosen],
                strata=self._codes[chosen] if self.strata else None,
                clusters=None if self._clusters is None else self._clusters[chosen],
            )
        return self._designs[key]

    def names(self, chosen: Flags) -> tuple[str, ...]:
        """The ids of some of the cases."""
        return tuple(self.ids[at] for at in np.flatnonzero(chosen).tolist())

    @cached_property
    def _codes(self) -> Ints:
        place = {name: at for at, name in enumerate(self.strata)}
        return np.asarray([place.get(name or "", -1) for name in self._strata], np.intp)


class Measured:
    """One iteration's records with their KPIs, placed among the cases of the suite.

    Args:
        entry: the iteration.
        universe: the cases of the suite.
        extra_kpis: the KPIs that plugins define.

    Raises:
        ConfigError: a plugin's KPI cannot be used.
    """

    def __init__(
        self, entry: Entry, universe: Universe, extra_kpis: Iterable[KpiDefinition] = ()
    ) -> None:
        self.entry = entry
        self.catalogue = kpis.catalogue_of(entry.records, extra_kpis)
        cases = dict.fromkeys(record.case for record in self.catalogue.frame.records)
        self.places: Ints = np.fromiter(
            (universe.place[case] for case in cases), np.intp, len(cases)
        )

    def flags(self, chosen: Flags) -> Flags:
        """Which of this iteration's cases are among some cases of the suite."""
        return np.asarray(chosen[self.places])


class Table(Struct, frozen=True, eq=False, dict=True):
    """One KPI of all iterations.

    ``values`` (iterations, cases) are the means over trials, NaN where there is none; ``trials``
    has their numbers. ``span`` is highest minus lowest possible value, ``None`` if unbounded.
    ``is_mean`` says whether the KPI is a mean over cases, which differences can be taken of.
    """

    name: str
    unit: Unit
    direction: Direction
    span: float | None
    is_mean: bool
    values: Floats
    trials: Ints
    kpis: tuple[Kpi | None, ...]

    @cached_property
    def present(self) -> Flags:
        """(iterations, cases): where there is a value."""
        return np.asarray(np.isfinite(self.values))

    @property
    def is_linearised(self) -> bool:
        """Whether a case's value depends on which other cases are measured."""
        return any(kpi is not None and not isinstance(kpi, Series) for kpi in self.kpis)

    def interval(self, row: int, chosen: Flags, design: Design) -> Interval:
        """An iteration's value over some cases that all have one, with its 95 % interval."""
        values, trials = self.values[row, chosen], self.trials[row, chosen]
        kpi = self.kpis[row]
        if isinstance(kpi, Series):
            return kpi.summarise(CaseValues(values, trials, chosen, design))
        # Linearised values of a bounded KPI: their mean is the KPI's value.
        inverse = float((1.0 / trials).mean()) if trials.size else 1.0
        seen = estimate(values, e2=inverse, design=design, alpha=_TAIL)
        return Interval(seen.delta, max(0.0, seen.low), min(1.0, seen.high), seen.n)


def tabulate(
    name: str, measured: Sequence[Measured], universe: Universe, keep: Flags | None = None
) -> Table | None:
    """The matrix of a KPI; ``None`` if no iteration knows a KPI of that name.

    Args:
        name: of the KPI, or an alias.
        measured: the iterations.
        universe: the cases of the suite.
        keep: the cases to measure where a value depends on the others (macro F1); default all.
    """
    found = tuple(each.catalogue.get(name) for each in measured)
    sample = next((kpi for kpi in found if kpi is not None), None)
    if sample is None:
        return None
    values = np.full((len(measured), len(universe)), np.nan)
    trials = np.ones(values.shape, np.intp)
    for row, (each, kpi) in enumerate(zip(measured, found, strict=True)):
        if kpi is None:
            continue
        cases = _case_values(kpi, None if keep is None else each.flags(keep))
        places = each.places[cases.present]
        values[row, places] = cases.values
        trials[row, places] = cases.trials
    return Table(
        name=name,
        unit=sample.unit,
        direction=sample.direction,
        span=_span(found),
        is_mean=not isinstance(sample, Series) or sample.aggregate in ("rate", "mean"),
        values=values,
        trials=trials,
        kpis=found,
    )


def _case_values(kpi: Kpi, keep: Flags | None) -> CaseValues:
    if isinstance(kpi, Series):
        return kpi.case_values()
    return cast("MacroF1", kpi).case_values(keep)  # there are no others


def _span(found: Sequence[Kpi | None]) -> float | None:
    """Highest minus lowest possible value over all iterations."""
    spans = [kpi.span if isinstance(kpi, Series) else (0.0, 1.0) for kpi in found if kpi]
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        return None
    return max(high for _, high in known) - min(low for low, _ in known)
