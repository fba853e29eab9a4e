"""Histories of iterations: outcomes case by case, and the runs that would have recorded them."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.components import NOTHING
from pytest_ftgate.model import (
    COMPONENTS,
    Manifest,
    Observation,
    Record,
    Run,
    RunEnd,
    SuitePlan,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SUITE = "simulated"
WITHIN = 0.75
"""Latent correlation of the answers of two iterations to one case. The example suites' iterations
correlate by 0.4 to 0.5 in whether a case holds, which is 0.7 to 0.8 on this scale."""


def outcomes(
    rng: np.random.Generator,
    cases: int,
    means: Sequence[float],
    *,
    within: float = WITHIN,
    drift: float = 0.0,
) -> Floats:
    """Whether each of K iterations holds on each of n cases: (K, n) of 0 and 1.

    Args:
        rng: the source of randomness.
        cases: n.
        means: the K true rates.
        within: latent correlation within a case.
        drift: how fast what is easy changes, as the latent share renewed a step; 0 for never.
    """
    easy = rng.standard_normal(cases)
    rows = []
    for mean in means:
        noise = rng.standard_normal(cases)
        latent = np.sqrt(within) * easy + np.sqrt(1.0 - within) * noise
        rows.append(latent < NormalDist().inv_cdf(mean))
        easy = np.sqrt(1.0 - drift) * easy + np.sqrt(drift) * rng.standard_normal(cases)
    return np.asarray(rows, dtype=np.float64)


def run_of(checks: Mapping[str, Floats], *, strata: bool = True) -> Run:
    """A complete run of a disciplined ladder.

    Args:
        checks: (K, n) outcomes by check; the first is the primary KPI.
        strata: whether cases belong to strata, which sharpens intervals a little.
    """
    primary = next(iter(checks))
    count, cases = checks[primary].shape
    names = tuple(f"v{at + 1}" for at in range(count))
    seen = {check: _observations(check) for check in checks}
    plans, records = [], []
    for at, name in enumerate(names):
        hashes = {**dict.fromkeys(COMPONENTS, NOTHING), "instructions": name}
        plans.append(
            SuitePlan(
                suite=SUITE,
                variant=name,
                split="dev",
                file="test_simulated.py",
                selected=tuple((f"c{case}", 0) for case in range(cases)),
                available=cases,
                primary_kpi=primary,
                parent=names[at - 1] if at else None,
                components=hashes,
                order=names,
            )
        )
        for case in range(cases):
            records.append(
                Record(
                    suite=SUITE,
                    variant=name,
                    case=f"c{case}",
                    trial=0,
                    status="scored",
                    components=hashes,
                    tags=(f"t{case % 7}",),
                    stratum=("easy", "typical", "hard")[case % 3] if strata else None,
                    observations=tuple(
                        seen[check][int(values[at, case])] for check, values in checks.items()
                    ),
                    usage=Usage(input_tokens=100 + at, output_tokens=9),
                    latency_s=0.5,
                    provenance="replayed",
                    model="m",
                )
            )
    return Run(
        manifest=Manifest(run="simulated", created_at="2026-10-01T08:00:00Z", plans=tuple(plans)),
        records=tuple(records),
        end=RunEnd(ended_at="2026-10-01T09:00:00Z", received=len(records), wall_s=1.0),
    )


def _observations(check: str) -> tuple[Observation, Observation]:
    """The miss and the hold of a check."""
    miss = Observation(check=check, kind="text", value=0.0, passed=False, reason="differs")
    return miss, Observation(check=check, kind="text", value=1.0, passed=True)
