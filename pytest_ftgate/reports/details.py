"""What the terminal says below the KPI tables: gates, comparison, misses and, on request, more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from rich.cells import cell_len
from rich.padding import Padding
from rich.text import Text

from pytest_ftgate.reports import history, numbers, wording
from pytest_ftgate.reports.kpi_table import INDENT, STYLES, grid, headed
from pytest_ftgate.reports.label_table import LABEL_LIMIT, label_check
from pytest_ftgate.reports.numbers import plural
from pytest_ftgate.reports.safe import line, name

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pytest_ftgate.model import Miss, SuiteResult

_FEW, _MANY = 5, 20
_LISTED = 6
_OUTPUT_LIMIT = 400
_CAUSES = 3
_CAUSE_LIMIT, _CAUSE_LIMIT_VERBOSE = 600, 2_000


class Details(Struct, frozen=True):
    """The blocks of one suite's section; an empty block is not shown."""

    suite: SuiteResult
    width: int
    verbosity: int

    @property
    def _verbose(self) -> bool:
        return self.verbosity > 0

    def gates(self) -> list[RenderableType]:
        """A sentence for each gate that did not pass; with ``-v`` for each gate."""
        gates = self.suite.gates if self._verbose else wording.failing_gates(self.suite)
        return hanging(
            [
                (
                    Text(gate.verdict, style=STYLES.get(gate.verdict, "")),
                    f"{name(gate.name)}: {wording.sentence(gate.reason)}",
                )
                for gate in gates
            ]
        )

    def comparison(self) -> list[RenderableType]:
        """What changed against the baseline: cases, and slices where they say something."""
        suite = self.suite
        most = 100 if self._verbose else _LISTED
        flipped = (("newly failing", suite.newly_failing), ("newly fixed", suite.newly_fixed))
        lines = [
            (label, f"{len(cases):,}: {wording.listed(cases, most)}")
            for label, cases in flipped
            if cases
        ]
        lines += [("caution", wording.sentence(text)) for text in suite.warnings]
        if accepted := history.of_suite(suite):
            lines.append(("accepted", accepted))
        if sensitivity := wording.sensitivity(suite):
            lines.append(("sensitivity", sensitivity))
        if self._verbose:
            lines += [
                ("McNemar", f"{name(kpi.name)}: {wording.flips(kpi)}; {paired}")
                for kpi in suite.kpis
                if wording.gated(kpi) and (paired := wording.paired(kpi))
            ]
        lines += self._slices()
        return hanging([(Text(label, style="dim"), text) for label, text in lines])

    def _slices(self) -> list[tuple[str, str]]:
        """The slices that got worse, few unless asked for more; with ``-v`` small ones too."""
        suite = self.suite
        worse = wording.worse_slices(suite)
        shown = worse if self._verbose else worse[: wording.FEW_SLICES]
        if self._verbose:
            shown += tuple(item for item in suite.slices if item.flag == "descriptive")
        rows = [
            (
                f"slice {item.flag}",
                f"{name(item.slice)}: {name(item.kpi)} {wording.slice_change(suite, item)}",
            )
            for item in shown
        ]
        if not self._verbose and (more := len(worse) - len(shown)) > 0:
            rows.append(("", f"and {more:,} more (-v shows all)"))
        return rows

    def errors(self) -> list[RenderableType]:
        """What went wrong, once for all cases that it went wrong for."""
        causes = self.suite.errors
        most = _CAUSES if self.verbosity < 1 else len(causes)
        limit = _CAUSE_LIMIT if self.verbosity < 1 else _CAUSE_LIMIT_VERBOSE
        rows = []
        for cause in causes[:most]:
            text = wording.cause_text(cause, limit)
            if cause.count > 1:
                text += f"\n{wording.affected(cause)}"
            else:
                text = f"{wording.affected(cause)}: {text}"
            label = Text(wording.counted("error", cause.count), style=STYLES["error"])
            rows.append((label, text))
        lines = hanging(rows)
        if (more := len(causes) - most) > 0:
            lines.append(_dim(f"and {plural(more, 'other error')} (-v shows more)"))
        return lines

    def misses(self) -> list[RenderableType]:
        """The worst cases, few unless asked for more."""
        misses = wording.worst(self.suite)
        most = (_FEW, _MANY)[self.verbosity] if self.verbosity < 2 else len(misses)
        if not misses:
            return []
        rows = [row for miss in misses[:most] for row in self._miss_rows(miss)]
        first, second = (max(row[column].cell_len for row in rows) for column in (0, 1))
        first = min(first, max(self.width // 3, 8))
        table = grid()
        table.add_column(width=first, no_wrap=True, overflow="ellipsis")
        table.add_column(width=second, no_wrap=True)
        table.add_column(
            width=max(self.width - first - second - 4, 10),
            no_wrap=not self._verbose,
            overflow="fold" if self._verbose else "ellipsis",
        )
        for row in rows:
            table.add_row(*row)
        lines: list[RenderableType] = [_dim("worst cases"), table]
        if (more := wording.worst_count(self.suite) - most) > 0:
            hint = "-v" if self.verbosity < 1 else "-vv"
            lines.append(_dim(f"and {more:,} more ({hint} shows more)"))
        return lines

    def extra(self) -> list[list[RenderableType]]:
        """Strata and label confusion, with ``-v`` only."""
        if not self._verbose:
            return []
        return [self._strata(), *(label_check(labels, self.width) for labels in self.suite.labels)]

    def _miss_rows(self, miss: Miss) -> list[tuple[Text, Text, Text]]:
        """Case, outcome and reason; with ``-v`` a line a reason, and the output."""
        reasons = miss.reasons if self._verbose and miss.reasons else (wording.miss_reason(miss),)
        texts = [Text(line(reason)) for reason in reasons]
        if self._verbose and miss.output is not None:
            texts.append(_dim(f"output: {line(miss.output, _OUTPUT_LIMIT)}"))
        label = Text(wording.case_label(miss.case, miss.trial))
        outcome = Text(miss.outcome, style=STYLES.get(miss.outcome, ""))
        return [(label, outcome, texts[0]), *((Text(), Text(), text) for text in texts[1:])]

    def _strata(self) -> list[RenderableType]:
        kpis = [kpi for kpi in self.suite.kpis if kpi.strata]
        strata = list(dict.fromkeys(stratum for kpi in kpis for stratum in kpi.strata))
        if not strata:
            return []
        table = headed(("KPI", *(line(stratum, LABEL_LIMIT) for stratum in strata)))
        for kpi in kpis:
            cells = []
            for stratum in strata:
                seen = kpi.strata.get(stratum)
                text = "" if seen is None else f"{numbers.number(seen.value, kpi.unit)} ({seen.n})"
                cells.append(Text(text))
            table.add_row(Text(name(kpi.name)), *cells)
        return [_dim("by stratum, value (n)"), table]


def hanging(rows: list[tuple[Text, str]]) -> list[RenderableType]:
    """Labels and texts that wrap beside them, not below; nothing for no rows."""
    if not rows:
        return []
    table = grid()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, Text(text))
    return [table]


def flow(parts: tuple[str, ...], width: int) -> list[str]:
    """The parts joined by dots, with line ends between parts only."""
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(lines[-1]) + cell_len(part) + 3 <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def indented(item: RenderableType) -> Padding:
    """The item, two columns to the right."""
    return Padding(item, (0, 0, 0, INDENT))


def _dim(text: str) -> Text:
    return Text(text, style="dim")
