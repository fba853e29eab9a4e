"""From stored runs to the iterations of one suite: which records stand for which variant.

Runs may have been made at different times, of different variants, in part, with other trials, or
on a dataset that has grown since. For each variant, case and trial the latest scored record
counts, provided that neither the variant nor the case has been edited since.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field

from pytest_ftgate.iterations import SaturationRules
from pytest_ftgate.verdicts.amounts import counted
from pytest_ftgate.verdicts.ladder.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ftgate.model import Record, Run, SuitePlan

HOLDOUT = "holdout"
PROMPT = "prompt"


class Declared(Struct, frozen=True):
    """A variant as an experiment declares it; ``components`` are its present fingerprint."""

    name: str
    parent: str | None = None
    change: str | None = None
    kind: str = PROMPT
    components: Mapping[str, str] = field(default_factory=dict)


class Outline(Struct, frozen=True):
    """What an experiment says of a suite, as far as a verdict on its iterations needs it.

    ``variants`` are in file order, ``shipped`` is the current one, ``kpis`` those with a gate;
    ``prices`` are US dollars per million input and output tokens by model.
    """

    variants: tuple[Declared, ...]
    shipped: str | None = None
    primary_kpi: str | None = None
    kpis: tuple[str, ...] = ()
    rules: SaturationRules = field(default_factory=SaturationRules)
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class Entry(Struct, frozen=True, eq=False, dict=True):
    """One variant of the log with the records that stand for it.

    ``available`` is the number of cases its split had when it was last run, ``changed`` that of
    its cases that have been edited since; ``removed`` says that the experiment no longer has it.
    """

    variant: Declared
    records: tuple[Record, ...]
    available: int
    changed: int = 0
    removed: bool = False

    @cached_property
    def ran(self) -> frozenset[str]:
        """The cases that it has a record of."""
        return frozenset(record.case for record in self.records)

    @cached_property
    def trials(self) -> int:
        """The most scored trials that a case has; 1 without any."""
        if all(record.trial == 0 for record in self.records):
            return 1
        scored = Counter(record.case for record in self.records if record.status == "scored")
        return max(scored.values(), default=1)

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The models that answered, sorted."""
        return tuple(sorted({each.model for each in self.records if each.model is not None}))

    @cached_property
    def recorded(self) -> tuple[str | None, str | None]:
        """When the first and the last answer was recorded."""
        instants = {each.recorded_at for each in self.records if each.recorded_at is not None}
        return min(instants, default=None), max(instants, default=None)

    @cached_property
    def errors(self) -> frozenset[str]:
        """The cases that ended in an error."""
        return frozenset(record.case for record in self.records if record.status == "error")


class History(Struct, frozen=True, eq=False):
    """The iterations of one suite in order, those that the experiment no longer has last.

    ``cases`` maps each case id to its newest record, ``dataset`` is the path of the newest run's
    dataset; ``notes`` say what was left out.
    """

    suite: str
    split: str
    outline: Outline
    entries: tuple[Entry, ...]
    cases: Mapping[str, Record]
    notes: tuple[str, ...]
    dataset: str | None = None

    def find(self, variant: str | None) -> Entry | None:
        """The entry of a variant."""
        return next((each for each in self.entries if each.variant.name == variant), None)


class _Take(Struct, frozen=True, eq=False):
    """What one run has of one variant."""

    plan: SuitePlan
    records: Sequence[Record]


def suites_of(runs: Iterable[Run]) -> tuple[str, ...]:
    """The suites of some runs, in the order in which they first appear."""
    return tuple(dict.fromkeys(plan.suite for run in runs for plan in run.manifest.plans))


def assemble(runs: Iterable[Run], suite: str, outline: Outline | None = None) -> History:
    """The history of a suite; neither the order of the runs nor that of records matters.

    Args:
        runs: any runs; a run without an end marker does not count, nor does a holdout.
        suite: the suite's name.
        outline: what its experiment says; absent: what the newest plans say.
    """
    distinct = {run.manifest.run: run for run in runs}.values()
    ordered = sorted(distinct, key=lambda run: (run.manifest.created_at, run.manifest.run))
    mine = [run for run in ordered if any(plan.suite == suite for plan in run.manifest.plans)]
    notes = []
    if cut := sum(run.end is None for run in mine):
        notes.append(f"{counted(cut, 'run')} without an end left out")
    takes = [take for run in mine if run.end is not None for take in _takes(run, suite)]
    split = _split([take.plan for take in takes])
    takes = [take for take in takes if take.plan.split == split]
    outline = outline or _outline([take.plan for take in takes])
    by_variant: dict[str, list[_Take]] = {}
    for take in takes:
        by_variant.setdefault(take.plan.variant, []).append(take)
    declared = {each.name: each for each in outline.variants}
    chosen: dict[str, tuple[Declared, list[_Take]]] = {}
    for name in _order(outline, by_variant):
        variant, current, note = _version(declared.get(name), by_variant[name])
        chosen[name] = variant, current
        notes += [note] if note else []
    newest = _newest_records(takes)
    entries = tuple(
        _entry(variant, current, newest, removed=name not in declared)
        for name, (variant, current) in chosen.items()
    )
    unseen = [name for name in declared if name not in by_variant]
    if unseen and entries:
        notes.append(f"never run, so not in the log: {listed(unseen)}")
    dataset = takes[-1].plan.dataset if takes else None
    return History(suite, split, outline, entries, newest, tuple(notes), dataset)


