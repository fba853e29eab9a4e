"""JSON read strictly, as hostile text: one document, no duplicate keys, no NaN, bounded."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from pytest_ftgate.checks.outputs import Json
from pytest_ftgate.errors import CheckError
from pytest_ftgate.text import preview, shown

MAX_CHARS = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 100_000
MAX_INTEGER_BITS = 14_000  # about the 4,300 digits that Python reads and writes

_CONTAINERS = (Mapping, list, tuple)
_JSON_SPACE = " \t\n\r"
_FENCE = re.compile(r"```[^\S\n]*[\w+-]*[^\S\n]*\n(.*?)\n?[^\S\n]*```", re.DOTALL)
_SALVAGE_CHARS = 1024 * 1024
_SALVAGE_STARTS = 20


class NotJson(Exception):
    """The text is not one acceptable JSON document; the message says why, ready to be shown."""

    def __init__(self, reason: str, *, cut_off: bool = False) -> None:
        super().__init__(reason)
        self.cut_off = cut_off


def parse(text: str) -> Json:
    """The text as one JSON document (RFC 8259), surrounding whitespace allowed.

    Raises:
        NotJson: for anything else; for duplicate keys, NaN, Infinity and numbers beyond the range
            of a float; for nesting deeper than 64, more than 100,000 values, or more than
            16 Mi characters.
    """
    if len(text) > MAX_CHARS:
        raise NotJson(f"got {len(text):,} characters, allowed: at most {MAX_CHARS:,}")
    if not text.strip(_JSON_SPACE):
        raise NotJson("the output is empty, allowed: one JSON document")
    value = _decoded(text)
    bound(value)
    return value


def bound(value: object) -> None:
    """Check data that is already parsed: JSON types only, finite, within the bounds of `parse`.

    Raises:
        NotJson: when a bound is crossed or a number is not finite.
        CheckError: when a key is not a string or a value is of a type that JSON does not have.
    """
    count = 0
    level: list[object] = [value]
    depth = 0
    while level:
        count += len(level)
        if count > MAX_VALUES:
            raise NotJson(f"got more than {MAX_VALUES:,} values, allowed: at most {MAX_VALUES:,}")
        if depth >= MAX_DEPTH and any(isinstance(item, _CONTAINERS) for item in level):
            raise NotJson(f"nested deeper than {MAX_DEPTH} levels, allowed: at most {MAX_DEPTH}")
        level = [child for item in level for child in _children(item)]
        depth += 1


def salvage(text: str) -> Iterator[tuple[str, Json]]:
    """The documents that a lenient reader would find, each with what had to be stripped for it.

    Only outputs of up to 1 Mi characters are looked into, at up to 20 places.
    """
    if len(text) > _SALVAGE_CHARS:
        return
    for fenced in list(_FENCE.finditer(text))[:_SALVAGE_STARTS]:
        around = (text[: fenced.start()] + text[fenced.end() :]).strip()
        stripped = "a markdown fence and the text around it" if around else "a markdown fence"
        yield from _attempt(fenced[1], stripped)
    starts = [found.start() for found in re.finditer(r"[{\[]", text)][:_SALVAGE_STARTS]
    decoder = _decoder()
    for start in starts:
        try:
            value, end = decoder.raw_decode(text, start)
            bound(value)
        except (NotJson, ValueError, RecursionError):
            continue
        before, after = text[:start].strip(), text[end:].strip()
        where = "before and after" if before and after else "before" if before else "after"
        yield f"the text {where} the JSON document", value
        return


def _attempt(text: str, stripped: str) -> Iterator[tuple[str, Json]]:
    try:
        yield stripped, parse(text)
    except NotJson:
        return


@cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse_constant
    )


def _decoded(text: str) -> Json:
    try:
        return _decoder().decode(text)  # type: ignore[no-any-return]
    except json.JSONDecodeError as error:
        raise _not_json(text, error) from None
    except RecursionError:
        raise NotJson(
            f"nested deeper than {MAX_DEPTH} levels, allowed: at most {MAX_DEPTH}"
        ) from None
    except ValueError:  # int() refuses to read more than 4,300 digits
        raise NotJson("got an integer of more than 4,300 digits") from None


def _not_json(text: str, error: json.JSONDecodeError) -> NotJson:
    rest = text[error.pos :].strip(_JSON_SPACE)
    where = f"line {error.lineno} column {error.colno}"
    if error.msg == "Extra data":
        return NotJson(f"not one JSON document: text follows it at {where}: {_quoted(rest)}")
    if not rest or error.msg.startswith("Unterminated string"):
        return NotJson(f"not a JSON document: it ends in the middle, at {where}", cut_off=True)
    problem = (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at")
    return NotJson(f"not a JSON document: {problem} at {where}: {_quoted(rest)}")


def _quoted(rest: str) -> str:
    return f'"{shown(rest, 40)}"'


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise NotJson(f"the key {preview(key, 60)} appears twice in one object")
            seen.add(key)
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJson(f"the number {shown(text, 40)} is too large, allowed: up to 1.8e308")
    return number


def _refuse_constant(name: str) -> Json:
    raise NotJson(f"{name} is not JSON, allowed: finite numbers or null")


def _children(item: object) -> Sequence[object]:
    if item is None or isinstance(item, (str, bool)):
        return ()
    if isinstance(item, int):
        if item.bit_length() > MAX_INTEGER_BITS:
            raise NotJson("got an integer of more than 4,300 digits")
        return ()
    if isinstance(item, float):
        if not math.isfinite(item):
            raise NotJson("got a number that is not finite, allowed: finite numbers or null")
        return ()
    if isinstance(item, Mapping):
        for key in item:
            if not isinstance(key, str):
                raise CheckError(
                    f"the output has the key {shown(repr(key), 60)} of type {type(key).__name__}; "
                    "keys of a JSON object are strings"
                )
        return list(item.values())
    if isinstance(item, (list, tuple)):
        return item
    raise CheckError(
        f"the output holds a value of type {type(item).__name__}, which JSON does not have"
    )
