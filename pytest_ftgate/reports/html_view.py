"""What the HTML page shows, as display strings and a few numbers for its graphics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from pytest_ftgate.reports import history, label_table, numbers, wording
from pytest_ftgate.reports.next_step import NextStep, next_step, reproduce, show
from pytest_ftgate.reports.safe import block, line, name

if TYPE_CHECKING:
    from pytest_ftgate.model import KpiResult, LabelTable, Miss, Record, Run, SuiteResult, Verdict

CASES = 1_000
"""The most cases a page lists; misses come first."""

_OUTPUT_LIMIT = 2_000
_SHADES = 9


class Graphic(Struct, frozen=True):
    """A rate's interval on a line from 0 to 100; ``None`` for what is not known."""

    value: float
    low: float | None
    high: float | None
    baseline: float | None
    bounds: tuple[float, ...]


class KpiView(Struct, frozen=True):
    """A row of the KPI table."""

    name: str
    verdict: str
    reason: str
    value: str
    interval: str
    n: str
    threshold: str
    baseline: str
    change: str
    flips: str
    graphic: Graphic | None


class CaseView(Struct, frozen=True):
    """A case: why it missed, if it did, and the beginning of its output."""

    label: str
    outcome: str
    reasons: tuple[str, ...]
    facts: tuple[str, ...]
    output: str | None


class Table(Struct, frozen=True):
    """A table with a heading column; ``shades`` are 0 to 9, one per cell."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]


class SuiteView(Struct, frozen=True):
    """A suite and variant."""

    title: str
    scale: str
    verdict: str
    banners: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, str, int], ...]
    gates: tuple[tuple[str, str, str], ...]
    errors: tuple[tuple[str, str, str], ...]
    kpis: tuple[KpiView, ...]
    compared: bool
    notes: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    cases: tuple[CaseView, ...]
    outcomes: tuple[str, ...]
    left_out: int
    facts: tuple[str, ...]


class Page(Struct, frozen=True):
    """The whole page."""

    verdict: str
    run: str
    created: str
    banner: str | None
    suites: tuple[SuiteView, ...]
    saturation: tuple[str, ...]
    stale: str | None
    next: NextStep | None
    commands: tuple[str, ...]


def page(verdict: Verdict, run: Run | None) -> Page:
    """The page's view of a verdict and, if given, of its run."""
    room = CASES
    suites = []
    for suite in verdict.suites:
        view = _suite(suite, run, room)
        room -= len(view.cases)
        suites.append(view)
    return Page(
        verdict=verdict.verdict,
        run=line(verdict.run.id),
        created=wording.day(run.manifest.created_at) or "" if run else "",
        banner=wording.unfinished(verdict),
        suites=tuple(suites),
        saturation=wording.saturation(verdict),
        stale=wording.stale_calls(verdict),
        next=next_step(verdict),
        commands=(*reproduce(verdict), show(verdict)),
    )


def _suite(suite: SuiteResult, run: Run | None, room: int) -> SuiteView:
    cases = _cases(suite, run)
    banners = (("Incomplete", wording.lost(suite)), ("Partial", wording.partial(suite)))
    total = sum(amount for _, amount in wording.counts(suite)) or 1
    return SuiteView(
        title=wording.title(suite),
        scale=wording.scale(suite),
        verdict=suite.verdict,
        banners=tuple((word, wording.sentence(why)) for word, why in banners if why),
        counts=tuple(
            (outcome, wording.counted(outcome, amount), round(1000 * amount / total))
            for outcome, amount in wording.counts(suite)
        ),
        gates=tuple(
            (gate.verdict, name(gate.name), wording.sentence(gate.reason)) for gate in suite.gates
        ),
        errors=tuple(
            (
                wording.counted("error", cause.count),
                wording.affected(cause),
                wording.cause_text(cause, _OUTPUT_LIMIT),
            )
            for cause in suite.errors
        ),
        kpis=() if wording.unscored(suite) else tuple(_kpi(kpi) for kpi in suite.kpis),
        compared=wording.has_baseline(suite),
        notes=_notes(suite),
        tables=tuple(table for table in (_strata(suite), *map(_confusion, suite.labels)) if table),
        cases=cases[:room],
        outcomes=tuple(dict.fromkeys(case.outcome for case in cases[:room])),
        left_out=len(cases[room:]),
        facts=(*wording.provenance(suite), *wording.spending(suite)),
    )


