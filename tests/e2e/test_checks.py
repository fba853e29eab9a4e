"""All checks in whole sessions: from ``grade`` and the plain functions to KPIs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Project

POLICY = r"""
[[rule]]
id = "short"
max_sentences = 3

[[rule]]
id = "acknowledge-frustration"
only_if_input = '(?i)\b(angry|annoy\w+)\b'
require = ['(?i)\b(sorry|understand)\b']
before = ['(?i)\b(please|try)\b']

[[rule]]
id = "product-names"
allowed_terms = ["CloudSync Pro"]

[[rule]]
id = "hand-over"
only_if_output = "(?i)I do not know"
require = ['Let me connect you with a specialist']

[[rule]]
id = "no-competitors"
forbid = ['\b(Globex|Initech)\b']

[[rule]]
id = "no-discounts"
forbid = ['(?i)\bdiscount']
unless_input = '(?i)\bdiscount'
"""
ANSWERED = {
    "fine": ("where is it?", "It is on its way."),
    "long": ("where is it?", "It left. It is near. It comes. It is late."),
    "angry": ("I am angry", "Please try again. I am sorry."),
    "heard": ("I am angry", "I am sorry. Please try again."),
    "named": ("sync?", "Use Cloudsync pro."),
    "unknown": ("why?", "I do not know."),
    "handed": ("why?", "I do not know. Let me connect you with a specialist."),
    "rival": ("which one?", "Globex is worse."),
    "pushed": ("hello", "Take this discount."),
    "asked": ("a discount?", "Yes, a discount."),
}
VIOLATIONS = {
    "long": "short",
    "angry": "acknowledge-frustration",
    "named": "product-names",
    "unknown": "hand-over",
    "rival": "no-competitors",
    "pushed": "no-discounts",
}


def test_a_policy_of_every_kind_of_rule(project: Project) -> None:
    project.write("evals/support/policy.toml", POLICY)
    project.dataset(
        "evals/support/cases.jsonl",
        [
            {"id": name, "input": asked, "expected": answer, "stratum": name[0]}
            for name, (asked, answer) in ANSWERED.items()
        ],
    )
    project.write(
        "evals/test_support.py",
        """
import pytest

@pytest.mark.llm_eval(dataset="support/cases.jsonl", task=lambda case, variant: case.expected)
def test_support(eval_output, grade):
    grade.policy(eval_output, "support/policy.toml")
""",
    )
    outcome = project.run()
    assert outcome.counts == {"passed": 4, "missed": 6}
    assert outcome.kpi("policy_violation_rate")["value"] == pytest.approx(0.6)
    reasons = {record.case: record.observations[0].reason for record in project.stored()[0].records}
    for case, reason in reasons.items():
        assert VIOLATIONS.get(case, "") in reason
        assert bool(reason) == (case in VIOLATIONS)


GRADED = """
import pytest

ANSWERS = {"a": "refund", "b": "refund", "c": "other", "d": None}

@pytest.mark.llm_eval(dataset="cases.jsonl", experiment="experiment.toml",
                      task=lambda case, variant: ANSWERS[case.id])
def test_all(eval_case, eval_output, grade):
    grade.label("queue", expected=eval_case.expected, predicted=eval_output)
    grade.escalated(eval_output is None)
    text = eval_output or ""
    grade.equal("same", eval_case.expected, text)
    grade.contains("has", "re", text)
    grade.regex("ends", "d$", text)
    grade.similarity("close", eval_case.expected, text, min=0.5)
    grade.bleu("bleu", eval_case.expected, text)
    grade.rouge("rouge", eval_case.expected, text)
    grade.score("stars", len(text), low=0, high=10)
    grade.format({"queue": eval_output}, {"properties": {"queue": {"enum": ["refund", "other"]}}})
