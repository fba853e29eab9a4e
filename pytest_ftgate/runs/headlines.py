"""The verdict of a run in a few words, kept beside its records so that lists need not decide."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from pytest_ftgate.files import write_atomic
from pytest_ftgate.model.headlines import Headline, headline
from pytest_ftgate.runs.codec import encode

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ftgate.model import Verdict

HEADLINE = "verdict.json"


def keep(verdict: Verdict, directory: Path) -> None:
    """Write the headline of a run's verdict into the run's directory.

    Raises:
        StoreError: it cannot be written.
    """
    write_atomic(directory / HEADLINE, encode(headline(verdict)))


def read(directory: Path) -> Headline | None:
    """The headline that a session left; ``None`` if there is none that can be read."""
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode((directory / HEADLINE).read_bytes(), type=Headline)
    return None
