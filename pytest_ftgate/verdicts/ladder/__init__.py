"""Have we exhausted prompting? The iteration log of a suite and the verdict on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_ftgate.verdicts.amounts import counted
from pytest_ftgate.verdicts.ladder.history import (
    HOLDOUT,
    Declared,
    History,
    Outline,
    assemble,
    suites_of,
)
from pytest_ftgate.verdicts.ladder.ladder import Ladder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_ftgate.iterations import SaturationResult
    from pytest_ftgate.model import Case, Run
    from pytest_ftgate.verdicts.measures import KpiDefinition

__all__ = [
    "Declared",
    "History",
    "Ladder",
    "Outline",
    "assemble",
    "session_saturation",
    "suites_of",
]


def session_saturation(
    run: Run,
    history: Iterable[Run],
    *,
    unread: int = 0,
    extra_kpis: Iterable[KpiDefinition] = (),
    given: Callable[[History], Mapping[str, Case]] | None = None,
) -> tuple[SaturationResult, ...]:
    """The verdict on the primary KPI of each suite that a session ran.

    A suite with a single variant has no ladder and gives none; neither does a run that was cut
    short, one of the holdout, one without a scored case of the suite (it says nothing new, and the
    variant that it failed to evaluate would be missing), or a primary KPI that no verdict is
    possible on.

    Args:
        run: the session's.
        history: earlier runs.
        unread: how many earlier runs cannot be read.
        extra_kpis: the KPIs that plugins define.
        given: finds the cases of a history by id, where its dataset is at hand.

    Raises:
        ConfigError: a plugin's KPI cannot be used.
    """
    if run.end is None:
        return ()
    earlier, definitions = tuple(history), tuple(extra_kpis)
    note = (f"{counted(unread, 'earlier run')} could not be read: left out",) if unread else ()
    results = []
    scored = {record.suite for record in run.records if record.status == "scored"}
    for suite in suites_of([run]):
        if suite not in scored or all(
            plan.split == HOLDOUT for plan in run.manifest.plans if plan.suite == suite
        ):
            continue
        found = assemble([*earlier, run], suite)
        if len(found.entries) < 2:
            continue
        ladder = Ladder(found, extra_kpis=definitions, given=given(found) if given else None)
        if ladder.problem(ladder.kpi) is None:
            result = ladder.judge(ladder.kpi)
            results.append(replace(result, notes=(*result.notes, *note)))
    return tuple(results)
