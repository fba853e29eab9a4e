"""The command, called in a directory of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_ftgate.cli import commands
from pytest_ftgate.model import Record, Run
from pytest_ftgate.runs.store import RunStore
from tests.runs.making import run_of

Invoke = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command: the root of a project without settings."""
    for name in ("FORCE_COLOR", "FTGATE_STORE", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


@pytest.fixture
def invoke(here: Path) -> Invoke:
    """Call the command with arguments."""

    def call(*arguments: str) -> Result:
        result = CliRunner().invoke(commands, arguments, prog_name="pytest-ftgate")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def keep(run: Run, store: Path | str = ".ftgate") -> str:
    """Write a run to a store; its id."""
    writer = RunStore(Path(store)).create(run.manifest)
    for record in run.records:
        writer.append(record)
    if run.end is not None:
        writer.finish(run.end)
    else:
        writer.abort()
    return run.manifest.run


def keep_records(*records: Record, **plan_changes: object) -> str:
    """Store a complete run of one suite with these records."""
    return keep(run_of(*records, **plan_changes))  # type: ignore[arg-type]
