"""From a run to its verdict: pure, so that a session and a stored run are judged alike.

Which gates speak:

- Integrity gates (:mod:`integrity`) guard every variant that ran; a suite that fails one has the
  verdict ``error``.
- KPI gates judge the experiment's current variant. Of other variants they only say what they see
  (verdict ``none``), since nobody ships them.
- Of a partial selection KPI gates are ``partial``, or block with ``on_partial = "fail"``.
- With gating switched off every gate is ``none``.

- With a baseline, the primary KPI and the gated ones are also judged by how they changed
  (:mod:`regression`); of a threshold and a comparison on one KPI the worse verdict stands.

A suite in which no gate was allowed to judge is ``inconclusive``: never a pass by silence.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_ftgate.model import RunFacts, Verdict
from pytest_ftgate.verdicts import integrity
from pytest_ftgate.verdicts.suite import Suites, decide_suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ftgate.model import Baseline, Record, Rules, Run, RunVerdict
    from pytest_ftgate.verdicts.measures import KpiDefinition
    from pytest_ftgate.verdicts.suite import Decided

PASSED, FAILED, INCONCLUSIVE = 0, 1, 7
"""Exit codes of the command."""

MOST_ACCEPTED = 20
"""Entries of a suite's accepted history that the verdict document carries, the newest."""

# A drop that may be chance is worse news than not being able to tell whether there is one.
_WORST_FIRST: tuple[RunVerdict, ...] = ("error", "block", "warn", "inconclusive", "pass")


def decide(
    run: Run,
    *,
    baselines: Mapping[str, Baseline] | None = None,
    anchors: Mapping[str, Baseline] | None = None,
    extra_kpis: Iterable[KpiDefinition] = (),
) -> Verdict:
    """The verdict on a run.

    Neither the order of the records nor where they were read from matters.

    Args:
        run: its manifest, records and end marker.
        baselines: by suite, what the current variants are compared with; default: those that the
            run was compared with when it was made.
        anchors: by suite, the older baselines, which only the primary KPI is compared with;
            default: those of the run.
        extra_kpis: the KPIs that plugins define.

    Raises:
        ConfigError: a plugin's KPI cannot be used.
    """
    definitions = tuple(extra_kpis)
    compared = Suites(
        run.baselines if baselines is None else baselines,
        run.anchors if anchors is None else anchors,
    )
    by_suite: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in run.records:
        by_suite[record.suite, record.variant].append(record)
    decided = [
        decide_suite(
            integrity.sort_out(
                plan,
                by_suite[plan.suite, plan.variant],
                ended=run.end is not None,
                shard=run.manifest.shard is not None,
            ),
            run.manifest,
            compared,
            definitions,
        )
        for plan in run.manifest.plans
    ]
    suites = tuple(
        replace(each.result, history=run.histories.get(plan.suite, ())[-MOST_ACCEPTED:])
        if plan.current
        else each.result
        for plan, each in zip(run.manifest.plans, decided, strict=True)
    )
    overall = _overall(decided)
    return Verdict(
        verdict=overall,
        exit_code=_exit_code(overall, decided, run.manifest.rules),
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


def _overall(decided: Sequence[Decided]) -> RunVerdict:
    """The worst verdict; a suite that only informs counts by its errors, unless all do."""
    verdicts = [
        each.result.verdict for each in decided if each.binding or each.result.verdict == "error"
    ] or [each.result.verdict for each in decided]
    return min(verdicts, key=_WORST_FIRST.index, default="error")


def _exit_code(overall: RunVerdict, decided: Sequence[Decided], rules: Rules) -> int:
    if not rules.gate:
        return PASSED
    if overall in ("error", "block"):
        return FAILED
    undecided = any(each.undecided for each in decided)
    return INCONCLUSIVE if undecided and rules.on_inconclusive == "fail" else PASSED
