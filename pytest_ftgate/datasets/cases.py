"""From the plain data of one dataset line to a :class:`Case`, or to all that is wrong with it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct

from pytest_ftgate.canonical import canonical_json
from pytest_ftgate.errors import DataError, did_you_mean, shown
from pytest_ftgate.model import Case, Split
from pytest_ftgate.strict_json import MAX_DEPTH, escape_all, is_too_deep

if TYPE_CHECKING:
    import os

FIELDS = (
    "id",
    "input",
    "expected",
    "tags",
    "stratum",
    "split",
    "weight",
    "cluster",
    "metadata",
)
"""The keys of a dataset line, in the order in which they are written."""

SPLITS: tuple[str, ...] = get_args(Split)

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ROLES = ("system", "developer", "user", "assistant", "tool")
_OTHER_SPLIT_NAMES = {
    "test": "holdout",
    "validation": "dev",
    "valid": "dev",
    "val": "dev",
    "training": "train",
}


class Place(Struct, frozen=True):
    """A line of a file, and the list that collects what is wrong there."""

    path: str | os.PathLike[str]
    line: int | None
    found: list[DataError]

    def refuse(self, reason: str, advice: str) -> None:
        """Note that something is wrong here."""
        self.found.append(DataError(self.path, reason, advice, line=self.line))


def read_case(raw: object, place: Place, *, source: str | None = None) -> Case | None:
    """Check one case and make it; ``None`` when it was refused, every reason noted at the place.

    Args:
        raw: the decoded line, JSON values only.
        place: where it stands.
        source: the ``path:line`` that the case remembers.
    """
    before = len(place.found)
    if not isinstance(raw, dict):
        place.refuse(
            f"a case must be an object, got {shown(raw)}", 'Write {"id": ..., "input": ...}'
        )
        return None
    for key in raw:
        if key not in FIELDS:
            place.refuse(
                f"unknown key {shown(key)}; {did_you_mean(str(key), FIELDS)}",
                'Correct it, or put it into "metadata"',
            )
    values = {
        "id": _id(raw.get("id"), place),
        "input": _input(raw, place),
        "expected": raw.get("expected"),
        "tags": _tags(raw.get("tags"), place),
        "stratum": _label("stratum", raw.get("stratum"), place),
        "split": _split(raw.get("split"), place),
        "weight": _weight(raw.get("weight"), place),
        "cluster": _label("cluster", raw.get("cluster"), place),
        "metadata": _metadata(raw.get("metadata"), place),
    }
    if len(place.found) > before:
        return None
    return Case(**values, source=source)


def plain(case: Case) -> dict[str, Any]:
    """The case as the object of a dataset line, without what is absent or default."""
    values: dict[str, Any] = {"id": case.id, "input": case.input}
    if case.expected is not None:
        values["expected"] = case.expected
    if case.tags:
        values["tags"] = list(case.tags)
    if case.stratum is not None:
        values["stratum"] = case.stratum
    values["split"] = case.split
    if case.weight != 1:
        values["weight"] = case.weight
    if case.cluster is not None:
        values["cluster"] = case.cluster
    if case.metadata:
        values["metadata"] = case.metadata
    return values


def as_json(raw: dict[str, Any], place: Place) -> dict[str, Any] | None:
    """The values of a case made in memory, safe to store; ``None`` when they are not JSON."""
    for key, value in raw.items():
        try:
            text = canonical_json(value)
        except (TypeError, ValueError) as error:
            place.refuse(
                f"{key} is not JSON: {error}", "Use text, finite numbers, lists and objects"
            )
            return None
        if is_too_deep(value):
            place.refuse(f"{key} is nested deeper than {MAX_DEPTH} levels", "Flatten it")
            return None
        if b"\\ud" in text:
            raw = {**raw, key: escape_all(value)}
    return raw


def _id(value: object, place: Place) -> str:
    if value is None:
        place.refuse("the id is missing", 'Add "id": a unique name of the case')
    elif not isinstance(value, str):
        place.refuse(f"the id must be text, got {shown(value)}", "Put it in quotes")
    elif not _ID.fullmatch(value):
        place.refuse(
            f"the id {shown(value)} is not allowed",
            "Use 1 to 64 of the characters A-Z a-z 0-9 . _ -",
        )
    else:
        return value
    return ""


def _input(raw: dict[str, Any], place: Place) -> Any:
    value = raw.get("input")
    if value is None:
        place.refuse("the input is missing", 'Add "input": text, an object or chat messages')
    elif isinstance(value, (list, tuple)):
        _check_messages(value, place)
    elif not isinstance(value, (str, dict)):
        place.refuse(
            f"the input must be text, an object or a list of chat messages, got {shown(value)}",
            "Put it in quotes, or give it a name in an object",
        )
    return value


def _check_messages(messages: list[Any] | tuple[Any, ...], place: Place) -> None:
    if not messages:
        place.refuse("the input is an empty list", "Give at least one chat message")
    for number, message in enumerate(messages, start=1):
        if not _is_message(message):
            place.refuse(
                f"item {number} of the input is no chat message, got {shown(message)}",
                'Write {"role": "user", "content": ...}, or put the list into an object',
            )
        elif message["role"] not in _ROLES:
            place.refuse(
                f"message {number} of the input has the role {shown(message['role'])}; "
                f"{did_you_mean(str(message['role']), _ROLES)}",
                f"Use one of: {', '.join(_ROLES)}",
            )


def _is_message(value: object) -> bool:
    return (
        isinstance(value, dict)
        and "role" in value
        and ("content" in value or "tool_calls" in value)
    )


def _tags(value: object, place: Place) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        place.refuse(f"tags must be a list of text, got {shown(value)}", 'Write "tags": ["refund"]')
        return ()
    tags = [tag for item in value if (tag := _label("each of the tags", item, place)) is not None]
    if None in value:
        place.refuse("each of the tags must be text, got None", "Remove it")
    if len(set(tags)) < len(tags):
        place.refuse(f"a tag is repeated in {shown(list(value))}", "Name each tag once")
    return tuple(tags)


def _label(name: str, value: object, place: Place) -> str | None:
    """A name that slices and reports are made of: printable, and without invisible differences."""
    if value is None:
        return None
    if not isinstance(value, str):
        place.refuse(f"{name} must be text, got {shown(value)}", "Put it in quotes")
    elif not value or value != value.strip() or not value.isprintable():
        place.refuse(
            f"{name} must be printable text without outer white space, got {shown(value)}",
            "Correct it, or leave it out",
        )
    else:
        return value
    return None


def _split(value: object, place: Place) -> str:
    if value is None:
        return "dev"
    if isinstance(value, str) and value in SPLITS:
        return value
    other = _OTHER_SPLIT_NAMES.get(value.lower()) if isinstance(value, str) else None
    hint = f"did you mean {other!r}?" if other else did_you_mean(str(value), SPLITS)
    place.refuse(f"unknown split {shown(value)}; {hint}", f"Use one of: {', '.join(SPLITS)}")
    return "dev"


def _weight(value: object, place: Place) -> float:
    if value is None:
        return 1.0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            weight = float(value)
        except OverflowError:
            weight = math.inf
        if 0 < weight < math.inf:
            return weight
    place.refuse(
        f"the weight must be a finite number above 0, got {shown(value)}",
        "Give a number, or leave it out for 1",
    )
    return 1.0


def _metadata(value: object, place: Place) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    place.refuse(f"metadata must be an object, got {shown(value)}", 'Write "metadata": {...}')
    return {}
