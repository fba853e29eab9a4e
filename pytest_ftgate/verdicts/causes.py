"""Why results ended in errors: what says the same of many cases is one cause.

Messages name their case, and some end in how this case differs from a recording. Neither makes
another cause.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pytest_ftgate.model import ErrorCause
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import CauseKind, Record, SuitePlan

MOST_CAUSES = 20
"""Causes that the verdict document carries, the commonest first."""

_CASES = 5
_MESSAGE_LIMIT = 2_000
_SUMMARY_LIMIT = 240
_ANY = "…"
_SHORTEST_ID = 3
_DETAIL = re.compile(r"^ {4}.*\n?", re.MULTILINE)
_UNREACHABLE_TYPES = frozenset(
    {
        "APIConnectionError",
        "ClientConnectorError",
        "ConnectError",
        "ConnectTimeout",
        "ConnectionError",
        "ConnectionRefusedError",
        "MaxRetryError",
        "NewConnectionError",
        "URLError",
        "gaierror",
    }
)
_KEY_TYPES = frozenset({"AuthenticationError", "PermissionDeniedError"})


def causes(records: Sequence[Record]) -> tuple[ErrorCause, ...]:
    """The causes of the errors among the records, the commonest first."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record.status == "error":
            groups.setdefault(_likeness(record), []).append(record)
    common = sorted(groups.values(), key=lambda group: -len(group))
    return tuple(_cause(group) for group in common[:MOST_CAUSES])


def summary(cause: ErrorCause) -> str:
    """The cause on one short line."""
    lines = [line.strip() for line in cause.message.strip().splitlines()]
    told = lines[2:3] if cause.kind == "not_recorded" else lines[:3]  # a miss: where, what, why
    said = shown(" ".join(told or lines), _SUMMARY_LIMIT).rstrip(".")
    return f"{cause.type}: {said}" if said else cause.type


def advice(cause: ErrorCause, plan: SuitePlan) -> str:
    """What to do about it, in the suite that met it."""
    match cause.kind:
        case "not_recorded":
            words = ["pytest", shlex.quote(plan.file), "--ftgate-record=new_episodes"]
            if not plan.current:
                words.append(f"--ftgate-variant={shlex.quote(plan.variant)}")
            return f"record the calls: {' '.join(words)}"
        case "not_replayable":
            return "use a client that can be replayed, or list the host in passthrough_hosts"
        case "unreachable":
            return "start the server, or check base_url"
        case "key_refused":
            return "check the API key"
        case "other":
            return "pytest-ftgate show tells each in full"


def _likeness(record: Record) -> tuple[str, str]:
    kind, message = _told(record)
    return kind, _DETAIL.sub("", _anonymous(message, record))


def _cause(group: list[Record]) -> ErrorCause:
    kind, message = _told(group[0])
    if len(group) > 1:
        message = _anonymous(message, group[0])
    return ErrorCause(
        kind=_kind(kind, message),
        type=kind,
        message=message[:_MESSAGE_LIMIT],
        count=len(group),
        cases=tuple(map(_name, group[:_CASES])),
    )


def _name(record: Record) -> str:
    return record.case if record.trial == 0 else f"{record.case}#{record.trial + 1}"


def _told(record: Record) -> tuple[str, str]:
    error = record.error
    return (error.type, error.message) if error else ("unknown error", "")


def _anonymous(message: str, record: Record) -> str:
    """The message without the id of its case and the number of its trial."""
    # A short id may be any word or number: then only where it is called one.
    before = "" if len(record.case) >= _SHORTEST_ID else "(?<=case )"
    case = rf"(?<![\w.-]){before}{re.escape(record.case)}(?![\w-])"
    return re.sub(r"\btrial \d+", f"trial {_ANY}", re.sub(case, _ANY, message))


def _kind(error: str, message: str) -> CauseKind:
    if error == "CassetteMiss":
        return "not_recorded" if "To record it:" in message else "not_replayable"
    if error in _UNREACHABLE_TYPES or "connection refused" in message.lower():
        return "unreachable"
    return "key_refused" if error in _KEY_TYPES else "other"