def _kpi(kpi: KpiResult) -> KpiView:
    graphic = None
    if kpi.unit == "rate" and kpi.value is not None:
        bounds = tuple(bound for bound in (kpi.min, kpi.max) if bound is not None)
        graphic = Graphic(
            value=_percent(kpi.value),
            low=None if kpi.low is None else _percent(kpi.low),
            high=None if kpi.high is None else _percent(kpi.high),
            baseline=None if kpi.baseline is None else _percent(kpi.baseline),
            bounds=tuple(map(_percent, bounds)),
        )
    return KpiView(
        name=name(kpi.name),
        verdict=kpi.verdict if wording.gated(kpi) else "",
        reason=line(kpi.reason),
        value=numbers.value(kpi),
        interval=numbers.interval(kpi),
        n=f"{kpi.n:,}",
        threshold=numbers.threshold(kpi),
        baseline="" if kpi.baseline is None else numbers.baseline(kpi),
        change=numbers.change(kpi),
        flips=numbers.flips(kpi),
        graphic=graphic,
    )


def _percent(share: float) -> float:
    return round(min(max(share, 0.0), 1.0) * 100, 2)


def _notes(suite: SuiteResult) -> tuple[tuple[str, str], ...]:
    notes = [
        (label, f"{len(cases):,}: {wording.listed(cases, 50)}")
        for label, cases in (
            ("Newly failing", suite.newly_failing),
            ("Newly fixed", suite.newly_fixed),
            ("Added", suite.added),
            ("Removed", suite.removed),
            ("Changed", suite.changed),
        )
        if cases
    ]
    texts = (
        ("Comparison", wording.comparability(suite)),
        ("Accepted", history.of_suite(suite)),
        ("Sensitivity", wording.sensitivity(suite)),
    )
    notes += [("Caution", wording.sentence(text)) for text in suite.warnings]
    notes += [(label, text) for label, text in texts if text]
    for item in suite.slices:
        if item.flag in ("warn", "block") or (item.flag != "none" and item.delta):
            change = wording.slice_change(suite, item)
            notes.append((f"Slice ({item.flag})", f"{name(item.slice)}: {name(item.kpi)} {change}"))
    return tuple(notes)


def _strata(suite: SuiteResult) -> Table | None:
    kpis = [kpi for kpi in suite.kpis if kpi.strata]
    strata = tuple(dict.fromkeys(stratum for kpi in kpis for stratum in kpi.strata))
    if not strata:
        return None
    rows = []
    for kpi in kpis:
        cells = []
        for stratum in strata:
            seen = kpi.strata.get(stratum)
            text = "" if seen is None else f"{numbers.number(seen.value, kpi.unit)} (n={seen.n:,})"
            cells.append((text, 0))
        rows.append((name(kpi.name), tuple(cells)))
    return Table("By stratum", tuple(map(name, strata)), tuple(rows))


def _confusion(labels: LabelTable) -> Table:
    names = tuple(name(label) if label else "(none)" for label in labels.labels)
    *classes, macro = label_table.measures(labels)
    rows = []
    for label, counts, shares in zip(names, labels.counts, classes, strict=True):
        largest = max(*counts, 1)
        cells = [(str(count), round(_SHADES * count / largest)) for count in counts]
        rows.append((label, (*cells, *((share, 0) for share in shares))))
    averages = (*(("", 0) for _ in names), *((share, 0) for share in macro))
    rows.append((label_table.MACRO, averages))
    caption = f"{name(labels.check)}: expected in rows, predicted in columns"
    return Table(caption, (*names, *label_table.MEASURES), tuple(rows))


def _cases(suite: SuiteResult, run: Run | None) -> tuple[CaseView, ...]:
    misses = {(miss.case, miss.trial): miss for miss in suite.misses}
    records = {
        (record.case, record.trial): record
        for record in (run.records if run else ())
        if (record.suite, record.variant) == (suite.suite, suite.variant)
    }
    views = [_miss(miss, records.get(key)) for key, miss in misses.items()]
    views += [_record(record) for key, record in records.items() if key not in misses]
    return tuple(views)


def _miss(miss: Miss, record: Record | None) -> CaseView:
    output = miss.output if miss.output is not None or record is None else record.output
    return CaseView(
        label=wording.case_label(miss.case, miss.trial),
        outcome=miss.outcome,
        reasons=tuple(line(reason) for reason in miss.reasons) or ("no reason was given",),
        facts=(*([line(miss.source)] if miss.source else []), *_facts(record)),
        output=None if output is None else block(output, _OUTPUT_LIMIT),
    )


def _record(record: Record) -> CaseView:
    return CaseView(
        label=wording.case_label(record.case, record.trial),
        outcome=record.outcome,
        reasons=wording.record_reasons(record),
        facts=(*([line(record.source)] if record.source else []), *_facts(record)),
        output=None if record.output is None else block(record.output, _OUTPUT_LIMIT),
    )


def _facts(record: Record | None) -> tuple[str, ...]:
    return () if record is None else wording.record_facts(record)
