"""A suite against its baseline: which KPIs are judged, by which rule, and what comes out.

Judged are the primary KPI and every KPI with a gate table; of the others the difference is shown.
A KPI without a bounded range (times, tokens, cost) is judged only if its gate says how much it may
get worse, or if it is the primary one. Only the cases that both sides have are compared; with less
than 80 % of the weight in common nothing is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from pytest_ftgate.stats.flips import delta_interval, mcnemar_mid_p
from pytest_ftgate.stats.intervals import finite
from pytest_ftgate.stats.multiplicity import holm
from pytest_ftgate.verdicts import kpis
from pytest_ftgate.verdicts.drops import Evidence, Finding, Rule, glance, settle, sight, weigh
from pytest_ftgate.verdicts.from_records import pass_rate
from pytest_ftgate.verdicts.matching import LEAST_SHARE, Matching, match
from pytest_ftgate.verdicts.pairs import Pair, flips, pair
from pytest_ftgate.verdicts.slices import Asked, compare_slices, slices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ftgate.model import Gate, Record, SliceResult, SuitePlan
    from pytest_ftgate.verdicts.catalogue import Catalogue
    from pytest_ftgate.verdicts.measures import KpiDefinition

DEFAULT_SHARE = 0.02
"""The tolerated drop of a bounded KPI, as a part of its range."""

DEFAULT_UNBOUNDED_SHARE = 0.10
"""The tolerated loss of an unbounded KPI, as a part of the baseline's value."""


class Comparison(Struct, frozen=True, eq=False):
    """What a comparison with one baseline found.

    Attributes:
        matching: which cases are the same.
        judged: the KPIs to be judged, by the names of the plan; those without a finding could
            not be: the baseline has no value of them.
        pairs: the KPIs that both sides have.
        findings: the judged ones.
        slices: the judged ones by stratum and tag.
        newly_failing: matched cases that passed before and fail now; an error fails.
        newly_fixed: the reverse.
    """

    matching: Matching
    judged: tuple[str, ...]
    pairs: dict[str, Pair]
    findings: dict[str, Finding]
    slices: tuple[SliceResult, ...] = ()
    newly_failing: tuple[str, ...] = ()
    newly_fixed: tuple[str, ...] = ()

    @property
    def too_few(self) -> bool:
        """Whether the two sides have too few of their cases in common."""
        return self.matching.share < LEAST_SHARE

    def numbers(self, name: str) -> dict[str, float | int | None]:
        """The fields of the KPI's result that speak of the baseline."""
        found = self.pairs.get(name)
        return {} if found is None else _numbers(found, self.findings.get(name))


def compare_suite(
    catalogue: Catalogue,
    plan: SuitePlan,
    baseline: Sequence[Record],
    *,
    partial: bool = False,
    definitions: Iterable[KpiDefinition] = (),
    primary_only: bool = False,
) -> Comparison:
    """Compare a suite's results with a baseline.

    Args:
        catalogue: the KPIs of the run's records.
        plan: the run's plan of that suite and variant.
        baseline: the baseline's records.
        partial: whether the run took only a part of the suite.
        definitions: the KPIs that plugins define.
        primary_only: judge the primary KPI alone, and no slices.
    """
    records = catalogue.frame.records
    matching = match(records, baseline, partial=partial)
    definitions = tuple(definitions)
    whole = len(matching.now) == len(records)
    now = catalogue if whole else kpis.catalogue_of(matching.now, definitions)
    before = kpis.catalogue_of(matching.before, definitions)
    primary = primary_name(catalogue, plan)
    names = [name for name, _ in kpis.listed(catalogue, plan)]
    if primary is not None and primary not in names:
        names = [primary, *names]
    if primary_only:
        names = [name for name in names if name == primary]
    pairs = _pairs(now, before, names)
    rules = rules_of(plan, primary, pairs)
    asked = [primary] if primary_only else [*(gate.kpi for gate in plan.gates), primary]
    failing, fixed = _turned(now, before, matching.cases)
    findings: dict[str, Finding] = {}
    slices: list[SliceResult] = []
    if matching.share >= LEAST_SHARE:
        findings = judge_pairs(pairs, rules, primary)
        if not primary_only:
            protected = [name for gate in plan.gates for name in gate.protect_slices]
            slices = compare_slices(slices_of(matching.now, protected), _asked(plan, pairs, rules))
    return Comparison(
        matching=matching,
        judged=tuple(
            name
            for name in dict.fromkeys(asked)
            if name is not None and (name in rules or name not in pairs)
        ),
        pairs=pairs,
        findings=findings,
        slices=tuple(slices),
        newly_failing=failing,
        newly_fixed=fixed,
    )


def primary_name(catalogue: Catalogue, plan: SuitePlan) -> str | None:
    """The primary KPI, under the name of its gate where it has one.

    A plan that names none and has no gate is judged by its only check, or else by ``pass_rate``.
    """
    name = plan.primary_kpi
    if name is None:
        return None if plan.gates else _only_check(catalogue.frame.records)
    own = catalogue.get(name)
    gated = [gate.kpi for gate in plan.gates]
    if own is None or name in gated:
        return name
    return next((other for other in gated if catalogue.get(other) is own), name)


def _only_check(records: Iterable[Record]) -> str:
    checks = {seen.check for record in records for seen in record.observations}
    return checks.pop() if len(checks) == 1 else "pass_rate"


