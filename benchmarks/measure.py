"""Measuring child interpreters against each other, and saying what came out.

A ratio is taken between runs that follow each other directly, so that a machine that is busy, or
warms up, touches both; the median over the rounds leaves out what happened to one of them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# What would make a child behave otherwise than on another machine.
_FOREIGN = (
    "PYTHON", "PYTEST_", "OPENAI_", "ANTHROPIC_", "FTGATE_", "GITHUB_", "GITLAB_", "COV_",
    "SSL_CERT_",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What one child process took, with the processes that it started itself."""

    cpu_s: float
    wall_s: float
    peak_mb: float


@dataclass(frozen=True)
class Result:
    """One row of the table; ``at_most`` or ``at_least`` is the target, if there is one.

    ``value`` is the median of ``samples``.
    """

    name: str
    samples: tuple[float, ...]
    unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def value(self) -> float:
        return statistics.median(self.samples)

    @property
    def missed(self) -> bool:
        return (self.at_most is not None and not self.value <= self.at_most) or (
            self.at_least is not None and not self.value >= self.at_least
        )


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment of a child: no neighbour plugins, no keys, no settings of this machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name != "CI"
    }
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONHASHSEED": "0", **extra}


def run(arguments: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Cost:
    """Run this interpreter with the arguments and wait for it.

    Raises:
        RuntimeError: it did not exit with 0.
    """
    log = directory / "child.log"
    with log.open("wb") as output:
        started = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=directory,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(
            f"{' '.join(arguments)} exited with {child.returncode}:\n"
            + log.read_text(errors="replace")[-4000:]
        )
    return Cost(usage.ru_utime + usage.ru_stime, wall, _megabytes(usage.ru_maxrss))


def interleaved(runs: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, list[Cost]]:
    """The costs of several runs, taken in turns: A B C A B C."""
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, start in runs.items():
            costs[name].append(start())
    return costs


def cpu_ratios(costs: Sequence[Cost], base: Sequence[Cost]) -> tuple[float, ...]:
    """CPU time over the base's of the same round."""
    return tuple(cost.cpu_s / other.cpu_s for cost, other in zip(costs, base, strict=True))


def _megabytes(peak: int) -> float:
    return peak / (1e6 if sys.platform == "darwin" else 1e3 / 1.024)
