"""A session that is part of a ladder ends with its saturation, and every voice says the same."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from .suites import THE_PROMPT, head

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers import FakeProvider

    from .conftest import Outcome, Project

CASES = 24
EXPERIMENT = """
suite = "support"
primary_kpi = "echo"
current = "v{current}"
[defaults]
provider = "openai"
model = "small"
params = {{ max_tokens = 50 }}
[saturation]
window = 2
"""
VARIANT = """
[[variant]]
name = "v{number}"
prompt = "v{number}.md"
change = "{change}"
"""
A_TASK = """
def answer(case, variant):
    version, number = int(variant.prompt.split()[-1]), int(case.input["number"])
    return case.input["message"] if number < 4 * version else "no"

@evaluated(task=answer)
def test_task(eval_case, eval_output, grade):
    grade.contains("echo", eval_case.input["message"], eval_output)
"""
"""Version v answers the first 4 v cases: each iteration gains."""

STEADY = A_TASK.replace("number < 4 * version", "number < 12")
"""Nothing that is tried changes anything."""


def write_ladder(
    project: Project, test: str = A_TASK, *, variants: int = 5, cases: int = CASES
) -> None:
    """A ladder v1, v2, ... of which each changes the instructions of the one before."""
    rows = [
        {"id": f"c{at:02}", "input": {"number": at, "message": f"case {at:02}."}}
        for at in range(cases)
    ]
    project.dataset("cases.jsonl", rows)
    text = EXPERIMENT.format(current=variants)
    for number in range(1, variants + 1):
        text += VARIANT.format(number=number, change=f"says {number}")
        text += f'parent = "v{number - 1}"\n' if number > 1 else ""
        project.write(f"v{number}.md", f"[user]\n{{{{ message }}}} Version {number}\n")
    project.write("experiment.toml", text)
    project.write("test_support.py", head(test))


def run(project: Project, *numbers: int, args: tuple[str, ...] = ()) -> Outcome:
    """A session of some of the variants."""
    return project.run(*(f"--ftgate-variant=v{at}" for at in numbers), *args, junit=False)


def ladder_of(outcome: Outcome) -> dict[str, Any]:
    assert outcome.verdict is not None, outcome.text
    (ladder,) = outcome.verdict["saturation"]
    return ladder


def flat(text: str) -> str:
    """Without line breaks and the spaces that they leave."""
    return " ".join(text.split())


def told(outcome: Outcome) -> str:
    """The saturation line of a session."""
    _, _, line = outcome.text.partition("\nsaturation ")
    return flat(line.partition("\nnext:")[0])


@pytest.fixture
def answering(provider: FakeProvider) -> FakeProvider:
    """A model that answers case n under version v where n < 4 v, as the task does."""

    def answer(request: dict[str, Any]) -> str:
        words = request["messages"][-1]["content"].split()
        number, version = int(words[1].rstrip(".")), int(words[-1])
        return f"case {number:02}." if number < 4 * version else "no"

    provider.answer = answer
    return provider


def test_a_ladder_over_several_sessions_from_cassettes(
    project: Project, answering: FakeProvider, offline: Callable[[], None]
) -> None:
    write_ladder(project, THE_PROMPT, variants=4)
    recorded = project.run("--ftgate-variant=all", "--ftgate-record=all", junit=False)
    assert len(answering.seen) == 4 * CASES
    shutil.rmtree(project.path / ".ftgate")
    offline()

    first = run(project, 1)
    assert first.verdict["saturation"] == []
    assert "saturation" not in first.text
    second = ladder_of(run(project, 2))
    assert second["verdict"] == "too_few_iterations"
    run(project, 3)
    last = run(project, 4)
    ladder = ladder_of(last)
    assert (ladder["verdict"], ladder["disciplined"], ladder["n"]) == ("improving", 4, CASES)
    assert [line["kpis"][0]["value"] for line in ladder["log"]] == [n / 6 for n in (1, 2, 3, 4)]
    assert [line["components"] for line in ladder["log"][1:]] == [["instructions"]] * 3
    assert told(last).startswith(
        "support · echo: improving. The best of the last 2 iterations gains"
    )
    assert ladder["reason"] == ladder_of(recorded)["reason"]


@pytest.mark.parametrize("way", [["-p", "no:xdist"], ["-n2"]], ids=["alone", "n2"])
def test_all_variants_in_one_session_are_a_ladder(project: Project, way: list[str]) -> None:
    write_ladder(project)
    report = project.path / "report.md"
    outcome = project.run("--ftgate-variant=all", f"--ftgate-markdown={report}", *way, junit=False)
    ladder = ladder_of(outcome)
    assert (ladder["verdict"], ladder["iterations"], ladder["n"]) == ("improving", 5, CASES)
    sentence = ladder["reason"][0].upper() + ladder["reason"][1:] + "."
    assert told(outcome) == f"support · echo: improving. {sentence}"
    page = report.read_text("utf-8")
    assert "### Saturation of `support` `echo`: **improving**" in page
    assert sentence in page
    assert "| `v5` | `v4` | instructions |" in page
    command = project.command("saturation", "--json", "-")
    assert json.loads(command.output)["saturation"] == [ladder]
    assert sentence in flat(project.command("saturation").output)


def test_the_gate_command_says_what_each_session_said(project: Project) -> None:
    write_ladder(project)
    documents = [run(project, number).verdict for number in (1, 2, 3, 4, 5)]
    verdicts = [[each["verdict"] for each in document["saturation"]] for document in documents]
    few, better = ["too_few_iterations"], ["improving"]
    assert verdicts == [[], few, few, better, better]
    for document in documents:
        again = project.command("gate", document["run"]["id"], "--json", "-")
        assert json.loads(again.output) == document
    shown = flat(project.command("gate").output)
    assert documents[-1]["saturation"][0]["reason"][1:] in shown


def test_a_run_from_elsewhere_is_judged_beside_the_runs_there(project: Project) -> None:
    write_ladder(project)
    alone = project.run("--ftgate-variant=v5", "--ftgate-store=ci", junit=False)
    run(project, 1, 2, 3, 4)
    path = f"ci/runs/{alone.verdict['run']['id']}"
    assert json.loads(project.command("gate", path, "--json", "-").output) == alone.verdict


def test_a_quiet_session_says_it_in_a_line(project: Project) -> None:
    write_ladder(project)
    outcome = project.run("--ftgate-variant=all", "-q", junit=False)
    assert "saturation support · echo: improving" in flat(outcome.text)


def garble(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes(b'{"\xff')


DAMAGES = {
    "manifest": garble("manifest.json"),
    "records": garble("records.jsonl"),
    "end": garble("end.json"),
    "no manifest": lambda run: (run / "manifest.json").unlink(),
    "no records": lambda run: (run / "records.jsonl").unlink(),
    "a newer format": lambda run: (run / "manifest.json").write_text('{"schema_version": 99}'),
    "a file of this name": lambda run: (shutil.rmtree(run), run.write_text("")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_older_run_does_not_break_a_session(damage: str, project: Project) -> None:
    write_ladder(project)
    run(project, 1)
    run(project, 2)
    oldest = min((project.path / ".ftgate" / "runs").iterdir())
    DAMAGES[damage](oldest)
    outcome = run(project, 3)
    assert outcome.code == 0
    assert "Traceback" not in outcome.text
    assert outcome.verdict["verdict"] != "error"
    ladder = ladder_of(outcome)
    assert [line["variant"] for line in ladder["log"]] == ["v2", "v3"]
    noted = "1 earlier run could not be read: left out" in ladder["notes"]
    assert noted == (damage != "a file of this name")


def test_a_plugin_that_earlier_records_do_not_suit(project: Project) -> None:
    write_ladder(project)
    run(project, 1)
    project.write(
        "conftest.py",
        "from pytest_ftgate import KpiDefinition\n"
        "def value(record):\n"
        "    if record.variant == 'v1':\n"
        "        raise KeyError('v1')\n"
        "    return 1.0\n"
        "def pytest_ftgate_kpis():\n"
        "    return [KpiDefinition(name='mine', value=value)]\n",
    )
    outcome = run(project, 2)
    assert outcome.code == 0
    assert ladder_of(outcome)["verdict"] == "too_few_iterations"


class TestUneven:
    """Iterations that were not all run alike."""

    def test_a_part_that_was_run_again_takes_the_place_of_that_part(self, project: Project) -> None:
        write_ladder(project, STEADY)
        run(project, 1, 2, 3, 4)
        write_ladder(project)
        ladder = ladder_of(run(project, 4, args=("-k", "c12 or c13")))
        assert [line["kpis"][0]["value"] for line in ladder["log"]] == [0.5, 0.5, 0.5, 14 / 24]
        assert ladder["n"] == CASES

    def test_a_first_run_of_a_part_does_not_count(self, project: Project) -> None:
        write_ladder(project, STEADY)
        run(project, 1, 2, 3)
        ladder = ladder_of(run(project, 4, args=("-k", "c12 or c13")))
        assert ladder["verdict"] == "too_few_iterations"
        assert ladder["log"][3]["why_not"] == "has results of 2 of 24 cases: run it on all"
        assert ladder["n"] == CASES

    def test_trials_may_differ(self, project: Project) -> None:
        write_ladder(project)
        run(project, 1, 2, 3)
        ladder = ladder_of(run(project, 4, args=("--ftgate-trials=3",)))
        assert ladder["verdict"] == "improving"
        assert [line["trials"] for line in ladder["log"]] == [1, 1, 1, 3]
        assert "trials differ between iterations: 1 to 3 a case" in ladder["notes"]

    def test_added_cases_wait_until_all_iterations_have_them(self, project: Project) -> None:
        write_ladder(project)
        run(project, 1, 2, 3)
        write_ladder(project, cases=CASES + 4)
        ladder = ladder_of(run(project, 4))
        assert ladder["n"] == CASES
        assert any("4 that only some have (added," in note for note in ladder["notes"])
        assert ladder_of(run(project, 1, 2, 3))["n"] == CASES + 4

    def test_another_dataset_in_mid_ladder_breaks_the_comparison(self, project: Project) -> None:
        write_ladder(project)
        run(project, 1, 2, 3)
        edited = (project.path / "cases.jsonl").read_text("utf-8").replace("case ", "item ")
        project.write("cases.jsonl", edited)
        ladder = ladder_of(run(project, 4))
        assert [line["counted"] for line in ladder["log"]] == [False, False, False, True]
        assert ladder["log"][0]["why_not"] == (
            "its cases were edited since it was run: run it again"
        )

    def test_another_model_in_mid_ladder_breaks_the_comparison(self, project: Project) -> None:
        write_ladder(project)
        run(project, 1, 2, 3)
        path = project.path / "experiment.toml"
        path.write_text(path.read_text("utf-8").replace('"small"', '"large"'), "utf-8")
        ladder = ladder_of(run(project, 4, 5))
        assert [line["counted"] for line in ladder["log"]] == [False, False, False, False, True]
        assert ladder["log"][0]["why_not"] == "ran on another model"
        assert ladder["log"][3]["why_not"] == "changed instructions and model at once"
        assert any(note.startswith("the model changes within") for note in ladder["notes"])

    def test_a_removed_variant_is_shown_and_does_not_count(self, project: Project) -> None:
        write_ladder(project)
        run(project, 1, 2, 3, 4, 5)
        write_ladder(project, variants=4)
        ladder = ladder_of(run(project, 4))
        assert [line["variant"] for line in ladder["log"]] == ["v1", "v2", "v3", "v4", "v5"]
        assert ladder["log"][4]["why_not"] == "is no longer in the experiment"
        assert (ladder["verdict"], ladder["disciplined"]) == ("improving", 4)

    def test_two_changes_at_once_are_named_and_do_not_count(self, project: Project) -> None:
        write_ladder(project)
        path = project.path / "experiment.toml"
        both = 'params = { max_tokens = 9 }\nparent = "v4"'
        path.write_text(path.read_text("utf-8").replace('parent = "v4"', both), "utf-8")
        ladder = ladder_of(project.run("--ftgate-variant=all", junit=False))
        assert (ladder["confounded"], ladder["disciplined"]) == (["v5"], 4)
        assert ladder["log"][4]["why_not"] == "changed instructions and params at once"

    def test_a_written_change_that_the_fingerprint_denies_is_asked_about(
        self, project: Project
    ) -> None:
        write_ladder(project)
        path = project.path / "experiment.toml"
        path.write_text(path.read_text("utf-8").replace("says 2", "two more examples"), "utf-8")
        run(project, 1, 2)
        assert (
            'v2: the log says "two more examples", and instructions changed, not examples: is that '
            "what was meant?"
        ) in flat(project.command("saturation").output)
