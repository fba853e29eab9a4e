"""Importing vcrpy without ``requests``.

vcrpy imports every HTTP client that is installed as soon as it is imported itself, since it needs
to know what it is going to replace. Of ``requests`` it looks at the version only: those calls go
through urllib3. Many environments have it for another reason, and it takes long to import.
"""

from __future__ import annotations

import importlib
import sys
import threading


def import_vcrpy() -> None:
    """Import vcrpy, without ``requests`` unless something else has imported that."""
    finder = _WithoutRequests()
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module("vcr")
    finally:
        sys.meta_path.remove(finder)


class _WithoutRequests:
    """A finder of modules that tells its own thread that ``requests`` is not installed."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Find nothing.

        Raises:
            ModuleNotFoundError: ``requests`` is asked for.
        """
        if name == "requests" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
