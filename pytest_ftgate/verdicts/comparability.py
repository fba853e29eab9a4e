"""What makes a comparison with a baseline less than like with like, a sentence each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ftgate import components
from pytest_ftgate.verdicts.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_ftgate.model import Baseline, Provenance, Record, SuitePlan
    from pytest_ftgate.verdicts.matching import Matching

OLD_DAYS = 90
"""Replayed answers older than this are worth a word: the provider may answer otherwise by now."""

_NAMED = 3


def warnings_of(
    plan: SuitePlan,
    records: Sequence[Record],
    provenance: Provenance,
    baseline: Baseline,
    matching: Matching,
) -> tuple[str, ...]:
    """The warnings of one suite, the gravest first.

    Args:
        plan: the run's plan of the suite and variant.
        records: the run's records.
        provenance: where the run's answers came from.
        baseline: what it is compared with.
        matching: which cases are the same.
    """
    return tuple(_warnings(plan, records, provenance, baseline, matching))


def age_warning(provenance: Provenance, created_at: str) -> str | None:
    """That replayed answers are old, if they are.

    Args:
        provenance: where the run's answers came from.
        created_at: when the run started, ISO 8601.
    """
    if provenance.recorded_from is None or not provenance.replayed:
        return None
    days = _days(provenance.recorded_from, created_at)
    if days is None or days <= OLD_DAYS:
        return None
    return f"the oldest answer was recorded {counted(days, 'day')} before this run"


def _warnings(
    plan: SuitePlan,
    records: Sequence[Record],
    provenance: Provenance,
    baseline: Baseline,
    matching: Matching,
) -> Iterator[str]:
    header = baseline.header
    if header.models and provenance.models and header.models != provenance.models:
        now, before = _names(provenance.models), _names(header.models)
        yield f"the model changed: the baseline's answers are by {before}, now by {now}"
    judges = _judges(baseline.records), _judges(records)
    swapped = sorted(
        check
        for check in judges[0].keys() & judges[1].keys()
        if judges[0][check] != judges[1][check]
    )
    if swapped:
        yield f"the judge changed: {_names(swapped)} is not measured by the same rubric and model"
    if header.components and plan.components:
        changed = components.changed(header.components, plan.components)
        if len(changed) > 1:
            names = _names(changed, len(changed))
            yield (
                f"{len(changed)} things changed since the baseline ({names}): the difference "
                "cannot be put down to one of them"
            )
        elif changed and changed != ("model",):
            yield f"the prompt changed since the baseline: {changed[0]}"
    if found := _dataset(plan, baseline, matching):
        yield found
    broken = sum(record.status == "error" for record in matching.before)
    if broken:
        results = counted(broken, "result")
        yield f"left out of the comparison: {results} that ended in an error before"
    then = _liveness(baseline.records)
    if provenance.live and then == {"replayed"}:
        yield "live answers are compared with replayed ones"
    elif provenance.replayed and not provenance.live and then == {"live"}:
        yield "replayed answers are compared with live ones"


def _dataset(plan: SuitePlan, baseline: Baseline, matching: Matching) -> str | None:
    counts = [
        f"{counted(len(cases), 'case')} {word}"
        for word, cases in (
            ("added", matching.added),
            ("removed", matching.removed),
            ("changed", matching.changed),
        )
        if cases
    ]
    if not counts:
        return None
    same = counted(len(matching.cases), "case")
    are = "is" if len(matching.cases) == 1 else "are"
    return f"the dataset changed: {', '.join(counts)}; only {same} that stayed {are} compared"


def _judges(records: Iterable[Record]) -> dict[str, frozenset[str]]:
    """The judges that scored each check."""
    found = {
        (seen.check, seen.judge)
        for record in records
        for seen in record.observations
        if seen.judge is not None
    }
    return {
        check: frozenset(judge for other, judge in found if other == check)
        for check in {check for check, _ in found}
    }


def _liveness(records: Iterable[Record]) -> set[str]:
    return {record.provenance for record in records if record.provenance is not None}


def _names(names: Sequence[str], most: int = _NAMED) -> str:
    more = len(names) - most
    text = ", ".join(names[:most])
    return f"{text} and {more:,} more" if more > 0 else text


def _days(earlier: str, later: str) -> int | None:
    try:
        return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).days
    except (ValueError, TypeError):  # no instant, or one with a zone and one without
        return None
