"""Beside the plugins that projects use, and without those that they switch off."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .suites import AN_OPENAI_TASK, HEAD, THE_PROMPT, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

GATED = "[kpi.answered]\nmin = 0.9\n"
FLAKY = """
seen = {{}}

def flaky(case, variant):
    seen[case.id] = seen.get(case.id, 0) + 1
    if case.id == "broken" and seen[case.id] < {attempt}:
        raise ConnectionError("try again")
    return "answer " + str(seen[case.id])

@evaluated(task=flaky)
def test_flaky(eval_output, grade):
    grade.regex("answered", "^answer", eval_output)
"""
ORDINARY = "\ndef test_ordinary():\n    assert True\n"


@pytest.fixture(autouse=True)
def among_neighbours(project: Project) -> None:
    project.lean = False


def test_an_item_that_is_tried_again_counts_once_and_by_its_last_attempt(project: Project) -> None:
    project.without.remove("rerunfailures")
    write_suite(project, FLAKY.format(attempt=2), more=GATED)
    outcome = project.run("--reruns=2")
    assert outcome.code == pytest.ExitCode.OK, outcome.text
    assert outcome.counts == {"passed": 2}
    assert outcome.gates()["answered"] == "pass"
    assert outcome.result.parseoutcomes()["rerun"] == 1
    assert outcome.verdict["run"] | {"selected": 2, "received": 2} == outcome.verdict["run"]
    (run,) = project.stored()
    assert [(record.case, record.output) for record in run.records] == [
        ("late", "answer 1"),
        ("broken", "answer 2"),
    ]
    assert run.end is not None
    assert run.end.received == 2


def test_an_item_that_never_holds_is_one_error(project: Project) -> None:
    project.without.remove("rerunfailures")
    write_suite(project, FLAKY.format(attempt=9), more=GATED)
    outcome = project.run("--reruns=2")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"passed": 1, "error": 1}
    assert outcome.kpi("error_rate")["n"] == 2
    assert len(project.stored()[0].records) == 2


def test_a_miss_is_not_tried_again(project: Project) -> None:
    project.without.remove("rerunfailures")
    write_suite(project, FLAKY.format(attempt=1).replace("^answer", "^question"))
    outcome = project.run("--reruns=2")
    assert outcome.counts == {"missed": 2}
    assert "rerun" not in outcome.result.parseoutcomes()
    assert [record.output for record in project.stored()[0].records] == ["answer 1"] * 2


def test_a_second_attempt_replays_from_the_start(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    project.without.remove("rerunfailures")
    failing_once = (
        AN_OPENAI_TASK
        + """
tries = []

@pytest.fixture(autouse=True)
def once(eval_case, eval_output):
    tries.append(eval_case.id)
    if tries == ["late"]:
        raise RuntimeError("not yet")
"""
    )
    write_suite(project, failing_once)
    live = project.run("--ftgate-record=new_episodes", "--reruns=1")
    assert live.counts == {"passed": 2}, live.text
    assert len(provider.seen) == 2
    offline()
    replay = project.run("--reruns=1")
    assert replay.code == pytest.ExitCode.OK, replay.text
    assert replay.counts == {"passed": 2}
    assert replay.result.parseoutcomes()["rerun"] == 1


def test_a_shuffled_session_says_the_same(project: Project) -> None:
    project.without.remove("randomly")
    cases = [{"id": f"c{number}", "input": {"message": str(number)}} for number in range(6)]
    graded = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_output, grade):
    grade.regex("answered", "[0-4]", eval_output)
"""
    write_suite(project, graded, cases=cases, more=GATED)
    documents = []
    for seed in (1, 2):
        outcome = project.run(f"--randomly-seed={seed}")
        assert outcome.gates()["answered"] == "block"
        assert [record.case for record in project.stored()[-1].records] == [c["id"] for c in cases]
        documents.append({**outcome.suites[0], "provenance": None})
    assert documents[0] == documents[1]


def test_coverage_is_measured(project: Project) -> None:
    project.lean = True
    project.write("application.py", "def answer(case, variant):\n    return 'answer'\n")
    write_suite(
        project,
        """
from application import answer

@evaluated(task=answer)
def test_application(eval_output, grade):
    grade.equal("answered", "answer", eval_output)
""",
    )
    cov = ["-p", "pytest_cov", "--cov=application", "--cov-report=term"]
    outcome = project.run(*cov, apart=True)
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.counts == {"passed": 2}
    assert "application.py       2      0   100%" in outcome.text


def test_a_html_report_shows_items_and_gates(project: Project) -> None:
    write_suite(project, FLAKY.format(attempt=9), more=GATED)
    outcome = project.run("--html=report.html", "--self-contained-html")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    page = (project.path / "report.html").read_text("utf-8")
    assert "test_flaky[v1-broken]" in page
    assert "gate[errors]" in page


