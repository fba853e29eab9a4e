"""Each hook, implemented by a third party's plugin, through a whole session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .suites import AN_OPENAI_TASK, CASES, HEAD, THE_PROMPT, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Outcome, Project

PLUGIN = ["-p", "shop_plugin"]


def run(project: Project, *args: str) -> Outcome:
    return project.run(*PLUGIN, *args)


@pytest.fixture
def plugin(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes the third party's plugin."""
    project.pytester.syspathinsert()
    monkeypatch.setenv("PYTHONPATH", str(project.path))  # for the workers

    def write(code: str) -> None:
        project.write("shop_plugin.py", code)

    return write


def test_a_provider(
    project: Project,
    provider: FakeProvider,
    offline: Callable[[], None],
    plugin: Callable[[str], None],
) -> None:
    plugin(f"""
def pytest_ftgate_providers():
    import httpx
    from pytest_ftgate import Completion, Provider

    class Shop(Provider):
        def __init__(self, *, replaying):
            self.replaying = replaying
            self.client = httpx.Client(base_url="{provider.url}")

        def complete(self, messages, variant, **params):
            body = {{"model": variant.model, "messages": messages, **variant.params, **params}}
            answer = self.client.post("/v1/chat/completions", json=body).json()
            return Completion(text=answer["choices"][0]["message"]["content"])

        async def acomplete(self, messages, variant, **params):
            return self.complete(messages, variant, **params)

        def close(self):
            self.client.close()

    return {{"shop": Shop}}
""")
    write_suite(project, provider="shop")
    live = run(project, "--ftgate-record=new_episodes")
    assert live.counts == {"passed": 2}
    offline()
    replay = run(project)
    assert replay.counts == {"passed": 2}
    assert replay.verdict["run"]["replayed"] == 2
    assert replay.kpi("tokens_in_per_task")["value"] == 7


def test_a_provider_that_no_plugin_registers_is_an_error_in_words(project: Project) -> None:
    write_suite(project, provider="opnai")
    outcome = project.run()
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert "variant 'v1': unknown provider 'opnai'; did you mean 'openai'?" in outcome.text
    assert "Traceback" not in outcome.text


CHECKED = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_check(eval_output, grade):
    {call}
"""
POLITE = """
def pytest_ftgate_checks():
    from pytest_ftgate import Observation

    def {name}(output):
        holds = "please" in output
        return Observation(
            check="{name}", kind="text", value=float(holds), passed=holds,
            reason="" if holds else "it never says please",
        )

    return {{"{name}": {name}}}
"""


def test_a_check(project: Project, plugin: Callable[[str], None]) -> None:
    plugin(POLITE.format(name="polite"))
    cases = [{"id": "p", "input": {"message": "please"}}, {"id": "q", "input": {"message": "now"}}]
    write_suite(project, CHECKED.format(call="grade.polite(eval_output)"), cases=cases)
    gate = "[kpi.polite]\nmin = 0.9\n"
    project.write("experiment.toml", (project.path / "experiment.toml").read_text() + gate)
    outcome = run(project)
    assert outcome.counts == {"passed": 1, "missed": 1}
    assert outcome.kpi("polite")["value"] == 0.5
    assert outcome.gates()["polite"] == "block"
    assert "it never says please" in outcome.text


def test_a_check_that_must_pass(project: Project, plugin: Callable[[str], None]) -> None:
    plugin(POLITE.format(name="polite"))
    test = CHECKED.format(call="grade.polite(eval_output)").replace(
        "task=", 'must_pass=["polite"], task='
    )
    write_suite(project, test, cases=CASES[:1])
    outcome = run(project)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "must pass: polite: it never says please." in outcome.text


def test_a_check_cannot_take_a_name_that_grade_has(
    project: Project, plugin: Callable[[str], None]
) -> None:
    plugin(POLITE.format(name="equal"))
    write_suite(project, CHECKED.format(call="grade.equal('a', 1, 1)"))
    outcome = run(project)
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "'equal', which grade has already" in outcome.errors
    assert "INTERNALERROR" not in outcome.text


def test_a_check_that_gives_no_observation_is_an_error_of_its_case(
    project: Project, plugin: Callable[[str], None]
) -> None:
    plugin("def pytest_ftgate_checks():\n    return {'polite': lambda output: True}\n")
    write_suite(project, CHECKED.format(call="grade.polite(eval_output)"))
    outcome = run(project)
    assert outcome.counts == {"error": 2}
    assert "the check 'polite' returned bool, allowed: an Observation" in outcome.text


LOADER = """
def pytest_ftgate_dataset_loaders():
    from pytest_ftgate import Case

    def load(path):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            yield Case(id={id}, input=line, source=f"{{path}}:{{number}}")

    return {{".txt": load}}
"""
LOADED = """
@pytest.mark.llm_eval(dataset="cases.txt", task=lambda case, variant: case.input)
def test_loaded(eval_output, grade):
    grade.regex("question", "[?]$", eval_output)
