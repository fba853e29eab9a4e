"""``--ftgate-confirm``: a drop in a live session is looked at again, in all cases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.servers import FakeProvider, last_message

from .conftest import Outcome, Project
from .suites import A_LIGHT_TASK, write_suite

COUNT = 20
CASES = [{"id": f"c{at:02}", "input": {"message": f"parcel {at:02}"}} for at in range(COUNT)]
EXPERIMENT = """
suite = "support"
primary_kpi = "echo"
[kpi.echo]
max_drop = 0.02
[[variant]]
name = "v1"
"""
LIVE = "--ftgate-record=off"


class Flaky:
    """Answers rightly but for the first ``bad`` cases on the calls that ``fails`` picks."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.bad = 0
        self.fails: Callable[[int], bool] = lambda _: True
        self._lock = threading.Lock()

    def __call__(self, request: dict[str, Any]) -> str:
        message = last_message(request)
        with self._lock:
            self.calls[message] += 1
            call = self.calls[message]
        bad = int(message[-2:]) < self.bad and self.fails(call)
        return "no" if bad else message


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Any:
    answer = Flaky()
    with FakeProvider(answer) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-recording-1")
        yield answer


@pytest.fixture
def accepted(project: Project, flaky: Flaky) -> Project:
    """A suite with a baseline in which every case passed."""
    write_suite(project, A_LIGHT_TASK, cases=CASES)
    project.write("experiment.toml", EXPERIMENT)
    assert project.run(LIVE, junit=False).code == 0
    assert project.command("baseline", "accept").exit_code == 0
    flaky.calls.clear()
    return project


def calls(flaky: Flaky) -> set[int]:
    """How often the cases were asked about; one number when all were asked as often."""
    assert len(flaky.calls) == COUNT
    return set(flaky.calls.values())


def told(outcome: Outcome) -> bool:
    text = " ".join(outcome.text.split())
    return (
        "ftgate: support [v1]: echo got worse by the tolerance or more, so all 20 cases were run "
        "to 5 trials (--ftgate-confirm)" in text
    )


@pytest.mark.parametrize("way", [[], ["-n0"]], ids=str)
def test_a_drop_that_was_chance_is_taken_back(
    way: list[str], accepted: Project, flaky: Flaky
) -> None:
    flaky.bad, flaky.fails = 6, lambda call: call == 1
    assert accepted.run(LIVE, junit=False).code == 1, "without the step it blocks"
    flaky.calls.clear()
    outcome = accepted.run(LIVE, "--ftgate-confirm", *way)
    assert outcome.code == 0
    assert calls(flaky) == {5}, "all cases, not only those that failed"
    assert told(outcome)
    kpi = outcome.kpi("echo")
    assert (kpi["value"], outcome.suites[0]["trials"]) == (pytest.approx(0.94), 5)
    assert outcome.counts == {"passed": 94, "missed": 6}
    assert outcome.junit_counts["tests"] == 100 + len(outcome.gates())
    run = accepted.stored()[-1]
    assert (len(run.records), run.end is not None, run.manifest.plans[0].trials) == (100, True, 5)
    again = accepted.command("gate", run.manifest.run)
    assert (again.exit_code, "× 5 trials" in again.output) == (0, True)


def test_a_drop_that_is_real_blocks(accepted: Project, flaky: Flaky) -> None:
    flaky.bad = 6
    outcome = accepted.run(LIVE, "--ftgate-confirm")
    assert (outcome.code, outcome.gates()["echo"], calls(flaky)) == (1, "block", {5})
    assert "MISSED" in accepted.run(LIVE, "--ftgate-confirm", "-v").text


def test_without_a_drop_nothing_is_run_again(accepted: Project, flaky: Flaky) -> None:
    outcome = accepted.run(LIVE, "--ftgate-confirm")
    assert (outcome.code, calls(flaky), told(outcome)) == (0, {1}, False)
    assert outcome.suites[0]["trials"] == 1
    assert outcome.junit_counts["tests"] == COUNT + len(outcome.gates())


def test_trials_that_were_run_count(accepted: Project, flaky: Flaky) -> None:
    flaky.bad = 6
    accepted.run(LIVE, "--ftgate-confirm", "--ftgate-trials=3")
    assert calls(flaky) == {5}
    flaky.calls.clear()
    accepted.run(LIVE, "--ftgate-confirm", "--ftgate-trials=6")
    assert calls(flaky) == {6}


def test_a_part_of_the_suite_is_not_confirmed(accepted: Project, flaky: Flaky) -> None:
    flaky.bad = 6
    outcome = accepted.run(LIVE, "--ftgate-confirm", "-k", "c00 or c01")
    assert (flaky.calls.total(), outcome.gates()["echo"]) == (2, "partial")


def test_what_was_recorded_of_all_trials_replays(
    accepted: Project, flaky: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaky.bad = 6
    outcome = accepted.run("--ftgate-record=all", "--ftgate-confirm")
    assert outcome.code == 1
    monkeypatch.delenv("OPENAI_API_KEY")
    flaky.calls.clear()
    replayed = accepted.run("--ftgate-trials=5")
    assert (replayed.counts, flaky.calls.total()) == (outcome.counts, 0)


def test_in_replay_it_is_refused(accepted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = accepted.run("--ftgate-confirm")
    assert outcome.code == 4
    assert (
        "--ftgate-confirm has nothing to do in replay: a recording answers the same each time. "
        "Use it in a live session, with --ftgate-record=off, new_episodes or all."
    ) in outcome.errors


def test_as_a_setting_it_waits_for_a_live_session(accepted: Project, flaky: Flaky) -> None:
    accepted.run("--ftgate-record=all")
    accepted.write("pyproject.toml", "[tool.pytest.ini_options]\n[tool.ftgate]\nconfirm = true\n")
    assert accepted.run().code == 0
    flaky.calls.clear()
    flaky.bad = 6
    accepted.run(LIVE)
    assert calls(flaky) == {5}


@pytest.mark.parametrize("option", ["-n2", "--ftgate-shard=1/2"])
def test_a_session_that_does_not_see_all_cases_cannot_confirm(
    option: str, accepted: Project
) -> None:
    outcome = accepted.run(LIVE, "--ftgate-confirm", option)
    assert outcome.code == 4
    assert "--ftgate-confirm needs a session that sees all cases: leave out" in outcome.errors
