"""The project that the command is run in: its root, its settings, its run store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ftgate.model import Run
    from pytest_ftgate.options import Settings
    from pytest_ftgate.runs.store import RunStore

    _Command = TypeVar("_Command", bound=Callable[..., Any])

# The files that pytest takes its configuration from, and what makes one of them count.
_CONFIGURATIONS = (
    ("pytest.toml", ""),
    (".pytest.toml", ""),
    ("pytest.ini", ""),
    (".pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
)
_LESSER = ("pyproject.toml", "setup.py")


def project_root(start: Path | None = None) -> Path:
    """The directory that pytest would call its root, if it were run here without arguments.

    That is the nearest directory upwards with a configuration of pytest; without one, the nearest
    with a ``pyproject.toml``, then with a ``setup.py``; without any, the directory itself.
    """
    here = (start or Path.cwd()).resolve()
    upwards = (here, *here.parents)
    for directory in upwards:
        if any(_configures(directory / name, mark) for name, mark in _CONFIGURATIONS):
            return directory
    for name in _LESSER:
        for directory in upwards:
            if (directory / name).is_file():
                return directory
    return here


def settings() -> Settings:
    """The project's settings.

    Raises:
        ConfigError: ``[tool.ftgate]`` or the environment is wrong.
    """
    from pytest_ftgate.options import project_settings

    return project_settings(project_root())


def open_store(directory: Path | None) -> RunStore:
    """The run store: the one named, or the project's."""
    from pytest_ftgate.runs.store import RunStore

    return RunStore(directory if directory is not None else settings().store)


def restrict(run: Run, suites: tuple[str, ...]) -> Run:
    """The run with some of its suites only; all of them when none is named.

    Raises:
        ConfigError: the run has no such suite.
    """
    if not suites:
        return run
    from msgspec.structs import replace

    from pytest_ftgate.errors import ConfigError, did_you_mean

    known = list(dict.fromkeys(plan.suite for plan in run.manifest.plans))
    for suite in suites:
        if suite not in known:
            raise ConfigError(
                f"--suite {suite}: run {run.manifest.run} has no such suite; "
                f"{did_you_mean(suite, known)}"
            )
    plans = tuple(plan for plan in run.manifest.plans if plan.suite in suites)
    return replace(
        run,
        manifest=replace(run.manifest, plans=plans),
        records=tuple(record for record in run.records if record.suite in suites),
    )


def run_argument(command: _Command) -> _Command:
    """The argument RUN, the latest run by default."""
    return click.argument("run", metavar="[RUN]", default="latest")(command)


def store_option(command: _Command) -> _Command:
    """The option ``--store DIR``."""
    return click.option(
        "--store",
        "store",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Where runs are stored, instead of the project's store.",
    )(command)


def suite_option(command: _Command) -> _Command:
    """The option ``--suite NAME``, which may be repeated."""
    return click.option(
        "--suite", "suites", metavar="NAME", multiple=True, help="Only this suite; repeatable."
    )(command)


def _configures(path: Path, mark: str) -> bool:
    try:
        return path.is_file() and (not mark or mark in path.read_text("utf-8", "replace"))
    except OSError:
        return False
