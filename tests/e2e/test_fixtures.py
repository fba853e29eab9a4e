"""The fixtures of eval tests among those of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Project

CASES = [{"id": "a", "input": "one"}, {"id": "b", "input": "two"}]
TEST = """
import pytest

@pytest.mark.llm_eval(dataset="cases.jsonl")
def test_graded(eval_case, eval_variant, grade{more}):
    grade.equal("seen", {expected}, eval_case.input)
"""
WATCHED = """
asked = []

def pytest_fixture_setup(fixturedef):
    asked.append(fixturedef.argname)

def pytest_unconfigure():
    print("asked:", sorted(set(asked)))
"""


def write(project: Project, conftest: str, *, more: str = "", expected: str = "'one'") -> None:
    project.dataset("cases.jsonl", CASES)
    project.write("conftest.py", "import pytest\n" + conftest)
    project.write("test_graded.py", TEST.format(more=more, expected=expected))


def test_pytest_asks_none_that_only_looks_something_up(project: Project) -> None:
    write(project, WATCHED, more=", tmp_path")
    outcome = project.run("-s")
    assert outcome.counts == {"passed": 1, "missed": 1}, outcome.text
    (asked,) = [line for line in outcome.text.splitlines() if "asked:" in line]
    assert "'tmp_path'" in asked
    for name in ("_ftgate_item", "eval_case", "eval_variant", "grade"):
        assert f"'{name}'" not in asked


def test_what_pytest_sets_up_is_shown_on_request(project: Project) -> None:
    write(project, "")
    text = project.run("--setup-show").text
    for name in ("_ftgate_item", "eval_case", "eval_variant", "grade"):
        assert f"SETUP    F {name}" in text


def test_a_project_may_put_its_own_in_place_of_them(project: Project) -> None:
    conftest = """
class Loud:
    input = "ONE"

@pytest.fixture
def eval_case(eval_case):
    return Loud if eval_case.id == "a" else eval_case
"""
    write(project, conftest, expected="'ONE'")
    outcome = project.run()
    assert outcome.counts == {"passed": 1, "missed": 1}, outcome.text


def test_one_that_wraps_ours_is_no_less_a_projects_own(project: Project) -> None:
    conftest = """
def eval_variant():
    return "one"

eval_variant.__module__ = "pytest_ftgate.fixtures"  # as functools.wraps does
eval_variant = pytest.fixture(eval_variant)
"""
    write(project, conftest, expected="eval_variant")
    outcome = project.run()
    assert outcome.counts == {"passed": 1, "missed": 1}, outcome.text


def test_a_parameter_may_stand_in_place_of_one(project: Project) -> None:
    write(project, "", expected="eval_variant")
    test = (project.path / "test_graded.py").read_text()
    named = '@pytest.mark.parametrize("eval_variant", ["one"])\n@pytest.mark.llm_eval'
    project.write("test_graded.py", test.replace("@pytest.mark.llm_eval", named))
    outcome = project.run()
    assert outcome.counts == {"passed": 1, "missed": 1}, outcome.text


@pytest.mark.parametrize("name", ["eval_case", "eval_variant", "grade"])
def test_fixtures_of_a_project_get_what_the_test_gets(name: str, project: Project) -> None:
    conftest = f"""
@pytest.fixture
def mine({name}):
    return {name}
"""
    write(project, conftest, more=", mine", expected=f"'one' if mine is {name} else None")
    outcome = project.run()
    assert outcome.counts == {"passed": 1, "missed": 1}, outcome.text
