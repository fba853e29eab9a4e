"""What the doctor finds."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One line of the doctor's table.

    ``ok`` and ``info`` need nothing; a ``note`` may want doing something about; a ``problem`` will
    make sessions fail or mislead. The texts of the latter two say what to do.
    """

    status: Literal["ok", "info", "note", "problem"]
    what: str
    text: str


def ok(what: str, text: str) -> Finding:
    """A finding that needs nothing."""
    return Finding("ok", what, text)


def info(what: str, text: str) -> Finding:
    """A finding that says what is not there, which is fine for most."""
    return Finding("info", what, text)


def note(what: str, text: str) -> Finding:
    """A finding that may want doing something about."""
    return Finding("note", what, text)


def problem(what: str, text: str) -> Finding:
    """A finding that must be mended."""
    return Finding("problem", what, text)
