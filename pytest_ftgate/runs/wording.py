"""Phrases that the messages of this room share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = 20


def label(case: str, trial: int) -> str:
    """A case and trial as messages name them: ``c1``, ``c1#2``."""
    return case if trial == 0 else f"{case}#{trial + 1}"


def counted(count: int, noun: str) -> str:
    """``1 case``, ``1,200 cases``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def named(names: Iterable[str]) -> str:
    """The first 20 names, and how many more there are."""
    every = list(names)
    more = len(every) - _NAMED
    text = ", ".join(every[:_NAMED])
    return f"{text} and {more:,} more" if more > 0 else text
