from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ftgate.checks.format import SchemaStore
from pytest_ftgate.checks.grader import Grader
from pytest_ftgate.checks.policy import PolicyStore
from pytest_ftgate.errors import CheckError, DataError
from pytest_ftgate.model import Case, Completion, Observation

SCHEMA = {"type": "object", "properties": {"queue": {"enum": ["billing", "shipping"]}}}


def polite(output: str) -> Observation:
    held = "please" in output
    return Observation(check="polite", kind="text", value=float(held), passed=held)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "triage").mkdir()
    (tmp_path / "triage" / "ticket.schema.json").write_text(json.dumps(SCHEMA), "utf-8")
    (tmp_path / "triage" / "policy.toml").write_text(
        "[[rule]]\nid = 'asked'\nforbid = 'discount'\nunless_input = 'discount'\n", "utf-8"
    )
    return tmp_path


def test_observations_are_kept_in_order(suite: Path) -> None:
    grade = Grader(suite, case=Case(id="c", input={"message": "hi"}))
    output = Completion(text='{"queue": "billing"}')
    assert grade.format(output, "triage/ticket.schema.json") == {"queue": "billing"}
    assert grade.policy(output, Path("triage/policy.toml")) == []
    assert grade.label("queue", "billing", "shipping") is False
    assert grade.equal("echo", 1, 1) is True
    assert grade.contains("word", "billing", output) is True
    assert grade.regex("shape", "^{.*}$", output) is True
    assert grade.similarity("close", "a", "a") == 1.0
    assert grade.bleu("bleu", "a b c d", "a b c d") == pytest.approx(1.0)
    assert grade.rouge("rouge", "a b", "a b", kind="rouge1") == 1.0
    assert grade.score("tone", 2, 0, 2) == 2.0
    assert grade.escalated(True) is True
    assert [(seen.check, seen.passed) for seen in grade.observations] == [
        ("format_valid", True), ("policy", True), ("queue", False), ("echo", True), ("word", True),
        ("shape", True), ("close", None), ("bleu", None), ("rouge", None), ("tone", None),
        ("escalated", None),
    ]  # fmt: skip


def test_a_miss_does_not_raise(suite: Path) -> None:
    grade = Grader(suite)
    assert grade.format("no json", "triage/ticket.schema.json") is None
    violations = grade.policy("a discount", "triage/policy.toml")
    assert [each.rule for each in violations] == ["asked"]
    assert [seen.passed for seen in grade.observations] == [False, False]


def test_the_input_of_the_case_decides_and_can_be_given(suite: Path) -> None:
    asked = Grader(suite, case=Case(id="c", input="any discount?"))
    assert asked.policy("a discount", "triage/policy.toml") == []
    assert len(asked.policy("a discount", "triage/policy.toml", input="hi")) == 1


def test_schemas_come_as_path_data_or_compiled(suite: Path) -> None:
    store = SchemaStore(suite)
    grade = Grader(suite / "triage", schemas=store)
    assert grade.format('{"queue": "billing"}', "ticket.schema.json")
    assert grade.format('{"queue": "billing"}', SCHEMA)
    assert grade.format('{"queue": "billing"}', store.compile(SCHEMA))
    assert grade.format("1", True) == 1
    assert grade.format('{"queue": "billing"}', suite / "triage" / "ticket.schema.json")


def test_references_may_not_leave_the_root(suite: Path) -> None:
    (suite / "triage" / "out.json").write_text('{"$ref": "../x.json"}', "utf-8")
    (suite / "x.json").write_text("true", "utf-8")
    assert Grader(suite, schemas=SchemaStore(suite)).format("1", "triage/out.json") == 1
    with pytest.raises(DataError, match="outside the project root"):
        Grader(suite, schemas=SchemaStore(suite / "triage")).format("1", "triage/out.json")


def test_files_are_read_once_a_session(suite: Path) -> None:
    schemas, policies = SchemaStore(suite), PolicyStore()
    for _ in range(2):
        grade = Grader(suite, schemas=schemas, policies=policies)
        grade.format("{}", "triage/ticket.schema.json")
        grade.policy("x", "triage/policy.toml")
        (suite / "triage" / "ticket.schema.json").unlink(missing_ok=True)
        (suite / "triage" / "policy.toml").unlink(missing_ok=True)


