"""Equality of JSON values, and where two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from pytest_ftgate.text import json_path, preview, shown

_MOST = 3
_CONTEXT = 24


def differences(expected: object, actual: object, most: int = _MOST) -> tuple[str, ...]:
    """The first places where two values differ, a sentence each; empty when they are equal.

    Equal means equal as JSON: 1 and 1.0 are equal, true and 1 are not, lists and tuples are the
    same, the order of keys does not matter. An expectation that is no JSON value, such as
    ``pytest.approx``, is compared by ``==``.
    """
    return tuple(islice(_differences((), expected, actual), most))


def _differences(path: tuple[str | int, ...], expected: object, actual: object) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        yield from _of_objects(path, expected, actual)
    elif isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
            yield from _differences((*path, index), left, right)
        if len(expected) != len(actual):
            yield f"{_at(path)}expected {len(expected)} items, got {len(actual)}"
    elif not _same(expected, actual):
        if isinstance(expected, str) and isinstance(actual, str):
            yield _at(path) + text_difference(expected, actual)
        else:
            yield f"{_at(path)}expected {_value(expected)}, got {_value(actual)}"


def _of_objects(
    path: tuple[str | int, ...],
    expected: Mapping[str, object],
    actual: Mapping[str, object],
) -> Iterator[str]:
    for key, value in expected.items():
        if key in actual:
            yield from _differences((*path, str(key)), value, actual[key])
        else:
            yield f"{_at((*path, str(key)))}missing, expected {_value(value)}"
    for key, value in actual.items():
        if key not in expected:
            yield f"{_at((*path, str(key)))}not expected, got {_value(value)}"


def _same(expected: object, actual: object) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool):
        return isinstance(expected, bool) and isinstance(actual, bool) and expected == actual
    return bool(expected == actual)


def _at(path: tuple[str | int, ...]) -> str:
    return f"{json_path(path)}: " if path else ""


def _value(value: object) -> str:
    return preview(value, 60)


def text_difference(expected: str, actual: str) -> str:
    """How two different texts differ, in one line."""
    if len(expected) <= 40 and len(actual) <= 40:
        return f"expected {preview(expected)}, got {preview(actual)}{_hint(expected, actual)}"
    same = _common_prefix(expected, actual)
    start = max(0, same - _CONTEXT // 2)
    left, right = (_excerpt(text, start) for text in (expected, actual))
    return f"differs at character {same + 1}: expected {left}, got {right}{_hint(expected, actual)}"


def _hint(expected: str, actual: str) -> str:
    if expected.split() == actual.split():
        return " (only whitespace differs)"
    if expected.casefold() == actual.casefold():
        return " (only upper and lower case differ)"
    return ""


def _common_prefix(one: str, two: str) -> int:
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == two[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _excerpt(text: str, start: int) -> str:
    before = "…" if start else ""
    after = "…" if start + 2 * _CONTEXT < len(text) else ""
    return f'"{before}{shown(text[start : start + 2 * _CONTEXT], 60)}{after}"'
