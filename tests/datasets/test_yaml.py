from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_ftgate import datasets
from pytest_ftgate.datasets import yaml_rows
from pytest_ftgate.errors import DataErrors
from pytest_ftgate.model import Case


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cases.yaml"


def problem(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataErrors) as caught:
        datasets.load(path)
    return str(caught.value)


def value(path: Path, text: str) -> object:
    path.write_text(f"- id: a\n  input: {{v: {text}}}\n", encoding="utf-8")
    return datasets.load(path)[0].input["v"]


def test_reads_cases(path: Path) -> None:
    path.write_text(
        "# small set\n"
        "- id: a\n"
        "  input: {message: hello}\n"
        "  expected: &queue {queue: billing}\n"
        "  tags: [x, y]\n"
        "\n"
        "- id: b\n"
        "  input: |\n"
        "    two\n"
        "    lines\n"
        "  expected: *queue\n"
        "  weight: 1.5\n",
        encoding="utf-8",
    )

    first, second = datasets.load(path)

    assert first == Case(
        id="a",
        input={"message": "hello"},
        expected={"queue": "billing"},
        tags=("x", "y"),
        source="cases.yaml:2",
    )
    assert second == Case(
        id="b",
        input="two\nlines\n",
        expected={"queue": "billing"},
        weight=1.5,
        source="cases.yaml:7",
    )
    assert first.expected is not second.expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("-12", -12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ('"1"', "1"),
        ("'~'", "~"),
        ("!!str 1", "1"),
        ("0", 0),
    ],
)
def test_scalars_are_those_of_yaml_1_2(path: Path, text: str, expected: object) -> None:
    got = value(path, text)

    assert (got, type(got)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cases.yaml: there is no case in it. "
         "Add at least one: an empty set proves nothing."),
        ("[]", "cases.yaml: there is no case in it. "
         "Add at least one: an empty set proves nothing."),
        ("id: a", "cases.yaml:1:1: the file must hold a list of cases. "
         "Start each case with '- id: ...'."),
        ("- id: 7\n  input: x", "cases.yaml:1: the id must be text, got 7. Put it in quotes."),
        ("- id: a\n  input: .nan", "cases.yaml:2:10: .nan is not a finite number. "
         "Write a finite number, or null."),
        ("- id: a\n  input: 1e999", "cases.yaml:2:10: 1e999 is not a finite number. "
         "Write a finite number, or null."),
        ("- id: a\n  input: 007", "cases.yaml:2:10: 007 may be read as a number or as text. "
         "Put it in quotes, or drop the leading zero."),
        ("- id: a\n  input: !!python/object:os.system x", "cases.yaml:2:10: the tag "
         "'tag:yaml.org,2002:python/object:os.system' is not allowed. Remove it."),
        ("- id: a\n  input: {<<: x}", "cases.yaml:2:11: merge keys are not read. "
         "Write the keys out."),
        ("- id: a\n  input: {1: x}", "cases.yaml:2:11: the key 1 is not text. Put it in quotes."),
        ("- id: a\n  id: b", "cases.yaml:2:3: the key 'id' stands twice in one object. "
         "Remove one of them."),
        ("- id: a\n  input: *nope", "cases.yaml:2:10: the alias *nope has no complete anchor "
         "before it. Define it."),
        ("- &me\n  id: a\n  input: {x: *me}", "cases.yaml:3:14: the alias *me has no complete "
         "anchor before it. Define it."),
        ("- id: a\n  input: x\n---\n- id: b", "cases.yaml:3:1: the file holds a second document. "
         "Put all into one list."),
    ],
)  # fmt: skip
def test_what_is_refused(path: Path, text: str, message: str) -> None:
    assert problem(path, text) == message


def test_syntax_errors_have_line_and_column(path: Path) -> None:
    message = problem(path, "- id: a\n  input: [x\n- id: b\n")

    assert re.match(r"cases\.yaml:3:\d: this is not YAML: ", message)


def test_control_characters_are_refused(path: Path) -> None:
    assert "this is not YAML" in problem(path, "- id: a\n  input: '\x01'\n")


def test_equal_ids_name_both_lines(path: Path) -> None:
    assert problem(path, "- id: a\n  input: x\n- id: A\n  input: y\n") == (
        "cases.yaml:3: the id 'A' is that of line 1, which has it as 'a'. Rename one of them."
    )


def test_an_alias_bomb_is_refused(path: Path) -> None:
    lines = ["- id: a", "  input:", "    a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"    a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    assert "holds more than 500000 values, aliases written out" in problem(path, "\n".join(lines))


@pytest.mark.parametrize("depth", [200, 100_000])
def test_deep_nesting_is_refused(path: Path, depth: int) -> None:
    text = f"- id: a\n  input: {{x: {'[' * depth}{']' * depth}}}\n"

    assert "nested deeper than 100 levels" in problem(path, text)


def test_large_files_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_rows, "MAX_CHARACTERS", 10)

    assert problem(path, "- id: a\n  input: x\n") == (
        "cases.yaml: the file has 19 characters, allowed: 10. "
        "Use JSON Lines (.jsonl) for a large dataset."
    )


def test_lone_surrogates_are_kept_as_their_spelling(path: Path) -> None:
    path.write_text('- id: a\n  input: "half \\ud83d"\n', encoding="utf-8")
    try:
        (case,) = datasets.load(path)
    except DataErrors as error:  # libyaml refuses what the pure parser reads
        assert "this is not YAML" in str(error)  # noqa: PT017
    else:
        assert case.input == "half \\ud83d"
