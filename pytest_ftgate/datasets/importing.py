"""Cases out of files that were made for something else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.datasets.cases import FIELDS
from pytest_ftgate.datasets.reading import json_rows, read_cases, rows
from pytest_ftgate.errors import ConfigError, DataError, did_you_mean, shown
from pytest_ftgate.files import slug
from pytest_ftgate.strict_json import parse_file

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from pytest_ftgate.datasets.reading import Refuse, Rows
    from pytest_ftgate.model import Case

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_WITH_KEYS = ("input", "expected", "metadata")


def import_cases(
    path: str | os.PathLike[str], *, fields: Mapping[str, str] | None = None
) -> tuple[Case, ...]:
    """Read cases from JSON Lines, a JSON list, YAML or CSV with columns of any names.

    Rows of ``{"messages": [...]}`` (a chat) and ``{"prompt": ..., "completion": ...}`` are known;
    a chat's last assistant message is the expected answer. Keys that are not used go to
    ``metadata``. A missing id becomes ``case-0001`` and so on; an id that is not allowed is
    rewritten, and kept as ``metadata.id``.

    Args:
        path: the file.
        fields: what is taken from where: ``{"input.message": "question", "id": "qid"}``.

    Raises:
        DataErrors: a row cannot become a case.
        ConfigError: ``fields`` names an unknown target.
    """
    wanted = dict(fields or {})
    for target in wanted:
        name, _, rest = target.partition(".")
        if name not in FIELDS or (rest and name not in _WITH_KEYS):
            raise ConfigError(
                f"field: got {target!r}; {did_you_mean(name, FIELDS)} "
                f"({', '.join(_WITH_KEYS)} take keys: input.message)"
            )

    def source(refuse: Refuse) -> Rows:
        found = list(_foreign_rows(path, refuse))
        _check_sources(wanted, [row for _, row in found if isinstance(row, dict)], path)
        for number, (line, row) in enumerate(found, start=1):
            yield line, _case(row, wanted, number) if isinstance(row, dict) else row

    return read_cases(path, source)


def _foreign_rows(path: str | os.PathLike[str], refuse: Refuse) -> Rows:
    suffix = Path(path).suffix.lower()
    if suffix == ".csv":
        from pytest_ftgate.datasets.csv_rows import foreign_rows

        yield from foreign_rows(path, refuse)
    elif suffix == ".json":
        value = parse_file(path)
        if not isinstance(value, list):
            raise DataError(
                path, f"the file must hold a list of objects, got {shown(value)}", "Write [{...}]"
            )
        yield from ((1, row) for row in value)
    elif suffix in {".yaml", ".yml"}:
        yield from rows(path, refuse)
    else:
        yield from json_rows(path, refuse)


def _check_sources(
    fields: dict[str, str], found: list[dict[str, Any]], path: str | os.PathLike[str]
) -> None:
    known = list(dict.fromkeys(key for row in found for key in row))
    for target, name in fields.items():
        if found and name not in known:
            raise DataError(
                path,
                f"{target} is to be taken from {name!r}, which no row has; "
                f"{did_you_mean(name, known)}",
                "Correct the name",
            )


def _case(row: dict[str, Any], fields: dict[str, str], number: int) -> dict[str, Any]:
    """The row as a dataset line; what a row leaves out stays absent."""
    case: dict[str, Any] = {}
    for target, name in fields.items():
        if name in row:
            _put(case, target.split("."), row[name], target)
    used = set(fields.values())
    rest = {key: value for key, value in row.items() if key not in used}
    if not any(target.split(".")[0] == "input" for target in fields):
        _known_shapes(case, rest)
    for key in list(rest):
        if key in FIELDS and key not in case:
            case[key] = rest.pop(key)
    if rest:
        metadata = case.get("metadata") or {}
        case["metadata"] = {**rest, **metadata} if isinstance(metadata, dict) else metadata
    return _with_id(case, number)


def _known_shapes(case: dict[str, Any], rest: dict[str, Any]) -> None:
    """Move what training files call a chat or a completion to input and expectation."""
    messages = rest.get("messages")
    if isinstance(messages, list) and messages and "input" not in rest:
        del rest["messages"]
        last = messages[-1]
        if len(messages) > 1 and isinstance(last, dict) and last.get("role") == "assistant":
            case.setdefault("expected", last.get("content"))
            messages = messages[:-1]
        case["input"] = messages
    elif "prompt" in rest and "completion" in rest and "input" not in rest:
        case["input"] = rest.pop("prompt")
        case.setdefault("expected", rest.pop("completion"))


def _put(case: dict[str, Any], keys: list[str], value: Any, target: str) -> None:
    *outer, last = keys
    for key in outer:
        case = case.setdefault(key, {})
        if not isinstance(case, dict):
            raise ConfigError(f"field: {target!r} and another one fill the same value")
    case[last] = value


def _with_id(case: dict[str, Any], number: int) -> dict[str, Any]:
    given = case.get("id")
    if given is None:
        return {**case, "id": f"case-{number:04d}"}
    text = str(given)
    if _ID.fullmatch(text):
        return {**case, "id": text}
    metadata = case.get("metadata", {})
    if isinstance(metadata, dict):
        metadata = {**metadata, "id": given}
    return {**case, "id": slug(text), "metadata": metadata}
