"""Whether prompting still helps: a run beside the earlier runs of the same suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import ConfigError
from pytest_ftgate.runs.ladder import cases_as_evaluated, read_ladder
from pytest_ftgate.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_ftgate.iterations import SaturationResult
    from pytest_ftgate.model import Case, Run
    from pytest_ftgate.verdicts.ladder import History
    from pytest_ftgate.verdicts.measures import KpiDefinition


def judge_ladders(
    run: Run, store: Path, root: Path, extra_kpis: Sequence[KpiDefinition] = ()
) -> tuple[SaturationResult, ...]:
    """The verdicts on the ladders that a run is part of, as they were when it was made.

    Only runs of the store that were made before it count, so that a session and
    ``pytest-ftgate gate`` on what it stored say the same. What is wrong with an earlier run costs
    the results of that run, never the session.

    Args:
        run: the session's.
        store: the run store.
        root: the project's root, which the paths of datasets are relative to.
        extra_kpis: the KPIs that plugins define.

    Raises:
        StoreError: the store cannot be read.
    """
    plans = run.manifest.plans
    suites = {plan.suite for plan in plans if len(plan.order) > 1}
    if not suites:
        return ()
    from pytest_ftgate.verdicts.ladder import session_saturation

    def given(history: History) -> Mapping[str, Case]:
        return cases_as_evaluated(history.dataset, history.cases, (root,))

    earlier = read_ladder(RunStore(store), suites, before=run.manifest)
    unread = len(earlier.problems)
    try:
        return session_saturation(
            run, earlier.runs, unread=unread, extra_kpis=extra_kpis, given=given
        )
    except ConfigError:  # a plugin's KPI that the records of an earlier run do not suit
        return session_saturation(run, earlier.runs, unread=unread, given=given)
