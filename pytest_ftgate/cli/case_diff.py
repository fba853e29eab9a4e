"""How the cases whose outcome turned differ: what the checks said, and both outputs."""

from __future__ import annotations

import contextlib
import difflib
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from pytest_ftgate.cli.output import write_block
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.reports.details import hanging, indented
from pytest_ftgate.reports.kpi_table import STYLES
from pytest_ftgate.reports.safe import block, name
from pytest_ftgate.reports.wording import case_label, record_reasons
from pytest_ftgate.verdicts.comparing import run_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from pytest_ftgate.model import Record, Run, SuiteResult, Verdict
    from pytest_ftgate.runs.store import RunStore

MOST = 10
"""Cases that are shown of each suite and direction, unless all are asked for."""

HOW_TO_KEEP = "pytest-ftgate baseline accept --outputs keeps those of a run"

_OUTPUT_LIMIT = 20_000
_CONTEXT = 2
_SIGNS = {"-": "red", "+": "green", "@": "dim"}


class _Turned(NamedTuple):
    """A case with the results of both sides, trial by trial."""

    case: str
    before: Sequence[Record]
    now: Sequence[Record]


def write_turned(
    verdict: Verdict,
    run: Run,
    before: Mapping[str, Run],
    *,
    every: bool = False,
    cases: Iterable[str] = (),
) -> bool:
    """Print the newly failing and the newly fixed cases of each suite that was compared.

    Args:
        verdict: the verdict on the run.
        run: the run.
        before: by suite, the results that it was compared with.
        every: show every case, not only the first ones.
        cases: only these; default all.

    Returns:
        Whether there was any.
    """
    wanted = set(cases)
    written = False
    for suite in verdict.suites:
        if suite.baseline is None or suite.suite not in before:
            continue
        sides = _Sides(suite, before[suite.suite], run)
        shown: list[str] = []
        for word, turned in (
            ("newly failing", suite.newly_failing),
            ("newly fixed", suite.newly_fixed),
        ):
            named = [case for case in turned if not wanted or case in wanted]
            if not named:
                continue
            heading = f"{word} in {name(suite.suite)} [{name(suite.variant)}]: {len(named):,}"
            write_block(Text(heading, style="bold"), *_listed(sides, named, every=every))
            shown += named
        written |= bool(shown)
        lacking = sides.lacking(shown) if shown else None
        if lacking is not None:
            write_block(Text(lacking), Text())
    return written


def earlier_results(verdict: Verdict, run: Run, store: RunStore) -> dict[str, Run]:
    """By suite with turned cases, the baseline, or the run that it was accepted from.

    A baseline without outputs gives way to its run, where that is still stored.
    """
    found = {}
    for suite in verdict.suites:
        baseline = run.baselines.get(suite.suite)
        if baseline is None or not (suite.newly_failing or suite.newly_fixed):
            continue
        found[suite.suite] = run_of(baseline)
        if not any(record.output is not None for record in baseline.records):
            with contextlib.suppress(FtgateError):
                found[suite.suite] = store.load(store.runs / baseline.header.run)
    return found


class _Sides:
    """The results of a suite by case, before and now."""

    def __init__(self, suite: SuiteResult, before: Run, run: Run) -> None:
        variant = suite.baseline.variant if suite.baseline else ""
        self._before = _by_case(before.records, suite.suite, variant)
        self._now = _by_case(run.records, suite.suite, suite.variant)

    def turned(self, case: str) -> _Turned:
        return _Turned(case, self._before.get(case, ()), self._now.get(case, ()))

    def lacking(self, cases: Iterable[str]) -> str | None:
        """Which side keeps no output of these cases, and how to keep them."""
        before, now = (
            any(record.output is not None for case in cases for record in side.get(case, ()))
            for side in (self._before, self._now)
        )
        if before:
            return None if now else "The run keeps no outputs, so their difference is not known."
        if now:
            return f"The results before keep no outputs: {HOW_TO_KEEP}."
        return "No outputs are kept, so their difference is not known."


def _by_case(records: Iterable[Record], suite: str, variant: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.trial):
        if (record.suite, record.variant) == (suite, variant):
            found[record.case].append(record)
    return found


def _listed(sides: _Sides, cases: Sequence[str], *, every: bool) -> Iterator[RenderableType]:
    most = len(cases) if every else MOST
    for case in cases[:most]:
        yield from map(indented, _blocks(sides.turned(case)))
    if len(cases) > most:
        yield indented(Text(f"and {len(cases) - most:,} more (-vv shows all)"))
    yield Text()


def _blocks(turned: _Turned) -> Iterator[RenderableType]:
    """A case: how it came out, what the checks said, the difference of the outputs.

    Of several trials one speaks for each side: the first that came out as most of them did.
    """
    before, now = _telling(turned.before), _telling(turned.now)
    told = f"{_outcomes(turned.before)} before, {_outcomes(turned.now)} now"
    yield Text(f"{name(turned.case)}: {told}")
    rows = [
        (Text(label, style=STYLES.get(record.outcome, "")), reason)
        for label, record in (("before", before), ("now", now))
        if record is not None
        for reason in record_reasons(record)
    ]
    yield from map(indented, hanging(rows))
    yield from map(indented, _difference(before, now))


def _telling(trials: Sequence[Record]) -> Record | None:
    """The first trial that came out as most of them did."""
    passed = [record for record in trials if record.outcome == "passed"]
    others = [record for record in trials if record.outcome not in ("passed", "skipped")]
    larger = passed if len(passed) >= len(others) else others
    return larger[0] if larger else None


def _outcomes(trials: Sequence[Record]) -> str:
    if len(trials) == 1:
        return trials[0].outcome
    passed = sum(record.outcome == "passed" for record in trials)
    return f"{passed} of {len(trials)} trials passed"


def _difference(before: Record | None, now: Record | None) -> Iterator[Text]:
    """The difference of two outputs, where both are known."""
    if before is None or now is None:
        return
    if before.output_hash is not None and before.output_hash == now.output_hash:
        yield Text("the outputs are the same", style="dim")
    elif before.output is not None and now.output is not None:
        yield from _lines(before.output, now.output, (_label(before), _label(now)))


def _label(record: Record) -> str:
    return "" if not record.trial else f" ({case_label(record.case, record.trial)})"


def _lines(before: str, now: str, labels: tuple[str, str]) -> Iterator[Text]:
    """A unified difference of the texts as they are shown."""
    old, new = (block(text, _OUTPUT_LIMIT).split("\n") for text in (before, now))
    first, second = labels
    found = difflib.unified_diff(
        old, new, f"before{first}", f"now{second}", n=_CONTEXT, lineterm=""
    )
    for line in found:
        yield Text(line, style=_SIGNS.get(line[:1], ""))
