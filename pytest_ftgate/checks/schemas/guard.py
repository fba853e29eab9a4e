"""What travels with a validation through the whole schema, and ends it when it must end."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
from jsonschema.exceptions import FormatError

from pytest_ftgate.checks.patterns import TIMEOUT_S, Pattern
from pytest_ftgate.checks.schemas.formats import EXTRA_FORMATS, MAX_FORMAT_CHARS

if TYPE_CHECKING:
    from typing import Self

BUDGET_S = 5.0
"""Seconds that the validation of one document may take."""

_PROBE_EVERY = 8
_PROBE_FRAMES = 100


class OutOfTime(Exception):
    """Validating one document took longer than :data:`BUDGET_S`."""


class TooDeep(Exception):
    """Validation nests so deeply that the stack would run out."""


class Guard(jsonschema.FormatChecker):  # type: ignore[misc]
    """Asserts formats, searches patterns under a timeout, and ends a validation that drags on.

    The format checker is the one object that jsonschema hands from validator to validator, so
    this is what knows how long a validation has run and how deep it is.

    Args:
        patterns: the schema's compiled patterns by source; completed as needed.
    """

    # Kept on the class: test suites that freeze time patch modules, and a deadline must hold.
    _clock = staticmethod(time.monotonic)

    def __init__(self, patterns: dict[str, Pattern]) -> None:
        self.checkers = known_formats()
        self._patterns = patterns
        self._deadline = self._clock() + BUDGET_S
        self._depth = 0

    def renewed(self) -> Guard:
        """A guard for another validation, with the same patterns and all the time again."""
        return Guard(self._patterns)

    def deeper(self) -> Self:
        """The guard of a subschema.

        Raises:
            OutOfTime: when the validation has used up its time.
            TooDeep: before the stack runs out: jsonschema's Rust parts abort if it ends in them.
        """
        self.tick()
        below = object.__new__(type(self))
        below.__dict__.update(self.__dict__)
        below._depth += 1
        if below._depth % _PROBE_EVERY == 0:
            try:
                _probe(_PROBE_FRAMES)
            except RecursionError:
                raise TooDeep from None
        return below

    def check(self, instance: object, format: str) -> None:
        """Raise FormatError unless the instance conforms; unknown formats always conform."""
        if format not in self.checkers or not isinstance(instance, str):
            return
        function, _ = self.checkers[format]
        try:
            conforms = len(instance) <= MAX_FORMAT_CHARS and bool(function(instance))
        except Exception:  # some checkers let more escape than they declare; none may accept
            conforms = False
        if not conforms:
            raise FormatError(format)

    def found(self, source: str, text: str) -> bool:
        """Whether the pattern is found in the text."""
        pattern = self._patterns.get(source)
        if pattern is None:
            pattern = self._patterns[source] = Pattern(source, anchored_end=True)
        self.tick()
        return pattern.search(text, timeout=TIMEOUT_S) is not None

    def tick(self) -> None:
        """Raise OutOfTime when the validation has used up its time."""
        if self._clock() > self._deadline:
            raise OutOfTime


@cache
def known_formats() -> dict[str, Any]:
    """The checkers of all formats, by name; the same for every draft."""
    known = jsonschema.Draft202012Validator.FORMAT_CHECKER.checkers
    return {**known, **EXTRA_FORMATS}


def _probe(frames: int) -> None:
    """Use as much of the stack as the next few levels may need."""
    if frames:
        _probe(frames - 1)
