"""What a session writes down before its first case runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate import environment
from pytest_ftgate.model import Manifest, Rules, SuitePlan
from pytest_ftgate.runs import ledger
from pytest_ftgate.runs.store import new_run_id

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pytest_ftgate.options import Settings


def manifest(config: pytest.Config, settings: Settings, plans: tuple[SuitePlan, ...]) -> Manifest:
    """The manifest of a new run.

    Args:
        config: pytest's config.
        settings: the merged settings.
        plans: what is going to be evaluated.
    """
    return Manifest(
        run=new_run_id(),
        created_at=environment.utc_now(),
        plans=plans,
        rules=Rules(
            max_errors=settings.max_errors,
            on_partial=settings.on_partial,
            on_inconclusive=settings.on_inconclusive,
            missing_baseline=settings.missing_baseline,
            gate=settings.gate,
        ),
        record_mode=settings.record,
        shard=settings.shard,
        versions=environment.versions(),
        git_commit=environment.git_commit(config.rootpath),
        ci=environment.ci_facts(),
        command=("pytest", *config.invocation_params.args),
    )


def note_holdout_uses(begun: Manifest, root: Path, baselines: str) -> None:
    """Add a line to the ledger of each suite whose holdout a run is about to look at.

    Args:
        begun: the run.
        root: the project's root.
        baselines: the folder of baselines beside a test file; the ledgers are kept there.

    Raises:
        StoreError: a ledger cannot be written.
    """
    for plan in begun.plans:
        if plan.split != "holdout":
            continue
        use = ledger.HoldoutUse(
            at=begun.created_at,
            run=begun.run,
            suite=plan.suite,
            variant=plan.variant,
            cases=len({case for case, _ in plan.selected}),
            record_mode=begun.record_mode,
            git_commit=begun.git_commit,
        )
        folder = (root / plan.file).parent / baselines
        ledger.note_use(ledger.ledger_path(folder, plan.suite), use)
