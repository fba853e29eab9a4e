from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate import datasets
from pytest_ftgate.errors import DataErrors
from pytest_ftgate.model import Case

FULL = {
    "id": "refund-001",
    "input": {"message": "Where is my money?"},
    "expected": {"queue": "billing"},
    "tags": ["refund", "angry"],
    "stratum": "hard",
    "split": "holdout",
    "weight": 2,
    "cluster": "ticket-9",
    "metadata": {"author": "kim"},
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "dataset.jsonl"


def write(path: Path, *lines: object) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")


def problems(path: Path) -> list[str]:
    with pytest.raises(DataErrors) as caught:
        datasets.load(path)
    return [str(error) for error in caught.value.errors]


def test_reads_every_key(path: Path) -> None:
    write(path, FULL)

    assert datasets.load(path) == (
        Case(
            id="refund-001",
            input={"message": "Where is my money?"},
            expected={"queue": "billing"},
            tags=("refund", "angry"),
            stratum="hard",
            split="holdout",
            weight=2.0,
            cluster="ticket-9",
            metadata={"author": "kim"},
            source="dataset.jsonl:1",
        ),
    )


def test_only_id_and_input_are_required(path: Path) -> None:
    write(path, {"id": "a", "input": "text"})

    (case,) = datasets.load(path)

    assert case == Case(id="a", input="text", source="dataset.jsonl:1")
    assert (case.split, case.weight, case.expected) == ("dev", 1.0, None)


def test_null_is_absent(path: Path) -> None:
    write(path, {**dict.fromkeys(FULL), "id": "a", "input": ""})

    assert datasets.load(path) == (Case(id="a", input="", source="dataset.jsonl:1"),)


def test_chat_messages(path: Path) -> None:
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "tool_calls": []},
        {"role": "tool", "content": "4"},
    ]
    write(path, {"id": "a", "input": messages})

    assert datasets.load(path)[0].input == messages


def test_file_order_blank_lines_line_ends_and_byte_order_mark(path: Path) -> None:
    path.write_bytes(
        b'\xef\xbb\xbf{"id":"z","input":"1"}\r\n\r\n{"id":"a","input":"2"}\n\n{"id":"m","input":"3"}'
    )

    assert [(case.id, case.source) for case in datasets.load(path)] == [
        ("z", "dataset.jsonl:1"),
        ("a", "dataset.jsonl:3"),
        ("m", "dataset.jsonl:5"),
    ]


def test_every_bad_line_is_reported(path: Path) -> None:
    path.write_bytes(
        b'{"id": "a", "input": "x"}\n'
        b'{"id": "b", "input": "x"\n'
        b'{"id": "c", "input": NaN}\n'
        b'{"id": "d", "input": "\xff"}\n'
        b'{"id": "e", "input": 1e999}\n'
        b'["f"]\n'
        b'{"id": "g", "input": "x", "wieght": 0, "weight": 0}\n'
    )

    assert problems(path) == [
        "dataset.jsonl:2:25: this is not JSON: expecting ',' delimiter, the text ends here. "
        "Look for a line that was cut off or a missing bracket.",
        "dataset.jsonl:3: NaN is not a JSON number. Write a finite number, or null for unknown.",
        "dataset.jsonl:4:23: this is not UTF-8: byte 0xff. Save the file as UTF-8.",
        "dataset.jsonl:5: the number 1e999 is too large. Write a finite number, or text.",
        'dataset.jsonl:6: a case must be an object, got [\'f\']. Write {"id": ..., "input": ...}.',
        "dataset.jsonl:7: unknown key 'wieght'; did you mean 'weight'? "
        'Correct it, or put it into "metadata".',
        "dataset.jsonl:7: the weight must be a finite number above 0, got 0. "
        "Give a number, or leave it out for 1.",
    ]


