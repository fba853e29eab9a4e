"""How much faster concurrent recording is, from the first request to the last answer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import Result
from benchmarks.projects import FTGATE, make
from benchmarks.server import Server

CALLS = 64
DELAY_S = 0.5


def run(*, quick: bool) -> list[Result]:
    """Measure recording 64 calls of 500 ms each, one at a time and 16 at a time."""
    ratios = tuple(_busy_s(1) / _busy_s(16) for _ in range(1 if quick else 3))
    return [Result(f"recording {CALLS} calls: sequential / 16 at a time", ratios, at_least=14.0)]


def _busy_s(concurrency: int) -> float:
    with tempfile.TemporaryDirectory() as directory, Server(DELAY_S) as server:
        project = make(Path(directory) / "project", CALLS, server.url)
        project.pytest(
            "test_prompted.py",
            *FTGATE,
            "--ftgate-record=new_episodes",
            f"--ftgate-concurrency={concurrency}",
        )
        return server.busy_s
