"""Whether prompting still helps: a session's run beside the earlier runs of the same suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """The verdicts on the ladders that a run is part of; earlier runs are read from the store.

    Args:
        run: the session's.
        store: the run store.
        root: the project's root, which the paths of datasets are relative to.
        extra_kpis: the KPIs that plugins define.

    Raises:
        StoreError: the store cannot be read.
        ConfigError: a plugin's KPI cannot be used.
    """
    plans = run.manifest.plans
    suites = {plan.suite for plan in plans if len(plan.order) > 1}
    if not suites:
        return ()
    from pytest_ftgate.verdicts.ladder import session_saturation

    def given(history: History) -> Mapping[str, Case]:
        return cases_as_evaluated(history.dataset, history.cases, (root,))

    earlier = read_ladder(RunStore(store), suites, skip=run.manifest.run).runs
    return session_saturation(run, earlier, extra_kpis=extra_kpis, given=given)
