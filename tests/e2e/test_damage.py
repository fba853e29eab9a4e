"""Damaged files are named with their line, and no session shows a traceback for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.damage import damaged

from .suites import AN_OPENAI_TASK, CASES, PROMPT, THE_PROMPT, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers import FakeProvider

    from .conftest import Outcome, Project

GRADED = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_output, grade):
    grade.equal("answered", "x", eval_output)
    {more}
"""


def assert_refused_at_collection(outcome: Outcome, *words: str) -> None:
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert outcome.verdict is None
    assert outcome.result.parseoutcomes()["errors"] == 1
    for word in words:
        assert word in outcome.text
    assert "Traceback" not in outcome.text
    assert "INTERNALERROR" not in outcome.text


def line(**fields: object) -> str:
    return json.dumps({"id": "a", "input": {"message": "x"}, **fields})


DATASETS = {
    "not JSON": ("{oops", "cases.jsonl:1"),
    "second line": (line() + '\n{"id": "b"', "cases.jsonl:2"),
    "unknown key": (line(inptu=1), "did you mean 'input'?"),
    "no id": ('{"input": "x"}', "cases.jsonl:1"),
    "no input": ('{"id": "a"}', "cases.jsonl:1"),
    "bad id": (line(id="a b"), "cases.jsonl:1"),
    "bad split": (line(split="test"), "Use one of: train, dev, holdout"),
    "same id": (line() + "\n" + line(), "cases.jsonl:2: the id 'a' is that of line 1"),
    "same id but for case": (line() + "\n" + line(id="A"), "cases.jsonl:2: the id 'A' is"),
    "NaN": ('{"id": "a", "input": NaN}', "cases.jsonl:1"),
    "huge number": ('{"id": "a", "input": 1e999}', "cases.jsonl:1"),
    "Latin-1": ('{"id": "a", "input": "\xe9"}', "UTF-8"),
    "empty": ("", "cases.jsonl"),
    "deeply nested": ('{"id": "a", "input": ' + "[" * 5000 + "]" * 5000 + "}", "cases.jsonl:1"),
}


@pytest.mark.parametrize("damage", DATASETS)
def test_a_damaged_dataset(damage: str, project: Project) -> None:
    content, words = DATASETS[damage]
    write_suite(project, GRADED.format(more=""))
    (project.path / "cases.jsonl").write_bytes(content.encode("latin-1"))
    assert_refused_at_collection(project.run(), words, "cases.jsonl")


def test_duplicate_ids_name_both_lines(project: Project) -> None:
    write_suite(project, GRADED.format(more=""))
    project.write("cases.jsonl", "\n".join([line(), line(id="b"), line()]) + "\n")
    assert_refused_at_collection(project.run(), "cases.jsonl:3", "line 1")


def test_every_bad_line_is_reported(project: Project) -> None:
    write_suite(project, GRADED.format(more=""))
    project.write("cases.jsonl", "\n".join([line(id=""), line(), "[]"]) + "\n")
    assert_refused_at_collection(project.run(), "cases.jsonl:1", "cases.jsonl:3")


EXPERIMENTS = {
    "not TOML": ("suite = ", "experiment.toml:1"),
    "unknown key": ('suite = "s"\ncurent = "v1"\n', "did you mean 'current'?"),
    "unknown variant": (
        'suite = "s"\ncurrent = "v2"\n[[variant]]\nname = "v1"\n',
        "experiment.toml:2",
    ),
    "missing prompt": (
        'suite = "s"\ncurrent = "v1"\n[[variant]]\nname = "v1"\nprompt = "v9.md"\n',
        "v9.md",
    ),
    "bad gate": (
        'suite = "s"\ncurrent = "v1"\n[[variant]]\nname = "v1"\n[kpi.x]\nmin = nan\n',
        "experiment.toml:6",
    ),
}


@pytest.mark.parametrize("damage", EXPERIMENTS)
def test_a_damaged_experiment(damage: str, project: Project) -> None:
    content, words = EXPERIMENTS[damage]
    write_suite(project, GRADED.format(more=""))
    project.write("experiment.toml", content)
    assert_refused_at_collection(project.run(), words, "experiment.toml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[tool.ftgate\n", "pyproject.toml: not a TOML file: "),
        ("\n[tool.ftgate]\nmax_errors = -1\n", ":3: [tool.ftgate] max_errors: got -1, allowed: "),
        ("[tool.ftgate]\non_partial = true\n", ":2: [tool.ftgate] on_partial: got True, allowed:"),
        ("[tool]\nftgate = 3\n", "pyproject.toml:2: [tool.ftgate] is 3, allowed: a table of"),
        ("[tool.ftgate]\n\nprimary_kpi = 'x'\n", ":3: [tool.ftgate] has an unknown key "
         "'primary_kpi'. It belongs into an experiment.toml."),
        ("[tool.ftgate]\nmust_pass = ['x']\n", ":2: [tool.ftgate] has an unknown key 'must_pass'. "
         "It is an argument of the test's marker"),
        ("[tool.ftgate]\nMax_Errors = 1\n", "did you mean 'max_errors'?"),
    ],
)  # fmt: skip
def test_a_damaged_pyproject(content: str, words: str, project: Project) -> None:
    write_suite(project, GRADED.format(more=""))
    project.write("pyproject.toml", content)
    outcome = project.run("-c", "/dev/null", f"--rootdir={project.path}")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert words in outcome.errors
    assert "Traceback" not in outcome.errors


