from __future__ import annotations

from typing import Any

import anthropic
import msgspec
import pytest

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.model import Usage, Variant

from .server import Reply

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"queue": {"type": "string"}}}
TOOL = {"name": "find", "input_schema": {"type": "object"}}
USE = {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"order": 7}}


def answer(*content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m-20260101",
        "content": list(content),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 4,
            "output_tokens": 3,
            "cache_read_input_tokens": 8,
            "cache_creation_input_tokens": 2,
        },
        **more,
    }


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def start(**usage: int) -> dict[str, Any]:
    begun = answer(stop_reason=None, usage={"input_tokens": 4, "output_tokens": 1, **usage})
    return {"type": "message_start", "message": begun}


def block(index: int, first: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": first},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def end(reason: str, output_tokens: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": output_tokens},
        },
        {"type": "message_stop"},
    ]


@pytest.fixture
def variant(server: Any) -> Variant:
    return Variant(
        name="v1",
        provider="anthropic",
        base_url=server.url,
        model="m",
        params={"max_tokens": 20, "temperature": 0, "top_k": 5},
    )


def test_the_body_holds_what_is_configured_and_nothing_else(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply(answer(text("hello"))))
    ask(anthropic_provider, MESSAGES, variant)
    assert server.received[0].path == "/v1/messages"
    assert server.received[0].body == {
        "model": "m",
        "max_tokens": 20,
        "temperature": 0,
        "top_k": 5,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "hi"}],
    }


def test_the_answer(server: Any, anthropic_provider: Any, variant: Variant, ask: Any) -> None:
    body = answer({"type": "thinking", "thinking": "..."}, text("hel"), text("lo"))
    server.will(Reply(body))
    completion = ask(anthropic_provider, MESSAGES, variant)
    assert completion.text == "hello"
    assert completion.usage == Usage(input_tokens=14, output_tokens=3, cached_tokens=8)
    assert completion.finish_reason == "end_turn"
    assert completion.model == "m-20260101"
    assert completion.attempts == 1
    assert completion.raw == body


def test_without_a_system_message_there_is_no_system(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply(answer(text("hello"))))
    ask(anthropic_provider, MESSAGES[1:], variant)
    assert "system" not in server.received[0].body


def test_system_messages_are_joined(server: Any, anthropic_provider: Any, variant: Variant) -> None:
    server.will(Reply(answer(text("hello"))))
    second = {"role": "system", "content": "Be kind."}
    anthropic_provider.complete([*MESSAGES, second], variant)
    assert server.received[0].body["system"] == "Be brief.\n\nBe kind."
    assert server.received[0].body["messages"] == [{"role": "user", "content": "hi"}]


def test_system_messages_in_blocks_stay_in_blocks(
    server: Any, anthropic_provider: Any, variant: Variant
) -> None:
    server.will(Reply(answer(text("hello"))))
    cached = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
    second = {"role": "system", "content": [cached]}
    anthropic_provider.complete([*MESSAGES, second], variant)
    assert server.received[0].body["system"] == [text("Be brief."), cached]


