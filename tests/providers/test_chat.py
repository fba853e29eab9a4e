from __future__ import annotations

from typing import Any

import msgspec
import openai
import pytest

from pytest_ftgate.errors import ConfigError, ProviderError
from pytest_ftgate.model import Usage, Variant

from .server import Reply

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"queue": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "find", "arguments": '{"order": 7}'},
}


def answer(content: Any = "hello", **more: Any) -> Reply:
    return Reply(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m-2026-01-01",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": content},
                }
            ],
            "usage": {
                "prompt_tokens": 12,
                "completion_tokens": 3,
                "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 8},
            },
            **more,
        }
    )


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m-2026-01-01",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


def stream(*events: Any) -> Reply:
    return Reply(events=[*events, "[DONE]"])


@pytest.fixture
def variant(server: Any) -> Variant:
    return Variant(
        name="v1",
        provider="openai",
        base_url=f"{server.url}/v1",
        model="m",
        params={"temperature": 0, "max_tokens": 20},
    )


def test_the_body_holds_what_is_configured_and_nothing_else(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(answer())
    ask(openai_provider, MESSAGES, variant)
    assert server.received[0].path == "/v1/chat/completions"
    assert server.received[0].body == {
        "model": "m",
        "messages": MESSAGES,
        "temperature": 0,
        "max_tokens": 20,
    }


def test_the_answer(server: Any, openai_provider: Any, variant: Variant, ask: Any) -> None:
    server.will(answer())
    completion = ask(openai_provider, MESSAGES, variant)
    assert completion.text == "hello"
    assert completion.parsed is None
    assert completion.usage == Usage(input_tokens=12, output_tokens=3, cached_tokens=8)
    assert completion.finish_reason == "stop"
    assert completion.model == "m-2026-01-01"
    assert completion.attempts == 1
    assert 0 < completion.latency_s < 60
    assert completion.raw == answer().body


def test_parameters_of_the_call_win(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(answer())
    ask(
        openai_provider,
        MESSAGES,
        variant,
        temperature=1,
        model="other",
        timeout=30,
        extra_body={"top_k": 4},
        extra_headers={"x-team": "a"},
    )
    assert server.received[0].body == {
        "model": "other",
        "messages": MESSAGES,
        "temperature": 1,
        "max_tokens": 20,
        "top_k": 4,
    }
    assert server.received[0].headers["x-team"] == "a"


def test_parameters_that_the_sdk_does_not_know_are_sent(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(answer())
    ask(openai_provider, MESSAGES, variant, min_p=0.1, cache_prompt=False)
    assert server.received[0].body["min_p"] == 0.1
    assert server.received[0].body["cache_prompt"] is False


def test_streamed_chunks_make_one_answer(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(
        stream(
            chunk({"role": "assistant", "content": ""}),
            chunk({"content": "hel"}),
            chunk({"content": "lo"}),
            chunk({}, "stop"),
        )
    )
    completion = ask(openai_provider, MESSAGES, variant, stream=True)
    assert completion.text == "hello"
    assert completion.finish_reason == "stop"
    assert completion.model == "m-2026-01-01"
    assert completion.usage == Usage(), "the server did not say: unknown, not zero"
    assert completion.raw == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-2026-01-01",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "hello"},
            }
        ],
    }
    assert server.received[0].body == {
        "model": "m",
        "messages": MESSAGES,
        "temperature": 0,
        "max_tokens": 20,
        "stream": True,
    }


def test_a_stream_reports_usage_when_asked_to(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    used = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
    last = {**chunk({}), "choices": [], "usage": used}
    server.will(stream(chunk({"content": "a"}, "stop", usage=None), last))
    completion = ask(
        openai_provider, MESSAGES, variant, stream=True, stream_options={"include_usage": True}
    )
    assert completion.usage == Usage(input_tokens=5, output_tokens=1)
    assert server.received[0].body["stream_options"] == {"include_usage": True}


def test_tool_calls_are_kept(server: Any, openai_provider: Any, variant: Variant, ask: Any) -> None:
    reply = answer(None)
    reply.body["choices"][0]["message"]["tool_calls"] = [CALL]
    reply.body["choices"][0]["finish_reason"] = "tool_calls"
    server.will(reply)
    completion = ask(openai_provider, MESSAGES, msgspec.structs.replace(variant, tools=(TOOL,)))
    assert completion.text == ""
    assert completion.finish_reason == "tool_calls"
    assert completion.raw["choices"][0]["message"]["tool_calls"] == [CALL]
    assert server.received[0].body["tools"] == [TOOL]


def test_streamed_tool_calls_are_joined(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    def call(index: int, arguments: str, **more: Any) -> dict[str, Any]:
        function = {**more.pop("function", {}), "arguments": arguments}
        return {"tool_calls": [{"index": index, "function": function, **more}]}

    first = {"id": "call_1", "type": "function", "function": {"name": "find"}}
    second = {"id": "call_2", "type": "function", "function": {"name": "buy"}}
    server.will(
        stream(
            chunk({"role": "assistant", "content": None}),
            chunk(call(0, "", **first)),
            chunk(call(0, '{"order"')),
            chunk(call(1, "{}", **second)),
            chunk(call(0, ": 7}")),
            chunk({}, "tool_calls"),
        )
    )
    completion = ask(openai_provider, MESSAGES, variant, stream=True)
    assert completion.text == ""
    assert completion.raw["choices"][0]["message"]["tool_calls"] == [
        {"index": 0, **CALL},
        {
            "index": 1,
            "id": "call_2",
            "type": "function",
            "function": {"name": "buy", "arguments": "{}"},
        },
    ]


def test_several_choices_are_kept_apart(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    def of(index: int, content: str) -> dict[str, Any]:
        return {
            **chunk({}),
            "choices": [{"index": index, "delta": {"content": content}, "finish_reason": None}],
        }

    server.will(stream(of(1, "b"), of(0, "a"), of(1, "d"), of(0, "c")))
    completion = ask(openai_provider, MESSAGES, variant, stream=True, n=2)
    assert completion.text == "ac"
    assert [c["message"]["content"] for c in completion.raw["choices"]] == ["ac", "bd"]


def test_an_answer_to_a_schema_is_parsed(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "t", "schema": SCHEMA}}
    server.will(answer('{"queue": "billing"}'))
    with_schema = msgspec.structs.replace(variant, schema=SCHEMA)
    completion = ask(openai_provider, MESSAGES, with_schema, response_format=wanted)
    assert completion.parsed == {"queue": "billing"}
    assert server.received[0].body["response_format"] == wanted
    assert ask(openai_provider, MESSAGES, variant).parsed is None, "no schema"


def test_a_constraining_schema_is_sent(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(answer("{}"))
    constrained = msgspec.structs.replace(variant, schema=SCHEMA, constrain=True)
    ask(openai_provider, MESSAGES, constrained)
    assert server.received[0].body == {
        "model": "m",
        "messages": MESSAGES,
        "temperature": 0,
        "max_tokens": 20,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
    }


def test_a_response_format_of_ones_own_wins_over_the_constraint(
    server: Any, openai_provider: Any, variant: Variant
) -> None:
    server.will(answer("{}"))
    own = {"type": "json_object"}
    constrained = msgspec.structs.replace(
        variant, schema=SCHEMA, constrain=True, params={"response_format": own}
    )
    openai_provider.complete(MESSAGES, constrained)
    assert server.received[0].body["response_format"] == own


@pytest.mark.parametrize("text", ["", "```json\n{}\n```", '{"a": NaN}', "[" * 10_000, "\ud800"])
def test_what_is_no_json_is_not_parsed(
    server: Any, openai_provider: Any, variant: Variant, text: str
) -> None:
    server.will(answer(text))
    with_schema = msgspec.structs.replace(variant, schema=SCHEMA)
    completion = openai_provider.complete(MESSAGES, with_schema)
    assert completion.text == text
    assert completion.parsed is None


def test_a_refusal_is_the_text_when_there_is_no_other(
    server: Any, openai_provider: Any, variant: Variant
) -> None:
    reply = answer(None)
    reply.body["choices"][0]["message"]["refusal"] = "I cannot."
    server.will(reply)
    assert openai_provider.complete(MESSAGES, variant).text == "I cannot."


def test_content_in_parts_is_joined(server: Any, openai_provider: Any, variant: Variant) -> None:
    server.will(answer([{"type": "text", "text": "a"}, {"type": "image"}, {"text": "b"}]))
    assert openai_provider.complete(MESSAGES, variant).text == "ab"


def test_what_a_response_lacks_is_unknown(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply({"choices": [{"message": {"content": "x"}}]}))
    completion = ask(openai_provider, MESSAGES, variant)
    assert completion.text == "x"
    assert completion.usage == Usage()
    assert completion.finish_reason is None
    assert completion.model is None


def test_fields_of_unexpected_types_are_unknown(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(
        answer(model=7, usage={"prompt_tokens": "12", "completion_tokens": True}),
    )
    completion = ask(openai_provider, MESSAGES, variant)
    assert completion.model is None
    assert completion.usage == Usage()


@pytest.mark.parametrize("retry_after", [{"retry-after-ms": "1"}, {"retry-after": "0.01"}])
def test_a_refused_request_is_sent_again_and_counted(
    server: Any, openai_provider: Any, variant: Variant, ask: Any, retry_after: dict[str, str]
) -> None:
    busy = Reply({"error": {"message": "slow down"}}, status=429, headers=retry_after)
    server.will(busy, busy, answer())
    completion = ask(openai_provider, MESSAGES, variant)
    assert completion.text == "hello"
    assert completion.attempts == 3
    assert len(server.received) == 3
    assert server.received[0].body == server.received[2].body


def test_errors_of_the_sdk_stay_what_they_are(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(Reply({"error": {"message": "no such model"}}, status=404))
    with pytest.raises(openai.NotFoundError, match="no such model") as caught:
        ask(openai_provider, MESSAGES, variant)
    assert caught.value.status_code == 404


def test_an_error_within_a_stream_is_raised_by_the_sdk(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(stream(chunk({"content": "a"}), {"error": {"message": "out of memory"}}))
    with pytest.raises(openai.APIError, match="out of memory"):
        ask(openai_provider, MESSAGES, variant, stream=True)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply({"error": {"message": "credit used up"}}), "error instead of a completion: credit"),
        (Reply({"error": "down"}), "error instead of a completion: down"),
        (Reply({"id": "x"}), r"no chat completions response: it has no choices, only \['id'\]"),
        (Reply({"choices": []}), "it has no choices"),
        (Reply("<html>login</html>"), "no JSON object: '<html>login</html>'"),
        (Reply([1]), "no JSON object"),
    ],
)
def test_an_answer_that_is_no_completion_is_named(
    server: Any, openai_provider: Any, variant: Variant, ask: Any, reply: Reply, said: str
) -> None:
    server.will(reply)
    with pytest.raises(ProviderError, match=said):
        ask(openai_provider, MESSAGES, variant)


def test_an_empty_stream_is_no_completion(
    server: Any, openai_provider: Any, variant: Variant, ask: Any
) -> None:
    server.will(stream())
    with pytest.raises(ProviderError, match="it has no choices"):
        ask(openai_provider, MESSAGES, variant, stream=True)


def test_a_variant_without_a_model_is_named(openai_provider: Any, variant: Variant) -> None:
    with pytest.raises(ProviderError, match="variant 'v1' names no model"):
        openai_provider.complete(MESSAGES, msgspec.structs.replace(variant, model=None))


def test_an_unknown_api_is_named(openai_provider: Any, variant: Variant) -> None:
    with pytest.raises(ConfigError, match="unknown api 'response'; did you mean 'responses'"):
        openai_provider.complete(MESSAGES, msgspec.structs.replace(variant, api="response"))