def _pairs(now: Catalogue, before: Catalogue, names: Iterable[str]) -> dict[str, Pair]:
    found = {}
    for name in names:
        ours = now.get(name)
        theirs = None if ours is None else before.get(ours.name)
        both = None if ours is None or theirs is None else pair(ours, theirs)
        if both is not None:
            found[name] = both
    return found


def rules_of(plan: SuitePlan, primary: str | None, pairs: Mapping[str, Pair]) -> dict[str, Rule]:
    """The KPIs to be judged and how: those with a gate in the plan's order, and the primary one.

    Args:
        plan: with the gates.
        primary: the primary KPI's name, as :func:`primary_name` gave it.
        pairs: the KPIs that both sides have.
    """
    rules = {}
    for gate in plan.gates:
        found = pairs.get(gate.kpi)
        if found is not None and (gate.kpi == primary or _speaks_of_drops(gate, found)):
            margin = _default_margin(found) if gate.max_drop is None else gate.max_drop
            rules[gate.kpi] = Rule(margin, gate.alpha)
    if primary is not None and primary in pairs and primary not in rules:
        rules[primary] = Rule(_default_margin(pairs[primary]))
    return rules


def _speaks_of_drops(gate: Gate, found: Pair) -> bool:
    if gate.max_drop is not None or found.span is not None:
        return True
    return gate.min is None and gate.max is None


def _default_margin(found: Pair) -> float:
    if found.span is not None:
        return DEFAULT_SHARE * found.span
    before = _before(found)
    return DEFAULT_UNBOUNDED_SHARE * abs(before) if np.isfinite(before) else 0.0


def judge_pairs(
    pairs: Mapping[str, Pair], rules: Mapping[str, Rule], primary: str | None
) -> dict[str, Finding]:
    """The regression rule on several KPIs: the primary one at its full alpha, Holm over the rest.

    Args:
        pairs: the KPIs on both sides.
        rules: how to judge those that are to be judged.
        primary: the primary KPI's name.
    """
    evidence = {name: weigh(pairs[name], rule) for name, rule in rules.items()}
    family = [
        name
        for name, found in evidence.items()
        if name != primary and found.may_block and found.judged.n
    ]
    adjusted: dict[str, float] = {}
    if len(family) > 1:
        p_values = holm([evidence[name].judged.p for name in family])
        adjusted = dict(zip(family, p_values.tolist(), strict=True))
    return {
        name: _finding(pairs[name], rule, evidence[name], adjusted.get(name), len(adjusted))
        for name, rule in rules.items()
    }


def _finding(
    both: Pair, rule: Rule, evidence: Evidence, p_adjusted: float | None, family: int
) -> Finding:
    return Finding(
        pair=both,
        rule=rule,
        evidence=evidence,
        verdict=settle(evidence, rule, p_adjusted),
        sight=sight(evidence, rule, both.span),
        family=1 if p_adjusted is None else family,
    )


def _asked(plan: SuitePlan, pairs: dict[str, Pair], rules: dict[str, Rule]) -> list[Asked]:
    protected = {gate.kpi: gate.protect_slices for gate in plan.gates}
    return [Asked(name, pairs[name], rule, protected.get(name, ())) for name, rule in rules.items()]


def _turned(
    now: Catalogue, before: Catalogue, cases: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cases whose outcome turned; of several trials the majority counts, a tie as a pass."""
    if not cases:
        return (), ()
    ours = pass_rate(now.frame).case_values(worst=True).values >= 0.5
    old = pass_rate(before.frame).case_values()
    theirs = np.full(len(cases), np.nan)
    theirs[old.present] = old.values
    failing = np.flatnonzero(~ours & (theirs >= 0.5))
    fixed = np.flatnonzero(ours & (theirs < 0.5))
    return tuple(cases[at] for at in failing.tolist()), tuple(cases[at] for at in fixed.tolist())


def _numbers(both: Pair, finding: Finding | None) -> dict[str, float | int | None]:
    evidence = glance(both) if finding is None else finding.evidence
    seen, sign = evidence.seen, both.sign
    ends = [_plain(sign * end) for end in (seen.low, seen.high)]
    low, high = ends if sign > 0 else ends[::-1]
    tested = evidence.tested and seen.n > 0
    return {
        "baseline": finite(_before(both)),
        "delta": _plain(sign * seen.delta),
        "delta_low": low if tested else None,
        "delta_high": high if tested else None,
        "p": seen.p if tested else None,
        "mde": finding.sight.mde if finding else None,
        "cases_needed": finding.sight.cases_needed if finding else None,
        "tolerance": finding.rule.margin if finding else None,
        **_flip_numbers(both),
    }


def _plain(value: float) -> float | None:
    """The value without the sign of a zero, ``None`` where there is none."""
    return finite(value + 0.0)


def _before(both: Pair) -> float:
    if both.repetitions is not None:
        return both.repetitions.before
    return both.seen.means[1] if both.seen is not None else np.nan


def _flip_numbers(both: Pair) -> dict[str, float | int | None]:
    sample = both.seen
    if sample is None or not both.binary or not sample.present.any():
        return {}
    cells = flips(sample)
    found: dict[str, float | int | None] = {"b": cells.b, "c": cells.c}
    design = sample.design
    if design.weight is None and design.clusters is None and (sample.per_trial == 1.0).all():
        ends = [both.sign * end for end in delta_interval(cells)]
        found["mcnemar_p"] = mcnemar_mid_p(cells.b, cells.c)
        found["newcombe_low"], found["newcombe_high"] = min(ends), max(ends)
    return found
