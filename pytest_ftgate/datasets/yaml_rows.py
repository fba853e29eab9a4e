"""Rows of a small YAML dataset: a list of cases, read without tags, merges or surprises.

Scalars follow YAML 1.2 (``no`` and ``on`` are text), and what YAML versions read differently is
refused. Values are built from the parser's events, so that depth, size and aliases are bounded
before anything is built.
"""

from __future__ import annotations

import copy
import math
import re
from typing import TYPE_CHECKING, Any

import yaml

from pytest_ftgate.canonical import escape_surrogates
from pytest_ftgate.errors import DataError
from pytest_ftgate.strict_json import MAX_DEPTH, read_text

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

MAX_CHARACTERS = 5_000_000
MAX_NODES = 500_000
"""The most values a file may hold, each use of an alias counted in full."""

_USE_JSONL = "Use JSON Lines (.jsonl) for a large dataset"
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")


def yaml_rows(path: str | os.PathLike[str]) -> Iterator[tuple[int, Any]]:
    """The items of the list in a YAML file, each with its 1-based line.

    Raises:
        DataError: the file cannot be read, is no YAML list, uses tags or merge keys, is nested too
            deeply or holds more than :data:`MAX_NODES` values once aliases are written out.
    """
    text = read_text(path)
    if len(text) > MAX_CHARACTERS:
        raise DataError(
            path, f"the file has {len(text)} characters, allowed: {MAX_CHARACTERS}", _USE_JSONL
        )
    try:
        yield from _Builder(path, text).rows()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise DataError(
            path,
            f"this is not YAML: {error.problem or error.context}",
            "Look at the indentation, quotes and brackets up to this place",
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(path, f"this is not YAML: {reason}", "Remove the character") from None


class _Builder:
    """Builds plain values from the events of one document."""

    def __init__(self, path: str | os.PathLike[str], text: str) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._path = path
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=loader))
        self._nodes = 0
        self._anchors: dict[str, tuple[Any, int]] = {}

    def rows(self) -> Iterator[tuple[int, Any]]:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return
        event = next(self._events)
        if not isinstance(event, yaml.SequenceStartEvent):
            raise self._error(
                event, "the file must hold a list of cases", "Start each case with '- id: ...'"
            )
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield event.start_mark.line + 1, self._value(event, 1)
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._error(event, "the file holds a second document", "Put all into one list")

    def _value(self, event: Any, depth: int) -> Any:
        before = self._nodes
        self._count(event, 1)
        if depth > MAX_DEPTH:
            raise self._error(
                event, f"the value is nested deeper than {MAX_DEPTH} levels", "Flatten it"
            )
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        if event.tag not in _TEXT_TAGS:
            raise self._error(event, f"the tag {event.tag!r} is not allowed", "Remove it")
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                value.append(self._value(item, depth + 1))
        else:
            value = self._mapping(depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._nodes - before)
        return value

    def _mapping(self, depth: int) -> dict[str, Any]:
        value: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise self._error(event, f"the key {key!r} is not text", "Put it in quotes")
            if key == "<<":
                raise self._error(event, "merge keys are not read", "Write the keys out")
            if key in value:
                raise self._error(
                    event, f"the key {key!r} stands twice in one object", "Remove one of them"
                )
            value[key] = self._value(next(self._events), depth + 1)
        return value

    def _aliased(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise self._error(
                event, f"the alias *{event.anchor} has no complete anchor before it", "Define it"
            )
        value, nodes = self._anchors[event.anchor]
        self._count(event, nodes)
        return copy.deepcopy(value)

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if not event.implicit[0] or event.tag is not None:
            return escape_surrogates(text)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _LEADING_ZERO.fullmatch(text):
            raise self._error(
                event,
                f"{text} may be read as a number or as text",
                "Put it in quotes, or drop the leading zero",
            )
        if _WHOLE.fullmatch(text):
            return int(text, 0)
        if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        if _NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text):
            raise self._error(
                event, f"{text} is not a finite number", "Write a finite number, or null"
            )
        return text

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._error(
                event,
                f"the file holds more than {MAX_NODES} values, aliases written out",
                _USE_JSONL,
            )

    def _error(self, event: Any, reason: str, advice: str) -> DataError:
        mark = event.start_mark
        return DataError(self._path, reason, advice, line=mark.line + 1, column=mark.column + 1)
