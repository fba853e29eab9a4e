"""Which stored runs a ladder reads: none that adds nothing, every one that does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Record, Run
from pytest_ftgate.runs.ladder import read_ladder
from pytest_ftgate.runs.store import RunStore
from tests.cli.conftest import keep
from tests.runs.making import failed, held, run_of, scored


def run(number: int, *records: Record, **plan: object) -> Run:
    made = run_of(*records, **plan)  # type: ignore[arg-type]
    name = f"20261001T0800{number:02d}000Z-0123abcd"
    return replace(made, manifest=replace(made.manifest, run=name))


def kept(path: Path, *runs: Run) -> RunStore:
    for each in runs:
        keep(each, path)
    return RunStore(path)


def numbers(store: RunStore, *suites: str, before: Run | None = None) -> list[int]:
    found = read_ladder(store, suites or None, before=before.manifest if before else None)
    return [int(each.manifest.run[13:15]) for each in found.runs]


A, B = scored("a", held()), scored("b", held())


def test_runs_that_repeat_a_newer_one_are_not_read(tmp_path: Path) -> None:
    assert numbers(kept(tmp_path, run(1, A, B), run(2, A, B), run(3, A, B))) == [3]


def test_runs_with_more_cases_trials_or_variants_are(tmp_path: Path) -> None:
    store = kept(
        tmp_path,
        run(1, A, B),
        run(2, replace(A, variant="v2")),
        run(3, replace(A, trial=1)),
        run(4, A),
    )
    assert numbers(store) == [4, 3, 2, 1]


def test_an_error_in_a_newer_run_lets_an_older_answer_speak(tmp_path: Path) -> None:
    assert numbers(kept(tmp_path, run(1, A), run(2, A), run(3, failed("a")))) == [3, 2]


def test_each_version_of_a_variant_is_read_once(tmp_path: Path) -> None:
    other = {"components": {"instructions": "x"}}
    store = kept(tmp_path, run(1, A), run(2, A), run(3, A, **other), run(4, A, **other))
    assert numbers(store) == [4, 2]


def test_holdouts_and_other_suites_are_left_alone(tmp_path: Path) -> None:
    store = kept(tmp_path, run(1, A), run(2, A, split="holdout"), run(3, replace(A, suite="other")))
    assert numbers(store) == [3, 1]
    assert numbers(store, "triage") == [1]
    assert numbers(store, "other") == [3]


def test_incomplete_runs_are_left_out(tmp_path: Path) -> None:
    assert numbers(kept(tmp_path, run(1, A), replace(run(2, A), end=None), run(3, B))) == [3, 1]


def test_only_what_was_made_before_a_run(tmp_path: Path) -> None:
    later = run(4, scored("d", held()))
    earlier = replace(later, manifest=replace(later.manifest, created_at="2026-09-30T08:00:00Z"))
    store = kept(tmp_path, run(1, A), run(2, B), run(3, scored("c", held())), earlier)
    assert numbers(store, before=run(2, B)) == [4, 1]
    assert numbers(store, before=earlier) == []


def test_a_run_that_is_removed_while_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = kept(tmp_path, run(1, A), run(2, B))
    listed = store.list()
    shutil.rmtree(listed[0].path)
    monkeypatch.setattr(store, "list", lambda: listed)
    found = read_ladder(store)
    assert [each.manifest.run for each in found.runs] == [listed[1].id]
    assert len(found.problems) == 1


def test_damaged_runs_are_told(tmp_path: Path) -> None:
    store = kept(tmp_path, run(1, A), run(2, B), run(3, scored("c", held())))
    (store.runs / run(2, B).manifest.run / "manifest.json").write_text("{")
    (store.runs / run(3, B).manifest.run / "records.jsonl").write_text("{\n")
    found = read_ladder(store)
    assert len(found.runs) == 1
    assert len(found.problems) == 2
    assert "records.jsonl:1" in found.problems[0]
    assert "manifest.json" in found.problems[1]


def test_an_empty_store(tmp_path: Path) -> None:
    assert read_ladder(RunStore(tmp_path)) == ((), ())
