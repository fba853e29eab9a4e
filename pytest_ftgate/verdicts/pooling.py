"""Several runs of the same cases as one, whose trials are the trials of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from pytest_ftgate import components
from pytest_ftgate.errors import StoreError
from pytest_ftgate.model import RunEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ftgate.model import Record, Run, SuitePlan

    _Answer = tuple[str, int, str, str]


def pool(run: Run, *more: Run) -> Run:
    """Several runs of the same cases as one: their trials numbered on, case by case.

    The run keeps the first one's id and rules. It has an end only if all have.

    Args:
        run: the first run.
        more: runs of the same suites and variants; of a suite that the first one does not have,
            nothing is taken.

    Raises:
        StoreError: a case or the variant is not the same in two of the runs, or one of them only
            replays the answers of another.
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
    run: str
    plan: SuitePlan
    records: list[Record]


class _Pooled(NamedTuple):
    plan: SuitePlan
    records: list[Record]


def _part(run: Run, plan: SuitePlan) -> _Part | None:
    key = plan.suite, plan.variant
    for own in run.manifest.plans:
        if (own.suite, own.variant) == key:
            mine = [each for each in run.records if (each.suite, each.variant) == key]
            return _Part(run.manifest.run, own, mine)
    return None


def _pooled(first: SuitePlan, parts: Sequence[_Part]) -> _Pooled:
    """The trials of all parts, each part's after the highest of the parts before it."""
    selected: list[tuple[str, int]] = []
    records: list[Record] = []
    contents: dict[str, str] = {}
    replayed: set[_Answer] = set()
    offset = available = 0
    for part in parts:
        _require_same_variant(parts[0], part)
        _require_other_answers(part, replayed)
        for record in part.records:
            content = record.content
            if content is not None and contents.setdefault(record.case, content) != content:
                raise StoreError(
                    f"case {record.case!r} of suite {record.suite!r} is not the same in all runs, "
                    "so their trials cannot be pooled. Run the cases again as they are now."
                )
            records.append(replace(record, trial=record.trial + offset))
        selected += [(case, trial + offset) for case, trial in part.plan.selected]
        available += part.plan.available
        offset += 1 + max((trial for _, trial in part.plan.selected), default=-1)
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
    return _Pooled(plan, records)


def _require_same_variant(first: _Part, part: _Part) -> None:
    ours, theirs = first.plan.components, part.plan.components
    changed = components.changed(ours, theirs) if ours and theirs else ()
    if changed:
        raise StoreError(
            f"runs {first.run} and {part.run} evaluated different versions of "
            f"{first.plan.suite} [{first.plan.variant}] ({', '.join(changed)}), so their trials "
            "cannot be pooled. Name runs of one version."
        )


def _require_other_answers(part: _Part, before: set[_Answer]) -> None:
    """Refuse a run that replays what another one replayed: no trial is added by reading twice."""
    answers = set(_replayed(part.records))
    if answers and answers <= before:
        raise StoreError(
            f"run {part.run} replays the same recorded answers as another one, so it adds no "
            "trial. Record more: pytest --ftgate-record=new_episodes --ftgate-trials=5"
        )
    before |= answers


def _replayed(records: Iterable[Record]) -> Iterable[_Answer]:
    for record in records:
        if record.provenance == "replayed" and record.recorded_at:
            yield record.case, record.trial, record.recorded_at, record.output_hash or ""
