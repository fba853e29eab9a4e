"""Gates through whole sessions: one comparison, told alike everywhere, never green on nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.verdicts.decide import decide

from .suites import write_suite

if TYPE_CHECKING:
    from .conftest import Outcome, Project

GRADED = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_output, grade):
    {check}
"""
SCORED = GRADED.format(check="grade.score('close', float(eval_output))")
COUNTED = GRADED.format(check="grade.equal('close', 'yes', eval_output)")


def write(project: Project, messages: list[str], gates: str, test: str = SCORED) -> None:
    cases = [{"id": f"c{n}", "input": {"message": text}} for n, text in enumerate(messages)]
    write_suite(project, test, cases=cases, more=gates)


def voices(outcome: Outcome, project: Project, gate: str) -> dict[str, bool]:
    """Whether each voice says that the gate holds."""
    markdown = (project.path / "report.md").read_text("utf-8")
    cases = [
        case for case in outcome.junit.iter("testcase") if f"gate[{gate}]" in case.get("name", "")
    ]
    assert len(cases) == 1
    return {
        "exit code": outcome.code == pytest.ExitCode.OK,
        "counts": "failed" not in outcome.result.parseoutcomes(),
        "short summary": f"FAILED test_support.py::support[v1]::gate[{gate}]" not in outcome.text,
        "section": bool(re.search(rf"^  {gate} .* pass", outcome.text, re.MULTILINE)),
        "JUnit XML": not cases[0].findall("failure"),
        "JSON gate": outcome.gates()[gate] == "pass",
        "JSON KPI": outcome.kpi(gate)["verdict"] == "pass",
        "JSON exit code": outcome.verdict["exit_code"] == 0,
        "JSON verdict": outcome.verdict["verdict"] == "pass",
        "Markdown": "## Evals: pass" in markdown,
        "stored run": decide(project.stored()[-1]).exit_code == 0,
    }


@pytest.mark.parametrize(
    ("scores", "holds"),
    [
        (["0.9496"], False),
        (["0.95"], True),
        (["0.9500000001"], True),
        (["0.9499999999"], False),
        (["0.9", "0.9999999999"], False),
        (["0.9", "1.0"], True),
    ],
)
def test_nothing_is_rounded_before_it_is_compared(
    scores: list[str], holds: bool, project: Project, way: list[str]
) -> None:
    write(project, scores, "[kpi.close]\nmin = 0.95\n")
    outcome = project.run(*way, f"--ftgate-markdown={project.path / 'report.md'}")
    heard = voices(outcome, project, "close")
    assert heard == dict.fromkeys(heard, holds)


def test_the_shown_value_does_not_contradict_its_verdict(project: Project) -> None:
    write(project, ["0.9496"], "[kpi.close]\nmin = 0.95\n")
    outcome = project.run()
    row = next(line for line in outcome.text.splitlines() if line.startswith("  close"))
    assert "0.9496" in row or "94.96" in row


EMPTY = {
    "all skipped by mark": (
        "@pytest.mark.skip(reason='later')" + COUNTED,
        "every case was skipped",
    ),
    "all skipped in the body": (
        GRADED.format(check="pytest.skip('later')"),
        "every case was skipped",
    ),
    "all errors": (
        GRADED.format(check="raise RuntimeError('boom')"),
        "every case ended in an error",
    ),
}


@pytest.mark.parametrize("what", EMPTY)
@pytest.mark.parametrize("rules", ["", "[tool.ftgate]\nmax_errors = 99\n"])
def test_nothing_scored_is_never_green(what: str, rules: str, project: Project) -> None:
    test, words = EMPTY[what]
    write(project, ["yes", "yes"], "", test)
    project.write("pyproject.toml", rules)
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.verdict["verdict"] == "error"
    assert outcome.gates()["scored"] == "block"
    assert words in outcome.text


def test_no_case_of_the_split_is_never_green(project: Project) -> None:
    write(project, ["yes"], "", COUNTED)
    for option, split in (("--ftgate-split=train", "train"), ("--ftgate-holdout", "holdout")):
        outcome = project.run(option)
        assert outcome.code == pytest.ExitCode.USAGE_ERROR
        assert f"no suite has a case of the split '{split}'" in outcome.errors


def test_a_gate_on_a_check_that_never_ran_blocks(project: Project) -> None:
    write(project, ["yes"], "[kpi.clsoe]\nmin = 0.5\n", COUNTED)
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.gates()["clsoe"] == "block"
    assert "close" in outcome.text


def test_a_check_that_must_pass_and_never_ran_is_an_error(project: Project) -> None:
    write(project, ["yes"], "", COUNTED.replace("(task=", "(must_pass='clsoe', task="))
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"error": 1}
    assert "must_pass names 'clsoe'" in outcome.text


@pytest.mark.parametrize(
    ("minimum", "mode", "verdict"),
    [
        (0.89, "observed", "pass"),
        (0.91, "observed", "block"),
        (0.91, "confident", "warn"),
        (0.99999, "confident", "block"),
        (0.89, "proven", "block"),
        (0.1, "proven", "pass"),
    ],
)
def test_the_mode_of_a_gate_says_how_sure_it_must_be(
    minimum: float, mode: str, verdict: str, project: Project
) -> None:
    gate = f'[kpi.close]\nmin = {minimum}\nmode = "{mode}"\n'
    write(project, ["yes"] * 9 + ["no"], gate, COUNTED)
    outcome = project.run()
    assert outcome.gates()["close"] == verdict
    assert outcome.code == (verdict == "block")
    assert outcome.verdict["verdict"] == verdict
    assert ("1 gate warned" in outcome.text) == (verdict == "warn")


def test_a_partial_run_is_not_judged_and_says_so_in_every_voice(project: Project) -> None:
    write(project, ["yes", "no", "no", "no"], "[kpi.close]\nmin = 0.9\n", COUNTED)
    outcome = project.run("-k", "c0", "-rA")
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.gates()["close"] == "partial"
    assert "1 gate partial" in outcome.text
    gate = next(c for c in outcome.junit.iter("testcase") if "gate[close]" in c.get("name", ""))
    assert gate.find("skipped") is not None
    assert "1 of 4" in gate.find("skipped").get("message", "")
    assert "1 of 4" in outcome.text


def test_another_variant_informs_and_is_not_judged(project: Project) -> None:
    variants = '[[variant]]\nname = "v2"\nparent = "v1"\n[kpi.close]\nmin = 0.9\n'
    write(project, ["yes", "no"], variants, COUNTED)
    outcome = project.run("--ftgate-variant=all")
    close = {
        suite["variant"]: gate["verdict"]
        for suite in outcome.suites
        for gate in suite["gates"]
        if gate["name"] == "close"
    }
    assert close == {"v1": "block", "v2": "none"}
    assert outcome.code == pytest.ExitCode.TESTS_FAILED


def test_quiet_and_verbose_sessions(project: Project) -> None:
    write(project, ["yes", "no"], "[kpi.close]\nmin = 0.4\n", COUNTED)
    quiet, normal, verbose = (project.run(*args).text for args in (["-q"], [], ["-v"]))
    assert len(quiet.splitlines()) < len(normal.splitlines()) <= len(verbose.splitlines())
    assert "MISSED" in verbose
    assert "support" in quiet
