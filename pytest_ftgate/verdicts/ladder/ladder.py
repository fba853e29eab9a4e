"""One suite's ladder: all that is known of its iterations, and the verdict on any of its KPIs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pytest_ftgate.iterations import SaturationResult
from pytest_ftgate.verdicts.ladder.discipline import examine
from pytest_ftgate.verdicts.ladder.evidence import Witness
from pytest_ftgate.verdicts.ladder.failures import RUNS, analyse
from pytest_ftgate.verdicts.ladder.fixes import suggest
from pytest_ftgate.verdicts.ladder.judging import Scale, judge_scores
from pytest_ftgate.verdicts.ladder.log import SPENDING, Log
from pytest_ftgate.verdicts.ladder.modes import Window, failure_kpi
from pytest_ftgate.verdicts.ladder.plateau import early_stop, growth, prompt_cost
from pytest_ftgate.verdicts.ladder.selection import select
from pytest_ftgate.verdicts.ladder.tables import Measured, Universe, tabulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ftgate.iterations import EarlyStop, Failures, LoggedIteration
    from pytest_ftgate.model import Case
    from pytest_ftgate.verdicts.ladder.history import History
    from pytest_ftgate.verdicts.ladder.judging import Judged
    from pytest_ftgate.verdicts.ladder.selection import Selection
    from pytest_ftgate.verdicts.ladder.tables import Table
    from pytest_ftgate.verdicts.measures import KpiDefinition

DEFAULT_KPI = "pass_rate"
_LONG_DAYS = 7


class Ladder:
    """The iterations of one suite, measured once for all KPIs.

    Args:
        history: the iterations; at least one.
        extra_kpis: the KPIs that plugins define.
        given: the cases of the dataset by id, where it is at hand.

    Raises:
        ConfigError: a plugin's KPI cannot be used.
    """

    def __init__(
        self,
        history: History,
        *,
        extra_kpis: Iterable[KpiDefinition] = (),
        given: Mapping[str, Case] | None = None,
    ) -> None:
        definitions = tuple(extra_kpis)
        self.history = history
        self._given = given or {}
        self._discipline = examine(history)
        self._universe = Universe(history.cases)
        self._measured = tuple(
            Measured(entry, self._universe, definitions) for entry in history.entries
        )
        self._tables: dict[str, Table | None] = {}

    @property
    def kpi(self) -> str:
        """The KPI that the verdict is about unless another is asked for."""
        return self.history.outline.primary_kpi or DEFAULT_KPI

    def problem(self, kpi: str) -> str | None:
        """Why there can be no verdict on a KPI, as a sentence; ``None`` if there can be one."""
        table = self._table(kpi)
        if table is None:
            return f"no such KPI in the results; {self._measured[-1].catalogue.advise(kpi)}"
        if not table.is_mean:
            return "it is a quantile, and a verdict needs the mean of what each case gives"
        if table.span is None:
            return (
                "it has no highest and lowest value, so no gain of it is small or large; judge a "
                "rate or a bounded score"
            )
        return None

    def judge(self, kpi: str) -> SaturationResult:
        """The verdict on a KPI.

        Raises:
            ValueError: there can be none; see :meth:`problem`.
        """
        table = self._table(kpi)
        if table is None or self.problem(kpi) is not None:
            raise ValueError(f"{kpi}: there is no verdict on it")
        selection, table = self._select(kpi, table)
        judged = self._judge(selection, table)
        log = self._log(kpi, selection, table)
        counted = [log[at] for at in selection.rows]
        failures = self._failures(kpi, selection)
        stop = self._early_stop(selection, table)
        rules = self.history.outline.rules
        best = judged.best.variant if judged.best else None
        return SaturationResult(
            suite=self.history.suite,
            kpi=kpi,
            verdict=judged.verdict,
            iterations=len(log),
            disciplined=len(counted),
            confounded=tuple(line.variant for line in log if line.kind == "confounded"),
            trend=judged.trend,
            best_gain=judged.best_gain,
            persistent_cases=_persistent(failures),
            reason=judged.reason,
            split=self.history.split,
            n=int(selection.cases.sum()),
            window=rules.window,
            margin=judged.margin,
            unit=table.unit,
            direction=table.direction,
            basis=judged.basis,
            bad=judged.bad,
            best=judged.best,
            settle=judged.settle,
            notes=(
                *judged.notes,
                *self._notes_on_current(judged),
                *selection.notes,
                *_unlike(counted),
                *self._discipline.notes,
                *self.history.notes,
            ),
            growth=growth(counted, rules.window),
            prompt_cost=prompt_cost(
                log[self._present_row(selection)],
                counted[0],
                rules.calls_per_month,
                self.history.outline.prices,
            )
            if counted
            else None,
            early_stop=stop,
            failures=failures,
            next_fix=suggest(judged.verdict, best, stop, failures, log),
            log=log,
        )

    def _table(self, name: str) -> Table | None:
        if name not in self._tables:
            self._tables[name] = tabulate(name, self._measured, self._universe)
        return self._tables[name]

    def _select(self, kpi: str, table: Table) -> tuple[Selection, Table]:
        """What is compared, and the KPI's values on it."""
        standings = self._discipline.standings
        selection = select(self.history, standings, table)
        if table.is_linearised:  # its case values depend on which other cases there are
            table = tabulate(kpi, self._measured, self._universe, selection.cases) or table
        return selection, table

    def _judge(self, selection: Selection, table: Table) -> Judged:
        rows, cases = list(selection.rows), selection.cases
        return judge_scores(
            table.values[rows][:, cases],
            [self.history.entries[at].variant.name for at in rows],
            Scale(table.unit, table.direction, table.span or 1.0),
            self.history.outline.rules,
            trials=table.trials[rows][:, cases],
            design=self._universe.design(cases),
        )

    def _log(self, kpi: str, selection: Selection, table: Table) -> tuple[LoggedIteration, ...]:
        names = dict.fromkeys([kpi, self.kpi, *self.history.outline.kpis])
        tables = {kpi: table}
        for name in (*names, *SPENDING):
            found = tables.get(name) or self._table(name)
            if found is not None:
                tables[name] = found
        shown = [name for name in names if name in tables]
        standings = self._discipline.standings
        return Log(
            self.history, standings, self._universe, tables=tables, shown=shown, selection=selection
        ).lines()

    def _notes_on_current(self, judged: Judged) -> list[str]:
        """That the current variant is a step back, where it clearly is one."""
        shipped = self.history.outline.shipped
        if shipped is None or shipped not in judged.bad or judged.best is None:
            return []
        return [
            f"the current variant {shipped} is clearly worse than an earlier one: the best so far "
            f"is {judged.best.variant}"
        ]

    def _present_row(self, selection: Selection) -> int:
        """The row of the current variant; without one, the last that counts."""
        names = [entry.variant.name for entry in self.history.entries]
        shipped = self.history.outline.shipped
        return names.index(shipped) if shipped in names else selection.rows[-1]

    def _early_stop(self, selection: Selection, table: Table) -> EarlyStop | None:
        if not selection.rows:
            return None
        row = self._present_row(selection)
        cases = table.present[row]
        if row in selection.rows:
            cases = cases & selection.cases
        name = self.history.entries[row].variant.name
        return early_stop(name, table, row, cases, self._universe)

    def _failures(self, kpi: str, selection: Selection) -> Failures | None:
        rows = selection.rows[-RUNS:]
        if not rows:
            return None
        name = failure_kpi(kpi, self._measured)
        everywhere = self._table(name)
        measured = tuple(self._measured[at] for at in rows)
        table = tabulate(name, measured, self._universe)
        if everywhere is None or table is None:
            return None
        window = Window(
            measured, self._universe, selection.cases & table.present.all(axis=0), table
        )
        witness = Witness(
            self.history, self._discipline.standings, everywhere, self._universe, self._given
        )
        return analyse(window, witness)


def _persistent(failures: Failures | None) -> tuple[str, ...]:
    if failures is None:
        return ()
    return tuple(sorted(case for group in failures.groups for case in group.cases))


def _unlike(counted: Sequence[LoggedIteration]) -> list[str]:
    """What differs between the iterations beside the change: trials, and time."""
    notes = []
    trials = {line.trials for line in counted}
    if len(trials) > 1:
        notes.append(f"trials differ between iterations: {min(trials)} to {max(trials)} a case")
    first = min((line.recorded_from for line in counted if line.recorded_from), default=None)
    last = max((line.recorded_to for line in counted if line.recorded_to), default=None)
    days = _days(first, last)
    if days is not None and days > _LONG_DAYS:
        notes.append(
            f"answers were recorded over {days} days: a hosted model may have changed meanwhile"
        )
    return notes


def _days(first: str | None, last: str | None) -> int | None:
    if first is None or last is None:
        return None
    try:
        return (date.fromisoformat(last[:10]) - date.fromisoformat(first[:10])).days
    except ValueError:
        return None
