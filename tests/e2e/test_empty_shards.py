"""A share of a session that holds no case: stored, so that all shares can be counted."""

from __future__ import annotations

import pytest

from .conftest import Project

TEST = """
import pytest

def answer(case, variant):
    return case.input

@pytest.mark.llm_eval(dataset="cases.jsonl", experiment="gates.toml", task=answer)
def test_graded(eval_output, grade):
    grade.equal("echo", "yes", eval_output)
"""


@pytest.fixture
def two_cases(project: Project) -> Project:
    project.dataset("cases.jsonl", [{"id": "a", "input": "yes"}, {"id": "b", "input": "no"}])
    project.write("gates.toml", "[kpi.echo]\nmin = 0.5\n")
    project.write("test_graded.py", TEST)
    return project


@pytest.mark.parametrize("way", [[], ["-n0"], ["-n2"]], ids=str)
def test_a_shard_without_a_case_is_stored_and_not_judged(
    way: list[str], two_cases: Project
) -> None:
    outcome = two_cases.run("--ftgate-shard=3/3", *way, junit=False)
    assert outcome.code == 0
    assert outcome.gates()["complete"] == "partial"
    assert outcome.verdict is not None
    assert outcome.verdict["verdict"] == "inconclusive"
    (run,) = two_cases.stored()
    assert (run.manifest.shard, run.records, run.end is not None) == ((3, 3), (), True)
    assert [(plan.suite, plan.selected) for plan in run.manifest.plans] == [("graded", ())]


def test_an_empty_shard_is_merged_with_the_others(two_cases: Project) -> None:
    for shard in (1, 2, 3):
        assert two_cases.run(f"--ftgate-shard={shard}/3", junit=False).code == 0
    runs = [run.manifest.run for run in two_cases.stored()]
    missing = two_cases.command("merge", *runs[:2])
    assert (missing.exit_code, "Shard 3 of 3 is missing" in missing.stderr) == (4, True)
    merged = two_cases.command("merge", *runs)
    assert (merged.exit_code, "PASS" in merged.output) == (0, True)
    whole = two_cases.stored()[-1]
    assert [record.case for record in whole.records] == ["a", "b"]


def test_shards_without_any_case_never_pass(two_cases: Project) -> None:
    """What -k leaves nothing of is nothing to judge, however many machines find nothing."""
    for shard in (1, 2):
        two_cases.run(f"--ftgate-shard={shard}/2", "-k", "nothing", junit=False)
    merged = two_cases.command("merge", *(run.manifest.run for run in two_cases.stored()))
    assert merged.exit_code == 1
    assert "no case was selected" in merged.output


def test_without_shards_nothing_selected_is_no_session_of_evals(two_cases: Project) -> None:
    outcome = two_cases.run("-k", "nothing", junit=False)
    assert (outcome.code, outcome.verdict, two_cases.stored()) == (5, None, [])


def test_listing_a_shard_stores_nothing(two_cases: Project) -> None:
    two_cases.run("--ftgate-shard=3/3", "--collect-only", junit=False)
    assert two_cases.stored() == []
