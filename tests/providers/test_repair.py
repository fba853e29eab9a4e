from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.model import Variant
from pytest_ftgate.providers.repair import (
    RepairResult,
    acomplete_with_repair,
    complete_with_repair,
)

from .server import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES = [{"role": "user", "content": "Give JSON."}]


def answers(*texts: str) -> list[Reply]:
    return [Reply({"choices": [{"message": {"content": text}}]}) for text in texts]


def validate(text: str) -> str | None:
    try:
        json.loads(text)
    except ValueError:
        return f"not JSON: {text!r}"
    return None


@pytest.fixture
def variant(server: Any) -> Variant:
    return Variant(name="v1", base_url=f"{server.url}/v1", model="m", retries=2)


@pytest.fixture(params=["sync", "async"])
def repair(request: pytest.FixtureRequest) -> Callable[..., RepairResult]:
    def async_(*args: Any, **params: Any) -> RepairResult:
        return asyncio.run(acomplete_with_repair(*args, **params))

    return complete_with_repair if request.param == "sync" else async_


def test_a_good_first_answer_is_kept(
    server: Any, openai_provider: Any, variant: Variant, repair: Any
) -> None:
    server.will(*answers("{}"))
    result = repair(openai_provider, MESSAGES, variant, validate)
    assert result.first is result.last
    assert result.retries == 0
    assert len(server.received) == 1


def test_a_bad_answer_is_asked_again_with_what_is_wrong(
    server: Any, openai_provider: Any, variant: Variant, repair: Any
) -> None:
    server.will(*answers("nope", "still no", "{}"))
    result = repair(openai_provider, MESSAGES, variant, validate, temperature=0)
    assert result.first.text == "nope"
    assert result.last.text == "{}"
    assert result.retries == 2
    assert [seen.body["temperature"] for seen in server.received] == [0, 0, 0]
    assert server.received[1].body["messages"] == [
        *MESSAGES,
        {"role": "assistant", "content": "nope"},
        {
            "role": "user",
            "content": (
                "Your previous answer does not have the required format: not JSON: 'nope'\n"
                "Answer again with the corrected answer only."
            ),
        },
    ]
    assert server.received[2].body["messages"][:3] == server.received[1].body["messages"]
    assert len(server.received[2].body["messages"]) == 5


def test_the_last_answer_is_given_when_none_is_good(
    server: Any, openai_provider: Any, variant: Variant, repair: Any
) -> None:
    server.will(*answers("a", "b", "c", "never asked for"))
    result = repair(openai_provider, MESSAGES, variant, validate)
    assert (result.first.text, result.last.text, result.retries) == ("a", "c", 2)
    assert len(server.received) == 3


def test_without_retries_nothing_is_asked_again(
    server: Any, openai_provider: Any, variant: Variant, repair: Any
) -> None:
    server.will(*answers("a", "{}"))
    once = Variant(name="v1", base_url=variant.base_url, model="m")
    assert repair(openai_provider, MESSAGES, once, validate).retries == 0
    assert len(server.received) == 1


def test_an_empty_answer_is_left_out_of_the_conversation(
    server: Any, openai_provider: Any, variant: Variant, repair: Any
) -> None:
    server.will(*answers(" \n", "{}"))
    repair(openai_provider, MESSAGES, variant, validate)
    assert [m["role"] for m in server.received[1].body["messages"]] == ["user", "user"]


def test_the_given_messages_are_left_alone(
    server: Any, openai_provider: Any, variant: Variant, repair: Any
) -> None:
    server.will(*answers("a", "{}"))
    given = [dict(message) for message in MESSAGES]
    repair(openai_provider, given, variant, validate)
    assert given == MESSAGES
