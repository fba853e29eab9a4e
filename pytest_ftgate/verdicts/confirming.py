"""The confirm step: a drop that was seen live is looked at again with more trials.

All cases are run again, never only those that failed: failures alone would regress to the mean,
and a rerun of them would excuse any drop. The decision is made on all trials together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from pytest_ftgate.errors import StoreError
from pytest_ftgate.model import RunEnd
from pytest_ftgate.verdicts.thresholds import EPSILON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import KpiResult, Record, Run, SuitePlan, SuiteResult, Verdict

TRIALS = 5
"""Trials of each case that a drop is confirmed by, those already run included."""


class Confirmation(NamedTuple):
    """A suite and variant to run again: every selected case, ``more`` further trials."""

    suite: str
    variant: str
    kpis: tuple[str, ...]
    more: int


def needs_confirmation(verdict: Verdict, *, trials: int = TRIALS) -> tuple[Confirmation, ...]:
    """The suites in which a judged KPI dropped by at least its tolerance, in live results.

    Args:
        verdict: on the first run.
        trials: the trials that each case shall have in the end.
    """
    found = []
    for suite in verdict.suites:
        fallen = tuple(kpi.name for kpi in suite.kpis if _fell(kpi))
        if fallen and suite.trials < trials and _is_live(suite):
            more = trials - suite.trials
            found.append(Confirmation(suite.suite, suite.variant, fallen, more))
    return tuple(found)


def pool(run: Run, *more: Run) -> Run:
    """Several runs of the same cases as one: their trials numbered on, case by case.

    The run keeps the first one's id and rules. It has an end only if all have.

    Args:
        run: the first run.
        more: runs of the same suites and variants; of a suite that the first one does not have,
            nothing is taken.

    Raises:
        StoreError: a case is not the same in two of the runs.
    """
    every = (run, *more)
    plans, records = [], []
    for plan in run.manifest.plans:
        parts = [_part(each, plan) for each in every]
        pooled = _pooled(plan, [part for part in parts if part is not None])
        plans.append(pooled.plan)
        records += pooled.records
    ends = [each.end for each in every]
    last = [end for end in ends if end is not None]
    end = None
    if len(last) == len(every):
        end = RunEnd(
            ended_at=max(each.ended_at for each in last),
            received=len(records),
            wall_s=sum(each.wall_s for each in last),
        )
    manifest = replace(run.manifest, plans=tuple(plans))
    return replace(run, manifest=manifest, records=tuple(records), end=end)


class _Part(NamedTuple):
    plan: SuitePlan
    records: list[Record]


def _part(run: Run, plan: SuitePlan) -> _Part | None:
    for own in run.manifest.plans:
        if (own.suite, own.variant) == (plan.suite, plan.variant):
            key = plan.suite, plan.variant
            return _Part(own, [each for each in run.records if (each.suite, each.variant) == key])
    return None


def _pooled(first: SuitePlan, parts: Sequence[_Part]) -> _Part:
    """The trials of all parts, each part's after the highest of the parts before it."""
    selected: list[tuple[str, int]] = []
    records: list[Record] = []
    contents: dict[str, str] = {}
    offset = available = 0
    for plan, own in parts:
        for record in own:
            content = record.content
            if content is not None and contents.setdefault(record.case, content) != content:
                raise StoreError(
                    f"case {record.case!r} of suite {record.suite!r} is not the same in all runs, "
                    "so their trials cannot be pooled. Run the cases again as they are now."
                )
            records.append(replace(record, trial=record.trial + offset))
        selected += [(case, trial + offset) for case, trial in plan.selected]
        available += plan.available
        offset += 1 + max((trial for _, trial in plan.selected), default=-1)
    place: dict[str, int] = {}
    for case, _ in selected:
        place.setdefault(case, len(place))
    selected.sort(key=lambda key: (place[key[0]], key[1]))
    plan = replace(
        first,
        selected=tuple(selected),
        available=available,
        trials=sum(part.plan.trials for part in parts),
    )
    return _Part(plan, records)


def _fell(kpi: KpiResult) -> bool:
    if kpi.delta is None or kpi.tolerance is None:
        return False
    loss = -kpi.delta if kpi.direction == "higher" else kpi.delta
    return loss >= kpi.tolerance - EPSILON * max(1.0, kpi.tolerance)


def _is_live(suite: SuiteResult) -> bool:
    return suite.provenance.live > 0
