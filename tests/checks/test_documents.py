from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.checks.documents import MAX_DEPTH, MAX_VALUES, NotJson, bound, parse, salvage
from pytest_ftgate.errors import CheckError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.text(" \t\n\r", max_size=3), st.text(" \t\n\r", max_size=3))
def test_every_json_value_is_read_as_it_is(value: object, before: str, after: str) -> None:
    assert parse(before + json.dumps(value) + after) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the output is empty, allowed: one JSON document"),
        (" \n", "the output is empty, allowed: one JSON document"),
        ("Sure!", 'not a JSON document: expecting value at line 1 column 1: "Sure!"'),
        ('{"a": 1} ok', 'not one JSON document: text follows it at line 1 column 10: "ok"'),
        ('{"a": 1}\n{"a": 2}', 'not one JSON document: text follows it at line 2 column 1: "{"a": 2}"'),  # noqa: E501
        ('{"a": [1,', "not a JSON document: it ends in the middle, at line 1 column 10"),
        ('{"a": "b', "not a JSON document: it ends in the middle, at line 1 column 7"),
        ("{'a': 1}", "not a JSON document: expecting property name enclosed in double quotes at line 1 column 2: \"'a': 1}\""),  # noqa: E501
        ('"\x1b"', 'not a JSON document: invalid control character at line 1 column 2: "\\u001b""'),
        ('{"a": 1, "a": 1}', 'the key "a" appears twice in one object'),
        ("[NaN]", "NaN is not JSON, allowed: finite numbers or null"),
        ("-Infinity", "-Infinity is not JSON, allowed: finite numbers or null"),
        ("1e999", "the number 1e999 is too large, allowed: up to 1.8e308"),
        ("9" * 5000, "got an integer of more than 4,300 digits"),
        ("[" * 65 + "]" * 65, "nested deeper than 64 levels, allowed: at most 64"),
        ("[" * 500_000, "nested deeper than 64 levels, allowed: at most 64"),
        ("\u00a0{}", 'not a JSON document: expecting value at line 1 column 1: "\\u00a0{}"'),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(NotJson) as caught:
        parse(text)
    assert str(caught.value) == reason


def test_a_cut_off_document_is_told_from_a_malformed_one() -> None:
    with pytest.raises(NotJson) as cut:
        parse('{"a": [1')
    with pytest.raises(NotJson) as malformed:
        parse('{"a": ]')
    assert cut.value.cut_off
    assert not malformed.value.cut_off


def test_size_and_count_are_bounded() -> None:
    with pytest.raises(NotJson, match=r"got 17,000,000 characters, allowed: at most 16,777,216"):
        parse("1" * 17_000_000)
    with pytest.raises(NotJson, match=r"got more than 100,000 values"):
        parse("[" + "1," * MAX_VALUES + "1]")
    assert len(parse('"' + "x" * 10_000_000 + '"')) == 10_000_000  # type: ignore[arg-type]


def test_the_deepest_allowed_nesting_is_read() -> None:
    parse("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_parsed_data_is_held_to_the_same_bounds() -> None:
    cyclic: list[object] = []
    cyclic.append(cyclic)
    for value, reason in [
        (cyclic, "nested deeper"),
        ([float("nan")], "not finite"),
        (1 << 20_000, "4,300 digits"),
    ]:
        with pytest.raises(NotJson, match=reason):
            bound(value)


def test_data_that_json_does_not_have_is_a_mistake_of_the_test() -> None:
    with pytest.raises(CheckError, match="has the key 1 of type int"):
        bound({1: "a"})
    with pytest.raises(CheckError, match="a value of type set"):
        bound([{1}])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('```json\n{"a": 1}\n```', [("a markdown fence", {"a": 1})]),
        ("```\n[1]\n```\n", [("a markdown fence", [1])]),
        ('Here:\n```json\n{"a": 1}\n```', [("a markdown fence and the text around it", {"a": 1})]),
        ('Sure: {"a": 1}', [("the text before the JSON document", {"a": 1})]),
        ('{"a": 1} - done', [("the text after the JSON document", {"a": 1})]),
        ("x [1] y", [("the text before and after the JSON document", [1])]),
        ("a [b] {c} [2]", [("the text before the JSON document", [2])]),
        ("no document", []),
        ("{" * 100_000, []),
    ],
)
def test_salvage_finds_what_a_lenient_reader_would(text: str, found: list[object]) -> None:
    assert [each for each in salvage(text) if each[0].startswith(("the", "a mark"))][:1] == found


def test_salvage_leaves_very_long_outputs_alone() -> None:
    assert list(salvage("x" * 2_000_000 + "{}")) == []
