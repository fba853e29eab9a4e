"""Recording and replaying the HTTP calls of eval cases.

The only room that imports vcrpy, and it does so when a :class:`Recorder` is first asked for:
commands that only look at packs stay light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from pytest_ftgate.recording import libraries

if TYPE_CHECKING:
    from pytest_ftgate.recording.recorder import Recorder
    from pytest_ftgate.recording.scopes import CallFact, Scope

__all__ = ["CallFact", "Recorder", "Scope"]

_HOMES = {"CallFact": "scopes", "Recorder": "recorder", "Scope": "scopes"}


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    libraries.import_vcrpy()
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
