from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.text import json_path, preview, shown

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates included


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, ünïcödé, 日本", "plain text, ünïcödé, 日本"),
        ("\x1b[31mred\x1b[0m", "\\u001b[31mred\\u001b[0m"),
        ("\x1b]8;;http://x\x07", "\\u001b]8;;http://x\\u0007"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("one\ntwo\r\n\tthree", "one\\ntwo\\r\\n\\tthree"),
        ("\x85\u2028", "\\u0085\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\ufe0fb\u3164", "a\\ufe0fb\\u3164"),
        ("\x7f\x9b", "\\u007f\\u009b"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_what_could_deceive_is_escaped(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_line_feeds_stay_on_request_but_carriage_returns_do_not() -> None:
    assert shown("a\nb\r\n", multiline=True) == "a\nb\\r\n"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("abcd", 0, ""),
        ("abcd", 1, "…"),
        ("\x00\x00", 8, "\\u0000\\…"),
        ("x" * 10_000_000, 4, "xxx…"),
    ],
)
def test_the_limit_counts_what_is_shown(text: str, limit: int, expected: str) -> None:
    assert shown(text, limit) == expected


@given(ANY_TEXT, st.none() | st.integers(0, 40))
def test_only_printable_characters_are_left(text: str, limit: int | None) -> None:
    result = shown(text, limit)
    assert result.isprintable()
    assert result.encode("utf-8").decode("utf-8") == result
    assert limit is None or len(result) <= limit


@given(ANY_TEXT)
def test_showing_twice_changes_nothing(text: str) -> None:
    assert shown(shown(text)) == shown(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("asap", '"asap"'),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ({"a": [1, "x\n"]}, '{"a": [1, "x\\n"]}'),
        ("\x1b[0m", '"\\u001b[0m"'),
        ({1, 2}, "{1, 2}"),
        (object, "<class 'object'>"),
    ],
)
def test_preview_shows_json(value: object, expected: str) -> None:
    assert preview(value) == expected


def test_preview_is_bounded_whatever_the_value() -> None:
    deep: object = []
    for _ in range(100_000):
        deep = [deep]
    cyclic: list[object] = []
    cyclic.append(cyclic)

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert preview("x" * 10_000_000, 10) == '"xxxxxxxx…'
    assert preview(list(range(1_000_000)), 10) == "[0, 1, 2,…"
    assert len(preview(deep, 20)) <= 20
    assert preview(cyclic, 20) == "[[...]]"
    assert preview(Broken(), 20) == "<Broken>"


def test_json_path_quotes_what_is_no_name() -> None:
    assert json_path(["items", 0, "first name", "naïve", "a\x1bb", ""]) == (
        '$.items[0]["first name"].naïve["a\\u001bb"][""]'
    )