def test_max_tokens_must_be_set(anthropic_provider: Any, variant: Variant, ask: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(anthropic_provider, MESSAGES, msgspec.structs.replace(variant, params={}))
    assert str(caught.value) == (
        "variant 'v1' sets no max_tokens, which the Anthropic API requires. "
        "Add it to the variant's params: params = { max_tokens = 500 }."
    )


def test_a_schema_goes_into_the_output_format(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply(answer(text('{"queue": "billing"}'))))
    completion = ask(
        anthropic_provider,
        MESSAGES,
        msgspec.structs.replace(variant, schema=SCHEMA),
        response_format={"type": "json_schema", "json_schema": {"name": "t", "schema": SCHEMA}},
        output_config={"effort": "low"},
    )
    assert completion.parsed == {"queue": "billing"}
    body = server.received[0].body
    assert "response_format" not in body
    assert body["output_config"] == {
        "format": {"type": "json_schema", "schema": SCHEMA},
        "effort": "low",
    }


def test_a_constraining_schema_is_sent(
    server: Any, anthropic_provider: Any, variant: Variant
) -> None:
    server.will(Reply(answer(text("{}"))))
    constrained = msgspec.structs.replace(variant, schema=SCHEMA, constrain=True)
    anthropic_provider.complete(MESSAGES, constrained)
    assert server.received[0].body["output_config"] == {
        "format": {"type": "json_schema", "schema": SCHEMA}
    }


def test_a_format_without_a_schema_cannot_be_sent(
    anthropic_provider: Any, variant: Variant
) -> None:
    with pytest.raises(ProviderError, match=r"variant 'v1': .* by a JSON Schema only"):
        anthropic_provider.complete(MESSAGES, variant, response_format={"type": "json_object"})


def test_tool_calls_are_kept(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply(answer(text("Let me look."), USE, stop_reason="tool_use")))
    completion = ask(anthropic_provider, MESSAGES, msgspec.structs.replace(variant, tools=(TOOL,)))
    assert completion.text == "Let me look."
    assert completion.finish_reason == "tool_use"
    assert completion.raw["content"][1] == USE
    assert server.received[0].body["tools"] == [TOOL]


def test_streamed_events_make_one_answer(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(
        Reply(
            events=[
                start(cache_read_input_tokens=8),
                {"type": "ping"},
                *block(
                    0,
                    {"type": "thinking", "thinking": "", "signature": ""},
                    {"type": "thinking_delta", "thinking": "Hm."},
                    {"type": "signature_delta", "signature": "c2ln"},
                ),
                *block(
                    1,
                    text(""),
                    {"type": "text_delta", "text": "hel"},
                    {"type": "text_delta", "text": "lo"},
                ),
                *block(
                    2,
                    {**USE, "input": {}},
                    {"type": "input_json_delta", "partial_json": ""},
                    {"type": "input_json_delta", "partial_json": '{"order"'},
                    {"type": "input_json_delta", "partial_json": ": 7}"},
                ),
                *end("tool_use"),
            ]
        )
    )
    completion = ask(anthropic_provider, MESSAGES, variant, stream=True)
    assert completion.text == "hello"
    assert completion.usage == Usage(input_tokens=12, output_tokens=3, cached_tokens=8)
    assert completion.finish_reason == "tool_use"
    assert completion.model == "m-20260101"
    assert completion.raw["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        text("hello"),
        USE,
    ]
    assert server.received[0].body["stream"] is True


def test_streamed_tool_input_that_is_cut_short_stays_text(
    server: Any, anthropic_provider: Any, variant: Variant
) -> None:
    cut = {"type": "input_json_delta", "partial_json": '{"ord'}
    events = [start(), *block(0, {**USE, "input": {}}, cut), *end("max_tokens")]
    server.will(Reply(events=events))
    completion = anthropic_provider.complete(MESSAGES, variant, stream=True)
    assert completion.raw["content"][0]["input"] == '{"ord'


def test_a_streamed_tool_without_input_has_an_empty_one(
    server: Any, anthropic_provider: Any, variant: Variant
) -> None:
    none = {"type": "input_json_delta", "partial_json": ""}
    events = [start(), *block(0, {**USE, "input": {}}, none), *end("tool_use")]
    server.will(Reply(events=events))
    completion = anthropic_provider.complete(MESSAGES, variant, stream=True)
    assert completion.raw["content"][0]["input"] == {}


def test_streamed_citations_are_kept(
    server: Any, anthropic_provider: Any, variant: Variant
) -> None:
    cited = {"type": "char_location", "cited_text": "a", "document_index": 0}
    events = [
        start(),
        *block(
            0,
            text(""),
            {"type": "text_delta", "text": "a"},
            {"type": "citations_delta", "citation": cited},
        ),
        *end("end_turn"),
    ]
    server.will(Reply(events=events))
    completion = anthropic_provider.complete(MESSAGES, variant, stream=True)
    assert completion.raw["content"] == [{**text("a"), "citations": [cited]}]


def test_what_a_response_lacks_is_unknown(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply({"content": [text("x")]}))
    completion = ask(anthropic_provider, MESSAGES, variant)
    assert completion.text == "x"
    assert completion.usage == Usage()
    assert completion.finish_reason is None
    assert completion.model is None


def test_retries_and_errors_are_the_sdks(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any
) -> None:
    said = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    busy = Reply(said, status=529, headers={"retry-after-ms": "1"})
    server.will(busy, Reply(answer(text("hello"))))
    assert ask(anthropic_provider, MESSAGES, variant).attempts == 2
    server.will(Reply(said, status=400))
    with pytest.raises(anthropic.BadRequestError, match="busy"):
        ask(anthropic_provider, MESSAGES, variant)


def test_an_error_within_a_stream_is_raised_by_the_sdk(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any
) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    server.will(Reply(events=[start(), error]))
    with pytest.raises(anthropic.APIError, match="busy"):
        ask(anthropic_provider, MESSAGES, variant, stream=True)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_no_message_is_named(
    server: Any, anthropic_provider: Any, variant: Variant, ask: Any, stream: bool
) -> None:
    server.will(Reply(events=[{"type": "ping"}]) if stream else Reply({"id": "x"}))
    with pytest.raises(ProviderError, match="no messages response: it has no content"):
        ask(anthropic_provider, MESSAGES, variant, stream=stream)
