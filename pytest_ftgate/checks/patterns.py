"""Regular expressions that cannot hang: run by ``regex`` under a timeout."""

from __future__ import annotations

from typing import Protocol

import regex

TIMEOUT_S = 0.25
"""Seconds that one search may take."""


class PatternError(Exception):
    """The pattern is not a regular expression; the message says why and where."""


class PatternTimeout(Exception):
    """A search took longer than :data:`TIMEOUT_S`."""


class Match(Protocol):
    """The part of a match object that checks use."""

    def start(self) -> int:
        """The offset of the match."""

    def end(self) -> int:
        """The offset after the match."""

    def group(self) -> str:
        """The matched text."""


class Pattern:
    """A compiled regular expression with the semantics of :func:`re.search`.

    Args:
        source: the expression, in the syntax of the ``regex`` package, a superset of ``re``'s.
        ignore_case: match letters of either case.
        anchored_end: let ``$`` match only at the very end, as JSON Schema (ECMA 262) means it,
            not also before a closing line feed.

    Raises:
        PatternError: when it does not compile.
    """

    def __init__(
        self, source: str, *, ignore_case: bool = False, anchored_end: bool = False
    ) -> None:
        self.source = source
        flags = regex.IGNORECASE if ignore_case else 0
        try:
            self._compiled = regex.compile(
                end_only_at_end(source) if anchored_end else source, flags
            )
        except (regex.error, RecursionError, OverflowError) as error:
            raise PatternError(str(error)) from None

    def search(self, text: str, start: int = 0, *, timeout: float = TIMEOUT_S) -> Match | None:
        """The first match at or after ``start``.

        Raises:
            PatternTimeout: when ``timeout`` seconds have passed.
        """
        try:
            found: Match | None = self._compiled.search(text, start, timeout=timeout)
        except TimeoutError:
            raise PatternTimeout(
                f"the pattern {self.source!r} took longer than {TIMEOUT_S} s"
            ) from None
        return found


def end_only_at_end(source: str) -> str:
    r"""The pattern with each anchor ``$`` as ``\Z``; ``\$`` and ``[$]`` stay as they are."""
    out: list[str] = []
    in_class = False
    position = 0
    while position < len(source):
        char = source[position]
        if char == "\\":
            out.append(source[position : position + 2])
            position += 2
            continue
        if char == "[" and not in_class:
            in_class = True
            # A closing bracket that stands first is a member of the class.
            opening = 2 if source[position + 1 : position + 2] == "^" else 1
            if source[position + opening : position + opening + 1] == "]":
                opening += 1
            out.append(source[position : position + opening])
            position += opening
            continue
        if char == "]":
            in_class = False
        out.append(r"\Z" if char == "$" and not in_class else char)
        position += 1
    return "".join(out)
