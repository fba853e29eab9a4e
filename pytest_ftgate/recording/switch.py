"""Attribute replacements that are put in place and taken out together."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_ABSENT = object()


class Switch:
    """Replaces attributes of modules and classes while it is on."""

    def __init__(self) -> None:
        self._replacements: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self._displaced: dict[tuple[int, str], Any] = {}
        self._lock = threading.RLock()
        self._suspensions = 0
        self.is_on = False

    def add(self, target: Any, attribute: str, replacement: Any) -> None:
        """Replace ``target.attribute`` while the switch is on; the last replacement counts."""
        self._replacements[id(target), attribute] = target, attribute, replacement

    def on(self) -> None:
        """Put the replacements in place; what they displace may be another tool's own patch.

        While it is on already, this puts back what another tool took out when it took out its own
        patch, and leaves alone what another tool put on top.
        """
        with self._lock:
            for key, (target, attribute, replacement) in self._replacements.items():
                present = vars(target).get(attribute, _ABSENT)
                if not self.is_on:
                    self._displaced[key] = present
                elif present is not self._displaced[key]:
                    continue
                setattr(target, attribute, replacement)
            self.is_on = True

    def off(self) -> None:
        """Put back what was there, where it was not replaced by another tool since."""
        with self._lock:
            if not self.is_on:
                return
            self.is_on = False
            for key, (target, attribute, replacement) in self._replacements.items():
                if vars(target).get(attribute, _ABSENT) is replacement:
                    _restore(target, attribute, self._displaced[key])

    @contextlib.contextmanager
    def without(self, target: Any, originals: dict[str, Any]) -> Iterator[None]:
        """Attributes of one target as they were, for a moment that other threads do not notice."""
        with self._lock:
            self._suspensions += 1
            if self.is_on:
                for attribute, original in originals.items():
                    setattr(target, attribute, original)
        try:
            yield
        finally:
            with self._lock:
                self._suspensions -= 1
                if self.is_on and not self._suspensions:
                    for attribute in originals:
                        setattr(target, attribute, self._replacements[id(target), attribute][2])


def _restore(target: Any, attribute: str, original: Any) -> None:
    if original is _ABSENT:
        delattr(target, attribute)
    else:
        setattr(target, attribute, original)