def test_a_prompt_that_no_case_can_render_is_refused_at_collection(
    project: Project, provider: FakeProvider
) -> None:
    write_suite(project, prompt="[user]\nA ticket:\n{{ mesage }}\n")
    outcome = project.run("--ftgate-record=new_episodes")
    assert_refused_at_collection(
        outcome,
        "v1.md:3: no case can be rendered: case 'late' has no 'mesage'; did you mean 'message'?",
    )
    assert outcome.text.count("mesage'") == 1
    assert provider.seen == []


def test_a_name_that_some_cases_lack_is_an_error_of_theirs(
    project: Project, provider: FakeProvider
) -> None:
    late, broken = CASES
    write_suite(
        project,
        prompt="[user]\n{{ message }} {{ item }}\n",
        cases=[late, {**broken, "input": {"message": "broken", "item": "cup"}}],
    )
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.counts == {"passed": 1, "error": 1}
    assert "v1.md:2: case 'late' has no 'item'" in outcome.text
    assert "Traceback" not in outcome.text
    assert len(provider.seen) == 1


def test_a_fixture_of_the_project_may_do_without_a_prompt(project: Project) -> None:
    write_suite(
        project,
        """
@pytest.fixture
def eval_output(eval_case):
    return eval_case.input["message"]

@evaluated()
def test_own_output(eval_output, grade):
    grade.contains("parcel", "parcel", eval_output)
""",
        prompt="[user]\n{{ mesage }}\n",
    )
    assert project.run().counts == {"passed": 1, "missed": 1}


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ('prompt = "v1.md"', "suite 'support', variant 'v1': eval_output has nothing to run"),
        ('provider = "openai"', "variant 'v1' names no provider"),
    ],
)
def test_a_variant_that_cannot_be_sent_is_refused_at_collection(
    lacking: str, words: str, project: Project
) -> None:
    write_suite(project)
    experiment = project.path / "experiment.toml"
    experiment.write_text(experiment.read_text("utf-8").replace(lacking, ""), "utf-8")
    assert_refused_at_collection(project.run(), words)


def test_repairs_without_a_schema_are_refused_at_collection(project: Project) -> None:
    write_suite(project, more="retries = 1\n")
    assert_refused_at_collection(project.run(), "retries = 1 needs a schema to validate against")


def test_a_damaged_schema_of_the_experiment_is_refused_at_collection(project: Project) -> None:
    project.write("bad.schema.json", '{"type": "objec"}')
    write_suite(project, GRADED.format(more=""), more='schema = "bad.schema.json"\n')
    assert_refused_at_collection(project.run(), "bad.schema.json: not a schema", 'got "objec"')


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bad.schema.json", '{"type": "objec"}', "bad.schema.json"),
        ("bad.schema.json", "{", "bad.schema.json:1"),
        ("bad.schema.json", '{"$ref": "http://example.com/x.json"}', "http://example.com"),
    ],
)
def test_a_damaged_schema_is_an_error_of_its_cases(
    name: str, content: str, words: str, project: Project
) -> None:
    project.write(name, content)
    write_suite(project, GRADED.format(more=f'grade.format(eval_output, "{name}")'))
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"error": 2}
    assert words in outcome.text
    assert "Traceback" not in outcome.text


def test_a_damaged_policy_is_an_error_of_its_cases_and_told_once(project: Project) -> None:
    project.write("policy.toml", "[[rule]]\nid = 'a'\nforbidd = ['x']\nfrobid = ['x']\n")
    write_suite(project, GRADED.format(more='grade.policy(eval_output, "policy.toml")'))
    outcome = project.run("-p", "no:randomly")
    assert outcome.counts == {"error": 2}
    assert "policy.toml:3: unknown key 'forbidd'; did you mean 'forbid'?" in outcome.text
    failures = outcome.text.partition("support[v1]::gate[")[0]
    assert failures.count("unknown key 'frobid'") == 1, "the other case says it by its first line"
    assert "same fault as v1-late: policy.toml:3: unknown key" in failures
    assert "Traceback" not in outcome.text
    first, second = project.stored()[0].records
    assert first.error is not None
    assert second.error is not None
    assert first.error.message == second.error.message, "reports count equal errors"