def test_sugar_prints_the_gates_and_the_summary(project: Project) -> None:
    project.lean = True  # a process of its own needs no other neighbour
    write_suite(project, FLAKY.format(attempt=1).replace("^answer", "1$|^question"), more=GATED)
    outcome = project.run("-p", "sugar", "--force-sugar", apart=True)  # sugar keeps global state
    assert outcome.code == pytest.ExitCode.OK, outcome.text
    assert "LLM evaluation" in outcome.text
    assert "Traceback" not in outcome.text


def test_cassettes_of_pytest_recording_work_in_ordinary_tests(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project, AN_OPENAI_TASK)
    project.write(
        "test_vcr.py",
        f"""
import pytest, requests

@pytest.mark.vcr
def test_recorded():
    assert requests.post("{provider.url}/plain", data=b"four").text == "plain POST 4"
""",
    )
    live = project.run("--record-mode=once", "--ftgate-record=new_episodes")
    assert live.code == pytest.ExitCode.OK, live.text
    assert len(provider.seen) == 3
    offline()
    for order in (["test_vcr.py", "test_support.py"], ["test_support.py", "test_vcr.py"]):
        replay = project.run(*order)
        assert replay.code == pytest.ExitCode.OK, replay.text
        assert replay.counts == {"passed": 2}
    cassette = (project.path / "cassettes" / "test_vcr" / "test_recorded.yaml").read_text("utf-8")
    assert cassette.count("uri:") == 1


def test_blocked_networks_of_pytest_recording_do_not_block_replay(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project, THE_PROMPT)
    project.run("--ftgate-record=new_episodes")
    offline()
    assert project.run("--block-network").counts == {"passed": 2}


WITHOUT = {
    "terminal": ["-p", "no:terminal"],
    "cacheprovider": ["-p", "no:cacheprovider"],
    "xdist": ["-p", "no:xdist"],
    "capture": ["-s"],
    "quiet": ["-qq"],
    "junitxml": ["-p", "no:junitxml"],
    "stepwise": ["-p", "no:stepwise"],
}


@pytest.mark.parametrize("name", WITHOUT)
def test_without_a_built_in_plugin(name: str, project: Project) -> None:
    write_suite(project, FLAKY.format(attempt=9), more=GATED)
    outcome = project.run(*WITHOUT[name], junit=name != "junitxml")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"passed": 1, "error": 1}
    assert "INTERNALERROR" not in outcome.text + outcome.errors


@pytest.mark.parametrize("options", [["--stepwise"], ["--lf"], ["--nf"], ["--ff"]])
def test_a_gate_is_no_test_to_run_again(options: list[str], project: Project) -> None:
    write_suite(project, FLAKY.format(attempt=9), more=GATED)
    project.run(*[option for option in options if option == "--stepwise"])
    assert project.run(*options).code != pytest.ExitCode.OK
    cache = project.path / ".pytest_cache" / "v" / "cache"
    assert "gate[" not in "".join(
        path.read_text() for path in cache.iterdir() if path.name in ("lastfailed", "stepwise")
    )


def test_with_plugin_autoload_switched_off(project: Project) -> None:
    write_suite(project, FLAKY.format(attempt=1), more=GATED)
    process = project.start("-p", "no:xdist")
    output, _ = process.communicate()
    assert process.returncode == pytest.ExitCode.OK, output
    assert "LLM evaluation" in output


def test_switched_off_it_leaves_no_trace(project: Project) -> None:
    project.write("test_ordinary.py", ORDINARY)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:ftgate", "--markers"],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.OK
    assert "llm_eval" not in done.stdout


def test_eval_tests_may_be_methods_and_beside_ordinary_parameters(project: Project) -> None:
    project.dataset("cases.jsonl", [{"id": "a", "input": "x"}])
    project.write(
        "test_class.py",
        HEAD
        + """
class TestFeature:
    @pytest.mark.llm_eval(dataset="cases.jsonl")
    def test_one(self, eval_case, grade):
        grade.equal("same", "x", eval_case.input)

    @pytest.mark.llm_eval(dataset="cases.jsonl")
    def test_two(self, eval_case, grade, tmp_path, capsys):
        grade.equal("same", "x", eval_case.input)
""",
    )
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.OK
    assert [suite["suite"] for suite in outcome.suites] == ["one", "two"]


def test_a_plugin_that_ends_a_setup_first_makes_an_error_of_the_case(project: Project) -> None:
    project.write(
        "conftest.py",
        """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    if "broken" in item.name:
        raise OSError("no database")
    return (yield)
""",
    )
    write_suite(project, FLAKY.format(attempt=1))
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.counts == {"passed": 1, "error": 1}
    assert "OSError: no database" in outcome.text
