"""Are the failures systematic? Persistent cases against chance, and what they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.distributions import binom_cdf, hypergeom_sf
from pytest_ftgate.stats.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

SHARE = 0.8
FEWEST_RUNS = 5
FEWEST_CASES = 5
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Persistence:
    """Cases that fail in at least 80 % of the last runs.

    ``cases`` are their positions, ascending; ``expected`` is how many there would be if every
    run's failures fell on the cases at random; ``p`` is the chance of as many or more then;
    ``share`` is their part of all failures, NaN without failures.
    """

    cases: tuple[int, ...]
    expected: float
    p: float
    share: float
    runs: int

    @property
    def observed(self) -> int:
        """Number of persistent cases."""
        return len(self.cases)


@dataclass(frozen=True, slots=True)
class ErrorMode:
    """A tag or failed check, and whether persistent failures gather in it.

    ``persistent`` of its ``n`` cases are persistent; ``p`` is Fisher's one-sided p and
    ``p_adjusted`` Holm's over all modes; ``systematic`` needs both significance and at least
    five persistent cases.
    """

    name: str
    n: int
    persistent: int
    p: float
    p_adjusted: float
    systematic: bool


def persistent_cases(failures: ArrayLike, *, share: float = SHARE, trials: int = 1) -> Persistence:
    """Find the persistent cases of a window of runs.

    Args:
        failures: (runs, cases) in [0, 1]: 1 where the case failed, or the share of its trials
            that did; at least 5 runs, 10 are better.
        share: least share of the runs' trials that a persistent case fails, in (0, 1].
        trials: trials behind each entry, for the expectation by chance.
    """
    failed = np.asarray(failures, dtype=np.float64)
    if failed.ndim != 2:
        raise ValueError(f"failures must be (runs, cases), got shape {failed.shape}")
    if failed.shape[0] < FEWEST_RUNS:
        raise ValueError(f"at least {FEWEST_RUNS} runs are needed, got {failed.shape[0]}")
    if not ((failed >= 0) & (failed <= 1)).all():
        raise ValueError("failures lie in [0, 1]")
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share must lie in (0, 1], got {share}")
    runs, n = failed.shape
    if n == 0:
        return Persistence((), 0.0, 1.0, math.nan, runs)
    cases = np.flatnonzero(failed.mean(axis=0) >= share - 1e-9)
    needed = math.ceil(share * runs * trials - 1e-9)
    chance = _tail_of_sum(np.repeat(failed.mean(axis=1), trials), needed)
    total = float(failed.sum())
    return Persistence(
        cases=tuple(cases.tolist()),
        expected=n * chance,
        p=1.0 - binom_cdf(cases.size - 1, n, chance) if cases.size else 1.0,
        share=float(failed[:, cases].sum()) / total if total > 0 else math.nan,
        runs=runs,
    )


def error_modes(
    persistent: ArrayLike, modes: Mapping[str, ArrayLike], *, alpha: float = ALPHA
) -> tuple[ErrorMode, ...]:
    """Test each mode for an excess of persistent cases: Fisher one-sided, Holm over the modes.

    Args:
        persistent: n flags, true for a persistent case.
        modes: n flags by name, true for a case that has the tag or failed the check.
        alpha: level of the adjusted test.

    Returns:
        The modes, smallest p first, ties by name.
    """
    flag = np.asarray(persistent, dtype=bool)
    seen: list[tuple[str, int, int, float]] = []
    for name, members in modes.items():
        member = np.asarray(members, dtype=bool)
        if member.shape != flag.shape:
            raise ValueError(f"mode {name!r} has {member.size} flags for {flag.size} cases")
        n, both = int(member.sum()), int((member & flag).sum())
        seen.append((name, n, both, hypergeom_sf(both, flag.size, int(flag.sum()), n)))
    adjusted = holm([p for *_, p in seen])
    found = [
        ErrorMode(name, n, both, p, float(q), bool(q <= alpha and both >= FEWEST_CASES))
        for (name, n, both, p), q in zip(seen, adjusted, strict=True)
    ]
    return tuple(sorted(found, key=lambda mode: (mode.p, mode.name)))


def _tail_of_sum(chances: NDArray[np.float64], least: int) -> float:
    """P(at least ``least`` successes) of independent trials with the given chances."""
    mass = np.zeros(chances.size + 1)
    mass[0] = 1.0
    for chance in chances:
        mass[1:] = mass[1:] * (1.0 - chance) + mass[:-1] * chance
        mass[0] *= 1.0 - chance
    return float(min(1.0, mass[least:].sum()))
