from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate import datasets
from pytest_ftgate.errors import ConfigError, DataError, DataErrors
from pytest_ftgate.model import Case

CASES = (
    Case(id="t", input="Grüße", expected="hi", split="train"),
    Case(id="d", input={"m": 1}, expected={"q": "ä"}, stratum="hard"),
    Case(id="h", input=[{"role": "user", "content": "x"}], split="holdout"),
)


def lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class TestDump:
    def test_lines_are_short_and_readable(self, tmp_path: Path) -> None:
        datasets.dump(CASES[:2], tmp_path / "cases.jsonl")

        assert (tmp_path / "cases.jsonl").read_text(encoding="utf-8") == (
            '{"id": "t", "input": "Grüße", "expected": "hi", "split": "train"}\n'
            '{"id": "d", "input": {"m": 1}, "expected": {"q": "ä"}, "stratum": "hard", '
            '"split": "dev"}\n'
        )

    def test_a_bad_case_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "cases.jsonl"
        datasets.dump(CASES, path)
        before = path.read_bytes()

        with pytest.raises(DataErrors, match="not JSON compliant"):
            datasets.dump([*CASES, Case(id="n", input={"x": float("inf")})], path)

        assert path.read_bytes() == before

    def test_other_suffixes_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"written as \.jsonl or \.csv, got '\.yaml'"):
            datasets.dump(CASES, tmp_path / "cases.yaml")


class TestSplitFile:
    def test_in_place_and_to_a_target(self, tmp_path: Path) -> None:
        path, target = tmp_path / "cases.jsonl", tmp_path / "split.csv"
        datasets.dump([Case(id=f"c{at}", input=str(at)) for at in range(8)], path)
        before = path.read_bytes()

        summary = datasets.split_file(path, target, seed=3)

        assert path.read_bytes() == before
        assert summary.total.splits == {"train": 6, "dev": 1, "holdout": 1}
        assert datasets.split_file(path, seed=3) == summary
        assert [case.split for case in datasets.load(path)] == [
            case.split for case in datasets.load(target)
        ]


class TestExport:
    @pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
    def test_whole_cases_can_be_read_back(self, tmp_path: Path, name: str) -> None:
        assert datasets.export(CASES, tmp_path / name) == 3

        assert [case.id for case in datasets.load(tmp_path / name)] == ["t", "d", "h"]

    def test_one_split(self, tmp_path: Path) -> None:
        assert datasets.export(CASES, tmp_path / "out.jsonl", splits=["holdout"]) == 1

        assert [case.id for case in datasets.load(tmp_path / "out.jsonl")] == ["h"]

    def test_chats_take_the_train_split(self, tmp_path: Path) -> None:
        path = tmp_path / "train.jsonl"

        assert datasets.export(CASES, path, format="chat") == 1

        assert lines(path) == [
            {
                "messages": [
                    {"role": "user", "content": "Grüße"},
                    {"role": "assistant", "content": "hi"},
                ]
            }
        ]

    def test_chats_through_a_prompt(self, tmp_path: Path) -> None:
        path = tmp_path / "train.jsonl"

        datasets.export(
            CASES,
            path,
            format="chat",
            splits=["dev"],
            to_messages=lambda case: [{"role": "user", "content": f"Sort {case.input['m']}"}],
        )

        assert lines(path) == [
            {
                "messages": [
                    {"role": "user", "content": "Sort 1"},
                    {"role": "assistant", "content": '{"q": "ä"}'},
                ]
            }
        ]

    def test_a_chat_input_is_taken_as_it_is(self, tmp_path: Path) -> None:
        chat = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
        case = Case(id="a", input=chat, expected="x", split="train")

        datasets.export([case], tmp_path / "out.jsonl", format="chat")

        assert lines(tmp_path / "out.jsonl") == [
            {"messages": [*chat, {"role": "assistant", "content": "x"}]}
        ]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"format": "chats"}, "format: got 'chats'; did you mean 'chat'?"),
            ({"splits": ["tran"]}, "split: got 'tran'; did you mean 'train'?"),
            ({"format": "chat", "splits": ["train", "holdout"]},
             "holdout cases are not exported as training data"),
        ],
    )  # fmt: skip
    def test_wrong_arguments(
        self, tmp_path: Path, arguments: dict[str, object], message: str
    ) -> None:
        with pytest.raises(ConfigError) as caught:
            datasets.export(CASES, tmp_path / "out.jsonl", **arguments)

        assert message in str(caught.value)
        assert not (tmp_path / "out.jsonl").exists()

    def test_nothing_to_export(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="there is no case of the split train to export"):
            datasets.export(CASES[1:], tmp_path / "out.jsonl", format="chat")

    @pytest.mark.parametrize(
        ("case", "message"),
        [
            (Case(id="a", input="x", source="c.jsonl:4"), "c.jsonl:4: case 'a' has no expected"),
            (Case(id="a", input={}, expected="x"), "case 'a' has an object as its input"),
        ],
    )
    def test_cases_that_make_no_chat(self, tmp_path: Path, case: Case, message: str) -> None:
        with pytest.raises(DataError, match=message):
            datasets.export([case], tmp_path / "out.jsonl", format="chat", splits=["dev"])
