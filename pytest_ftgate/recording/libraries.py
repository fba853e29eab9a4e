"""Importing vcrpy without what it does not use.

vcrpy imports every HTTP client that is installed as soon as it is imported itself, since it needs
to know what it is going to replace. Of ``requests`` it looks at the version only: those calls go
through urllib3. And httpx loads its command line, with click, Pygments and parts of rich, which is
most of what importing it costs. Neither is imported here before somebody uses it.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any

from wrapt import LazyObjectProxy

_COMMAND_LINE = "httpx._main"


def import_vcrpy() -> None:
    """Import vcrpy, without ``requests`` and httpx's command line if nothing imported them yet."""
    has_httpx = "httpx" in sys.modules
    finder = _Without({"requests", _COMMAND_LINE})
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module("vcr")
    finally:
        sys.meta_path.remove(finder)
    httpx: Any = sys.modules.get("httpx")
    if httpx is not None and not has_httpx:
        httpx.main = LazyObjectProxy(_command_line, interface=Callable)


def _command_line() -> Any:
    return importlib.import_module(_COMMAND_LINE).main


class _Without:
    """A finder of modules that tells its own thread that some are not installed."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Find nothing.

        Raises:
            ModuleNotFoundError: one of the modules is asked for.
        """
        if name in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
