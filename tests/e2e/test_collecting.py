"""What is collected, in which order and under which ids; what the marker refuses, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import Project
from .suites import CASES as SUITE_CASES
from .suites import write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import FakeProvider

CASES = [
    {"id": "b", "input": "1"},
    {"id": "a", "input": "2", "stratum": "hard"},
    {"id": "held", "input": "3", "split": "holdout"},
]
EXPERIMENT = """
current = "v2"
[[variant]]
name = "v1"
[[variant]]
name = "v2"
parent = "v1"
"""
TEST = """
import pytest

@pytest.mark.llm_eval({arguments})
def test_echo(eval_case, eval_variant, grade):
    grade.equal("seen", eval_case.input, eval_case.input)
"""
BOTH = 'dataset="cases.jsonl", experiment="experiment.toml"'


def write(project: Project, arguments: str = BOTH) -> None:
    project.dataset("cases.jsonl", CASES)
    project.write("experiment.toml", EXPERIMENT)
    project.write("test_echo.py", TEST.format(arguments=arguments))


def collected(project: Project, *args: str) -> list[str]:
    outcome = project.run("--collect-only", "-q", *args)
    return [line for line in outcome.text.splitlines() if "::" in line]


def test_ids_are_variant_case_in_file_order(project: Project) -> None:
    write(project)
    assert collected(project) == ["test_echo.py::test_echo[v2-b]", "test_echo.py::test_echo[v2-a]"]


def test_a_second_trial_is_numbered(project: Project) -> None:
    write(project)
    assert collected(project, "--ftgate-trials=2", "-k", "v2-b") == [
        "test_echo.py::test_echo[v2-b]",
        "test_echo.py::test_echo[v2-b#2]",
    ]


def test_all_variants_follow_the_experiment(project: Project) -> None:
    write(project)
    assert collected(project, "--ftgate-variant=all") == [
        f"test_echo.py::test_echo[{variant}-{case}]" for variant in ("v1", "v2") for case in "ba"
    ]


def test_the_holdout_is_left_alone_unless_asked_for(project: Project) -> None:
    write(project)
    assert collected(project, "--ftgate-holdout") == ["test_echo.py::test_echo[v2-held]"]
    write(project, BOTH + ', split="holdout"')
    assert collected(project) == []


def test_the_holdout_split_needs_its_option(project: Project) -> None:
    write(project)
    outcome = project.run("--ftgate-split=holdout")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "--ftgate-holdout" in outcome.result.stderr.str()


def test_no_dataset_is_one_anonymous_case(project: Project) -> None:
    write(project, "")
    assert collected(project) == ["test_echo.py::test_echo[default-case]"]


def test_cases_may_be_given_as_objects_or_by_a_callable(project: Project) -> None:
    project.write(
        "test_echo.py",
        """
import pytest
from pytest_ftgate import Case
CASES = [Case(id="one", input="1"), Case(id="two", input="2")]

@pytest.mark.llm_eval(dataset=CASES)
def test_listed(eval_case): pass

@pytest.mark.llm_eval(dataset=lambda: CASES[:1])
def test_called(eval_case): pass
""",
    )
    assert collected(project) == [
        "test_echo.py::test_listed[default-one]",
        "test_echo.py::test_listed[default-two]",
        "test_echo.py::test_called[default-one]",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('datset="cases.jsonl"', "did you mean 'dataset'?"),
        ('"cases.jsonl"', "all arguments are keywords"),
        ("trials=0", "trials: got 0"),
        ('split="test"', "split: got 'test', allowed: dev, train, holdout"),
        ("task=3", "task: got 3"),
        ('dataset="missing.jsonl"', "missing.jsonl"),
        ('experiment="missing.toml"', "missing.toml"),
    ],
)
def test_a_wrong_marker_is_a_collection_error_in_words(
    project: Project, arguments: str, message: str
) -> None:
    write(project, arguments)
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert message in outcome.text
    assert "Traceback" not in outcome.text


def test_an_unknown_variant_is_refused(project: Project) -> None:
    write(project)
    outcome = project.run("--ftgate-variant=v22")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "did you mean 'v2'?" in outcome.result.stderr.str()


def test_the_same_case_twice_is_refused(project: Project) -> None:
    write(project)
    project.write("test_again.py", TEST.format(arguments=BOTH))
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "collected twice" in outcome.result.stderr.str()


@pytest.mark.parametrize("wrong", ["twice", "variant"])
def test_workers_say_what_is_wrong_as_well(wrong: str, project: Project) -> None:
    write(project)
    if wrong == "twice":
        project.write("test_again.py", TEST.format(arguments=BOTH))
    outcome = project.run("-n2", *(["--ftgate-variant=v22"] if wrong == "variant" else []))
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert {"twice": "collected twice", "variant": "did you mean 'v2'?"}[wrong] in outcome.text
    assert outcome.result.parseoutcomes() == {"errors": 1}
    assert "Traceback" not in outcome.text
    assert "INTERNALERROR" not in outcome.text


def test_a_unittest_method_is_refused(project: Project) -> None:
    project.write(
        "test_case.py",
        """
