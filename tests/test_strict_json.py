from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given

from pytest_ftgate.errors import DataError
from pytest_ftgate.strict_json import (
    MAX_DEPTH,
    is_too_deep,
    parse,
    parse_file,
    read_lines,
    read_text,
)
from tests.test_canonical import json_values


@given(json_values)
def test_reads_what_the_standard_parser_reads(value: object) -> None:
    assert parse(json.dumps(value), "x.json") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a" 1}', "x.json:7:6: this is not JSON: expecting ':' delimiter, got '1'. Look for a "
         "missing comma, colon, quote or bracket before this place."),
        ('{a: 1}', "x.json:7:2: this is not JSON: expecting property name enclosed in double "
         "quotes, got 'a'. Write keys in double quotes and no comma after the last one."),
        ('{"a": 1} 2', "x.json:7:10: this is not JSON: extra data. Put one JSON value on each "
         "line, with nothing after it."),
        ('{"a": "b', "x.json:7:7: this is not JSON: unterminated string starting at. Close the "
         "text with a double quote."),
        ('{"a": ', "x.json:7:7: this is not JSON: expecting value, the text ends here. Look for "
         "a line that was cut off or a missing bracket."),
        ("[1,\nx]", "x.json:8:1: this is not JSON: expecting value, got 'x'. Write text in double "
         "quotes; other values are numbers, true, false, null."),
        ('"a\tb"', "x.json:7:3: this is not JSON: invalid control character at. Write line breaks "
         "and tabs within text as \\n and \\t."),
        (r'"\x"', r"x.json:7:2: this is not JSON: invalid \escape. Write a backslash within text "
         r"as \\."),
        ("NaN", "x.json:7: NaN is not a JSON number. Write a finite number, or null for unknown."),
        ("[-Infinity]", "x.json:7: -Infinity is not a JSON number. Write a finite number, or null "
         "for unknown."),
        ("1e999", "x.json:7: the number 1e999 is too large. Write a finite number, or text."),
        ("9" * 5000, "x.json:7: a number has 5000 digits. Write it as text."),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "x.json:7: the key 'c' stands twice in one object. "
         "Remove one of them."),
    ],
    ids=["colon", "comma", "extra", "open", "cut", "second line", "tab", "escape", "nan",
         "infinity", "1e999", "digits", "twice"],
)  # fmt: skip
def test_says_what_is_wrong_and_where(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse(text, "x.json", line=7)

    assert str(caught.value) == message


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000, 1_000_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_limited(depth: int, start: str, end: str) -> None:
    with pytest.raises(DataError, match="nested deeper than 100 levels"):
        parse(start * depth + "1" + end * depth, "x.json")


def test_depth_up_to_the_limit_is_read() -> None:
    assert not is_too_deep(parse("[" * MAX_DEPTH + "]" * MAX_DEPTH, "x.json"))


def test_brackets_within_text_are_no_depth() -> None:
    assert parse(json.dumps("[" * 1000), "x.json") == "[" * 1000


def test_lone_surrogates_become_their_spelling() -> None:
    value = parse(r'{"\ud800": ["half \ud83d", "whole \ud83d\ude00"]}', "x.json")

    assert value == {"\\ud800": ["half \\ud83d", "whole \U0001f600"]}


class TestFiles:
    def test_byte_order_mark(self, tmp_path: Path) -> None:
        path = tmp_path / "x.json"
        path.write_bytes(b"\xef\xbb\xbf[1]")

        assert parse_file(path) == [1]

    def test_missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

        with pytest.raises(
            DataError, match=r"^sub/x\.json: there is no such file\. Check the path\.$"
        ):
            read_text(tmp_path / "sub" / "x.json")

    def test_directory(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="this is a directory"):
            read_text(tmp_path)

    def test_a_path_that_no_file_can_have(self) -> None:
        with pytest.raises(DataError, match="cannot be read"):
            read_text("a\0b")

    def test_not_utf8(self, tmp_path: Path) -> None:
        path = tmp_path / "x.md"
        path.write_bytes(b"one\ntw\xe9\n")

        with pytest.raises(DataError) as caught:
            read_text(path)
        assert (caught.value.line, caught.value.column) == (2, 3)
        assert caught.value.reason == "this is not UTF-8: byte 0xe9"

    def test_utf16(self, tmp_path: Path) -> None:
        path = tmp_path / "x.md"
        path.write_bytes("text".encode("utf-16"))

        with pytest.raises(DataError, match=r"x\.md:1: this is UTF-16\. Save the file as UTF-8\."):
            read_text(path)

    def test_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "x.jsonl"
        path.write_bytes("one\r\n\n  \ntwo\u2028three\x0cfour\n".encode() + b"\xff\nsix")
        refused: list[DataError] = []

        assert list(read_lines(path, refused.append)) == [
            (1, "one"),
            (4, "two\u2028three\x0cfour"),
            (6, "six"),
        ]
        assert [(error.line, error.column) for error in refused] == [(5, 1)]
