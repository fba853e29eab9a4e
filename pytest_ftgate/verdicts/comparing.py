"""Any two results against each other: the one is made the baseline of the other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_ftgate.errors import ConfigError, StoreError, did_you_mean
from pytest_ftgate.model import Baseline, BaselineHeader, Manifest, Run, RunEnd, SuitePlan
from pytest_ftgate.verdicts.decide import decide
from pytest_ftgate.verdicts.integrity import sort_out
from pytest_ftgate.verdicts.summary import counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ftgate.model import Verdict
    from pytest_ftgate.verdicts.measures import KpiDefinition


def baseline_of(run: Run, suite: str, variant: str | None = None) -> Baseline:
    """A suite's results as a baseline, without accepting them.

    Args:
        run: a run that reached its end.
        suite: one of its suites.
        variant: one of its variants of that suite; default the current one, or the only one.

    Raises:
        StoreError: the run did not reach its end, or lost results.
        ConfigError: it has no such suite or variant.
    """
    plan = _plan(run, suite, variant)
    received = sort_out(
        plan,
        [each for each in run.records if (each.suite, each.variant) == (suite, plan.variant)],
        ended=run.end is not None,
    )
    if run.end is None or received.lost:
        raise StoreError(
            f"run {run.manifest.run} cannot be compared with: {len(received.records):,} of "
            f"{len(plan.selected):,} results of suite {suite!r} arrived. Evaluate it again."
        )
    trials = Counter(record.case for record in received.records)
    return Baseline(
        header=BaselineHeader(
            suite=suite,
            run=run.manifest.run,
            variant=plan.variant,
            split=plan.split,
            models=tuple(
                sorted({each.model for each in received.records if each.model is not None})
            ),
            dataset_hash=plan.dataset_hash,
            cases=len(trials),
            trials=max(trials.values(), default=1),
            counts=counts(received.records),
            components=plan.components,
            git_commit=run.manifest.git_commit,
        ),
        records=received.records,
    )


def run_of(baseline: Baseline) -> Run:
    """An accepted baseline as the run that it was made of, as far as its file tells."""
    header = baseline.header
    trials = tuple((record.case, record.trial) for record in baseline.records)
    plan = SuitePlan(
        suite=header.suite,
        variant=header.variant,
        split=header.split,
        file="",
        selected=trials,
        available=len(trials),
        trials=header.trials,
        dataset_hash=header.dataset_hash,
        components=header.components,
    )
    at = header.accepted_at or ""
    return Run(
        manifest=Manifest(
            run=header.run, created_at=at, plans=(plan,), git_commit=header.git_commit
        ),
        records=baseline.records,
        end=RunEnd(ended_at=at, received=len(trials), wall_s=0.0),
    )


def compare(
    before: Run,
    after: Run,
    *,
    suites: Sequence[str] = (),
    variants: tuple[str | None, str | None] = (None, None),
    extra_kpis: Iterable[KpiDefinition] = (),
) -> Verdict:
    """The verdict on a run with another one as its baseline.

    Args:
        before: the run that is taken as the baseline.
        after: the run to judge; it may be the same one, with another variant.
        suites: those to compare; default all that both runs have.
        variants: which variant of each run; default the current one, or the only one.
        extra_kpis: the KPIs that plugins define.

    Raises:
        ConfigError: a suite or variant is not in a run, the runs share no suite, or the two sides
            are the same results or of different splits.
        StoreError: ``before`` did not reach its end, or lost results.
    """
    run = after_of(before, after, suites=suites, variant=variants[1])
    baselines = {}
    for plan in run.manifest.plans:
        found = baselines[plan.suite] = baseline_of(before, plan.suite, variants[0])
        _require_comparable(found.header, plan, run)
        if before.records is after.records and found.header.variant == plan.variant:
            raise ConfigError(
                f"Both sides are variant {plan.variant!r} of run {run.manifest.run}: there is "
                "nothing to compare. Name two runs, or two variants; its own trials are compared "
                "by: pytest-ftgate compare --self-check"
            )
    return decide(run, baselines=baselines, anchors={}, extra_kpis=extra_kpis)


def after_of(
    before: Run, after: Run, *, suites: Sequence[str] = (), variant: str | None = None
) -> Run:
    """The run to judge with the plans that are compared only, each as the current variant.

    Raises:
        ConfigError: as for :func:`compare`.
    """
    chosen = tuple(suites) or _shared(before, after)
    plans = tuple(replace(_plan(after, suite, variant), current=True) for suite in chosen)
    return replace(after, manifest=replace(after.manifest, plans=plans))


def _require_comparable(before: BaselineHeader, plan: SuitePlan, after: Run) -> None:
    if before.split != plan.split:
        raise ConfigError(
            f"Of suite {plan.suite!r}, run {before.run} evaluated the split {before.split}, and "
            f"run {after.manifest.run} the split {plan.split}: they share no case."
        )


def _shared(before: Run, after: Run) -> tuple[str, ...]:
    ours, theirs = (_suites(run) for run in (after, before))
    shared = tuple(suite for suite in ours if suite in theirs)
    if not shared:
        raise ConfigError(
            f"Runs {before.manifest.run} and {after.manifest.run} share no suite: the first has "
            f"{', '.join(theirs) or 'none'}, the second {', '.join(ours) or 'none'}."
        )
    return shared


def _suites(run: Run) -> list[str]:
    return list(dict.fromkeys(plan.suite for plan in run.manifest.plans))


def _plan(run: Run, suite: str, variant: str | None) -> SuitePlan:
    plans = [plan for plan in run.manifest.plans if plan.suite == suite]
    if not plans:
        hint = did_you_mean(suite, _suites(run))
        raise ConfigError(f"Run {run.manifest.run} has no suite {suite!r}; {hint}")
    names = [plan.variant for plan in plans]
    if variant is not None:
        if variant not in names:
            raise ConfigError(
                f"Run {run.manifest.run} has no variant {variant!r} of suite {suite!r}; "
                f"{did_you_mean(variant, names)}"
            )
        return plans[names.index(variant)]
    current = [plan for plan in plans if plan.current]
    if len(plans) > 1 and len(current) != 1:
        raise ConfigError(
            f"Run {run.manifest.run} has several variants of suite {suite!r}; name one: "
            f"{', '.join(names)}"
        )
    return (current or plans)[0]
