from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from pytest_ftgate import datasets
from pytest_ftgate.errors import DataError
from pytest_ftgate.model import Case
from tests.damage import damaged

CASES = (
    Case(id="a", input="1", split="dev"),
    Case(id="h2", input="2", split="holdout"),
    Case(id="h1", input="3", split="holdout"),
)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cases.jsonl"
    datasets.dump(CASES, path)
    return path


def test_the_lock_holds_the_hashes_of_the_holdout(path: Path) -> None:
    target = datasets.lock(path)

    assert target == path.with_name("cases.jsonl.lock") == datasets.lock_path(path)
    content = json.loads(target.read_text())
    assert content["dataset"] == "cases.jsonl"
    assert content["holdout"] == {
        "h1": datasets.case_hash(CASES[2]),
        "h2": datasets.case_hash(CASES[1]),
    }


def test_an_unchanged_holdout_holds(path: Path) -> None:
    datasets.lock(path)
    dev_changed = (replace(CASES[0], input="other"), CASES[2], CASES[1])
    datasets.dump((*dev_changed, Case(id="new", input="n")), path)

    check = datasets.verify_lock(path)

    assert check is not None
    assert check.holds
    assert check.reason == ""
    datasets.lock(path)


def test_every_change_is_named(path: Path) -> None:
    datasets.lock(path)
    changed = (
        replace(CASES[0], split="holdout"),
        replace(CASES[1], expected="now known"),
        replace(CASES[2], split="dev"),
    )

    check = datasets.verify_lock(path, changed)

    assert check is not None
    assert not check.holds
    assert (check.added, check.removed, check.changed) == (("a",), ("h1",), ("h2",))
    assert check.reason == (
        "the holdout differs from its lock: 1 added (a), 1 removed (h1), 1 changed (h2)"
    )


def test_without_a_lock_there_is_nothing_to_verify(path: Path) -> None:
    assert datasets.verify_lock(path) is None


def test_a_changed_holdout_is_not_locked_over(path: Path) -> None:
    target = datasets.lock(path)
    before = target.read_bytes()
    datasets.dump((*CASES[:2], replace(CASES[2], input="other")), path)

    with pytest.raises(DataError) as caught:
        datasets.lock(path)

    assert str(caught.value) == (
        "cases.jsonl: the holdout differs from its lock: 1 changed (h1). "
        "Results on it no longer compare; to start anew, remove cases.jsonl.lock."
    )
    assert target.read_bytes() == before
    datasets.lock(path, replace=True)
    check = datasets.verify_lock(path)
    assert check is not None
    assert check.holds


def test_nothing_to_lock(path: Path) -> None:
    datasets.dump(CASES[:1], path)

    with pytest.raises(DataError, match="there is no holdout case to lock"):
        datasets.lock(path)


def test_splitting_keeps_a_locked_holdout(path: Path) -> None:
    datasets.lock(path)
    before = path.read_bytes()

    with pytest.raises(DataError, match="the holdout differs from its lock"):
        datasets.split_file(path, ratios=(1, 0, 0))

    assert path.read_bytes() == before


def test_an_edited_lock_is_refused(path: Path) -> None:
    target = datasets.lock(path)
    target.write_text(target.read_text().replace("h1", "h3"))

    with pytest.raises(DataError) as caught:
        datasets.verify_lock(path)

    assert str(caught.value) == (
        "cases.jsonl.lock: the lock was edited: its digest is not that of its hashes. "
        "Restore it from version control."
    )


def test_a_damaged_lock_never_crashes_and_never_holds_by_accident(path: Path) -> None:
    target = datasets.lock(path)
    good = target.read_bytes()

    for data in damaged(good, count=500):
        target.write_bytes(data)
        try:
            check = datasets.verify_lock(path, CASES)
        except DataError:
            continue
        assert check is not None
        assert check.holds == (json.loads(data)["holdout"] == json.loads(good)["holdout"])


def test_a_lock_of_a_later_version(path: Path) -> None:
    target = datasets.lock(path)
    target.write_text(json.dumps({**json.loads(target.read_text()), "schema_version": 2}))

    with pytest.raises(DataError, match=r"version 2, known: 1\. Update pytest-ftgate\."):
        datasets.verify_lock(path)
