"""Results that were produced elsewhere, as runs like any other.

A line of the file is one case, variant and trial:

    {"case": "c1", "variant": "gpt-4", "trial": 0, "scores": {"correct": 1}, "stratum": "prime",
     "tags": [], "latency_s": 1.2, "cost": 0.001}

Only ``case``, ``variant`` and ``scores`` are required. A score of null needs an ``error`` that says
why, and makes the result an error. A score whose values in the whole file are all 0 or 1 is a
check that holds or misses; any other is a score from 0 to 1, or within the range that was given.
The checks ``format_valid``, ``policy`` and ``escalated`` feed the same KPIs as in an evaluation.

An imported case has no input, so its content is the hash of its id: results of the same id match,
whichever file they come from, and never match those of an evaluated dataset.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from pytest_ftgate.canonical import digest
from pytest_ftgate.errors import DataError, DataErrors, shown_path
from pytest_ftgate.model import CaseError, Manifest, Observation, Record, Run, RunEnd, SuitePlan
from pytest_ftgate.runs.result_lines import Result, read_results

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ftgate.model import CheckKind

    Range = tuple[float, float]

# Names that mean the same here as in an evaluation; every other name is a check of its own.
_KINDS: dict[str, CheckKind] = {
    "format_valid": "format",
    "policy": "policy",
    "escalated": "escalation",
}


class Imported(Struct, frozen=True, kw_only=True):
    """The results of one variant, in file order, not stored yet."""

    plan: SuitePlan
    records: tuple[Record, ...]


def import_results(
    path: str | os.PathLike[str], suite: str, *, ranges: Mapping[str, Range] | None = None
) -> tuple[Imported, ...]:
    """Read a file of results.

    Args:
        path: the file.
        suite: the suite that they are results of.
        ranges: lowest and highest possible value of scores that do not lie in [0, 1]; a score
            with a range is never taken as a check that holds or misses.

    Returns:
        One entry a variant, in the order in which the variants first appear.

    Raises:
        DataErrors: with every bad line: its shape or a value is wrong, a case, variant and trial
            stand twice, a score lies outside of its range, or there is no result.
    """
    ranges = ranges or {}
    problems: list[DataError] = []
    results = read_results(path, problems)
    kinds = _Checks(results, ranges)
    for result in results:
        problems += kinds.problems(result, path)
    if not results and not problems:
        problems.append(DataError(path, "there is no result in it", "Add at least one line"))
    if problems:
        raise DataErrors(sorted(problems, key=lambda problem: problem.line or 0))
    by_variant: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_variant[result.variant].append(result)
    return tuple(_imported(path, suite, found, kinds) for found in by_variant.values())


def to_run(
    imported: Imported, run_id: str, now: str, *, versions: Mapping[str, str] | None = None
) -> Run:
    """A complete run of imported results.

    Args:
        imported: the results of one variant.
        run_id: the run's id.
        now: the current instant, ISO 8601 in UTC.
        versions: of Python and the packages, for the manifest.
    """
    manifest = Manifest(
        run=run_id,
        created_at=now,
        plans=(imported.plan,),
        origin="import",
        versions=dict(versions or {}),
    )
    records = tuple(replace(record, run=run_id) for record in imported.records)
    end = RunEnd(ended_at=now, received=len(records), wall_s=0.0)
    return Run(manifest=manifest, records=records, end=end)


class _Checks:
    """Of each score in the file: whether it is a check that holds or misses, and its range."""

    def __init__(self, results: Iterable[Result], ranges: Mapping[str, Range]) -> None:
        self._ranges = ranges
        self._graded = {
            name
            for result in results
            for name, value in result.scores.items()
            if value is not None and value not in (0, 1)
        } | set(ranges)

    def problems(self, result: Result, path: str | os.PathLike[str]) -> Iterable[DataError]:
        """An error for each score of a result that lies outside of its range."""
        for name, value in result.scores.items():
            low, high = self._ranges.get(name, (0.0, 1.0))
            if value is not None and not low <= value <= high:
                advice = f"Correct it, or give the score's range: --range {name}=LOW,HIGH"
                reason = f"the score {name!r} is {value:g}, outside of {low:g} to {high:g}"
                yield DataError(path, reason, advice, line=result.line)

    def observe(self, name: str, value: float) -> Observation:
        """A score as an observation."""
        if name not in self._graded:
            kind = _KINDS.get(name, "text")
            if kind == "escalation":  # neither good nor bad in itself
                return Observation(check=name, kind=kind, value=value)
            held = value == 1
            reason = "" if held else "scored 0"
            return Observation(check=name, kind=kind, value=value, passed=held, reason=reason)
        low, high = self._ranges.get(name, (0.0, 1.0))
        return Observation(check=name, kind="score", value=value, low=low, high=high)


def _imported(
    path: str | os.PathLike[str], suite: str, results: Sequence[Result], checks: _Checks
) -> Imported:
    names = {name for result in results for name in result.scores}
    cases = {(result.case, result.stratum or "") for result in results}
    plan = SuitePlan(
        suite=suite,
        variant=results[0].variant,
        split="dev",
        file=shown_path(path),
        selected=tuple((result.case, result.trial) for result in results),
        available=len(results),
        trials=max(result.trial for result in results) + 1,
        dataset_hash=digest(sorted(cases)),
        primary_kpi=min(names) if len(names) == 1 else None,
    )
    return Imported(
        plan=plan, records=tuple(_record(suite, result, checks, path) for result in results)
    )


def _record(suite: str, result: Result, checks: _Checks, path: str | os.PathLike[str]) -> Record:
    error = None
    if result.error is not None:
        error = CaseError(type="Imported", message=result.error)
    return Record(
        suite=suite,
        variant=result.variant,
        case=result.case,
        trial=result.trial,
        status="scored" if error is None else "error",
        content=digest({"id": result.case}),
        stratum=result.stratum,
        tags=result.tags,
        source=f"{shown_path(path)}:{result.line}",
        observations=tuple(
            checks.observe(name, value)
            for name, value in result.scores.items()
            if value is not None
        ),
        error=error,
        cost=result.cost,
        latency_s=result.latency_s,
    )
