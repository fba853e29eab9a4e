"""Processes that run out of disk: every file that they write ends at so many bytes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def end_files_at(size: int) -> Callable[[], None]:
    """What a child process calls first, so that its files end at so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def output_of(script: str, path: Path, *, size: int) -> str:
    """What a Python script prints whose first argument is a path; it must end well.

    It writes no bytecode, which would be cut short, too, and break later processes.
    """
    return subprocess.run(
        [sys.executable, "-B", "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
        preexec_fn=end_files_at(size),
    ).stdout
