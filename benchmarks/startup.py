"""What the plugin costs a session that has no eval test."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import Result, interleaved
from benchmarks.projects import WITHOUT, make


def run(*, quick: bool) -> list[Result]:
    """Measure the median difference over 60 pairs of sessions of one empty test (quick: 20).

    The plugin is named by PYTEST_PLUGINS, and an empty one in the sessions without it: pytest
    searches all installed packages for a plugin that is named, and for plugins that load by
    themselves, with and without this one.
    """
    with tempfile.TemporaryDirectory() as directory:
        project = make(Path(directory) / "project", 1, "http://127.0.0.1:9/v1")
        (project.directory / "nothing.py").write_text("", "utf-8")
        start = project.pytest
        runs = {
            "without": partial(start, "test_empty.py", *WITHOUT, PYTEST_PLUGINS="nothing"),
            "with": partial(start, "test_empty.py", PYTEST_PLUGINS="pytest_ftgate.plugin"),
        }
        interleaved(runs, 2)  # bytecode is written and files are cached
        costs = interleaved(runs, 20 if quick else 60)
    differences = tuple(
        1000 * (one.cpu_s - other.cpu_s)
        for one, other in zip(costs["with"], costs["without"], strict=True)
    )
    return [Result("no eval test: plugin - no plugin", differences, "ms CPU", at_most=10.0)]
