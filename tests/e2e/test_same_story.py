"""Every way a session can end is told alike by all its voices, with and without pytest-xdist."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.reports.json_report import encode
from pytest_ftgate.verdicts.decide import decide

from .suites import write_suite

if TYPE_CHECKING:
    from .conftest import Outcome, Project

GRADED = """
@evaluated(task=lambda case, variant: case.input["message"]{must_pass})
def test_graded(eval_output, grade):
    if eval_output == "skip":
        pytest.skip("not today")
    if eval_output == "boom":
        raise RuntimeError("boom")
    grade.equal("close", "yes", eval_output)
"""
WAYS = {"without xdist": ["-p", "no:xdist"], "n0": ["-n0"], "n2": ["-n2"]}
UNDECIDED = ("inconclusive", "partial", "none")


@dataclass
class Story:
    """A session, and how it ends: its exit code, its verdict, its gates, its cases by outcome."""

    said: str
    code: int
    verdict: str | None
    gates: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    rule: str = ""
    must_pass: str = ""
    args: tuple[str, ...] = ()
    accepted: str = ""


SOUND = {"complete": "pass", "errors": "pass"}
STORIES = {
    "pass": Story(
        said="yes yes yes no",
        rule="min = 0.7",
        code=0,
        verdict="pass",
        gates={**SOUND, "close": "pass"},
        counts={"passed": 3, "missed": 1},
    ),
    "block": Story(
        said="yes yes no no",
        rule="min = 0.7",
        code=1,
        verdict="block",
        gates={**SOUND, "close": "block"},
        counts={"passed": 2, "missed": 2},
    ),
    "warn": Story(
        said="yes " * 9 + "no",
        rule='min = 0.91\nmode = "confident"',
        code=0,
        verdict="warn",
        gates={**SOUND, "close": "warn"},
        counts={"passed": 9, "missed": 1},
    ),
    "inconclusive": Story(
        accepted="yes " * 10,
        said="yes " * 9 + "no",
        rule="max_drop = 0.02",
        code=0,
        verdict="inconclusive",
        gates={**SOUND, "close": "inconclusive"},
        counts={"passed": 9, "missed": 1},
    ),
    "must pass": Story(
        said="yes no",
        must_pass="close",
        code=1,
        verdict="block",
        gates={**SOUND, "must_pass": "block"},
        counts={"passed": 1, "failed": 1},
    ),
    "errors": Story(
        said="yes boom skip",
        rule="min = 0.7",
        code=1,
        verdict="error",
        gates={"complete": "pass", "errors": "block", "close": "block"},
        counts={"passed": 1, "error": 1, "skipped": 1},
    ),
    "partial": Story(
        said="yes no no no",
        rule="min = 0.7",
        args=("-k", "c0 or c1"),
        code=0,
        verdict="inconclusive",
        gates={**SOUND, "close": "partial"},
        counts={"passed": 1, "missed": 1},
    ),
    "skipped": Story(
        said="skip skip",
        rule="min = 0.7",
        code=1,
        verdict="error",
        gates={**SOUND, "scored": "block", "close": "none"},
        counts={"skipped": 2},
    ),
    "nothing chosen": Story(said="yes", args=("-k", "nothing"), code=5, verdict=None),
    "usage error": Story(said="yes", args=("--ftgate-record=often",), code=4, verdict=None),
}


def write(project: Project, story: Story, said: str) -> None:
    cases = [{"id": f"c{n}", "input": {"message": word}} for n, word in enumerate(said.split())]
    must_pass = f", must_pass={story.must_pass!r}" if story.must_pass else ""
    rule = f"[kpi.close]\n{story.rule}\n" if story.rule else ""
    write_suite(project, GRADED.format(must_pass=must_pass), cases=cases, more=rule)


def assert_counts(outcome: Outcome) -> None:
    """JUnit XML and pytest's last line count a test for each case, and one for each gate."""
    gates, cases = list(outcome.gates().values()), outcome.counts
    undecided = sum(gate in UNDECIDED for gate in gates)
    failed = cases.get("failed", 0) + cases.get("error", 0) + gates.count("block")
    missed, skipped = cases.get("missed", 0), cases.get("skipped", 0)
    assert outcome.junit_counts == {
        "tests": sum(cases.values()) + len(gates),
        "failures": failed,
        "errors": 0,
        "skipped": missed + skipped + undecided,
    }
    expected = {
        "passed": cases.get("passed", 0) + gates.count("pass"),
        "failed": failed,
        "missed": missed,
        "skipped": skipped,
        "gate": gates.count("warn") + undecided,
    }
    reported = {**outcome.result.parseoutcomes()}
    reported.pop("deselected", None)
    assert reported == {name: number for name, number in expected.items() if number}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("title", STORIES)
def test_every_voice_tells_the_same_story(title: str, way: str, project: Project) -> None:
    story = STORIES[title]
    if story.accepted:
        write(project, story, story.accepted)
        project.run()
        assert project.command("baseline", "accept").exit_code == 0
    write(project, story, story.said)
    report = project.path / "report.md"
    report.unlink(missing_ok=True)
    outcome = project.run(*WAYS[way], *story.args, f"--ftgate-markdown={report}")
    assert outcome.code == story.code
    if story.verdict is None:
        assert outcome.verdict is None
        assert "LLM evaluation" not in outcome.text
        assert not report.exists()
        return
    assert (outcome.verdict["verdict"], outcome.verdict["exit_code"]) == (story.verdict, story.code)
    assert (outcome.gates(), outcome.counts) == (story.gates, story.counts)
    assert_counts(outcome)
    assert json.loads(encode(decide(project.stored()[-1]))) == outcome.verdict
    banner = re.search(r"^── support \[v1\] .* (\w+) ──$", outcome.text, re.MULTILINE)
    assert banner is not None
    assert banner[1] == story.verdict.upper()
    assert f"## Evals: {story.verdict}\n" in report.read_text("utf-8")
    for gate, verdict in story.gates.items():
        failed = f"FAILED test_support.py::support[v1]::gate[{gate}]" in outcome.text
        assert failed == (verdict == "block")
    again = project.command("gate")
    assert again.exit_code == story.code
    assert f" {story.verdict.upper()} ──" in again.output


@pytest.mark.parametrize("way", WAYS)
def test_a_session_that_stops_says_everywhere_that_it_did(way: str, project: Project) -> None:
    write(project, Story(said="", code=1, verdict="error", rule="min = 0.7"), "boom")
    report = project.path / "report.md"
    outcome = project.run(*WAYS[way], "-x", f"--ftgate-markdown={report}")
    assert outcome.code == (2 if way == "n2" else 1)  # xdist stops by an interrupt
    assert outcome.verdict["verdict"] == "error"
    assert outcome.verdict["run"]["complete"] is False
    assert outcome.gates()["complete"] == "block"
    # What stops at the first failure reports no further one: the gates are told in the section.
    assert outcome.result.parseoutcomes() == {"failed": 1}
    assert outcome.junit_counts == {"tests": 1, "failures": 1, "errors": 0, "skipped": 0}
    assert "block  complete: the run did not reach its end" in outcome.text
    assert "## Evals: error\n" in report.read_text("utf-8")
    assert project.command("gate").exit_code == 1