import unittest
import pytest

class TestCase(unittest.TestCase):
    @pytest.mark.llm_eval()
    def test_method(self): pass
""",
    )
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "TestCaseFunction" in outcome.result.stderr.str()


def test_a_limit_takes_a_stratified_sample(project: Project) -> None:
    project.dataset(
        "cases.jsonl",
        [{"id": f"e{i}", "input": "x", "stratum": "easy"} for i in range(8)]
        + [{"id": f"h{i}", "input": "x", "stratum": "hard"} for i in range(2)],
    )
    project.write("test_echo.py", TEST.format(arguments='dataset="cases.jsonl"'))
    first = collected(project, "--ftgate-limit=5")
    assert len(first) == 5
    assert sum("-h" in line for line in first) == 1
    assert first == collected(project, "--ftgate-limit=5")


def test_fixtures_refuse_ordinary_tests(project: Project) -> None:
    project.write("test_plain.py", "def test_plain(grade): pass\n")
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "mark the test with @pytest.mark.llm_eval" in outcome.text


def test_collect_only_leaves_nothing_behind(project: Project) -> None:
    write(project)
    collected(project)
    assert not (project.path / ".ftgate").exists()


def test_a_usage_error_names_the_option(project: Project) -> None:
    write(project)
    for args, message in (
        (["--ftgate-record=sometimes"], "--ftgate-record: got 'sometimes', allowed: none"),
        (["--ftgate-trials=many"], "--ftgate-trials: got 'many', allowed: a whole number"),
    ):
        outcome = project.run(*args)
        assert outcome.code == pytest.ExitCode.USAGE_ERROR
        assert message in outcome.result.stderr.str()


def test_pyproject_keys_are_checked(project: Project) -> None:
    write(project)
    project.write("pyproject.toml", "[tool.ftgate]\nmax_error = 1\n")
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "did you mean 'max_errors'?" in outcome.result.stderr.str()


def test_the_command_line_overrules_environment_and_pyproject(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project)
    project.write("pyproject.toml", "[tool.ftgate]\ntrials = 4\n")
    assert len(collected(project)) == 8
    monkeypatch.setenv("FTGATE_TRIALS", "3")
    assert len(collected(project)) == 6
    assert len(collected(project, "--ftgate-trials=2")) == 4


def test_a_look_at_the_holdout_is_written_to_its_ledger(project: Project) -> None:
    write(project)
    assert project.run("--ftgate-holdout").code == pytest.ExitCode.OK
    project.run()
    lines = (project.path / "baselines" / "echo.holdout.jsonl").read_text().splitlines()
    assert len(lines) == 1
    assert '"variant":"v2","cases":1' in lines[0]


GATED = EXPERIMENT + "[kpi.seen]\nmin = 0.5\n[kpi.{name}]\nmin = 0.5\n"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("pas_rate", "'pas_rate' is no built-in KPI; did you mean 'pass_rate'?"),
        ("Pass_Rate", "'Pass_Rate' is no built-in KPI; did you mean 'pass_rate'?"),
    ],
)
def test_a_gate_on_what_looks_like_a_misspelt_kpi_is_warned_of(
    project: Project, name: str, hint: str
) -> None:
    write(project)
    project.write("experiment.toml", GATED.format(name=name))
    outcome = project.run("--collect-only")
    assert f"experiment.toml:10: {hint} Correct it, unless a check of that name" in outcome.text
    assert outcome.text.count("is no built-in KPI") == 1
    refused = project.run("-W", "error::pytest_ftgate.errors.FtgateWarning")
    assert refused.code == pytest.ExitCode.INTERRUPTED
    assert hint in refused.text
    assert "Traceback" not in refused.text


def test_a_primary_kpi_that_looks_misspelt_is_warned_of(project: Project) -> None:
    write(project)
    project.write("experiment.toml", 'primary_kpi = "format_vaild"\n' + EXPERIMENT)
    outcome = project.run("--collect-only")
    assert "experiment.toml:1: 'format_vaild' is no built-in KPI; did you mean" in outcome.text


def test_a_gate_on_a_check_or_a_plugins_kpi_is_not_warned_of(project: Project) -> None:
    write(project)
    project.write("experiment.toml", GATED.format(name="pass_rates") + "[kpi.format_vald]\n")
    project.write(
        "conftest.py",
        "from pytest_ftgate import KpiDefinition\n"
        "def pytest_ftgate_kpis():\n"
        "    return [KpiDefinition(name='pass_rates', value=lambda record: 1.0)]\n",
    )
    test = TEST.format(arguments=BOTH) + "    grade.equal('format_vald', 1, 1)\n"
    project.write("test_echo.py", test)
    assert "KPI" not in project.run("--collect-only").text


def test_a_gate_that_nothing_can_fill_is_refused(project: Project) -> None:
    write(project)
    project.write("experiment.toml", EXPERIMENT + '[kpi."pass rate"]\nmin = 0.5\n')
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert (
        "experiment.toml:8: there can be no KPI 'pass rate'; did you mean 'pass_rate'? "
        "Checks are named by 1 to 64 letters, digits, . _ or -."
    ) in outcome.text


def test_a_threshold_out_of_range_is_refused_at_collection(project: Project) -> None:
    write(project)
    project.write("experiment.toml", EXPERIMENT + "[kpi.pass_rate]\nmin = 1.5\n")
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert "experiment.toml:9: kpi 'pass_rate': min is 1.5, and pass_rate lies between" in (
        outcome.text
    )


@pytest.mark.parametrize("args", [["--ftgate-split=train"], ["--ftgate-split=train", "-n2"]])
def test_a_split_that_no_suite_has_explains_itself(project: Project, args: list[str]) -> None:
    write(project)
    outcome = project.run(*args)
    assert outcome.code != pytest.ExitCode.OK
    assert (
        "--ftgate-split=train: no suite has a case of the split 'train'. "
        "They have: echo: 2 'dev', 1 'holdout'. "
    ) in outcome.text + outcome.errors
    assert "INTERNALERROR" not in outcome.text


def test_a_holdout_that_no_suite_has_explains_itself(project: Project) -> None:
    write(project)
    project.dataset("cases.jsonl", CASES[:2])
    outcome = project.run("--ftgate-holdout")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "--ftgate-holdout: no suite has a case of the split 'holdout'" in outcome.errors
    assert "echo: 2 'dev'" in outcome.errors
    assert not (project.path / "baselines").exists()


def test_a_suite_without_the_split_is_left_out_beside_one_that_has_it(project: Project) -> None:
    write(project)
    project.write("test_other.py", TEST.format(arguments='dataset="dev.jsonl", suite="other"'))
    project.dataset("dev.jsonl", CASES[:1])
    assert collected(project, "--ftgate-holdout") == ["test_echo.py::test_echo[v2-held]"]


def test_a_marker_with_a_split_that_its_dataset_lacks_is_refused(project: Project) -> None:
    write(project, BOTH + ', split="train"')
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert "no case of the split 'train'; it has 2 'dev', 1 'holdout'" in outcome.text


@pytest.mark.parametrize("look", ["--collect-only", "--setup-plan"])
@pytest.mark.parametrize("mode", ["new_episodes", "all", "off"])
def test_looking_calls_nothing_and_touches_nothing(
    project: Project, provider: FakeProvider, mode: str, look: str
) -> None:
    write_suite(project)
    project.run("--ftgate-record=new_episodes")
    project.dataset("cases.jsonl", [*SUITE_CASES, {"id": "new", "input": {"message": "new"}}])
    before = {path: path.read_bytes() for path in files_of(project)}
    seen = len(provider.seen)
    outcome = project.run(look, f"--ftgate-record={mode}", junit=False)
    assert outcome.code == pytest.ExitCode.OK
    assert len(provider.seen) == seen
    assert {path: path.read_bytes() for path in files_of(project)} == before


@pytest.mark.parametrize("mode", ["none", "new_episodes", "all", "off"])
@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_setting_up_only_makes_no_run(
    project: Project, provider: FakeProvider, workers: str, mode: str
) -> None:
    write_suite(project)
    project.run("--ftgate-record=new_episodes")
    before = {path: path.read_bytes() for path in files_of(project)}
    seen = len(provider.seen)
    outcome = project.run(
        "--setup-only", workers, f"--ftgate-record={mode}", apart=True, junit=False
    )
    assert outcome.code == pytest.ExitCode.OK, outcome.text
    assert "SETUP    F eval_output" in outcome.text or workers == "-n2"
    assert "LLM evaluation" not in outcome.text
    assert {path: path.read_bytes() for path in files_of(project)} == before
    assert len(provider.seen) == seen


@pytest.mark.parametrize("fixture", ["eval_output", "llm"])
def test_an_unknown_provider_is_refused_at_collection(project: Project, fixture: str) -> None:
    test = f"@evaluated()\ndef test_asking({fixture}): pass\n"
    write_suite(project, test, provider="opnai")
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert "variant 'v1': unknown provider 'opnai'; did you mean 'openai'?" in outcome.text


def test_a_task_may_call_its_provider_what_it_likes(project: Project) -> None:
    test = "@evaluated(task=lambda case, variant: 'x')\ndef test_own(eval_output): pass\n"
    write_suite(project, test, provider="house")
    assert project.run().counts == {"passed": 2}


def files_of(project: Project) -> list[Path]:
    folders = (project.path / "cassettes", project.path / ".ftgate")
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
