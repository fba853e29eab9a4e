"""Which HTTP clients vcrpy gets to see: those that the session uses.

vcrpy imports every client that is installed as soon as it is imported itself. Two of them take
long and are often installed for another reason: ``requests``, whose version is all that vcrpy
looks at, since it goes through urllib3, and ``httpx``, which brings a command line along. They
stay out until something else imports them; then vcrpy learns of ``httpx``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNNEEDED = ("httpx", "requests")

_waiting_for: set[str] = set()
_told: list[Callable[[], None]] = []


def import_vcrpy() -> None:
    """Import vcrpy, without the clients that nothing has imported so far.

    A process that has imported vcrpy already, as another plugin does, is left as it is.
    """
    if "vcr" in sys.modules:
        return
    with _hidden():
        importlib.import_module("vcr")
    if "httpx" not in sys.modules:
        from wrapt import register_post_import_hook

        _waiting_for.add("httpx")
        register_post_import_hook(_httpx_is_here, "httpx")


def unseen() -> tuple[str, ...]:
    """The clients that vcrpy does not know yet, by its names."""
    return tuple(_waiting_for)


def tell(callback: Callable[[], None]) -> None:
    """Call back when vcrpy has learnt of ``httpx``, in the thread that imports it."""
    _told.append(callback)


def tell_no_more(callback: Callable[[], None]) -> None:
    """Take back what :func:`tell` asked for."""
    if callback in _told:
        _told.remove(callback)


def _httpx_is_here(_: Any) -> None:
    """Complete vcrpy's own notes on the clients: other users of vcrpy in this process need them."""
    known = importlib.import_module("vcr.patch")
    spec: Any = importlib.util.find_spec("vcr.patch")
    complete = importlib.util.module_from_spec(spec)
    with _hidden():
        spec.loader.exec_module(complete)
    for name, value in vars(complete).items():
        if not hasattr(known, name):
            setattr(known, name, value)
    _waiting_for.discard("httpx")
    for callback in tuple(_told):
        callback()


@contextmanager
def _hidden() -> Iterator[None]:
    """Let this thread not find the clients that nothing has imported so far."""
    finder = _Hiding()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Hiding:
    """A finder of modules that says of some that they are not installed."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Find nothing.

        Raises:
            ModuleNotFoundError: for what is hidden, in the thread that hides it.
        """
        if name in _UNNEEDED and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
