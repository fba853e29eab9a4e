"""Eval tests among other tests: chosen, ordered, spread and run again as pytest users expect."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from .suites import write_suite

if TYPE_CHECKING:
    from .conftest import Outcome, Project

CASES = [{"id": f"c{number}", "input": {"message": str(number)}} for number in range(4)]
GATED = "[kpi.answered]\nmin = 0.9\n"
GRADED = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_output, grade):
    if eval_output in {failing}:
        raise RuntimeError("boom")
    grade.regex("answered", "[0-9]", eval_output)
"""
SOUND = {"complete": "pass", "errors": "pass", "answered": "pass"}


def write(project: Project, failing: str = "()") -> None:
    write_suite(project, GRADED.format(failing=failing), cases=CASES, more=GATED)


def ran(outcome: Outcome) -> list[str]:
    """The cases that ran, in the order in which they were reported."""
    names = [case.get("name", "") for case in outcome.junit.iter("testcase")]
    return [name.partition("[v1-")[2].rstrip("]") for name in names if "[v1-" in name]


ORDINARY = """
import unittest

def add(a, b):
    '''Adds.

    >>> add(1, 2)
    3
    '''
    return a + b

class TestOld(unittest.TestCase):
    def setUp(self):
        self.ready = True

    def test_old(self):
        with self.subTest("a part"):
            self.assertTrue(self.ready)

def test_new(tmp_path):
    assert add(1, 1) == 2
"""


def test_unittest_and_doctest_neighbours_run_as_ever(project: Project, way: list[str]) -> None:
    write(project)
    project.write("test_ordinary.py", ORDINARY)
    outcome = project.run(*way, "--doctest-modules")
    assert outcome.code == pytest.ExitCode.OK, outcome.text
    assert outcome.gates() == SOUND
    assert outcome.counts == {"passed": 4}
    assert outcome.verdict["run"]["selected"] == 4
    assert outcome.result.parseoutcomes() == {"passed": 4 + len(SOUND) + 3}


def test_marks_choose_eval_tests_and_leave_them_out(project: Project) -> None:
    write(project)
    project.write("test_ordinary.py", "def test_ordinary(): pass\n")
    chosen = project.run("-m", "llm_eval", "--strict-markers")
    assert chosen.gates() == SOUND
    assert chosen.result.parseoutcomes() == {"passed": 4 + len(SOUND), "deselected": 1}
    left_out = project.run("-m", "not llm_eval")
    assert left_out.code == pytest.ExitCode.OK
    assert left_out.verdict is None
    assert left_out.result.parseoutcomes() == {"passed": 1, "deselected": 4}
    assert "LLM evaluation" not in left_out.text


def test_what_failed_last_runs_again_alone_and_is_only_a_part(project: Project) -> None:
    write(project, failing="('1', '3')")
    assert project.run().counts == {"passed": 2, "error": 2}
    write(project, failing="('3',)")
    again = project.run("--lf")
    assert ran(again) == ["c1", "c3"]
    assert again.gates()["answered"] == "partial"
    write(project)
    last = project.run("--lf")
    assert ran(last) == ["c3"]
    assert last.gates()["answered"] == "partial"
    assert project.run("--lf").gates() == SOUND  # nothing failed last: everything runs


def test_what_failed_last_runs_first_and_tells_the_same(project: Project) -> None:
    write(project, failing="('2',)")
    project.run()
    write(project)
    outcome = project.run("--ff")
    assert ran(outcome) == ["c2", "c0", "c1", "c3"]
    assert outcome.gates() == SOUND
    assert [record.case for record in project.stored()[-1].records] == ["c0", "c1", "c2", "c3"]


def test_so_many_failures_end_the_session(project: Project) -> None:
    write(project, failing="('0', '1', '2')")
    outcome = project.run("--maxfail=2")
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert ran(outcome) == ["c0", "c1"]
    assert outcome.verdict["run"]["complete"] is False
    assert "stopping after 2 failures" in outcome.text


@pytest.mark.parametrize("args", [["--collect-only"], ["--co", "-q"], ["--co", "-qq"]])
def test_collecting_only_lists_and_does_nothing_else(args: list[str], project: Project) -> None:
    write(project)
    outcome = project.run(*args)
    assert outcome.code == pytest.ExitCode.OK
    assert outcome.verdict is None
    assert "gate[" not in outcome.text
    assert "LLM evaluation" not in outcome.text
    if args[-1] == "-q":
        listed = [line for line in outcome.text.splitlines() if "::" in line]
        assert listed == [f"test_support.py::test_graded[v1-{case['id']}]" for case in CASES]
    assert sorted(path.name for path in project.path.iterdir() if path.is_dir()) in (
        [".pytest_cache"],
        [".pytest_cache", "__pycache__"],
        ["__pycache__"],
        [],
    )


