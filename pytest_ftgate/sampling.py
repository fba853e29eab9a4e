"""A part of a suite's cases that stands for all of them: what ``--ftgate-limit`` evaluates."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.model import Case


def sample(cases: tuple[Case, ...], limit: int | None, seed: int) -> tuple[Case, ...]:
    """A stratified sample in file order; proportional, with at least one case a stratum."""
    if limit is None or limit >= len(cases):
        return cases
    strata: dict[str | None, list[int]] = defaultdict(list)
    for position, case in enumerate(cases):
        strata[case.stratum].append(position)
    generator = random.Random(seed)  # noqa: S311 - a sample, not a secret
    ranked: list[tuple[float, int]] = []
    for positions in strata.values():
        shuffled = generator.sample(positions, len(positions))
        ranked += [((rank + 0.5) / len(shuffled), at) for rank, at in enumerate(shuffled)]
    chosen = sorted(at for _, at in sorted(ranked)[:limit])
    return tuple(cases[at] for at in chosen)
