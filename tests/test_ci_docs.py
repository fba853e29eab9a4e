"""The workflows of docs/ci.md: valid, with commands that exist, in steps that work together."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from pytest_ftgate import cli, options
from tests.e2e.conftest import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[1] / "docs" / "ci.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
REPLAY, COMMENT, LIVE, GITLAB = (yaml.safe_load(block) for block in BLOCKS)
ACTIONS = {"replay": REPLAY, "comment": COMMENT, "live": LIVE}
PYTEST_OPTIONS = {option.switch for option in options._OPTIONS if option.cli} | {"--junitxml"}

TEST = """
import pytest

def answer(case, variant):
    return case.input

@pytest.mark.llm_eval(dataset="cases.jsonl", experiment="gates.toml", task=answer)
def test_graded(eval_output, grade):
    grade.equal("echo", "yes", eval_output)
"""


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def scripts() -> Iterator[str]:
    for workflow in ACTIONS.values():
        yield from (step["run"] for step in steps(workflow) if "run" in step)
    for job in GITLAB.values():
        if isinstance(job, dict):
            yield from job.get("script", ())


def calls(program: str) -> list[list[str]]:
    """The words of each call of a program, without its name."""
    lines = [line for script in scripts() for line in script.splitlines()]
    ours = [re.sub(r"\$\{\{.*?\}\}", "1", line) for line in lines if line.startswith(f"{program} ")]
    return [shlex.split(line)[1:] for line in ours]


def names(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def test_every_call_of_pytest_is_one_that_it_knows() -> None:
    found = calls("pytest")
    assert len(found) == 4
    for words in found:
        assert words[0] == "evals"
        assert names(words) <= PYTEST_OPTIONS


def test_every_call_of_the_command_is_one_that_it_knows() -> None:
    found = calls("pytest-ftgate")
    assert [words[0] for words in found] == ["merge", "merge"]
    for words in found:
        command = cli.commands.get_command(click.Context(cli.commands), words[0])
        assert command is not None
        assert names(words) <= {name for option in command.params for name in option.opts}


def test_code_of_a_pull_request_sees_no_secret_and_may_write_nothing() -> None:
    triggers = REPLAY[True]  # YAML reads "on" as true
    assert "pull_request_target" not in triggers
    assert "secrets." not in BLOCKS[0]
    assert REPLAY["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in REPLAY["jobs"].values())


def test_what_may_write_runs_no_code_of_a_pull_request() -> None:
    assert COMMENT[True]["workflow_run"]["workflows"] == [REPLAY["name"]]
    used = [step["uses"].partition("@")[0] for step in steps(COMMENT) if "uses" in step]
    assert used == ["actions/download-artifact"]
    (script,) = [step["run"] for step in steps(COMMENT) if "run" in step]
    assert "${{" not in script, "what comes from outside reaches a script as a variable only"
    assert '= "$HEAD"' in script
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_no_expression_is_pasted_into_a_script_but_our_own_matrix() -> None:
    for script in scripts():
        assert set(re.findall(r"\$\{\{ *(.*?) *\}\}", script)) <= {"matrix.shard"}


def test_gates_run_whatever_the_shards_said() -> None:
    assert REPLAY["jobs"]["gate"]["if"] == "${{ !cancelled() }}"
    assert REPLAY["jobs"]["replay"]["strategy"]["fail-fast"] is False
    assert GITLAB["replay"]["artifacts"]["when"] == "always"
    assert GITLAB["gate"]["rules"][0]["when"] == "always"


def step_named(job: str, name: str) -> str:
    return next(step["run"] for step in REPLAY["jobs"][job]["steps"] if step.get("name") == name)


def git(*words: str, cwd: Path) -> None:
    who = ["-c", "user.name=n", "-c", "user.email=e@example.com"]
    subprocess.run(["git", *who, *words], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def branch(pytester: pytest.Pytester) -> Project:
    """A project whose base branch has a baseline, checked out on a branch of it."""
    project = Project(pytester)
    cases = [{"id": f"c{at}", "input": "yes"} for at in range(40)]
    project.dataset("evals/cases.jsonl", cases)
    project.write("evals/gates.toml", 'primary_kpi = "echo"\n[kpi.echo]\nmax_drop = 0.1\n')
    project.write("evals/test_graded.py", TEST)
    project.write("pytest.ini", "[pytest]\n")
    assert project.run("evals", junit=False).code == 0
    assert project.command("baseline", "accept").exit_code == 0
    git("init", cwd=project.path)
    git("add", "evals", cwd=project.path)
    git("commit", "-m", "base", cwd=project.path)
    git("update-ref", "refs/remotes/origin/main", "HEAD", cwd=project.path)
    return project


def replay_in_shards(project: Project) -> list[int]:
    """Run the steps of the workflow, as far as they are commands of ours."""
    codes = []
    for shard in REPLAY["jobs"]["replay"]["strategy"]["matrix"]["shard"]:
        shell = step_named("replay", "Replay")
        shell = shell.replace("${{ matrix.shard }}", str(shard)).replace("$BASE", "main")
        words = [word for word in shlex.split(shell)[1:] if "--ftgate-store" not in word]
        codes.append(project.run(*words, f"--ftgate-store=shards/run-{shard}", junit=False).code)
    return codes


def gate(project: Project) -> Any:
    stores = sorted(str(path) for path in (project.path / "shards").iterdir())
    words = shlex.split(step_named("gate", "Gate"))[1:]
    assert words[1] == "shards/*"
    return project.command(words[0], *stores, *words[2:])


def test_the_steps_judge_the_whole_against_the_base_branch(branch: Project) -> None:
    assert replay_in_shards(branch) == [0, 0, 0]
    result = gate(branch)
    assert (result.exit_code, "PASS" in result.output) == (0, True)
    assert (branch.path / "report" / "comment.md").read_text("utf-8").startswith("<!--")


def test_a_change_cannot_vouch_for_itself(branch: Project) -> None:
    worse = 'return "no" if int(case.id[1:]) % 5 == 0 else "yes"'
    branch.write("evals/test_graded.py", TEST.replace("return case.input", worse))
    branch.run("evals", junit=False)
    assert branch.command("baseline", "accept").exit_code == 0, "its own bar is lower"
    assert branch.run("evals", junit=False).gates()["echo"] == "pass"
    replay_in_shards(branch)
    result = gate(branch)
    assert result.exit_code == 1
    assert "echo: dropped by 20.0 points" in " ".join(result.output.split())
    assert "BLOCK" in (branch.path / "report" / "comment.md").read_text("utf-8").upper()