@pytest.mark.parametrize("dist", ["loadgroup", "worksteal"])
def test_however_tests_are_spread_nothing_is_lost(dist: str, project: Project) -> None:
    write(project)
    text = (project.path / "test_support.py").read_text("utf-8")
    grouped = text.replace("@evaluated", "@pytest.mark.xdist_group('g')\n@evaluated")
    project.write("test_support.py", grouped)
    outcome = project.run("-n2", f"--dist={dist}")
    assert outcome.code == pytest.ExitCode.OK, outcome.text
    assert outcome.counts == {"passed": 4}
    assert outcome.gates() == SOUND
    assert [record.case for record in project.stored()[0].records] == ["c0", "c1", "c2", "c3"]


def test_switched_off_an_eval_test_is_an_error_and_its_neighbours_run(project: Project) -> None:
    write(project)
    project.write("test_ordinary.py", "def test_ordinary(): pass\n")
    without = [word for name in ("ftgate", "asyncio", "sugar") for word in ("-p", f"no:{name}")]
    result = project.pytester.runpytest_inprocess(*without)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.parseoutcomes() | {"passed": 1, "errors": 1} == result.parseoutcomes()
    assert not (project.path / ".ftgate").exists()


AN_ASYNC_TEST = """
import asyncio

async def answer(case, variant):
    await asyncio.sleep(0)
    return case.input["message"]

@evaluated(task=answer)
{mark}async def test_async(eval_output, grade):
    await asyncio.sleep(0)
    grade.regex("answered", "[0-9]", eval_output)
"""


@pytest.mark.parametrize(
    ("mode", "mark"),
    [
        ("asyncio_mode=auto", ""),
        ("asyncio_mode=strict", "@pytest.mark.asyncio\n"),
        ("asyncio_mode=strict", "@pytest.mark.anyio\n"),
        ("anyio_mode=auto", ""),
    ],
)
def test_async_tests_run_in_every_mode(mode: str, mark: str, project: Project) -> None:
    project.lean = False
    test = AN_ASYNC_TEST.format(mark=mark)
    if "anyio" in mode + mark:
        test += "\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'\n"
    write_suite(project, test, cases=CASES, more=GATED)
    outcome = project.run("-o", mode)
    assert outcome.code == pytest.ExitCode.OK, outcome.text
    assert outcome.counts == {"passed": 4}


def test_an_async_test_that_no_plugin_runs_is_no_pass(project: Project) -> None:
    write_suite(project, AN_ASYNC_TEST.format(mark=""), cases=CASES, more=GATED)
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.verdict["verdict"] in ("error", "block")


def test_reruns_with_workers_count_once(project: Project) -> None:
    flaky = GRADED.format(failing="()").replace(
        "    grade.regex",
        "    if eval_output == '2' and not __import__('os').path.exists('seen'):\n"
        "        open('seen', 'w').close()\n        raise RuntimeError('once')\n    grade.regex",
    )
    write_suite(project, flaky, cases=CASES, more=GATED)
    outcome = project.run("-n2", "-p", "rerunfailures", "--reruns=1")
    assert outcome.code == pytest.ExitCode.OK, outcome.text
    assert outcome.result.parseoutcomes()["rerun"] == 1
    assert outcome.counts == {"passed": 4}
    assert outcome.gates() == SOUND


COLLECTED = """
import gc

import pytest

@pytest.mark.llm_eval(dataset="cases.jsonl")
def test_frozen(grade):
    assert gc.get_freeze_count() > 1000
    assert len(gc.get_objects()) < gc.get_freeze_count()
"""


def test_what_is_loaded_is_none_of_the_garbage_collectors_business(project: Project) -> None:
    project.dataset("cases.jsonl", [{"id": "a", "input": "one"}])
    project.write("test_frozen.py", COLLECTED)
    outcome = project.run()
    assert outcome.counts == {"passed": 1}, outcome.text
    assert gc.get_freeze_count() == 0


LATE = """
import gc

class Late:
    def __del__(self):
        raise RuntimeError("too late")

kept = [Late()]
kept[0].itself = kept[0]

def pytest_sessionstart():
    gc.collect()

def pytest_collection_finish():
    kept.clear()
"""


def test_what_goes_wrong_in_garbage_is_still_seen_at_the_end(project: Project) -> None:
    project.lean = False
    project.dataset("cases.jsonl", [{"id": "a", "input": "one"}])
    project.write("conftest.py", LATE)
    project.write("test_frozen.py", COLLECTED)
    outcome = project.run("-Werror::pytest.PytestUnraisableExceptionWarning", apart=True)
    assert outcome.code != pytest.ExitCode.OK
    assert "too late" in outcome.result.stderr.str()


def test_a_project_that_freezes_is_not_thawed(project: Project) -> None:
    project.dataset("cases.jsonl", [{"id": "a", "input": "one"}])
    project.write("test_frozen.py", COLLECTED)
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        outcome = project.run()
        assert gc.get_freeze_count() >= 0.9 * before, outcome.text
    finally:
        gc.unfreeze()
