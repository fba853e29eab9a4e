"""What a miss says: which call of which case, why there is no answer, and what to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import CassetteMiss, shown_path

if TYPE_CHECKING:
    from pytest_ftgate.recording.scopes import Scope


def miss(scope: Scope, method: str, uri: str, body: bytes, key: str) -> CassetteMiss:
    """The error for a call that the pack cannot answer; it is noted in the scope as well."""
    where = scope.address
    played = sum(entry.head.key == key for entry in scope.recorded())
    why = f"already played {played} of {played}" if played else "never recorded"
    text = (
        f"{where.suite}[{where.variant}] case {where.case}, trial {where.trial}: "
        f"{method} {uri} was {why}.\nPack: {shown_path(scope.pack.path)}\n"
        f"Record it: {where.rerecord or 'pytest --ftgate-record=new_episodes'}"
    )
    scope.misses.append(text)
    return CassetteMiss(text)
