"""``runs import``: results from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.runs.store import RunStore
from tests.cli.conftest import Invoke


def results(path: Path, *lines: dict[str, object]) -> str:
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return path.name


def line(case: str, variant: str, correct: object) -> dict[str, object]:
    return {"case": case, "variant": variant, "scores": {"correct": correct}}


def test_one_run_a_variant(invoke: Invoke, here: Path) -> None:
    lines = [line(case, variant, 1) for case in ("a", "b") for variant in ("v9", "v1", "v5")]
    result = invoke("runs", "import", results(here / "r.jsonl", *lines), "--suite", "triage")
    assert result.exit_code == 0
    printed = [text.split() for text in result.stdout.splitlines()]
    assert [variant for variant, _ in printed] == ["v9", "v1", "v5"]
    store = RunStore(here / ".ftgate")
    # Later variants are newer runs.
    assert [info.id for info in store.list()] == [run_id for _, run_id in printed[::-1]]
    for variant, run_id in printed:
        run = store.load(run_id)
        (plan,) = run.manifest.plans
        assert (plan.suite, plan.variant, len(run.records)) == ("triage", variant, 2)
        assert run.manifest.origin == "import"
        assert run.manifest.versions["pytest-ftgate"]


def test_into_another_store(invoke: Invoke, here: Path) -> None:
    name = results(here / "r.jsonl", line("a", "v1", 1))
    assert invoke("runs", "import", name, "--suite", "s", "--store", "there").exit_code == 0
    assert len(RunStore(here / "there").list()) == 1
    assert not (here / ".ftgate").exists()


def test_an_imported_run_is_shown_and_judged(
    invoke: Invoke, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    name = results(here / "r.jsonl", line("a", "v1", 1), line("b", "v1", 0))
    invoke("runs", "import", name, "--suite", "triage")
    assert "triage [v1] 50.0 % correct · import" in invoke("runs").output
    assert "50.0 %" in invoke("show").output
    (here / "e.toml").write_text('suite = "triage"\n[kpi.correct]\nmin = 0.9\n')
    assert invoke("gate", "--experiment", "e.toml").exit_code == 1


def test_a_range(invoke: Invoke, here: Path) -> None:
    name = results(here / "r.jsonl", line("a", "v1", 4))
    refused = invoke("runs", "import", name, "--suite", "s")
    assert refused.exit_code == 4
    assert refused.stderr == (
        "r.jsonl:1: the score 'correct' is 4, outside of 0 to 1. Correct it, or give the score's "
        "range: --range correct=LOW,HIGH.\n"
    )
    assert invoke("runs", "import", name, "--suite", "s", "--range", "correct=1,5").exit_code == 0
    seen = RunStore(here / ".ftgate").load().records[0].observations[0]
    assert (seen.value, seen.low, seen.high) == (4.0, 1.0, 5.0)


@pytest.mark.parametrize(
    "text", ["x", "x=1", "x=5,1", "x=1,1", "x=a,b", "=0,1", "x=0,inf", "x=nan,1", "0,1"]
)
def test_a_bad_range(invoke: Invoke, here: Path, text: str) -> None:
    name = results(here / "r.jsonl", line("a", "v1", 1))
    result = invoke("runs", "import", name, "--suite", "s", "--range", text)
    assert result.exit_code == 4
    assert f"--range {text}: write NAME=LOW,HIGH, like stars=1,5." in result.stderr


@pytest.mark.parametrize("suite", ["", "a b", "../x", "x" * 65])
def test_a_bad_suite(invoke: Invoke, here: Path, suite: str) -> None:
    result = invoke("runs", "import", results(here / "r.jsonl"), "--suite", suite)
    assert result.exit_code == 4
    assert "use 1 to 64 of the characters" in result.stderr


def test_without_a_suite(invoke: Invoke, here: Path) -> None:
    result = invoke("runs", "import", results(here / "r.jsonl"))
    assert result.exit_code == 4
    assert "--suite" in result.stderr


def test_a_bad_file_stores_nothing(invoke: Invoke, here: Path) -> None:
    name = results(here / "r.jsonl", line("a", "v1", 1), line("a", "v1", 2))
    result = invoke("runs", "import", name, "--suite", "s")
    assert result.exit_code == 4
    assert result.stderr.count("r.jsonl:2: ") == 2
    assert not (here / ".ftgate").exists()
