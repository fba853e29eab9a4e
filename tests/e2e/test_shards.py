"""Shards through whole sessions: parts of one run, judged when they are together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .suites import write_suite

if TYPE_CHECKING:
    from .conftest import Outcome, Project

CASES = [
    {
        "id": f"c{number:02}",
        "input": {"message": "no" if number % 4 == 1 else "yes"},
        "stratum": "hard" if number % 3 else "easy",
    }
    for number in range(12)
]
GRADED = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_output, grade):
    grade.equal("close", "yes", eval_output)
"""
LOOSE, STRICT = "[kpi.close]\nmin = 0.7\n", "[kpi.close]\nmin = 0.8\n"


def shard(project: Project, which: str, *args: str) -> Outcome:
    """A share of the cases, evaluated into a store of its own, as on a machine of its own."""
    store = project.path / "shards" / which.replace("/", "-of-")
    return project.run(f"--ftgate-shard={which}", f"--ftgate-store={store}", *args)


@pytest.mark.parametrize(("gates", "code"), [(LOOSE, 0), (STRICT, 1)])
def test_shards_in_any_order_are_the_run_of_one_machine(
    gates: str, code: int, project: Project
) -> None:
    write_suite(project, GRADED, cases=CASES, more=gates)
    whole = project.run()
    assert whole.code == code
    for which in ("3/3", "1/3", "2/3"):
        part = shard(project, which)
        assert part.code == pytest.ExitCode.OK
        assert part.gates()["close"] == "partial"
    merged = project.command("merge", *(f"shards/{n}-of-3" for n in (2, 3, 1)))
    assert merged.exit_code == code, merged.output
    one, other = project.stored()
    assert [(r.case, r.observations, r.content) for r in one.records] == [
        (r.case, r.observations, r.content) for r in other.records
    ]
    assert project.command("gate").exit_code == code


@pytest.mark.parametrize(
    ("shards", "words"),
    [
        (("1/3", "2/3"), "Shard 3 of 3 is missing"),
        (("1/2", "2/2", "1/2"), "Shard 1 of 2 is given 2 times"),
        (("1/2", "2/3"), "shards"),
    ],
    ids=["missing", "twice", "of another number"],
)
def test_shards_that_do_not_make_a_whole_are_refused(
    shards: tuple[str, ...], words: str, project: Project
) -> None:
    write_suite(project, GRADED, cases=CASES, more=LOOSE)
    for number, which in enumerate(shards):
        store = project.path / "shards" / str(number)
        project.run(f"--ftgate-shard={which}", f"--ftgate-store={store}")
    refused = project.command("merge", *(f"shards/{number}" for number in range(len(shards))))
    assert refused.exit_code == 4
    assert words in refused.output
    assert "Traceback" not in refused.output
    assert not (project.path / ".ftgate").exists()


def test_shards_of_other_datasets_or_gates_are_refused(project: Project) -> None:
    write_suite(project, GRADED, cases=CASES, more=LOOSE)
    shard(project, "1/2")
    write_suite(
        project,
        GRADED,
        cases=[*CASES[:-1], {"id": "new", "input": {"message": "yes"}}],
        more=STRICT,
    )
    shard(project, "2/2")
    refused = project.command("merge", "shards/1-of-2", "shards/2-of-2")
    assert refused.exit_code == 4
    for word in ("dataset", "gates"):
        assert word in refused.output


def test_a_shard_is_no_baseline(project: Project) -> None:
    write_suite(project, GRADED, cases=CASES, more=LOOSE)
    project.run("--ftgate-shard=1/2")
    refused = project.command("baseline", "accept")
    assert refused.exit_code == 4
    assert not (project.path / "baselines").exists()