def test_the_message_shows_twenty(path: Path) -> None:
    write(path, *(["x"] * 23))

    with pytest.raises(DataErrors) as caught:
        datasets.load(path)

    assert len(caught.value.errors) == 23
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 3 more"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "the id is missing"),
        ({"id": 7}, "the id must be text, got 7"),
        ({"id": ""}, "the id '' is not allowed"),
        ({"id": "a b"}, "the id 'a b' is not allowed"),
        ({"id": "a\n"}, "the id 'a\\n' is not allowed"),
        ({"id": "é"}, "the id 'é' is not allowed"),
        ({"id": "x" * 65}, f"the id '{'x' * 56}... is not allowed"),
        ({"input": None}, "the input is missing"),
        ({"input": 4}, "the input must be text, an object or a list of chat messages, got 4"),
        ({"input": True}, "the input must be text, an object or a list of chat messages, got True"),
        ({"input": []}, "the input is an empty list"),
        ({"input": ["hi"]}, "item 1 of the input is no chat message, got 'hi'"),
        ({"input": [{"role": "user"}]}, "item 1 of the input is no chat message, "
         "got {'role': 'user'}"),
        ({"input": [{"role": "usr", "content": ""}]}, "message 1 of the input has the role 'usr'; "
         "did you mean 'user'?"),
        ({"tags": "refund"}, "tags must be a list of text, got 'refund'"),
        ({"tags": ["a", 1]}, "each of the tags must be text, got 1"),
        ({"tags": ["a", None]}, "each of the tags must be text, got None"),
        ({"tags": ["a", "a"]}, "a tag is repeated in ['a', 'a']"),
        ({"stratum": " hard"}, "stratum must be printable text without outer white space, "
         "got ' hard'"),
        ({"stratum": ""}, "stratum must be printable text without outer white space, got ''"),
        ({"stratum": "a\u200bb"}, "stratum must be printable text without outer white space, "
         "got 'a\\u200bb'"),
        ({"cluster": 3}, "cluster must be text, got 3"),
        ({"split": "test"}, "unknown split 'test'; did you mean 'holdout'?"),
        ({"split": "Validation"}, "unknown split 'Validation'; did you mean 'dev'?"),
        ({"split": "trian"}, "unknown split 'trian'; did you mean 'train'?"),
        ({"split": 1}, "unknown split 1; allowed: train, dev, holdout"),
        ({"weight": -1}, "the weight must be a finite number above 0, got -1"),
        ({"weight": "2"}, "the weight must be a finite number above 0, got '2'"),
        ({"weight": True}, "the weight must be a finite number above 0, got True"),
        ({"weight": 10**400}, f"the weight must be a finite number above 0, got 1{'0' * 56}..."),
        ({"metadata": []}, "metadata must be an object, got []"),
        ({"source": "x"}, "unknown key 'source'; allowed: id, input, expected, tags, stratum, "
         "split, weight, cluster, metadata"),
    ],
)  # fmt: skip
def test_values_are_checked(path: Path, change: dict[str, object], reason: str) -> None:
    write(path, {"id": "first", "input": "x"}, {"id": "a", "input": "x", **change})

    with pytest.raises(DataErrors) as caught:
        datasets.load(path)

    (error,) = caught.value.errors
    assert (error.reason, error.line) == (reason, 2)
    assert error.advice


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("a", "a", "the id 'a' is that of line 1"),
        ("Refund", "refund", "the id 'refund' is that of line 1, which has it as 'Refund'"),
    ],
)
def test_equal_ids_name_both_lines(path: Path, first: str, second: str, message: str) -> None:
    write(path, {"id": first, "input": "x"}, "", {"id": second, "input": "y"})

    assert problems(path) == [f"dataset.jsonl:3: {message}. Rename one of them."]


def test_equal_ids_are_found_through_unicode_forms(path: Path) -> None:
    write(path, {"id": "caf\u00e9", "input": "x"}, {"id": "CAFE\u0301", "input": "y"})

    assert any(
        "the id 'CAFE\u0301' is that of line 1, which has it as 'caf\u00e9'" in text
        for text in problems(path)
    )


def test_a_damaged_line_still_takes_its_id(path: Path) -> None:
    write(path, {"id": "a", "input": 3}, {"id": "a", "input": "x"})

    assert [text.split(": ")[0] for text in problems(path)] == [
        "dataset.jsonl:1",
        "dataset.jsonl:2",
    ]


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_dataset_is_an_error(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")

    assert problems(path) == [
        "dataset.jsonl: there is no case in it. Add at least one: an empty set proves nothing."
    ]


def test_lone_surrogates_are_kept_as_their_spelling(path: Path) -> None:
    path.write_text(r'{"id": "a", "input": "half \ud83d"}', encoding="utf-8")

    assert datasets.load(path)[0].input == "half \\ud83d"


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataErrors, match=r"kind '\.txt' are not read\. Use one of: \.jsonl"):
        datasets.load(tmp_path / "cases.txt")


def test_a_missing_file(path: Path) -> None:
    assert problems(path) == ["dataset.jsonl: there is no such file. Check the path."]
