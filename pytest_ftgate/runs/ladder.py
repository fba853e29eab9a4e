"""What a ladder of iterations rests on: stored runs that add something, and their cases."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from pytest_ftgate.errors import DataError, FtgateError, StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_ftgate.model import Case, Manifest, Record, Run, SuitePlan
    from pytest_ftgate.runs.store import RunInfo, RunStore

_HOLDOUT = "holdout"
_Version = tuple[str, str, str, frozenset[tuple[str, str]]]
_Result = tuple[_Version, str, int]


class LadderRuns(NamedTuple):
    """Runs, newest first, and what is wrong with those that cannot be read."""

    runs: tuple[Run, ...]
    problems: tuple[str, ...]


def read_ladder(
    store: RunStore, suites: Collection[str] | None = None, *, before: Manifest | None = None
) -> LadderRuns:
    """Read the complete runs that have a scored result of some version of a variant first.

    A store may hold hundreds of runs of the same variant; only manifests are read of those that
    add nothing.

    Args:
        store: the run store.
        suites: the suites of interest; default all.
        before: only runs that were made before this one; default all.

    Raises:
        StoreError: the store cannot be read.
    """
    scored: set[_Result] = set()
    runs, problems = [], []
    for info in store.list():
        if info.problem is not None:
            problems.append(info.problem)
            continue
        if not info.complete or not _is_before(info, before) or not _adds(info, suites, scored):
            continue
        try:
            run = store.load(info.path)
        except (DataError, StoreError) as error:  # damaged, or removed in the meantime
            problems.append(str(error))
            continue
        runs.append(run)
        versions = {(plan.suite, plan.variant): _version(plan) for plan in run.manifest.plans}
        scored |= {
            (versions[record.suite, record.variant], record.case, record.trial)
            for record in run.records
            if record.status == "scored" and (record.suite, record.variant) in versions
        }
    return LadderRuns(tuple(runs), tuple(problems))


def cases_as_evaluated(
    dataset: str | None, records: Mapping[str, Record], roots: Iterable[Path]
) -> dict[str, Case]:
    """The cases of a dataset that still are what the records speak of, by id.

    Args:
        dataset: its path, relative to one of the roots.
        records: a record of each case, by the case's id.
        roots: where to look for it; the first that has it readable is taken.
    """
    from pytest_ftgate import datasets

    if dataset is None:
        return {}
    for root in dict.fromkeys(roots):
        with contextlib.suppress(FtgateError):
            return {
                case.id: case
                for case in datasets.load(root / dataset)
                if case.id in records and records[case.id].content == datasets.content_hash(case)
            }
    return {}


def _is_before(info: RunInfo, later: Manifest | None) -> bool:
    """Whether a run was made before another one, in the order that a history has."""
    if later is None or info.manifest is None:
        return later is None
    return (info.manifest.created_at, info.id) < (later.created_at, later.run)


def _adds(info: RunInfo, suites: Collection[str] | None, scored: set[_Result]) -> bool:
    """Whether a run may have a result that no newer one has."""
    return any(result not in scored for result in _results(info, suites))


def _results(info: RunInfo, suites: Collection[str] | None) -> Iterator[_Result]:
    for plan in info.manifest.plans if info.manifest else ():
        if plan.split == _HOLDOUT or (suites is not None and plan.suite not in suites):
            continue
        version = _version(plan)
        for case, trial in plan.selected:
            yield version, case, trial


def _version(plan: SuitePlan) -> _Version:
    return plan.suite, plan.variant, plan.split, frozenset(plan.components.items())
