from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_ftgate.model import Usage
from pytest_ftgate.providers import usage

from .server import sse

CHAT = {
    "object": "chat.completion",
    "model": "gpt",
    "choices": [{"message": {"content": "x"}}],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4},
    },
}
RESPONSE = {
    "object": "response",
    "model": "gpt",
    "output": [],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 2,
        "input_tokens_details": {"cached_tokens": 4},
    },
}
MESSAGE = {
    "type": "message",
    "model": "claude",
    "content": [],
    "usage": {"input_tokens": 6, "cache_read_input_tokens": 4, "output_tokens": 2},
}
USED = Usage(input_tokens=10, output_tokens=2, cached_tokens=4)


@dataclass
class Call:
    data: Any
    status: int | None = 200
    uri: str = ""
    recorded_at: str | None = None

    @property
    def body(self) -> bytes:
        return self.data if isinstance(self.data, bytes) else json.dumps(self.data).encode()


def total(*calls: Call) -> tuple[Usage | None, str | None]:
    return usage.total(usage.model_calls(calls))


@pytest.mark.parametrize(("body", "model"), [(CHAT, "gpt"), (RESPONSE, "gpt"), (MESSAGE, "claude")])
def test_each_api_says_what_it_used(body: dict[str, Any], model: str) -> None:
    assert total(Call(body)) == (USED, model)


CHUNKS = [
    {"object": "chat.completion.chunk", "model": "gpt", "choices": [{"index": 0, "delta": {}}]},
    {"model": "gpt", "choices": [], "usage": CHAT["usage"]},
    "[DONE]",
]
RESPONSE_EVENTS = [
    {"type": "response.created", "response": {**RESPONSE, "usage": None}},
    {"type": "response.completed", "response": RESPONSE},
]
MESSAGE_EVENTS = [
    {
        "type": "message_start",
        "message": {
            **MESSAGE,
            "usage": {"input_tokens": 6, "cache_read_input_tokens": 4, "output_tokens": 1},
        },
    },
    {"type": "ping"},
    {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 2}},
]


@pytest.mark.parametrize(
    ("events", "model"),
    [(CHUNKS[:1] + CHUNKS[1:], "gpt"), (RESPONSE_EVENTS, "gpt"), (MESSAGE_EVENTS, "claude")],
)
def test_each_stream_says_what_it_used(events: list[Any], model: str) -> None:
    body = b": comment\n\n" + b"".join(map(sse, events))
    assert total(Call(body)) == (USED, model)


def test_a_stream_without_usage_is_unknown_not_zero() -> None:
    body = b"".join(map(sse, [{"choices": [{"delta": {"content": "x"}}], "model": "gpt"}]))
    assert total(Call(body)) == (Usage(), "gpt")


def test_calls_are_added_up_and_the_last_model_named() -> None:
    used, model = total(Call(CHAT), Call(MESSAGE))
    assert used == Usage(input_tokens=20, output_tokens=4, cached_tokens=8)
    assert model == "claude"


def test_one_unknown_part_makes_the_sum_unknown() -> None:
    silent = {**CHAT, "usage": {"prompt_tokens": 10}}
    used, _ = total(Call(CHAT), Call(silent))
    assert used == Usage(input_tokens=20)


def test_embeddings_have_no_output() -> None:
    body = {"object": "list", "data": [], "model": "e", "usage": {"prompt_tokens": 7}}
    assert total(Call(body)) == (Usage(input_tokens=7, output_tokens=0), "e")


@pytest.mark.parametrize(
    "call",
    [
        Call({"error": {"message": "slow down"}}, 429),
        Call(CHAT, 500),
        Call(b"", None),
        Call(b""),
        Call(b"<html>data: x</html>"),
        Call(b"data: {broken\n\n"),
        Call(b"data: 1\n\n"),
        Call(b"\xff\xfe"),
        Call(b"[" * 100_000),
        Call([1, 2]),
        Call({"object": "list", "data": []}),
        Call({"results": ["a search"]}),
        Call(sse({"type": "response.created", "response": RESPONSE})),
    ],
)
def test_what_no_model_answered_is_passed_over(call: Call) -> None:
    assert total(call) == (None, None)
    assert total(Call(CHAT), call) == (USED, "gpt")


def test_no_calls_used_nothing_that_is_known() -> None:
    assert total() == (None, None)
