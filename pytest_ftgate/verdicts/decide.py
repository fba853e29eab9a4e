"""From a run to its verdict: pure, so that a session and a stored run are judged alike.

Which gates speak:

- Integrity gates (:mod:`integrity`) guard every variant that ran; a suite that fails one has the
  verdict ``error``.
- KPI gates judge the experiment's current variant. Of other variants they only say what they see
  (verdict ``none``), since nobody ships them.
- Of a partial selection KPI gates are ``partial``, or block with ``on_partial = "fail"``.
- With gating switched off every gate is ``none``.

A suite in which no gate was allowed to judge is ``inconclusive``: never a pass by silence.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from pytest_ftgate.model import GateResult, RunFacts, SuiteResult, Verdict
from pytest_ftgate.verdicts import integrity, kpis, summary, thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_ftgate.model import (
        Gate,
        KpiResult,
        LabelTable,
        Record,
        Rules,
        Run,
        RunVerdict,
        SuitePlan,
    )
    from pytest_ftgate.verdicts.catalogue import Catalogue
    from pytest_ftgate.verdicts.integrity import Received
    from pytest_ftgate.verdicts.measures import KpiDefinition
    from pytest_ftgate.verdicts.thresholds import Evidence, Judgement

PASSED, FAILED, INCONCLUSIVE = 0, 1, 7
"""Exit codes of the command."""

_WORST_FIRST: tuple[RunVerdict, ...] = ("error", "block", "inconclusive", "warn", "pass")


def decide(run: Run, *, extra_kpis: Iterable[KpiDefinition] = ()) -> Verdict:
    """The verdict on a run.

    Neither the order of the records nor where they were read from matters.

    Args:
        run: its manifest, records and end marker.
        extra_kpis: the KPIs that plugins define.

    Raises:
        ConfigError: a plugin's KPI cannot be used.
    """
    rules, definitions = run.manifest.rules, tuple(extra_kpis)
    by_suite: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in run.records:
        by_suite[record.suite, record.variant].append(record)
    decided = [
        _Suite(
            integrity.sort_out(plan, by_suite[plan.suite, plan.variant], ended=run.end is not None),
            rules,
            definitions,
        ).decide()
        for plan in run.manifest.plans
    ]
    suites = tuple(each.result for each in decided)
    overall = _overall(decided)
    return Verdict(
        verdict=overall,
        exit_code=_exit_code(overall, suites, rules),
        run=RunFacts(
            id=run.manifest.run,
            complete=run.end is not None,
            selected=sum(suite.selected for suite in suites),
            received=sum(suite.received for suite in suites),
            live=sum(suite.provenance.live for suite in suites),
            replayed=sum(suite.provenance.replayed for suite in suites),
        ),
        suites=suites,
    )


class _Decided(NamedTuple):
    result: SuiteResult
    binding: bool  # whether its KPI gates were allowed to judge


class _Suite:
    """The decision on one suite and variant."""

    def __init__(
        self, received: Received, rules: Rules, extra_kpis: Sequence[KpiDefinition]
    ) -> None:
        self.received = received
        self.plan: SuitePlan = received.plan
        self.rules = rules
        self.catalogue: Catalogue = kpis.catalogue_of(received.records, extra_kpis)
        self.binding = rules.gate and self.plan.current
        self.values: dict[str, float] = {}

    def decide(self) -> _Decided:
        """Judge all gates and put the result together."""
        sound = integrity.judge(self.received, self.rules)
        intact = all(gate.verdict != "block" for gate in sound)
        if not self.rules.gate:
            sound = [replace(gate, verdict="none") for gate in sound]
        rows, judged = self._judge_kpis()
        records, plan = self.received.records, self.plan
        result = SuiteResult(
            suite=plan.suite,
            variant=plan.variant,
            split=plan.split,
            file=plan.file,
            verdict=self._verdict([*sound, *judged], intact=intact),
            cases=len({case for case, _ in plan.selected}),
            trials=plan.trials,
            selected=len(plan.selected),
            received=len(records),
            available=plan.available,
            counts=summary.counts(records),
            kpis=tuple(rows),
            gates=(*sound, *judged),
            partial=self.received.partial,
            labels=tuple(self._label_tables()),
            misses=summary.misses(records),
            provenance=summary.provenance(records),
            usage=summary.usage(records),
            cost=summary.cost(records),
        )
        return _Decided(result, self.binding)

    def _judge_kpis(self) -> tuple[list[KpiResult], list[GateResult]]:
        """The KPI table with the gates' words in it, and the gates in the order configured."""
        gates = {gate.kpi: gate for gate in self.plan.gates}
        found: dict[str, GateResult] = {}
        rows = []
        for name, kpi in kpis.listed(self.catalogue, self.plan):
            evidence = kpis.evidence(kpi)
            self.values[kpi.name] = evidence.seen.value
            row = kpis.result(name, kpi, evidence, self.catalogue.frame)
            if name in gates:
                gate = gates[name]
                found[name] = self._result(name, self._judge(gate, evidence))
                row = replace(
                    row,
                    verdict=found[name].verdict,
                    reason=found[name].reason,
                    min=gate.min,
                    max=gate.max,
                    mode=gate.mode,
                )
            rows.append(row)
        for name in gates.keys() - found.keys():
            reason = f"no such KPI in the results: {self.catalogue.advise(name)}"
            found[name] = self._result(name, thresholds.Judgement("block", reason))
        return rows, [found[name] for name in gates]

    def _judge(self, gate: Gate, evidence: Evidence) -> Judgement:
        if gate.min is not None or gate.max is not None:
            return thresholds.judge(gate, evidence)
        verdict = "block" if self.rules.missing_baseline == "fail" else "warn"
        reason = "there is no baseline to compare with: pytest-ftgate baseline accept makes one"
        return thresholds.Judgement(verdict, reason)  # type: ignore[arg-type]

    def _result(self, name: str, judgement: Judgement) -> GateResult:
        """A KPI gate as far as it is allowed to judge."""
        verdict, reason = judgement
        partial = self.received.partial
        if not self.rules.gate:
            verdict, reason = "none", f"gating is off: {reason}"
        elif not self.plan.current:
            verdict, reason = "none", f"not the current variant: {reason}"
        elif partial is not None:
            verdict = "block" if self.rules.on_partial == "fail" else "partial"
            reason = f"{partial}, so the gate cannot judge the suite; of these: {reason}"
        return GateResult(name=name, verdict=verdict, reason=reason)

    def _verdict(self, gates: Sequence[GateResult], *, intact: bool) -> RunVerdict:
        if not intact:
            return "error"
        verdicts = {gate.verdict for gate in gates}
        if "block" in verdicts:
            return "block"
        if verdicts & {"partial", "inconclusive"} or "none" in verdicts:
            return "inconclusive"
        return "warn" if "warn" in verdicts else "pass"

    def _label_tables(self) -> Iterator[LabelTable]:
        for f1 in self.catalogue.labels:
            table = f1.table(self.values[f1.check], self.values[f1.name])
            if table is not None:
                yield table


def _overall(decided: Sequence[_Decided]) -> RunVerdict:
    """The worst verdict; a suite that only informs counts by its errors, unless all do."""
    verdicts = [
        each.result.verdict for each in decided if each.binding or each.result.verdict == "error"
    ] or [each.result.verdict for each in decided]
    return min(verdicts, key=_WORST_FIRST.index, default="error")


def _exit_code(overall: RunVerdict, suites: Sequence[SuiteResult], rules: Rules) -> int:
    if not rules.gate:
        return PASSED
    if overall in ("error", "block"):
        return FAILED
    undecided = any(gate.verdict == "inconclusive" for suite in suites for gate in suite.gates)
    return INCONCLUSIVE if undecided and rules.on_inconclusive == "fail" else PASSED
