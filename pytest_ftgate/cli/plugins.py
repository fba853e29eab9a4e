"""KPIs of plugins, which the command does not find by itself: it runs without pytest."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pytest_ftgate.errors import ConfigError
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pytest_ftgate.verdicts.measures import KpiDefinition

    _Command = TypeVar("_Command", bound=Callable[..., Any])

_HOOK = "pytest_ftgate_kpis"


def plugin_option(command: _Command) -> _Command:
    """The option ``-p NAME``, which may be repeated."""
    return click.option(
        "-p",
        "--plugin",
        "plugins",
        metavar="NAME",
        multiple=True,
        help="Load KPIs that this module or file defines, such as a conftest.py. Repeatable.",
    )(command)


def kpis_of(names: tuple[str, ...]) -> list[KpiDefinition]:
    """The KPIs that modules define by the hook ``pytest_ftgate_kpis``.

    Args:
        names: names of modules, looked for in the working directory too, or paths of files.

    Raises:
        ConfigError: a module cannot be loaded, or defines no KPI.
    """
    found: list[KpiDefinition] = []
    for name in names:
        try:
            module = _from_file(Path(name)) if name.endswith(".py") else _by_name(name)
        except Exception as error:  # whatever the foreign module raises
            reason = shown(f"{type(error).__name__}: {error}", 300)
            raise ConfigError(f"-p {name}: cannot be loaded: {reason}") from error
        hook = getattr(module, _HOOK, None)
        if hook is None:
            raise ConfigError(f"-p {name}: has no function {_HOOK}, which gives a plugin's KPIs.")
        found += hook()
    return found


def _by_name(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:  # as pytest does for its own -p
        sys.path.insert(0, here)
    return importlib.import_module(name)


def _from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_ftgate_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
