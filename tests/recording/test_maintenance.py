"""Finding and removing what is not played any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import DataError, StoreError
from pytest_ftgate.recording import maintenance, packs
from pytest_ftgate.recording.maintenance import Coverage, prune, unplayed
from pytest_ftgate.recording.parts import PartWriter
from tests.recording.test_packs import interaction, task


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "v1.jsonl"
    found.write_bytes(
        interaction("a") + interaction("a", seq=1) + task("a") + interaction("b") + task("b")
    )
    return found


def places(path: Path) -> list[packs.Place]:
    return [packs.place_of(entry.head) for entry in packs.read(path)]


def test_what_a_run_case_did_not_play_is_unplayed(path: Path) -> None:
    coverage = {str(path): Coverage(scoped=[("a", 0)], played=[("a", 0, 0)])}
    assert unplayed([coverage]) == {path: [("a", 0, 1)]}


def test_processes_play_together(path: Path) -> None:
    one = {str(path): Coverage(scoped=[("a", 0)], played=[("a", 0, 0)])}
    two = {str(path): Coverage(scoped=[("a", 0), ("b", 0)], played=[("a", 0, 1), ("b", 0, 0)])}
    assert unplayed([one, two]) == {path: []}


def test_coverage_may_come_from_json(path: Path) -> None:
    coverage = {str(path): {"scoped": [["a", 0]], "played": [["a", 0, 0]]}}
    assert unplayed([coverage]) == {path: [("a", 0, 1)]}


def test_cases_that_the_dataset_lost_are_unplayed(path: Path) -> None:
    coverage = {str(path): Coverage(scoped=[], played=[])}
    assert unplayed([coverage], {str(path): {"a"}}) == {path: [("b", 0, 0)]}
    assert unplayed([coverage], {str(path): {"a", "b"}}) == {path: []}


def test_prune_takes_out_what_it_is_told(path: Path) -> None:
    assert prune(path, [("a", 0, 1), ("gone", 0, 0)]) == [("a", 0, 1)]
    assert path.read_bytes() == interaction("a") + task("a") + interaction("b") + task("b")


def test_prune_takes_the_time_of_a_task_that_has_no_calls_left(path: Path) -> None:
    assert prune(path, [("b", 0, 0)]) == [("b", 0, 0)]
    assert path.read_bytes() == interaction("a") + interaction("a", seq=1) + task("a")


def test_prune_removes_a_pack_that_has_nothing_left(path: Path) -> None:
    assert len(prune(path, places(path))) == 3
    assert not path.exists()


def test_prune_folds_parts_in(path: Path) -> None:
    writer = PartWriter(path, "gw0")
    writer.append([interaction("c"), interaction("d")])
    writer.close()
    assert prune(path, [("c", 0, 0), ("a", 0, 0)]) == [("a", 0, 0), ("c", 0, 0)]
    assert places(path) == [("a", 0, 1), ("b", 0, 0), ("d", 0, 0)]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("instant", "removed"),
    [
        ("2026-05-01T10:00:00Z", 1),
        ("2026-05-01T09:59:59Z", 0),
        ("2026-05-01T09:59:59.500000Z", 0),
        ("2026-05-01T09:59:59.500001Z", 1),
        (None, 1),
    ],
)
def test_prune_keeps_what_was_recorded_since(
    instant: str | None, removed: int, tmp_path: Path
) -> None:
    path = tmp_path / "v1.jsonl"
    line = interaction().replace(
        b'"seq":0,', b'"seq":0,"recorded_at":"2026-05-01T09:59:59.500000Z",'
    )
    path.write_bytes(line)
    assert len(prune(path, [("c1", 0, 0)], recorded_before=instant)) == removed


def test_a_damaged_pack_is_not_touched(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"damaged\n")
    before = path.read_bytes()
    with pytest.raises(DataError):
        prune(path, [("a", 0, 0)])
    assert path.read_bytes() == before


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        prune(tmp_path / "nowhere" / "v1.jsonl", [])


def test_nothing_unplayed_without_packs() -> None:
    assert maintenance.unplayed([]) == {}
