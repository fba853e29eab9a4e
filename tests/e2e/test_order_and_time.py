"""File order whatever the hash seed and the workers do; and clocks that tests may stop."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .suites import A_LIGHT_TASK, AN_OPENAI_TASK, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

NAMES = [f"{letter}{number}" for letter in "zqa" for number in range(4)]
STRATA = [
    {"id": name, "input": {"message": name}, "stratum": name[0], "tags": ["t" + name[1], "x"]}
    for name in NAMES
]
GRADED = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_case, eval_output, grade):
    for name in sorted({"one", "two", "three"}):
        grade.regex(name, "^[za]", eval_output)
    grade.label("letter", "z", eval_output[0])
"""


def test_hash_seeds_and_workers_change_nothing(project: Project) -> None:
    write_suite(project, GRADED, cases=STRATA, more="[kpi.one]\nmin = 0.1\n")
    listings, documents = [], []
    for seed, args in (("1", ["-n2"]), ("2", [])):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONHASHSEED", seed)
            outcome = project.run(*args, apart=True)
        assert outcome.code == pytest.ExitCode.OK, outcome.text
        (run,) = project.stored()[-1:]
        listings.append([(record.case, record.trial) for record in run.records])
        documents.append({**outcome.verdict, "run": None})
    assert listings[0] == listings[1] == [(name, 0) for name in NAMES]
    assert documents[0] == documents[1]


def test_ids_are_the_same_in_every_process(project: Project) -> None:
    write_suite(project, GRADED, cases=STRATA)
    listings = []
    for seed in ("1", "2"):
        process = project.start("--collect-only", "-q", env={"PYTHONHASHSEED": seed})
        listings.append([line for line in process.communicate()[0].splitlines() if "::" in line])
    assert listings[0] == listings[1]
    assert listings[0] == [f"test_support.py::test_graded[v1-{name}]" for name in NAMES]


def test_a_shuffled_session_is_reported_in_the_order_of_its_files(project: Project) -> None:
    more = '[[variant]]\nname = "v0"\n[[variant]]\nname = "v10"\n'
    write_suite(project, GRADED, cases=STRATA, more=more)
    project.write(
        "conftest.py",
        "def pytest_collection_modifyitems(items):\n    items.reverse()\n",
    )
    outcome = project.run("--ftgate-variant=all")
    assert [suite["variant"] for suite in outcome.verdict["suites"]] == ["v1", "v0", "v10"]


FROZEN = """
import datetime, time

class Stopped(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2001, 2, 3, tzinfo=tz)

@pytest.fixture(autouse=True, scope="{scope}")
def stopped():
    with pytest.MonkeyPatch.context() as patch:
        for name in ("time", "monotonic", "perf_counter"):
            patch.setattr(time, name, lambda: 981158400.0)
        for name in ("time_ns", "monotonic_ns", "perf_counter_ns"):
            patch.setattr(time, name, lambda: 981158400_000000000)
        patch.setattr(datetime, "datetime", Stopped)
        yield
"""


@pytest.mark.parametrize("scope", ["function", "session"])
def test_tests_may_stop_the_clocks(
    scope: str, project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    provider.delay_s = 0.05
    write_suite(project, FROZEN.format(scope=scope) + A_LIGHT_TASK)
    live = project.run("--ftgate-record=new_episodes")
    assert live.counts == {"passed": 2}, live.text
    assert live.kpi("time_to_output_p50")["value"] >= 0.05
    offline()
    assert project.run().counts == {"passed": 2}
    first, second = project.stored()
    assert first.manifest.run < second.manifest.run
    for record in (*first.records, *second.records):
        assert not record.recorded_at.startswith("2001")
    assert not first.manifest.created_at.startswith("2001")
    assert all("2001-" not in json.dumps(line) for line in project.pack("support", "v1"))


def test_clocks_that_jump_backwards_do_no_harm(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    jumping = """
import itertools, time
backwards = itertools.count(10**9, -1000)

@pytest.fixture(autouse=True)
def jumps(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: float(next(backwards)))
"""
    write_suite(project, jumping + AN_OPENAI_TASK)
    live = project.run("--ftgate-record=new_episodes")
    offline()
    for outcome in (live, project.run()):
        assert outcome.counts == {"passed": 2}
        assert outcome.kpi("time_to_output_p50")["value"] > 0