"""


def test_a_dataset_loader(project: Project, plugin: Callable[[str], None]) -> None:
    plugin(LOADER.format(id='f"line-{number}"'))
    project.write("cases.txt", "where is it?\nlate\n")
    project.write("test_loaded.py", HEAD + LOADED)
    outcome = run(project)
    assert outcome.counts == {"passed": 1, "missed": 1}
    assert [record.case for record in project.stored()[0].records] == ["line-1", "line-2"]


def test_the_cases_of_a_loader_are_checked(project: Project, plugin: Callable[[str], None]) -> None:
    plugin(LOADER.format(id='"same"'))
    project.write("cases.txt", "where is it?\nlate\n")
    project.write("test_loaded.py", HEAD + LOADED)
    outcome = run(project)
    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert "cases.txt: case 2: the id 'same' is that of case 1" in outcome.text
    assert "Traceback" not in outcome.text


KPI = """
def pytest_ftgate_kpis():
    from pytest_ftgate import KpiDefinition

    def words(record):
        return None if record.output is None else float(len(record.output.split()))

    return [KpiDefinition(name="{name}", value=words, direction="lower", unit="count")]
"""


def test_a_kpi_with_a_gate(project: Project, plugin: Callable[[str], None]) -> None:
    plugin(KPI.format(name="words"))
    write_suite(
        project, CHECKED.format(call="grade.score('fine', 1)"), more="[kpi.words]\nmax = 3\n"
    )
    outcome = run(project)
    assert outcome.kpi("words")["value"] == 4.0
    assert outcome.gates()["words"] == "block"
    assert outcome.code == pytest.ExitCode.TESTS_FAILED


def test_a_kpi_cannot_take_the_name_of_another(
    project: Project, plugin: Callable[[str], None]
) -> None:
    plugin(KPI.format(name="pass_rate"))
    write_suite(project, CHECKED.format(call="grade.score('fine', 1)"))
    outcome = run(project)
    assert outcome.code not in (pytest.ExitCode.OK, pytest.ExitCode.INTERNAL_ERROR)
    assert "pass_rate" in outcome.text + outcome.errors
    assert "Traceback" not in outcome.text


REDACT_RECORD = """
def pytest_ftgate_redact_record(record):
    from msgspec.structs import replace

    return replace(record, output="[withheld]", observations=())
"""


def test_a_redaction_of_records(project: Project, plugin: Callable[[str], None]) -> None:
    plugin(REDACT_RECORD)
    write_suite(project, CHECKED.format(call="grade.equal('echo', 'x', eval_output)"))
    for args, apart in ([], False), (["-n2"], True):
        outcome = project.run(*PLUGIN, *args, apart=apart)
        assert outcome.counts == {"passed": 2}
        assert [record.output for record in project.stored()[-1].records] == ["[withheld]"] * 2
        stored = project.path / ".ftgate" / "runs" / outcome.verdict["run"]["id"]
        assert "parcel" not in (stored / "records.jsonl").read_text("utf-8")


def test_a_redaction_that_gives_no_record_says_so(
    project: Project, plugin: Callable[[str], None]
) -> None:
    plugin("def pytest_ftgate_redact_record(record):\n    return None\n")
    write_suite(project, CHECKED.format(call="grade.equal('echo', 'x', eval_output)"))
    outcome = run(project)
    assert outcome.code not in (pytest.ExitCode.OK, pytest.ExitCode.INTERNAL_ERROR)
    assert "pytest_ftgate_redact_record" in outcome.text
    assert "Traceback" not in outcome.text


REDACT_INTERACTION = """
def pytest_ftgate_redact_interaction(interaction):
    for message in interaction["request"]["body"]["json"]["messages"]:
        message["content"] = "[private]"
    return interaction
"""


@pytest.mark.parametrize("test", [THE_PROMPT, AN_OPENAI_TASK], ids=["prompt", "task"])
def test_a_redaction_of_interactions(
    test: str,
    project: Project,
    provider: FakeProvider,
    offline: Callable[[], None],
    plugin: Callable[[str], None],
) -> None:
    plugin(REDACT_INTERACTION)
    provider.answer = lambda request: "my parcel is late, the cup is broken"
    write_suite(project, test)
    assert run(project, "--ftgate-record=new_episodes").counts == {"passed": 2}
    requests = [line["request"] for line in project.pack("support", "v1") if "request" in line]
    assert all(m["content"] == "[private]" for r in requests for m in r["body"]["json"]["messages"])
    offline()
    assert run(project).counts == {"passed": 2}


def test_a_call_may_be_kept_out_of_the_cassette(
    project: Project, provider: FakeProvider, plugin: Callable[[str], None]
) -> None:
    plugin("def pytest_ftgate_redact_interaction(interaction):\n    return None\n")
    write_suite(project)
    assert run(project, "--ftgate-record=new_episodes").counts == {"passed": 2}
    assert not list(project.path.glob("cassettes/**/*.part"))
    assert run(project).counts == {"error": 2}


def test_a_conftest_of_a_folder_may_implement_hooks(
    project: Project, plugin: Callable[[str], None]
) -> None:
    project.write("conftest.py", POLITE.format(name="polite"))
    write_suite(project, CHECKED.format(call="grade.polite(eval_output)"))
    assert project.run().counts == {"missed": 2}
