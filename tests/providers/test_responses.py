from __future__ import annotations

from typing import Any

import msgspec
import openai
import pytest

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.model import Usage, Variant

from .server import Reply

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"queue": {"type": "string"}}}
CALL = {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"}


def text(value: str) -> dict[str, Any]:
    return {"type": "output_text", "text": value, "annotations": []}


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": list(parts),
    }


def response(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m-2026-01-01",
        "output": list(output),
        "usage": {
            "input_tokens": 12,
            "output_tokens": 3,
            "total_tokens": 15,
            "input_tokens_details": {"cached_tokens": 8},
        },
        **more,
    }


def stream(*events: dict[str, Any]) -> Reply:
    return Reply(events=[{**event, "sequence_number": n} for n, event in enumerate(events)])


@pytest.fixture
def variant(server: Any) -> Variant:
    return Variant(
        name="v1",
        provider="openai",
        api="responses",
        base_url=f"{server.url}/v1",
        model="m",
        params={"max_output_tokens": 20},
    )


def test_the_body_holds_what_is_configured_and_nothing_else(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply(response(message(text("hello")))))
    ask(openai_provider, MESSAGES, variant)
    assert server.received[0].path == "/v1/responses"
    assert server.received[0].body == {
        "model": "m",
        "input": MESSAGES,
        "max_output_tokens": 20,
    }


def test_the_answer(server: Any, openai_provider: Any, variant: Variant, ask: Any) -> None:
    body = response({"type": "reasoning", "summary": []}, message(text("hel"), text("lo")))
    server.will(Reply(body))
    completion = ask(openai_provider, MESSAGES, variant)
    assert completion.text == "hello"
    assert completion.usage == Usage(input_tokens=12, output_tokens=3, cached_tokens=8)
    assert completion.finish_reason == "completed"
    assert completion.model == "m-2026-01-01"
    assert completion.raw == body


def test_a_schema_goes_into_the_text_format(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply(response(message(text('{"queue": "billing"}')))))
    completion = ask(
        openai_provider,
        MESSAGES,
        msgspec.structs.replace(variant, schema=SCHEMA),
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "t", "schema": SCHEMA, "strict": True},
        },
        text={"verbosity": "low"},
    )
    assert completion.parsed == {"queue": "billing"}
    body = server.received[0].body
    assert "response_format" not in body
    assert body["text"] == {
        "format": {"type": "json_schema", "name": "t", "schema": SCHEMA, "strict": True},
        "verbosity": "low",
    }


def test_a_constraining_schema_is_sent(server: Any, openai_provider: Any, variant: Variant) -> None:
    server.will(Reply(response(message(text("{}")))))
    constrained = msgspec.structs.replace(variant, schema=SCHEMA, constrain=True)
    openai_provider.complete(MESSAGES, constrained)
    assert server.received[0].body == {
        "model": "m",
        "input": MESSAGES,
        "max_output_tokens": 20,
        "text": {
            "format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}
        },
    }


def test_a_format_without_a_schema_is_sent_as_it_is(
    server: Any, openai_provider: Any, variant: Variant
) -> None:
    server.will(Reply(response(message(text("{}")))))
    openai_provider.complete(MESSAGES, variant, response_format={"type": "json_object"})
    assert server.received[0].body["text"] == {"format": {"type": "json_object"}}


def test_tool_calls_are_kept(server: Any, openai_provider: Any, variant: Variant, ask: Any) -> None:
    tool = {"type": "function", "name": "find", "parameters": {"type": "object"}}
    server.will(Reply(response(CALL)))
    completion = ask(openai_provider, MESSAGES, msgspec.structs.replace(variant, tools=(tool,)))
    assert completion.text == ""
    assert completion.raw["output"] == [CALL]
    assert server.received[0].body["tools"] == [tool]


def test_an_incomplete_response_says_why(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    details = {"reason": "max_output_tokens"}
    server.will(
        Reply(response(message(text("hel")), status="incomplete", incomplete_details=details))
    )
    assert ask(openai_provider, MESSAGES, variant).finish_reason == "max_output_tokens"


def test_a_refusal_is_text(server: Any, openai_provider: Any, variant: Variant) -> None:
    server.will(Reply(response(message({"type": "refusal", "refusal": "I cannot."}))))
    assert openai_provider.complete(MESSAGES, variant).text == "I cannot."


def test_a_failed_response_is_an_error(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply(response(status="failed", error={"code": "x", "message": "no capacity"})))
    with pytest.raises(ProviderError, match="no capacity"):
        ask(openai_provider, MESSAGES, variant)


def test_an_answer_that_is_no_response_is_named(
    server: Any, openai_provider: Any, variant: Variant
) -> None:
    server.will(Reply({"id": "x"}))
    with pytest.raises(ProviderError, match="no responses response: it has no output"):
        openai_provider.complete(MESSAGES, variant)


@pytest.mark.parametrize("last", ["completed", "incomplete"])
def test_a_stream_ends_in_its_response(
    server: Any, openai_provider: Any, variant: Variant, ask: Any, last: str
) -> None:
    whole = response(message(text("hello")), status=last)
    server.will(
        stream(
            {"type": "response.created", "response": response(status="in_progress")},
            {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "hello"},
            {"type": f"response.{last}", "response": whole},
        )
    )
    completion = ask(openai_provider, MESSAGES, variant, stream=True)
    assert completion.text == "hello"
    assert completion.finish_reason == last
    assert completion.raw == whole
    assert server.received[0].body["stream"] is True


def test_a_stream_that_fails_is_an_error(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    failed = response(status="failed", error={"code": "x", "message": "no capacity"})
    server.will(stream({"type": "response.failed", "response": failed}))
    with pytest.raises(ProviderError, match="no capacity"):
        ask(openai_provider, MESSAGES, variant, stream=True)


def test_a_stream_that_breaks_off_is_an_error(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(stream({"type": "response.created", "response": response()}))
    with pytest.raises(ProviderError, match="broke off after 1 events"):
        ask(openai_provider, MESSAGES, variant, stream=True)


def test_retries_and_errors_are_the_sdks(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    busy = Reply({"error": {"message": "slow"}}, status=429, headers={"retry-after-ms": "1"})
    server.will(busy, Reply(response(message(text("hello")))))
    assert ask(openai_provider, MESSAGES, variant).attempts == 2
    server.will(Reply({"error": {"message": "bad"}}, status=400))
    with pytest.raises(openai.BadRequestError, match="bad"):
        ask(openai_provider, MESSAGES, variant)
