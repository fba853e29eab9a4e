"""The decision on one suite and variant: its gates, its KPI table, its comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from pytest_ftgate.model import GateResult, SuiteResult
from pytest_ftgate.verdicts import integrity, kpis, summary, telling, thresholds
from pytest_ftgate.verdicts.causes import causes
from pytest_ftgate.verdicts.comparability import age_warning, warnings_of
from pytest_ftgate.verdicts.regression import Comparison, compare_suite, primary_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_ftgate.model import (
        Baseline,
        BaselineHeader,
        Gate,
        KpiResult,
        KpiVerdict,
        LabelTable,
        Manifest,
        RunVerdict,
        SuitePlan,
    )
    from pytest_ftgate.verdicts.catalogue import Catalogue
    from pytest_ftgate.verdicts.integrity import Received
    from pytest_ftgate.verdicts.measures import KpiDefinition
    from pytest_ftgate.verdicts.thresholds import Evidence

BASELINE = "baseline"
"""The gate that says that there is nothing to compare with."""

_WORST_FIRST: tuple[KpiVerdict, ...] = ("block", "warn", "inconclusive", "pass")


class Decided(NamedTuple):
    """The result of a suite.

    ``binding`` says whether its KPI gates were allowed to judge, ``undecided`` whether one of them
    could not tell, be it a warning or not.
    """

    result: SuiteResult
    binding: bool
    undecided: bool


class Suites(NamedTuple):
    """What later runs are compared with, by suite: the baselines and the older anchors."""

    baselines: Mapping[str, Baseline]
    anchors: Mapping[str, Baseline]


class _Outcome(NamedTuple):
    verdict: KpiVerdict
    reason: str
    settled: bool = True


def decide_suite(
    received: Received,
    manifest: Manifest,
    compared: Suites,
    definitions: Sequence[KpiDefinition],
) -> Decided:
    """The verdict on one suite and variant.

    Args:
        received: what arrived of it.
        manifest: of its run.
        compared: the baselines and anchors; only the current variant is compared.
        definitions: the KPIs that plugins define.

    Raises:
        ConfigError: a plugin's KPI cannot be used.
    """
    return _Suite(received, manifest, compared, definitions).decide()


class _Suite:
    def __init__(
        self,
        received: Received,
        manifest: Manifest,
        compared: Suites,
        definitions: Sequence[KpiDefinition],
    ) -> None:
        self.received = received
        self.plan: SuitePlan = received.plan
        self.manifest = manifest
        self.rules = manifest.rules
        self.catalogue: Catalogue = kpis.catalogue_of(received.records, definitions)
        self.primary = primary_name(self.catalogue, self.plan)
        self.provenance = summary.provenance(received.records)
        self.binding = self.rules.gate and self.plan.current
        self.values: dict[str, float] = {}
        self.undecided = False
        given = compared.baselines.get(self.plan.suite) if self.plan.current else None
        self.baseline = given if given and given.header.split == self.plan.split else None
        self.elsewhere = given.header if given and not self.baseline else None
        if received.unscored:  # nothing to compare, and its gate has said why
            self.baseline = None
        self.comparison = self._compare(self.baseline, definitions)
        self.anchor = self._anchor(compared.anchors.get(self.plan.suite))
        self.older = self._compare(self.anchor, definitions, primary_only=True)

    def decide(self) -> Decided:
        """Judge all gates and put the result together."""
        sound = integrity.judge(self.received, self.rules)
        intact = all(gate.verdict != "block" for gate in sound)
        sound += integrity.must_pass(self.received)
        if not self.rules.gate:
            sound = [replace(gate, verdict="none") for gate in sound]
        rows, judged = self._judge_kpis()
        gates = (*sound, *self._judge_baseline(), *judged, *self._judge_anchor())
        records, plan = self.received.records, self.plan
        result = SuiteResult(
            suite=plan.suite,
            variant=plan.variant,
            split=plan.split,
            file=plan.file,
            verdict=self._verdict(gates, intact=intact),
            cases=len({case for case, _ in plan.selected}),
            trials=plan.trials,
            selected=len(plan.selected),
            received=len(records),
            available=plan.available,
            counts=summary.counts(records),
            kpis=tuple(rows),
            gates=gates,
            partial=self.received.partial,
            labels=tuple(self._label_tables()),
            misses=summary.misses(records),
            provenance=self.provenance,
            usage=summary.usage(records),
            cost=summary.cost(records),
            warnings=tuple(self._warnings()),
            errors=causes(records),
            experiment=plan.experiment,
        )
        return Decided(self._with_comparison(result), self.binding, self.undecided)

    def _compare(
        self,
        baseline: Baseline | None,
        definitions: Sequence[KpiDefinition],
        *,
        primary_only: bool = False,
    ) -> Comparison | None:
        if baseline is None:
            return None
        return compare_suite(
            self.catalogue,
            self.plan,
            baseline.records,
            partial=self.received.cut is not None,
            definitions=definitions,
            primary_only=primary_only,
        )

    def _anchor(self, anchor: Baseline | None) -> Baseline | None:
        """The anchor, where it is another one than the baseline and of the same split."""
        if anchor is None or self.baseline is None or anchor.header.split != self.plan.split:
            return None
        return None if anchor.header.run == self.baseline.header.run else anchor

    def _with_comparison(self, result: SuiteResult) -> SuiteResult:
        found, header = self.comparison, self.baseline.header if self.baseline else None
        if found is None:
            return result
        anchor: BaselineHeader | None = self.anchor.header if self.anchor else None
        return replace(
            result,
            slices=found.slices,
            matched=len(found.matching.cases),
            added=found.matching.added,
            removed=found.matching.removed,
            changed=found.matching.changed,
            newly_failing=found.newly_failing,
            newly_fixed=found.newly_fixed,
            baseline=header,
            anchor=anchor,
        )

    def _judge_kpis(self) -> tuple[list[KpiResult], list[GateResult]]:
        """The KPI table with the gates' words in it, and the gates in the order configured.

        The primary KPI comes first where it has no gate table of its own.
        """
        gates = {gate.kpi: gate for gate in self.plan.gates}
        found: dict[str, GateResult] = {}
        rows = []
        for name, kpi in kpis.listed(self.catalogue, self.plan):
            evidence = kpis.evidence(kpi)
            self.values[kpi.name] = evidence.seen.value
            row = kpis.result(name, kpi, evidence, self.catalogue.frame)
            if self.comparison is not None:
                row = replace(row, **self.comparison.numbers(name))
            gate = gates.get(name)
            if gate is not None:
                row = replace(row, min=gate.min, max=gate.max, mode=gate.mode)
            outcome = self._judge(name, gate, evidence)
            if outcome is not None:
                found[name] = self._result(name, outcome)
                if not self.received.unscored:
                    row = replace(row, verdict=found[name].verdict, reason=found[name].reason)
            rows.append(row)
        known = {row.name for row in rows}
        for name in [name for name in gates if name not in known]:
            reason = f"no such KPI in the results: {self.catalogue.advise(name)}"
            found[name] = self._result(name, _Outcome("block", reason))
        order = dict.fromkeys([*(name for name in found if name not in gates), *gates])
        return rows, [found[name] for name in order if name in found]

    def _judge(self, name: str, gate: Gate | None, evidence: Evidence) -> _Outcome | None:
        """The threshold and the comparison of one KPI, the worse verdict of the two."""
        threshold = comparison = None
        if gate is not None and (gate.min is not None or gate.max is not None):
            threshold = _Outcome(*thresholds.judge(gate, evidence))
        if self.comparison is not None and name in self.comparison.judged:
            comparison = _judge_drop(self.comparison, name, gate)
        if threshold is None or comparison is None:
            return threshold or comparison
        return _Outcome(
            min(threshold.verdict, comparison.verdict, key=_WORST_FIRST.index),
            f"{threshold.reason}; against the baseline: {comparison.reason}",
            comparison.settled,
        )

    def _judge_baseline(self) -> Iterator[GateResult]:
        """That there is no baseline, where one is required or a gate asks for it."""
        if self.comparison is not None or not self.plan.current or self.received.unscored:
            return
        asked = any(
            gate.max_drop is not None or gate.protect_slices or (gate.min, gate.max) == (None, None)
            for gate in self.plan.gates
        )
        required = self.rules.missing_baseline == "fail"
        if not (asked or required):
            return
        reason = "there is no baseline to compare with: pytest-ftgate baseline accept makes one"
        if self.elsewhere is not None:
            reason = (
                f"the baseline is of the split {self.elsewhere.split}, and this run of "
                f"{self.plan.split}: there is nothing to compare with"
            )
        verdict: KpiVerdict = "block" if required else "warn"
        if not self.rules.gate:
            verdict, reason = "none", f"gating is off: {reason}"
        yield GateResult(name=BASELINE, verdict=verdict, reason=reason)

    def _judge_anchor(self) -> Iterator[GateResult]:
        """The primary KPI against the older anchor, so that slow erosion is caught."""
        if self.older is None or self.older.too_few or self.primary not in self.older.findings:
            return
        outcome = _judge_drop(self.older, self.primary, None)
        if outcome.verdict == "block":
            meant = "if it is meant: pytest-ftgate baseline accept --move-anchor"
            outcome = outcome._replace(reason=f"{outcome.reason}; {meant}")
        yield self._result(f"{self.primary} vs anchor", outcome)

    def _result(self, name: str, outcome: _Outcome) -> GateResult:
        """A KPI gate as far as it is allowed to judge."""
        verdict, reason = outcome.verdict, outcome.reason
        cut = self.received.cut
        if self.received.unscored:
            verdict, reason = "none", integrity.NOTHING
        elif not self.rules.gate:
            verdict, reason = "none", f"gating is off: {reason}"
        elif not self.plan.current:
            verdict, reason = "none", f"not the current variant: {reason}"
        elif cut is not None:
            verdict = "block" if self.rules.on_partial == "fail" else "partial"
            reason = f"{cut}, so the gate cannot judge the suite; of these: {reason}"
        else:
            self.undecided |= not outcome.settled
        return GateResult(name=name, verdict=verdict, reason=reason)

    def _verdict(self, gates: Sequence[GateResult], *, intact: bool) -> RunVerdict:
        if not intact:
            return "error"
        verdicts = {gate.verdict for gate in gates}
        if "block" in verdicts:
            return "block"
        judged = self.plan.gates or self.comparison is not None
        if not judged or verdicts & {"partial", "none"}:
            return "inconclusive"
        if "warn" in verdicts:
            return "warn"
        return "inconclusive" if "inconclusive" in verdicts else "pass"

    def _warnings(self) -> Iterator[str]:
        if self.baseline is not None and self.comparison is not None:
            yield from warnings_of(
                self.plan,
                self.received.records,
                self.provenance,
                self.baseline,
                self.comparison.matching,
            )
        if self.older is not None and self.older.too_few:
            share = 100 * self.older.matching.share
            yield (
                f"only {share:.0f} % of the cases are those of the anchor, so slow erosion is not "
                "watched: pytest-ftgate baseline accept --move-anchor"
            )
        age = age_warning(self.provenance, self.manifest.created_at)
        if age is not None:
            yield age

    def _label_tables(self) -> Iterator[LabelTable]:
        for f1 in self.catalogue.labels:
            table = f1.table(self.values[f1.check], self.values[f1.name])
            if table is not None:
                yield table


def _judge_drop(comparison: Comparison, name: str, gate: Gate | None) -> _Outcome:
    """A KPI's difference to the baseline, and what its slices add to it."""
    if comparison.too_few:
        return _Outcome(
            "inconclusive", telling.tell_few_matched(comparison.matching.share), settled=False
        )
    finding = comparison.findings.get(name)
    if finding is None:
        return _Outcome("inconclusive", telling.tell_unknown_before(), settled=False)
    verdict: KpiVerdict = finding.verdict
    reasons = [telling.tell(finding)]
    settled = verdict in ("pass", "block") or not finding.evidence.may_block
    slices = [each for each in comparison.slices if each.kpi == name]
    for flag in ("block", "warn"):
        flagged = [each for each in slices if each.flag == flag]
        if flagged:
            reasons.append(telling.tell_slices(flagged, finding.pair.unit))
            verdict = min(verdict, flag, key=_WORST_FIRST.index)
    if gate is not None:
        absent = telling.tell_absent(gate.protect_slices, slices)
        if absent is not None:
            reasons.append(absent)
            verdict = min(verdict, "warn", key=_WORST_FIRST.index)
    return _Outcome(verdict, "; ".join(reasons), settled)
