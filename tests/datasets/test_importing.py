from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate import datasets
from pytest_ftgate.errors import ConfigError, DataErrors
from pytest_ftgate.model import Case


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, *rows: object) -> str:
    Path(name).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return name


def test_foreign_csv_columns() -> None:
    Path("faq.csv").write_text(
        'qid,question,answer,team\n1,"How, then?",\'=so,a\nQ 2/b,Why?,,b\n', encoding="utf-8"
    )

    first, second = datasets.import_cases(
        "faq.csv", fields={"id": "qid", "input.message": "question", "expected": "answer"}
    )

    assert first == Case(
        id="1",
        input={"message": "How, then?"},
        expected="=so",
        metadata={"team": "a"},
        source="faq.csv:2",
    )
    assert second.id.startswith("Q-2-b-")
    assert (second.expected, second.metadata) == (None, {"team": "b", "id": "Q 2/b"})


def test_our_own_files_are_taken_as_they_are() -> None:
    cases = [Case(id="A-1", input={"m": 1}, tags=("x",), split="train", metadata={"k": "v"})]
    datasets.dump(cases, "ours.csv")
    datasets.dump(cases, "ours.jsonl")

    for name in ("ours.csv", "ours.jsonl"):
        (case,) = datasets.import_cases(name)
        assert (case.id, case.input, case.tags, case.split, case.metadata) == (
            "A-1",
            {"m": 1},
            ("x",),
            "train",
            {"k": "v"},
        )


def test_training_chats() -> None:
    name = write(
        "chats.jsonl",
        {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
                      {"role": "assistant", "content": "a"}], "topic": 7},
        {"messages": [{"role": "user", "content": "u2"}]},
    )  # fmt: skip

    first, second = datasets.import_cases(name)

    assert first.id == "case-0001"
    assert first.input == [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    assert (first.expected, first.metadata) == ("a", {"topic": 7})
    assert (second.id, second.expected) == ("case-0002", None)


def test_prompts_and_completions() -> None:
    name = write("old.jsonl", {"prompt": "p", "completion": "c"})

    (case,) = datasets.import_cases(name)

    assert (case.input, case.expected) == ("p", "c")


def test_a_json_list() -> None:
    Path("cases.json").write_text('[{"id": 3, "input": "x"}]', encoding="utf-8")

    (case,) = datasets.import_cases("cases.json")

    assert (case.id, case.input) == ("3", "x")


def test_a_json_file_must_hold_a_list() -> None:
    Path("cases.json").write_text('{"id": 3}', encoding="utf-8")

    with pytest.raises(DataErrors, match="must hold a list of objects"):
        datasets.import_cases("cases.json")


def test_foreign_yaml() -> None:
    Path("faq.yaml").write_text("- {q: why, a: so}\n", encoding="utf-8")

    (case,) = datasets.import_cases("faq.yaml", fields={"input": "q", "expected": "a"})

    assert (case.id, case.input, case.expected) == ("case-0001", "why", "so")


def test_a_bad_cell_of_a_foreign_csv() -> None:
    Path("faq.csv").write_text("question,weight\nwhy,much\n", encoding="utf-8")

    with pytest.raises(DataErrors, match=r"faq\.csv:2: column 'weight': this is not JSON"):
        datasets.import_cases("faq.csv", fields={"input": "question"})


def test_a_rewritten_id_leaves_wrong_metadata_to_be_refused() -> None:
    name = write("rows.jsonl", {"id": "a b", "input": "x", "metadata": 3})

    with pytest.raises(DataErrors, match="metadata must be an object, got 3"):
        datasets.import_cases(name)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"imput": "question"}, "field: got 'imput'; did you mean 'input'?"),
        ({"tags.x": "question"}, "field: got 'tags.x'"),
        ({"input": "question", "input.x": "question"}, "'input.x' and another one fill the same"),
    ],
)
def test_wrong_fields(fields: dict[str, str], message: str) -> None:
    name = write("rows.jsonl", {"question": "x"})

    with pytest.raises(ConfigError) as caught:
        datasets.import_cases(name, fields=fields)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "fields", "message"),
    [
        ([{"question": "x"}], {"input": "qestion"}, "rows.jsonl: input is to be taken from "
         "'qestion', which no row has; did you mean 'question'? Correct the name."),
        ([{"question": "x"}], {}, "rows.jsonl:1: the input is missing. "
         'Add "input": text, an object or chat messages.'),
        ([{"id": "a", "input": "x"}, {"id": "A", "input": "x"}], {}, "rows.jsonl:2: the id 'A' is "
         "that of line 1, which has it as 'a'. Rename one of them."),
        (["x"], {}, "rows.jsonl:1: a case must be an object, got 'x'. "
         'Write {"id": ..., "input": ...}.'),
    ],
)  # fmt: skip
def test_rows_that_become_no_case(rows: list[object], fields: dict[str, str], message: str) -> None:
    name = write("rows.jsonl", *rows)

    with pytest.raises(DataErrors) as caught:
        datasets.import_cases(name, fields=fields)

    assert str(caught.value) == message
