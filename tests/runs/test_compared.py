"""The baselines of a run: found beside the tests, kept with the run, read back with it."""

from __future__ import annotations

from pathlib import Path

from pytest_ftgate.files import slug, write_atomic
from pytest_ftgate.model import HistoryEntry
from pytest_ftgate.runs import baseline, compared
from pytest_ftgate.runs.baseline_writing import encode_baseline
from pytest_ftgate.runs.history import encode_history

from .making import held, plan_of, scored
from .test_baseline import baseline_of


def test_what_was_found_is_kept_with_the_run(tmp_path: Path) -> None:
    made = baseline_of(scored("a", held()))
    suite = made.header.suite
    path = tmp_path / "evals" / "baselines" / f"{slug(suite)}.jsonl"
    write_atomic(path, encode_baseline(made))
    write_atomic(baseline.anchor_path(path), encode_baseline(made))
    entries = (HistoryEntry(accepted_at="2026-11-20T08:00:00Z", run="r", variant="v1"),)
    write_atomic(baseline.history_path(path), encode_history(entries))
    alone = path.with_name("other.history.jsonl")
    write_atomic(alone, encode_history(entries))
    record = scored("a", held())
    plans = [
        plan_of(record, suite=suite, file="evals/test_s.py"),
        plan_of(record, suite="other", file="evals/test_s.py"),
    ]
    found = compared.find(plans, tmp_path, folder="baselines")
    assert set(found.baselines) == set(found.anchors) == {suite}
    assert found.histories == {suite: entries}
    compared.keep(found, tmp_path / "run")
    assert compared.kept(tmp_path / "run", plans) == found


def test_a_run_without_baselines_keeps_nothing(tmp_path: Path) -> None:
    plans = [plan_of(scored("a", held()), file="test_s.py")]
    found = compared.find(plans, tmp_path, folder="baselines")
    compared.keep(found, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert compared.kept(tmp_path / "run", plans) == compared.Compared.nothing()
