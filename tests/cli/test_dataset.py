"""``dataset validate|split|lock|import|export``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from pytest_ftgate import datasets
from tests.cli.conftest import Invoke


def write(path: Path, cases: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    return path


def many(count: int) -> list[dict[str, object]]:
    return [
        {
            "id": f"c{number}",
            "input": f"question {number}",
            "expected": f"answer {number}",
            "stratum": "hard" if number % 4 == 0 else "easy",
            "tags": ["even"] if number % 2 == 0 else [],
        }
        for number in range(count)
    ]


def test_validate_counts_splits_and_strata(invoke: Invoke, here: Path) -> None:
    write(here / "cases.jsonl", [*many(8), {"id": "h", "input": "x", "split": "holdout"}])
    result = invoke("dataset", "validate", "cases.jsonl")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith("cases.jsonl: 9 cases, hash ")
    assert lines[1:7] == [
        "stratum  train       dev   holdout  cases",
        "easy         0  6 (100%)         0      6",
        "hard         0  2 (100%)         0      2",
        "(none)       0         0  1 (100%)      1",
        "all          0   8 (89%)   1 (11%)      9",
        "tags: even 4",
    ]
    assert all(line.startswith("note: ") for line in lines[7:] if line)


def test_validate_counts_labels_and_the_commonest_tags(invoke: Invoke, here: Path) -> None:
    cases = [
        {
            "id": f"c{at}",
            "input": str(at),
            "expected": {"queue": "billing" if at % 4 else "shipping"},
            "tags": [f"t{at:02}", "all"],
            "split": "dev" if at < 12 else "train",
        }
        for at in range(24)
    ]
    write(here / "cases.jsonl", cases)
    lines = invoke("dataset", "validate", "cases.jsonl").output.splitlines()
    assert [line.split() for line in lines[4:7]] == [
        ["queue", "train", "dev", "holdout", "cases"],
        ["billing", "9", "(50%)", "9", "(50%)", "0", "18"],
        ["shipping", "3", "(50%)", "3", "(50%)", "0", "6"],
    ]
    assert lines[7].startswith("tags: all 24, t00 1, ")
    assert lines[7].endswith(" and 5 more")


def test_validate_prints_every_bad_line_of_every_file(invoke: Invoke, here: Path) -> None:
    bad = [{"id": f"bad {number}", "input": "x"} for number in range(30)]
    write(here / "bad.jsonl", bad)
    write(here / "good.jsonl", many(1))
    write(here / "twice.jsonl", [*many(1), *many(1)])
    result = invoke("dataset", "validate", "bad.jsonl", "good.jsonl", "twice.jsonl", "none.jsonl")
    assert result.exit_code == 4
    told = result.stderr.splitlines()
    assert [line.partition(": ")[0] for line in told[:30]] == [
        f"bad.jsonl:{number}" for number in range(1, 31)
    ]
    assert told[30] == "30 problems."
    assert told[31].startswith("twice.jsonl:2")
    assert "line 1" in told[31]
    assert any(line.startswith("none.jsonl") for line in told)
    assert result.stdout.startswith("good.jsonl: 1 case, hash ")


def test_validate_holds_the_holdout_to_its_lock(invoke: Invoke, here: Path) -> None:
    cases = [{**case, "split": "holdout"} for case in many(3)]
    path = write(here / "cases.jsonl", cases)
    result = invoke("dataset", "lock", "cases.jsonl")
    assert result.output == ("cases.jsonl.lock: locks the holdout of cases.jsonl. Commit it.\n")
    assert invoke("dataset", "validate", "cases.jsonl").exit_code == 0
    write(path, cases[1:])
    result = invoke("dataset", "validate", "cases.jsonl")
    assert result.exit_code == 4
    assert "1 removed (c0)" in result.stderr
    assert "dataset lock --replace" in result.stderr
    assert invoke("dataset", "lock", "cases.jsonl").exit_code == 4
    assert invoke("dataset", "lock", "cases.jsonl", "--replace").exit_code == 0
    assert invoke("dataset", "validate", "cases.jsonl").exit_code == 0


def test_validate_of_a_damaged_lock(invoke: Invoke, here: Path) -> None:
    write(here / "cases.jsonl", [{**case, "split": "holdout"} for case in many(3)])
    (here / "cases.jsonl.lock").write_text("{}")
    result = invoke("dataset", "validate", "cases.jsonl")
    assert result.exit_code == 4
    assert result.stderr.startswith("cases.jsonl.lock: this is no holdout lock.")


def test_split_in_place(invoke: Invoke, here: Path) -> None:
    path = write(here / "cases.jsonl", many(80))
    result = invoke("dataset", "split", "cases.jsonl", "--seed", "7")
    assert result.exit_code == 0
    assert "all      60 (75%)  10 (12%)  10 (12%)     80" in result.output
    expected = datasets.split_cases(datasets.load(write(here / "again.jsonl", many(80))), seed=7)
    assert [case.split for case in datasets.load(path)] == [case.split for case in expected]


def test_split_elsewhere_by_other_ratios(invoke: Invoke, here: Path) -> None:
    path = write(here / "cases.jsonl", many(80))
    before = path.read_bytes()
    result = invoke("dataset", "split", "cases.jsonl", "-o", "out.jsonl", "--ratios", "0,0.5,0.5")
    assert result.exit_code == 0
    assert path.read_bytes() == before
    splits = [case.split for case in datasets.load(here / "out.jsonl")]
    assert (splits.count("dev"), splits.count("holdout")) == (40, 40)


@pytest.mark.parametrize("ratios", ["0.5,0.5", "half", "0.9,0.9,0.9"])
def test_wrong_ratios(invoke: Invoke, here: Path, ratios: str) -> None:
    write(here / "cases.jsonl", many(8))
    result = invoke("dataset", "split", "cases.jsonl", "--ratios", ratios)
    assert result.exit_code == 4
    assert "ratios" in result.stderr


def test_import_of_columns(invoke: Invoke, here: Path) -> None:
    with (here / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["qid", "question", "topic"], ["q1", "Why?", "how"]])
    call = ("dataset", "import", "rows.csv", "cases.jsonl", "--field", "id=qid")
    result = invoke(*call, "--field", "input.text=question")
    assert result.exit_code == 0
    assert result.output.startswith("cases.jsonl: 1 case, hash ")
    (case,) = datasets.load(here / "cases.jsonl")
    assert (case.id, case.input, case.metadata) == ("q1", {"text": "Why?"}, {"topic": "how"})
    result = invoke(*call)
    assert result.exit_code == 4
    result = invoke(*call, "--field", "input.text=question")
    assert result.stderr == (
        "pytest-ftgate: cases.jsonl: exists already. Overwrite it by --force.\n"
    )
    assert invoke(*call, "--field", "input=question", "--force").exit_code == 0
    assert datasets.load(here / "cases.jsonl")[0].input == "Why?"


def test_import_with_a_field_that_is_none(invoke: Invoke, here: Path) -> None:
    write(here / "rows.jsonl", [{"q": "x"}])
    result = invoke("dataset", "import", "rows.jsonl", "out.jsonl", "--field", "input")
    assert result.exit_code == 4
    assert "write TARGET=SOURCE" in result.stderr


def test_export_as_csv_and_back(invoke: Invoke, here: Path) -> None:
    path = write(here / "cases.jsonl", many(5))
    result = invoke("dataset", "export", "cases.jsonl", "cases.csv")
    assert result.output == "cases.csv: 5 cases written.\n"
    assert datasets.dataset_hash(datasets.load(here / "cases.csv")) == datasets.dataset_hash(
        datasets.load(path)
    )
    assert invoke("dataset", "export", "cases.jsonl", "cases.csv").exit_code == 4
    assert invoke("dataset", "export", "cases.jsonl", "cases.csv", "--force").exit_code == 0


def test_export_of_one_split(invoke: Invoke, here: Path) -> None:
    cases = many(4)
    cases[1]["split"] = "holdout"
    write(here / "cases.jsonl", cases)
    result = invoke("dataset", "export", "cases.jsonl", "out.jsonl", "--split", "holdout")
    assert result.output == "out.jsonl: 1 case written.\n"
    assert [case.id for case in datasets.load(here / "out.jsonl")] == ["c1"]


def test_export_of_training_data_in_the_words_of_a_prompt(invoke: Invoke, here: Path) -> None:
    write(
        here / "cases.jsonl",
        [{"id": "a", "input": {"q": "Why?"}, "expected": "Because.", "split": "train"}],
    )
    (here / "p.md").write_text("[system]\nBe short.\n[user]\nQ: {{ q }}\n")
    (here / "e.toml").write_text('[[variant]]\nname = "v1"\nprompt = "p.md"\n')
    call = ("dataset", "export", "cases.jsonl", "train.jsonl", "--format", "chat")
    assert "Name the variant whose prompt renders it" in invoke(*call).stderr
    assert invoke(*call, "--experiment", "e.toml").exit_code == 0
    assert json.loads((here / "train.jsonl").read_text()) == {
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Q: Why?"},
            {"role": "assistant", "content": "Because."},
        ]
    }
    result = invoke(*call, "--force", "--experiment", "e.toml", "--variant", "v")
    assert result.exit_code == 4
    assert "e.toml has no such variant; did you mean 'v1'?" in result.stderr
    assert "name the experiment" in invoke(*call, "--force", "--variant", "v1").stderr


def test_hostile_tags_and_strata_stay_on_their_line(invoke: Invoke, here: Path) -> None:
    write(
        here / "cases.jsonl",
        [{"id": "a", "input": "x", "stratum": "a\x1b[31m", "tags": ["t\u202e"]}],
    )
    result = invoke("dataset", "validate", "cases.jsonl")
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output