def test_misses_of_must_pass_checks_are_marked(suite: Path) -> None:
    grade = Grader(suite, must_pass=["format", "queue", "never_run"])
    grade.format("x", SCHEMA)
    grade.label("queue", "a", "b")
    grade.equal("other", 1, 2)
    assert [(seen.check, seen.must_pass) for seen in grade.observations] == [
        ("format_valid", True),
        ("queue", True),
        ("other", False),
    ]
    assert grade.unchecked == ("never_run",)


def test_format_valid_and_policy_are_must_pass_by_their_own_names(suite: Path) -> None:
    grade = Grader(suite, must_pass=["format_valid", "policy"])
    grade.format("x", SCHEMA)
    grade.policy("x", "triage/policy.toml")
    assert all(seen.must_pass for seen in grade.observations)
    assert grade.unchecked == ()


def test_one_name_twice_keeps_both(suite: Path) -> None:
    grade = Grader(suite)
    grade.equal("echo", 1, 1)
    grade.equal("echo", 1, 2)
    assert [seen.passed for seen in grade.observations] == [True, False]


def test_one_name_for_two_kinds_is_refused(suite: Path) -> None:
    grade = Grader(suite)
    grade.label("queue", "a", "a")
    with pytest.raises(CheckError, match="was used as a label check and now as a text check"):
        grade.equal("queue", 1, 1)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a/b", "a\n", None, 5])
def test_unusable_names_are_refused(suite: Path, name: object) -> None:
    with pytest.raises(CheckError, match="is not usable; use 1 to 64 letters"):
        Grader(suite).equal(name, 1, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["pass_rate", "policy_violation_rate", "format_valid", "policy", "escalated", "assert"]
)
def test_names_with_a_meaning_of_their_own_are_refused(suite: Path, name: str) -> None:
    with pytest.raises(CheckError, match="is taken"):
        Grader(suite).equal(name, 1, 1)


def test_a_registered_check_is_called_by_its_name(suite: Path) -> None:
    grade = Grader(suite, extra={"polite": polite}, must_pass=["polite"])
    assert grade.polite("please").passed is True
    assert grade.check("polite", output="now!").passed is False
    assert [(seen.passed, seen.must_pass) for seen in grade.observations] == [
        (True, True),
        (False, True),
    ]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: True, "returned bool, allowed: an Observation"),
        (lambda: Observation(check="c", kind="score", value=float("nan")), "gave the value nan"),
        (lambda: Observation(check="c", kind="score", value=2), "the value 2, allowed: 0 to 1"),
        (lambda: Observation(check="a b", kind="score", value=1), "'a b' is not usable"),
    ],
)
def test_a_registered_check_gives_a_usable_observation(
    suite: Path, check: object, message: str
) -> None:
    grade = Grader(suite, extra={"mine": check})  # type: ignore[dict-item]
    with pytest.raises(CheckError, match=message):
        grade.mine()
    assert grade.observations == ()


def test_a_registered_check_may_not_replace_one_of_ours(suite: Path) -> None:
    with pytest.raises(CheckError, match="registers the check 'format', which grade has already"):
        Grader(suite, extra={"format": polite})


def test_an_unknown_check_gets_a_suggestion(suite: Path) -> None:
    grade = Grader(suite, extra={"polite": polite})
    with pytest.raises(AttributeError, match=r"no check 'polit'; did you mean 'polite'\?"):
        grade.polit  # noqa: B018
    with pytest.raises(AttributeError, match=r"no check 'rubric'"):
        grade.rubric  # noqa: B018
    with pytest.raises(CheckError, match="no plugin registers a check 'nope'"):
        grade.check("nope")


def test_a_grader_can_be_copied(suite: Path) -> None:
    assert copy.copy(Grader(suite)).observations == ()


def test_jsonschema_is_loaded_with_the_first_schema_only() -> None:
    code = (
        "import sys; from pytest_ftgate.checks.grader import Grader; g = Grader('.');"
        "g.equal('a', 1, 1); g.label('b', 'x', 'x'); g.contains('c', 'x', 'x');"
        "assert not {'jsonschema', 'numpy', 'rapidfuzz'} & set(sys.modules), 'too early';"
        "g.format('1', True); assert 'jsonschema' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
