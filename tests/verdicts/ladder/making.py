"""Ladders for tests: runs made from matrices of outcomes, an iteration a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from pytest_ftgate.components import NOTHING
from pytest_ftgate.iterations import SaturationResult
from pytest_ftgate.model import COMPONENTS, Manifest, Record, Run, RunEnd, SuitePlan
from pytest_ftgate.stats.distributions import norm_ppf
from pytest_ftgate.verdicts.ladder import Ladder, Outline, assemble
from tests.runs.making import held, missed, scored

SUITE = "triage"
Floats = NDArray[np.float64]


def hashes(**components: str) -> dict[str, str]:
    """Component hashes; those not named have the hash of nothing."""
    return {**dict.fromkeys(COMPONENTS, NOTHING), "model": "m", **components}


def chain(count: int) -> list[dict[str, Any]]:
    """Facts of v1, v2, ... of which each changes its parent's instructions."""
    return [
        {
            "variant": f"v{at + 1}",
            "parent": f"v{at}" if at else None,
            "components": hashes(instructions=f"i{at}"),
        }
        for at in range(count)
    ]


def records_of(
    variant: str, outcomes: Sequence[Any] | Floats, *, check: str = "echo", **changes: Any
) -> tuple[Record, ...]:
    """Records of one trial each: c000, c001, ... hold where the outcome is true."""
    return tuple(
        scored(
            f"c{at:03d}",
            held(check) if outcome else missed(check),
            variant=variant,
            suite=SUITE,
            **changes,
        )
        for at, outcome in enumerate(outcomes)
    )


def run_with(
    *parts: tuple[dict[str, Any], Sequence[Record]], number: int = 1, **plan_changes: Any
) -> Run:
    """A complete run of several variants; ``number`` orders runs in time."""
    plans = []
    for facts, records in parts:
        plan = SuitePlan(
            suite=SUITE,
            variant="",
            split="dev",
            file="evals/test_triage.py",
            selected=tuple((record.case, record.trial) for record in records),
            available=len(records),
            primary_kpi="echo",
        )
        plans.append(replace(plan, **{**plan_changes, **facts}))
    manifest = Manifest(
        run=f"20261001T08{number:02d}00000Z-0123abcd",
        created_at=f"2026-10-01T08:{number:02d}:00Z",
        plans=tuple(plans),
    )
    every = tuple(
        replace(record, variant=plan.variant, components=plan.components)
        for plan, (_, records) in zip(plans, parts, strict=True)
        for record in records
    )
    return Run(
        manifest=manifest,
        records=every,
        end=RunEnd(ended_at="2026-10-01T09:00:00Z", received=len(every), wall_s=1.0),
    )


def ladder_run(scores: Floats, *, facts: list[dict[str, Any]] | None = None, **changes: Any) -> Run:
    """A run of a whole ladder from (iterations, cases) outcomes, one change a step."""
    facts = facts or chain(len(scores))
    parts = [
        (fact, records_of(fact["variant"], row)) for fact, row in zip(facts, scores, strict=True)
    ]
    return run_with(*parts, **{"order": tuple(f["variant"] for f in facts), **changes})


def ladder_of(*runs: Run, outline: Outline | None = None, **changes: Any) -> Ladder:
    return Ladder(assemble(runs, SUITE, outline), **changes)


def judged(*runs: Run, kpi: str = "echo", **changes: Any) -> SaturationResult:
    return ladder_of(*runs, **changes).judge(kpi)


def simulated(
    rng: np.random.Generator, cases: int, means: Sequence[float], within: float = 0.6
) -> Floats:
    """Binary outcomes with the given true means; ``within`` correlates answers to one case."""
    easy = rng.standard_normal(cases)
    noise = rng.standard_normal((len(means), cases))
    latent = np.sqrt(within) * easy + np.sqrt(1 - within) * noise
    limits = np.array([norm_ppf(mean) for mean in means])
    return (latent < limits[:, None]).astype(float)