"""
EXPERIMENT = """
suite = "all"
current = "v1"
[[variant]]
name = "v1"
[kpi.accuracy]
min = 0.5
[kpi.macro_f1]
min = 0.9
[kpi.escalation_rate]
max = 0.25
"""


def test_every_check_becomes_a_kpi(project: Project) -> None:
    project.dataset(
        "cases.jsonl",
        [
            {"id": name, "input": "x", "expected": label, "stratum": stratum}
            for name, label, stratum in (
                ("a", "refund", "easy"),
                ("b", "other", "hard"),
                ("c", "other", "easy"),
                ("d", "refund", "hard"),
            )
        ],
    )
    project.write("experiment.toml", EXPERIMENT)
    project.write("test_all.py", GRADED)
    outcome = project.run("-v")
    assert outcome.counts == {"passed": 1, "missed": 3}
    expected = {
        "accuracy": 0.5,
        "escalation_rate": 0.25,
        "same": 0.5,
        "has": 0.5,
        "ends": 0.5,
        "stars": (6 + 6 + 5 + 0) / 4,
        "format_valid": 0.75,
        "error_rate": 0.0,
        "pass_rate": 0.25,
    }
    for name, value in expected.items():
        assert outcome.kpi(name)["value"] == pytest.approx(value), name
    # refund: precision 1/2, recall 1/2; other: precision 1, recall 1/2
    assert outcome.kpi("macro_f1")["value"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert outcome.gates() | {"accuracy": "pass", "macro_f1": "block"} == outcome.gates()
    assert outcome.kpi("accuracy")["strata"]["easy"]["value"] == 1.0
    (table,) = outcome.suites[0]["labels"]
    assert table["check"] == "queue"
    assert table["recall"] == {"other": 0.5, "refund": 0.5}


def test_a_misspelt_check_is_an_error_that_suggests_the_right_one(project: Project) -> None:
    project.write(
        "test_all.py",
        """
import pytest

@pytest.mark.llm_eval()
def test_all(grade):
    grade.formt("{}", {})
""",
    )
    outcome = project.run()
    assert outcome.counts == {"error": 1}
    assert "grade has no check 'formt'; did you mean 'format'?" in outcome.text


ORDINARY = """
import pytest
from pytest_ftgate import assert_format, assert_policy, assert_threshold

def test_holds():
    assert_format('{"a": 1}', {"required": ["a"]})
    assert_policy("Hello.", "policy.toml", input="hello")
    assert_threshold("accuracy", 0.95, min=0.9)

def test_format():
    assert_format('{"b": 1}', {"required": ["a"]})

def test_policy():
    assert_policy("Globex is worse.", "policy.toml", input="which one?")

def test_threshold():
    assert_threshold("accuracy", 0.8949, min=0.895)
"""


def test_ordinary_tests_have_plain_functions(project: Project) -> None:
    project.write("policy.toml", POLICY)
    project.write("test_ordinary.py", ORDINARY)
    outcome = project.run("--tb=line")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.result.parseoutcomes() == {"passed": 1, "failed": 3}
    assert "LLM evaluation" not in outcome.text
    for words in ("$.a: missing", "no-competitors", "0.895"):
        assert words in outcome.text
    assert outcome.verdict is None


def test_a_stored_run_is_judged_by_the_command_as_by_the_session(project: Project) -> None:
    project.write(
        "test_all.py",
        """
import pytest

@pytest.mark.llm_eval(dataset="cases.jsonl", experiment="experiment.toml")
def test_all(eval_case, grade):
    if eval_case.input == "error":
        raise RuntimeError("boom")
    grade.label("queue", expected="yes", predicted=eval_case.input)
    grade.escalated(False)
""",
    )
    project.write("experiment.toml", EXPERIMENT)
    for answers, args, code in (
        (["yes", "yes"], [], 0),
        (["yes", "no", "no"], [], 1),
        (["yes", "error"], [], 1),
        (["yes", "no", "no"], ["-k", "c0"], 0),
    ):
        cases = [{"id": f"c{n}", "input": answer} for n, answer in enumerate(answers)]
        project.dataset("cases.jsonl", cases)
        outcome = project.run(*args)
        done = project.command("gate", "latest", "--json", "-")
        assert done.exit_code == outcome.verdict["exit_code"] == code
        assert json.loads(done.output) == outcome.verdict
        shown = project.command("show", "latest")
        assert shown.exit_code == 0
        assert "all [v1]" in shown.output
    listed = project.command("runs")
    assert listed.exit_code == 0
    assert all(run.manifest.run in listed.output for run in project.stored())


def test_a_misspelt_keyword_of_a_schema_is_warned_about(project: Project) -> None:
    project.write("reply.schema.json", '{"properties": {"a": {"enumm": [1]}}}')
    project.dataset("cases.jsonl", [{"id": "a", "input": "{}"}, {"id": "b", "input": "{}"}])
    project.write(
        "test_reply.py",
        """
import pytest

@pytest.mark.llm_eval(dataset="cases.jsonl")
def test_reply(eval_case, grade):
    grade.format(eval_case.input, "reply.schema.json")
""",
    )
    outcome = project.run("-W", "default")
    assert outcome.counts == {"passed": 2}
    said = " ".join(outcome.text.split())
    assert "the keyword \"enumm\" is unknown and is ignored; did you mean 'enum'?" in said
    assert outcome.result.parseoutcomes()["warnings"] == 1
