"""The confirm step: a drop that was seen live is looked at again with more trials.

All cases are run again, never only those that failed: failures alone would regress to the mean,
and a rerun of them would excuse any drop. The decision is made on all trials together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_ftgate.verdicts.thresholds import EPSILON

if TYPE_CHECKING:
    from pytest_ftgate.model import KpiResult, SuiteResult, Verdict

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

    A part of a suite is not judged, so there is nothing to confirm in it.

    Args:
        verdict: on the first run.
        trials: the trials that each case shall have in the end.
    """
    found = []
    for suite in verdict.suites:
        fallen = tuple(kpi.name for kpi in suite.kpis if _fell(kpi))
        if fallen and suite.trials < trials and _is_live(suite) and suite.partial is None:
            more = trials - suite.trials
            found.append(Confirmation(suite.suite, suite.variant, fallen, more))
    return tuple(found)


def _fell(kpi: KpiResult) -> bool:
    if kpi.delta is None or kpi.tolerance is None:
        return False
    loss = -kpi.delta if kpi.direction == "higher" else kpi.delta
    return loss >= kpi.tolerance - EPSILON * max(1.0, kpi.tolerance)


def _is_live(suite: SuiteResult) -> bool:
    return suite.provenance.live > 0
