"""What providers tell in KPIs: repairs, tokens, cost and time, those of the recording."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from .suites import AN_OPENAI_TASK, CASES, PROMPT, THE_PROMPT, write_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import FakeProvider

    from .conftest import Project

SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "integer"}},
    "required": ["order"],
    "additionalProperties": False,
}
FORMAT = """
@evaluated()
def test_format(eval_output, grade):
    order = grade.format(eval_output, "order.schema.json")
    grade.equal("order", 7, order and order["order"])
"""
REPAIRED = 'schema = "order.schema.json"\nretries = 2\n'


def answers_at_last(request: dict[str, Any]) -> str:
    """Right at once for one case, at the second re-ask for the other."""
    if "late" in json.dumps(request):
        return '{"order": 7}'
    said = len([m for m in request["messages"] if m["role"] == "assistant"])
    return ["7", "order 7", '{"order": 7}'][said]


def write_repaired(project: Project, more: str = REPAIRED, **options: Any) -> None:
    project.write("order.schema.json", json.dumps(SCHEMA))
    write_suite(project, FORMAT, more=more, **options)


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_format_is_judged_on_the_first_answer_and_the_rest_on_the_repaired_one(
    name: str, project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    provider.answer = answers_at_last
    write_repaired(project, provider=name)
    live = project.run("--ftgate-record=new_episodes")
    offline()
    replay = project.run()
    for outcome in (live, replay):
        assert outcome.counts == {"passed": 1, "missed": 1}
        assert outcome.kpi("format_valid")["value"] == 0.5
        assert outcome.kpi("order")["value"] == 1.0
        assert outcome.kpi("retries_per_task")["value"] == 1.0
        assert outcome.kpi("tokens_in_per_task")["value"] == 7 * (1 + 3) / 2
    assert len(provider.seen) == 4
    reask = provider.seen[-1].json["messages"][-1]["content"]
    assert "does not have the required format" in reask


def test_a_repair_that_never_succeeds_ends_after_its_retries(
    project: Project, provider: FakeProvider
) -> None:
    provider.answer = lambda request: "no JSON at all"
    write_repaired(project)
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.counts == {"missed": 2}
    assert len(provider.seen) == 2 * 3
    assert outcome.kpi("retries_per_task")["value"] == 2.0
    assert outcome.kpi("format_valid")["value"] == 0.0


def test_a_repair_without_schema_says_what_to_add(project: Project, provider: FakeProvider) -> None:
    write_suite(project, more="retries = 1\n")
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.code == pytest.ExitCode.INTERRUPTED or outcome.counts == {"error": 2}
    assert "schema" in outcome.text
    assert "Traceback" not in outcome.text
    assert provider.seen == []


def test_a_schema_may_be_sent_along(project: Project, provider: FakeProvider) -> None:
    provider.answer = lambda request: '{"order": 7}'
    write_repaired(project, 'schema = "order.schema.json"\nconstrain = true\n')
    assert project.run("--ftgate-record=new_episodes").counts == {"passed": 2}
    sent = provider.seen[0].json["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"] == SCHEMA


def test_a_changed_schema_that_is_sent_along_is_a_miss(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    provider.answer = lambda request: '{"order": 7}'
    constrained = 'schema = "order.schema.json"\nconstrain = true\n'
    write_repaired(project, constrained)
    project.run("--ftgate-record=new_episodes")
    offline()
    changed = {**SCHEMA, "properties": {"order": {"type": "integer", "minimum": 1}}}
    project.write("order.schema.json", json.dumps(changed))
    outcome = project.run()
    assert outcome.counts == {"error": 2}
    assert "minimum" in outcome.text


def test_tokens_and_cost_are_those_of_the_recording(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project, AN_OPENAI_TASK, more="[prices]\nsmall = [2.0, 10.0]\n")
    live = project.run("--ftgate-record=new_episodes")
    offline()
    for outcome in (live, project.run()):
        assert outcome.kpi("tokens_in_per_task")["value"] == 7
        assert outcome.kpi("tokens_out_per_task")["value"] == 3
        assert outcome.kpi("cost_per_task")["value"] == pytest.approx((7 * 2 + 3 * 10) / 1e6)
        assert outcome.suites[0]["cost"] == pytest.approx(2 * (7 * 2 + 3 * 10) / 1e6)


def test_an_unknown_cost_stays_unknown(project: Project, provider: FakeProvider) -> None:
    write_suite(project, more="[prices]\nother = [2.0, 10.0]\n")
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.kpi("cost_per_task")["value"] is None
    assert outcome.suites[0]["cost"] is None
    assert all(record.cost is None for record in project.stored()[0].records)
    assert "cost unknown" in outcome.text


def test_a_gate_on_an_unknown_cost_does_not_pass(project: Project, provider: FakeProvider) -> None:
    write_suite(project, more="[kpi.cost_per_task]\nmax = 0.01\n")
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.gates()["cost_per_task"] in ("block", "inconclusive")
    assert outcome.verdict["verdict"] != "pass"


def test_time_to_output_is_that_of_the_recording(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    provider.delay_s = 0.6
    write_suite(project, more="[kpi.time_to_output_p50]\nmax = 0.5\n")
    live = project.run("--ftgate-record=new_episodes")
    assert live.gates()["time_to_output_p50"] == "block"
    offline()
    replay = project.run()
    assert replay.gates()["time_to_output_p50"] == "block"
    assert replay.kpi("time_to_output_p50")["value"] >= 0.6
    assert replay.kpi("time_to_output_p50")["value"] == live.kpi("time_to_output_p50")["value"]


def test_time_to_output_is_the_whole_task_not_its_calls_alone(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    thinking = AN_OPENAI_TASK.replace(
        "    with openai", "    __import__('time').sleep(0.3)\n    with openai"
    )
    write_suite(project, thinking)
    live = project.run("--ftgate-record=new_episodes")
    offline()
    replay = project.run()
    assert live.kpi("time_to_output_p50")["value"] >= 0.3
    assert replay.kpi("time_to_output_p50")["value"] == live.kpi("time_to_output_p50")["value"]


def test_a_replay_says_what_it_is_and_when_it_was_recorded(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    write_suite(project)
    project.run("--ftgate-record=new_episodes")
    offline()
    replay = project.run()
    provenance = replay.suites[0]["provenance"]
    assert (provenance["live"], provenance["replayed"]) == (0, 2)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert f"replayed 2 answers recorded {today[:5]}" in replay.text
    assert "model small" in replay.text
    assert all(record.model == "small" for record in project.stored()[-1].records)


def test_the_responses_api_and_streams_replay(
    project: Project, provider: FakeProvider, offline: Callable[[], None]
) -> None:
    streamed = "{ max_output_tokens = 50, stream = true }"
    write_suite(project, params=streamed)
    text = (project.path / "experiment.toml").read_text()
    project.write("experiment.toml", text.replace("[defaults]", '[defaults]\napi = "responses"'))
    assert project.run("--ftgate-record=new_episodes").counts == {"passed": 2}
    assert {seen.path for seen in provider.seen} == {"/v1/responses"}
    offline()
    assert project.run().counts == {"passed": 2}


def test_a_base_url_of_the_experiment_is_used_and_its_port_is_no_part_of_the_recording(
    project: Project, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    write_suite(project)
    text = (project.path / "experiment.toml").read_text()
    url = f'[defaults]\nbase_url = "{provider.openai_url}"'
    project.write("experiment.toml", text.replace("[defaults]", url))
    monkeypatch.delenv("OPENAI_API_KEY")
    assert project.run("--ftgate-record=new_episodes").counts == {"passed": 2}
    project.write(
        "experiment.toml", text.replace("[defaults]", url.replace(str(provider.port), "9"))
    )
    assert project.run().counts == {"passed": 2}
    assert len(provider.seen) == 2


def test_few_shot_examples_and_sections_reach_the_provider(
    project: Project, provider: FakeProvider
) -> None:
    project.write("shots.jsonl", '{"input": "a", "output": "b"}\n')
    write_suite(
        project, THE_PROMPT, prompt=PROMPT, more='examples = "shots.jsonl"\n', cases=CASES[:1]
    )
    project.run("--ftgate-record=new_episodes")
    assert [(m["role"], m["content"]) for m in provider.seen[0].json["messages"]] == [
        ("system", "Be brief."),
        ("user", "a"),
        ("assistant", "b"),
        ("user", "my parcel is late"),
    ]


def test_a_provider_without_its_sdk_names_the_extra(
    project: Project, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    write_suite(project)
    monkeypatch.setitem(sys.modules, "openai", None)
    project.write(
        "test_support.py",
        (project.path / "test_support.py").read_text().replace("import openai\n", ""),
    )
    outcome = project.run("--ftgate-record=new_episodes")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "pip install 'pytest-ftgate[openai]'" in outcome.errors
    replay = project.run()
    assert replay.counts == {"error": 2}
    assert "pip install 'pytest-ftgate[openai]'" in replay.text
