"""Which files are packs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.cli.pack_files import find_packs
from pytest_ftgate.errors import ConfigError


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def found(root: Path, *names: str, folder: str = "cassettes") -> list[str]:
    packs = find_packs([root / name for name in names or ["."]], folder)
    return [str(path.relative_to(root)) for path in packs]


def test_packs_lie_in_folders_of_a_name(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "evals/cassettes/triage/v1.jsonl",
        "evals/cassettes/triage/v2.jsonl",
        "cassettes/a/default.jsonl",
        "evals/triage/dataset.jsonl",
        "evals/cassettes/test_x/other.yaml",
        ".venv/cassettes/a/b.jsonl",
        "node_modules/cassettes/a/b.jsonl",
    )
    assert found(tmp_path) == [
        "cassettes/a/default.jsonl",
        "evals/cassettes/triage/v1.jsonl",
        "evals/cassettes/triage/v2.jsonl",
    ]
    assert found(tmp_path, "evals") == [
        "evals/cassettes/triage/v1.jsonl",
        "evals/cassettes/triage/v2.jsonl",
    ]


@pytest.mark.parametrize("named", ["evals/cassettes", "evals/cassettes/triage"])
def test_a_folder_within_may_be_named(tmp_path: Path, named: str) -> None:
    touch(tmp_path, "evals/cassettes/triage/v1.jsonl")
    assert found(tmp_path, named) == ["evals/cassettes/triage/v1.jsonl"]


def test_a_project_below_a_directory_of_that_name_is_no_pack(tmp_path: Path) -> None:
    touch(tmp_path, "cassettes/deck/project/data/songs.jsonl")
    assert found(tmp_path, "cassettes/deck/project") == []


def test_the_folder_may_be_configured_and_deep(tmp_path: Path) -> None:
    touch(tmp_path, "evals/data/tapes/triage/v1.jsonl", "evals/tapes/triage/v2.jsonl")
    assert found(tmp_path, folder="data/tapes") == ["evals/data/tapes/triage/v1.jsonl"]


def test_a_part_stands_for_its_pack(tmp_path: Path) -> None:
    touch(tmp_path, "cassettes/a/v1.jsonl.gw0-12-ab.part", "cassettes/a/v2.jsonl")
    assert found(tmp_path) == ["cassettes/a/v1.jsonl", "cassettes/a/v2.jsonl"]
    assert found(tmp_path, "cassettes/a/v1.jsonl.gw0-12-ab.part") == ["cassettes/a/v1.jsonl"]


def test_files_are_taken_as_they_are_and_only_once(tmp_path: Path) -> None:
    touch(tmp_path, "somewhere/v1.jsonl")
    assert found(tmp_path, "somewhere/v1.jsonl", "somewhere/v1.jsonl") == ["somewhere/v1.jsonl"]


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file or directory"):
        find_packs([tmp_path / "none"])
