"""Baselines through whole sessions: accepted by hand, compared by each run, never moved by one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.runs.baseline import read

from .suites import write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Project

GATED = "[kpi.answered]\nmax_drop = 0.05\n"
GRADED = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_output, grade):
    grade.regex("answered", "^{pattern}", eval_output)
"""
CASES = [{"id": f"c{n:02}", "input": {"message": f"{n % 10} is asked"}} for n in range(40)]
ALL, NONE = "[0-9]", "x"


def write(project: Project, pattern: str, cases: int = 40) -> None:
    write_suite(project, GRADED.format(pattern=pattern), cases=CASES[:cases], more=GATED)


@pytest.fixture
def accepted(project: Project) -> Path:
    """A suite whose baseline passed throughout."""
    write(project, ALL)
    assert project.run().code == pytest.ExitCode.OK
    done = project.command("baseline", "accept")
    assert done.exit_code == 0, done.output
    return project.path / "baselines" / "support.jsonl"


def test_a_drop_blocks_and_names_what_fails_now(
    accepted: Path, project: Project, way: list[str]
) -> None:
    write(project, "[0-4]")
    outcome = project.run(*way)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.gates()["answered"] == "block"
    assert outcome.junit_counts["failures"] == 1
    compared = outcome.kpi("answered")
    assert (compared["baseline"], compared["value"]) == (1.0, 0.5)
    assert "c05" in outcome.text
    assert "--diff" not in outcome.text
    verbose = project.run(*way, "-v")
    assert f"and: pytest-ftgate show {verbose.verdict['run']['id']} --diff" in verbose.text
    assert project.command("gate").exit_code == 1


def test_nothing_changed_passes(accepted: Path, project: Project) -> None:
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.gates()["answered"] == "pass"
    assert "--diff" not in project.run("-v").text


@pytest.mark.parametrize(
    "args",
    [
        ["-k", "c0"],
        ["--ftgate-limit=10"],
        [f"test_support.py::test_graded[v1-c{n:02}]" for n in range(10)],
    ],
    ids=["chosen", "limited", "named"],
)
def test_a_part_is_compared_on_the_cases_it_shares_and_is_no_baseline(
    args: list[str], accepted: Path, project: Project
) -> None:
    before = accepted.read_bytes()
    write(project, NONE)
    outcome = project.run(*args)
    assert outcome.gates()["answered"] == "partial"
    compared = outcome.kpi("answered")
    assert (compared["baseline"], compared["value"]) == (1.0, 0.0)
    assert "10 of 40" in outcome.text
    refused = project.command("baseline", "accept")
    assert refused.exit_code == 4
    assert accepted.read_bytes() == before


def test_an_interrupted_run_is_no_baseline(accepted: Path, project: Project) -> None:
    before = accepted.read_bytes()
    write(project, ALL)
    text = (project.path / "test_support.py").read_text()
    project.write("test_support.py", text + "    if eval_output[0] == '9': raise KeyError\n")
    assert project.run("-x").code == pytest.ExitCode.TESTS_FAILED
    refused = project.command("baseline", "accept")
    assert refused.exit_code == 4
    assert accepted.read_bytes() == before


def test_a_baseline_shrinks_only_on_request(accepted: Path, project: Project) -> None:
    write(project, ALL, cases=30)
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.OK
    refused = project.command("baseline", "accept")
    assert refused.exit_code == 4
    assert "c30" in refused.output
    assert read(accepted).header.cases == 40
    done = project.command("baseline", "accept", "--replace")
    assert done.exit_code == 0, done.output
    assert read(accepted).header.cases == 30


@pytest.mark.parametrize(("rule", "code", "verdict"), [("warn", 0, "warn"), ("fail", 1, "block")])
def test_a_missing_baseline_is_never_a_pass(
    rule: str, code: int, verdict: str, project: Project
) -> None:
    write(project, ALL)
    outcome = project.run(f"--ftgate-missing-baseline={rule}")
    assert outcome.code == code
    assert outcome.gates()["baseline"] == outcome.verdict["verdict"] == verdict
    assert "pytest-ftgate baseline accept makes one" in " ".join(outcome.text.split())
    if rule == "warn":
        assert "next: pytest-ftgate baseline accept" in outcome.text


def test_a_damaged_baseline_is_named_and_fails(accepted: Path, project: Project) -> None:
    lines = accepted.read_text("utf-8").splitlines(keepends=True)
    accepted.write_text("".join([*lines[:3], "oops\n", *lines[4:]]), "utf-8")
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "baselines/support.jsonl:4" in outcome.text
    assert "Traceback" not in outcome.text


def test_a_change_cannot_vouch_for_itself(accepted: Path, project: Project) -> None:
    def git(*arguments: str) -> None:
        author = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *author, *arguments], cwd=project.path, check=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "accepted")
    write(project, "[0-4]")
    project.run()
    assert project.command("baseline", "accept").exit_code == 0
    assert project.run().code == pytest.ExitCode.OK
    outcome = project.run("--ftgate-baseline-ref=main")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.kpi("answered")["baseline"] == 1.0
    missing = project.run("--ftgate-baseline-ref=nowhere")
    assert missing.code == pytest.ExitCode.TESTS_FAILED
    assert "nowhere" in missing.text
