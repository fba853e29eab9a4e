"""``merge``: shards become one run, which is judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Gate, Run
from pytest_ftgate.reports import json_report
from pytest_ftgate.runs.merge import merge
from pytest_ftgate.runs.store import RunStore
from pytest_ftgate.verdicts.decide import decide
from tests.cli.conftest import Invoke
from tests.runs.making import held, missed, run_of, scored
from tests.runs.test_merge import shards_of


def shards(minimum: float) -> list[Run]:
    records = [scored(f"c{n}", held() if n else missed()) for n in range(6)]
    return shards_of(run_of(*records, gates=(Gate(kpi="echo", min=minimum),)), 3)


def left_by_machines(here: Path, runs: list[Run]) -> list[str]:
    """A run store a machine."""
    for number, run in enumerate(runs):
        RunStore(here / f"machine{number}").save(run)
    return [f"machine{number}" for number in range(len(runs))]


@pytest.mark.parametrize(("minimum", "code"), [(0.8, 0), (0.9, 1)])
def test_stores_of_machines(invoke: Invoke, here: Path, minimum: float, code: int) -> None:
    runs = shards(minimum)
    result = invoke("merge", *left_by_machines(here, runs))
    merged = merge(runs)
    assert result.exit_code == code
    assert result.stderr == (
        f"pytest-ftgate: 3 shards with 6 results are now the run {merged.manifest.run}.\n"
    )
    assert ("PASS" if code == 0 else "BLOCK") in result.stdout
    assert RunStore(here / ".ftgate").load() == merged


def test_directories_and_ids_of_runs(invoke: Invoke, here: Path) -> None:
    first, second, third = shards(0.8)
    directory = RunStore(here / "elsewhere").save(first)
    for run in (second, third):
        RunStore(here / ".ftgate").save(run)
    arguments = (third.manifest.run, str(directory), second.manifest.run)
    assert invoke("merge", *arguments).exit_code == 0


def test_the_newest_run_of_a_store_counts(invoke: Invoke, here: Path) -> None:
    runs = shards(0.8)
    names = left_by_machines(here, runs)
    older = replace(runs[0], manifest=replace(runs[0].manifest, run="20200101T000000000Z-0"))
    RunStore(here / names[0]).save(older)
    assert invoke("merge", *names).exit_code == 0


def test_the_verdict_document(invoke: Invoke, here: Path) -> None:
    runs = shards(0.8)
    result = invoke("merge", *left_by_machines(here, runs), "--json", "-", "--store", "whole")
    assert result.stdout.encode() == json_report.encode(decide(merge(runs)))
    assert json.loads(result.stdout)["run"]["complete"] is True
    assert len(RunStore(here / "whole").list()) == 1


def test_what_does_not_belong_together(invoke: Invoke, here: Path) -> None:
    runs = shards(0.8)
    result = invoke("merge", *left_by_machines(here, runs[:2]))
    assert result.exit_code == 4
    assert result.stderr == (
        "pytest-ftgate: Shard 3 of 3 is missing. Give the runs of all 3 shards.\n"
    )
    assert not (here / ".ftgate").exists()


def test_merging_again(invoke: Invoke, here: Path) -> None:
    names = left_by_machines(here, shards(0.8))
    assert invoke("merge", *names).exit_code == 0
    again = invoke("merge", *names)
    assert again.exit_code == 4
    assert "exists already" in again.stderr


def test_nothing_to_merge(invoke: Invoke) -> None:
    assert invoke("merge").exit_code == 4
    result = invoke("merge", "shards/nowhere")
    assert result.exit_code == 4
    assert "shards/nowhere: holds no run" in result.stderr


def test_the_report_for_a_pull_request(invoke: Invoke, here: Path) -> None:
    names = left_by_machines(here, shards(0.8))
    invoke("merge", *names, "--markdown", "report/comment.md")
    assert (here / "report/comment.md").read_text("utf-8").startswith("<!-- pytest-ftgate -->\n")
    assert invoke("gate", "--markdown", "-").stdout.startswith("<!-- pytest-ftgate -->\n")
