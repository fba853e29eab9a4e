"""OpenAI chat completions, as spoken by OpenAI and by every compatible server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ftgate.model import Usage
from pytest_ftgate.providers.wire import (
    Answer,
    Json,
    Request,
    count,
    merged_params,
    not_understood,
    request_model,
    section,
    text_of,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Variant
    from pytest_ftgate.providers.base import Message

# What a delta says once, or says again whole; other strings of a delta are fragments to be joined.
_WHOLE = ("role", "id", "type", "name", "index")


class ChatWire:
    """``POST /chat/completions``: ``{model, messages, tools?, **params}``."""

    named: tuple[str, ...] = ("model", "messages")

    def endpoint(self, client: Any) -> Any:
        """The SDK resource."""
        return client.chat.completions

    def request(self, messages: list[Message], variant: Variant, params: Json) -> Request:
        """The request; ``stream``, ``response_format`` and ``tools`` only where configured."""
        body, options = merged_params(variant, params)
        tools = {"tools": list(variant.tools)} if variant.tools else {}
        return Request(
            {**tools, **body, "model": request_model(variant, body), "messages": messages}, options
        )

    def collect(self, events: Sequence[Json]) -> Json:
        """The chunks joined into one ``chat.completion``."""
        whole: Json = {}
        choices: dict[int, Json] = {}
        for event in events:
            whole |= {key: value for key, value in event.items() if key != "choices"}
            for part in event.get("choices") or ():
                choice = choices.setdefault(part.get("index", 0), {"message": {}})
                _join(choice["message"], part.get("delta") or {})
                choice |= {
                    key: value
                    for key, value in part.items()
                    if key != "delta" and (value is not None or key not in choice)
                }
        if choices:
            whole["choices"] = [choices[index] for index in sorted(choices)]
        return {**whole, "object": "chat.completion"}

    def read(self, raw: Json) -> Answer:
        """The first choice; the text of a refusal where there is no other."""
        choices = raw.get("choices")
        if not isinstance(choices, list) or not choices:
            raise not_understood("chat completions", raw, "choices")
        message = section(choices[0], "message")
        return Answer(
            text=text_of(message.get("content")) or text_of(message.get("refusal")),
            usage=chat_usage(raw),
            finish_reason=word(choices[0], "finish_reason"),
            model=word(raw, "model"),
        )


def chat_usage(raw: Json) -> Usage:
    """The tokens of a chat completion."""
    used = section(raw, "usage")
    return Usage(
        input_tokens=count(used, "prompt_tokens"),
        output_tokens=count(used, "completion_tokens"),
        cached_tokens=count(section(used, "prompt_tokens_details"), "cached_tokens"),
    )


def _join(whole: Json, delta: Json) -> None:
    """Add a delta to what came before it."""
    for key, value in delta.items():
        known = whole.get(key)
        if value is None:
            whole.setdefault(key, None)
        elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
            whole[key] = _join_items(known or [], value)
        elif isinstance(known, dict) and isinstance(value, dict):
            _join(known, value)
        elif isinstance(known, str) and isinstance(value, str) and key not in _WHOLE:
            whole[key] = known + value
        elif value != "" or known is None:
            whole[key] = value


def _join_items(known: list[Json], items: list[Json]) -> list[Json]:
    """Join list items (tool calls) that carry the same ``index``; append the others."""
    joined = list(known)
    for item in items:
        index = item.get("index")
        same = [old for old in joined if index is not None and old.get("index") == index]
        if not same:
            same = [{}]
            joined += same
        _join(same[0], item)
    return joined
