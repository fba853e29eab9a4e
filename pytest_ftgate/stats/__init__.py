"""Statistics: pure functions over arrays, with numpy as the only dependency.

Rules of the room: inputs are numbers and labels, never records; wrong shapes and ranges are
programming errors and raise :class:`ValueError`; a bound that the data cannot give is infinite,
a value that does not exist is NaN, and neither is ever replaced by zero. Import the module that
holds what is needed; this package imports numpy and nothing else.
"""

from __future__ import annotations

import importlib
import os

_SPINNING = "OPENBLAS_THREAD_TIMEOUT"
_AT_ONCE = "4"  # the power of two of the cycles to spin for; the least that OpenBLAS takes


def _import_numpy() -> None:
    """Import numpy without the busy waiting that comes with it.

    Its linear algebra, OpenBLAS, starts a thread for each core, and each of them spins for some
    50 ms before it sleeps: more CPU time than all statistics of a session. It reads the variable
    when it is loaded, so an application that loads numpy itself has it its own way.
    """
    if _SPINNING in os.environ:
        importlib.import_module("numpy")
        return
    os.environ[_SPINNING] = _AT_ONCE
    try:
        importlib.import_module("numpy")
    finally:
        del os.environ[_SPINNING]


_import_numpy()
