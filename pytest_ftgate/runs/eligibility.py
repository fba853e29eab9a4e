"""Whether a run says all about a suite, so that it can become the suite's baseline."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING

from pytest_ftgate.errors import StoreError, did_you_mean
from pytest_ftgate.runs.wording import counted, label, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_ftgate.model import Record, Run, SuitePlan


def gated_plan(run: Run, suite: str) -> SuitePlan:
    """The plan of the suite's current variant, the one that gates judge.

    Raises:
        StoreError: the run has no such suite, or only other variants of it.
    """
    plans = [plan for plan in run.manifest.plans if plan.suite == suite]
    if not plans:
        suites = sorted({plan.suite for plan in run.manifest.plans})
        hint = did_you_mean(suite, suites) if suites else "it has none."
        raise StoreError(f"Run {run.manifest.run} has no suite {suite!r}; {hint}")
    for plan in plans:
        if plan.current:
            return plan
    names = named(plan.variant for plan in plans)
    raise refused(
        run,
        suite,
        f"it evaluated {names}, and the experiment's current variant is another",
        "Make it current in the experiment and run pytest without --ftgate-variant",
    )


def acceptable_records(run: Run, plan: SuitePlan) -> list[Record]:
    """The records of a plan, if they are all that it selected and it selected all there is.

    Raises:
        StoreError: the run is incomplete or a part, its records are lost or errors, nothing was
            scored, or it ran the holdout.
    """
    key = (plan.suite, plan.variant)
    records = [record for record in run.records if (record.suite, record.variant) == key]
    for reason, advice in (*_selection_problems(run, plan), *_result_problems(plan, records)):
        raise refused(run, plan.suite, reason, advice)
    return records


def refused(run: Run, suite: str, reason: str, advice: str) -> StoreError:
    """The error that a run cannot become the baseline of a suite."""
    return StoreError(
        f"Run {run.manifest.run} cannot become the baseline of the suite {suite!r}: "
        f"{reason}. {advice}."
    )


def _selection_problems(run: Run, plan: SuitePlan) -> Iterator[tuple[str, str]]:
    if run.manifest.shard is not None:
        index, count = run.manifest.shard
        yield f"it is shard {index} of {count}", "Put them together: pytest-ftgate merge"
    if run.end is None:
        yield "it did not reach its end", "Run pytest on the whole suite again"
    if plan.split == "holdout":
        yield (
            "it ran the holdout",
            "Accept a run of the dev split, and keep the holdout for the end",
        )
    if len(plan.selected) < plan.available:
        chosen = f"it ran {len(plan.selected):,} of {counted(plan.available, 'result')}"
        yield chosen, "Run pytest without -k, --lf, -x and --ftgate-limit"


def _result_problems(plan: SuitePlan, records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    selected = dict.fromkeys(plan.selected)
    received = {(record.case, record.trial): record for record in records}
    again = "Run pytest on the whole suite again"
    lost = [key for key in selected if key not in received]
    if lost:
        yield f"it lost {counted(len(lost), 'result')}: {named(starmap(label, lost))}", again
    stray = [key for key in received if key not in selected]
    if stray:
        count = counted(len(stray), "result")
        yield f"it has {count} that it never selected: {named(starmap(label, stray))}", again
    errors = [key for key, record in received.items() if record.status == "error"]
    if errors:
        count = counted(len(errors), "error")
        yield (
            f"it has {count}: {named(starmap(label, errors))}",
            "Mend what failed and run pytest again",
        )
    if all(record.status == "skipped" for record in records):
        yield "none of its cases was scored", "Evaluate at least one case"