def _takes(run: Run, suite: str) -> list[_Take]:
    records: dict[str, list[Record]] = {}
    for record in run.records:
        if record.suite == suite:
            records.setdefault(record.variant, []).append(record)
    return [
        _Take(plan, records.get(plan.variant, []))
        for plan in run.manifest.plans
        if plan.suite == suite
    ]


def _split(plans: Sequence[SuitePlan]) -> str:
    """The split that the ladder is on: dev, or else the newest other one; never the holdout."""
    splits = [plan.split for plan in plans if plan.split != HOLDOUT]
    return "dev" if "dev" in splits or not splits else splits[-1]


def _outline(plans: Sequence[SuitePlan]) -> Outline:
    """What the newest plans say of the experiment that they were made under."""
    if not plans:
        return Outline(())
    latest = {plan.variant: plan for plan in plans}
    newest = plans[-1]
    order = next((plan.order for plan in reversed(plans) if plan.order), None)
    return Outline(
        variants=tuple(
            _declared(latest[name]) if name in latest else Declared(name)
            for name in order or latest
        ),
        shipped=newest.shipped,
        primary_kpi=newest.primary_kpi,
        kpis=tuple(gate.kpi for gate in newest.gates),
        rules=newest.saturation,
        prices=newest.prices,
    )


def _declared(plan: SuitePlan) -> Declared:
    return Declared(
        name=plan.variant,
        parent=plan.parent,
        change=plan.change,
        kind=plan.kind,
        components=plan.components,
    )


def _order(outline: Outline, run: Mapping[str, object]) -> list[str]:
    """The variants that were run, in the experiment's order; removed ones last."""
    names = [each.name for each in outline.variants if each.name in run]
    return names + [name for name in run if name not in names]


def _version(
    declared: Declared | None, takes: list[_Take]
) -> tuple[Declared, list[_Take], str | None]:
    """The version of a variant to judge, its runs, and what to say of its other versions.

    A variant that was edited is another one: results of two versions are never mixed.
    """
    latest = takes[-1].plan
    variant = declared or _declared(latest)
    versions = [take.plan.components for take in takes]
    if not variant.components or not latest.components:
        wanted: Mapping[str, str] = latest.components
        components = variant.components or wanted
    else:
        wanted = variant.components if variant.components in versions else latest.components
        components = wanted
    current = [take for take in takes if take.plan.components == wanted]
    note = None
    if variant.components and wanted and wanted != variant.components:
        note = f"{variant.name} has been edited since it was run: run it again"
    elif len(current) < len(takes):
        others = counted(len(takes) - len(current), "run")
        note = f"{variant.name} was edited: {others} of its other version left out"
    return (
        Declared(variant.name, variant.parent, variant.change, variant.kind, components),
        current,
        note,
    )


def _newest_records(takes: Sequence[_Take]) -> dict[str, Record]:
    newest: dict[str, Record] = {}
    for take in reversed(takes):
        for record in take.records:
            newest.setdefault(record.case, record)
    return newest


def _entry(
    variant: Declared, takes: Sequence[_Take], newest: Mapping[str, Record], *, removed: bool
) -> Entry:
    plan = takes[-1].plan
    found: dict[tuple[str, int], Record] = {}
    edited: set[str] = set()
    for take in takes:
        for record in take.records:
            if _is_edited(record, newest[record.case]):
                edited.add(record.case)
                continue
            key = (record.case, record.trial)
            before = found.get(key)
            # An error or a skip tells nothing of the answer that an earlier run has.
            if before is None or record.status == "scored" or before.status != "scored":
                found[key] = record
    return Entry(
        variant=variant,
        records=tuple(found.values()),
        available=plan.available // max(plan.trials, 1),
        changed=len(edited - {case for case, _ in found}),
        removed=removed,
    )


def _is_edited(record: Record, newest: Record) -> bool:
    """Whether the case's input or expectation is another one now."""
    return (
        record.content is not None
        and newest.content is not None
        and record.content != newest.content
    )