@pytest.fixture
def recorded(project: Project, provider: FakeProvider, offline: Callable[[], None]) -> Path:
    """A recorded suite's cassette."""
    write_suite(project, THE_PROMPT)
    project.run("--ftgate-record=new_episodes")
    offline()
    return project.path / "cassettes" / "support" / "v1.jsonl"


CASSETTES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda data: data[:-40], "v1.jsonl:4"),
    "not JSON": (lambda data: b"oops\n" + data, "v1.jsonl:1"),
    "merge conflict": (lambda data: b"<<<<<<< HEAD\n" + data, "merge conflict"),
    "no answer": (lambda data: data.replace(b'"response"', b'"respone"'), "v1.jsonl"),
    "binary": (lambda data: b"\x00\xff" * 50, "v1.jsonl:1"),
}


@pytest.mark.parametrize("damage", CASSETTES)
def test_a_damaged_cassette_is_an_error_of_its_cases(
    damage: str, recorded: Path, project: Project
) -> None:
    change, words = CASSETTES[damage]
    recorded.write_bytes(change(recorded.read_bytes()))
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"error": 2}
    assert words in outcome.text
    if damage != "no answer":  # this is seen when a line is played, and each case has its own
        assert "same fault as v1-" in outcome.text
    assert "Traceback" not in outcome.text
    assert "INTERNALERROR" not in outcome.text


def test_a_changed_prompt_is_told_in_full_once(recorded: Path, project: Project) -> None:
    project.write("v1.md", PROMPT.replace("brief", "polite"))
    outcome = project.run("-p", "no:randomly")
    assert outcome.counts == {"error": 2}
    told = outcome.text.partition("support[v1]::gate[")[0]
    assert told.count('"Be brief." -> "Be polite."') == 1
    assert (
        "same fault as v1-late: No recording answers a call of suite support, variant v1, "
        "case broken, trial 1\n"
    ) in told
    messages = [record.error.message for record in project.stored()[-1].records if record.error]
    assert all('-> "Be polite."' in message for message in messages)


def test_a_damaged_cassette_is_not_recorded_over(
    recorded: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a key of the recording")
    recorded.write_bytes(b"oops\n" + recorded.read_bytes())
    before = recorded.read_bytes()
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"error": 2}
    assert "v1.jsonl:1" in outcome.text
    assert recorded.read_bytes() == before


def test_random_damage_to_any_file_never_ends_in_a_traceback(
    recorded: Path, project: Project
) -> None:
    files = [recorded, project.path / "cases.jsonl", project.path / "experiment.toml"]
    for path in files:
        whole = path.read_bytes()
        spoilt = list(damaged(whole, count=40))[len(whole) :][:3]
        for seed, content in enumerate(spoilt):
            path.write_bytes(content)
            outcome = project.run("-q")
            shown = outcome.text + outcome.errors
            assert "Traceback" not in shown, (path.name, seed, content)
            assert "INTERNALERROR" not in shown, (path.name, seed, content)
        path.write_bytes(whole)
    assert project.run().counts == {"passed": 2}


@pytest.mark.parametrize("number", ["float('nan')", "float('inf')", "1e999"])
def test_a_score_that_is_not_finite_is_an_error(number: str, project: Project) -> None:
    write_suite(project, GRADED.format(more=f"grade.score('close', {number})"), cases=CASES[:1])
    outcome = project.run()
    assert outcome.counts == {"error": 1}
    assert "close" in outcome.text
    json.loads((project.path / "verdict.json").read_text(), parse_constant=pytest.fail)


def test_an_output_that_is_not_finite_is_kept_out_of_json(project: Project) -> None:
    write_suite(
        project,
        """
@evaluated(task=lambda case, variant: {"score": float("nan")})
def test_graded(eval_output, grade):
    grade.score("fine", 1)
""",
    )
    outcome = project.run()
    assert outcome.counts == {"passed": 2}
    (run,) = project.stored()
    assert len(run.records) == 2


def test_a_task_of_another_suite_is_not_touched_by_a_damaged_one(project: Project) -> None:
    write_suite(project, AN_OPENAI_TASK)
    project.write("cases.jsonl", "{oops")
    project.write("test_ordinary.py", "def test_ordinary(): pass\n")
    outcome = project.run("--continue-on-collection-errors")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert (
        outcome.result.parseoutcomes() | {"passed": 1, "errors": 1}
        == outcome.result.parseoutcomes()
    )
