"""Anthropic messages (``/v1/messages``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import ProviderError
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
    word,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Variant
    from pytest_ftgate.providers.base import Message

# Which field of a block each kind of delta adds to.
_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("partial_json", "input"),
}


class MessagesWire:
    """``POST /v1/messages``: ``{model, max_tokens, system?, messages, tools?, **params}``.

    Parameters have this API's own names (``stop_sequences``, ``top_k``). Only ``response_format``,
    which a constraining schema becomes, is rewritten: to ``output_config.format``.
    """

    named: tuple[str, ...] = ("model", "max_tokens", "messages")

    def endpoint(self, client: Any) -> Any:
        """The SDK resource."""
        return client.messages

    def request(self, messages: list[Message], variant: Variant, params: Json) -> Request:
        """The request; system messages are joined, in order, into ``system``."""
        body, options = merged_params(variant, params)
        if "max_tokens" not in body:
            raise ProviderError(
                f"variant {variant.name!r} sets no max_tokens, which the Anthropic API requires. "
                "Add it to the variant's params: params = { max_tokens = 500 }."
            )
        wanted = body.pop("response_format", None)
        if wanted is not None:
            wanted = _output_format(variant, wanted)
            body["output_config"] = {**wanted, **body.get("output_config", {})}
        system = _system(messages)
        start: Json = {"system": system} if system else {}
        if variant.tools:
            start["tools"] = list(variant.tools)
        turns = [message for message in messages if message.get("role") != "system"]
        return Request(
            {**start, **body, "model": request_model(variant, body), "messages": turns}, options
        )

    def collect(self, events: Sequence[Json]) -> Json:
        """The events added up to one message."""
        whole: Json = {}
        blocks: dict[int, Json] = {}
        for event in events:
            kind = event.get("type")
            if kind == "message_start":
                whole = dict(section(event, "message"))
                whole["usage"] = dict(section(whole, "usage"))
            elif kind == "content_block_start":
                blocks[event.get("index", 0)] = dict(section(event, "content_block"))
            elif kind == "content_block_delta":
                _add(blocks.setdefault(event.get("index", 0), {}), section(event, "delta"))
            elif kind == "message_delta":
                whole |= section(event, "delta")
                told = section(event, "usage").items()
                whole.setdefault("usage", {}).update({k: v for k, v in told if v is not None})
        if whole:
            whole["content"] = [_finished(blocks[index]) for index in sorted(blocks)]
        return whole

    def read(self, raw: Json) -> Answer:
        """The text blocks, joined."""
        content = raw.get("content")
        if not isinstance(content, list):
            raise not_understood("messages", raw, "content")
        texts = (
            block.get("text")
            for block in content
            if isinstance(block, dict) and block.get("type") == "text"
        )
        return Answer(
            text="".join(text for text in texts if isinstance(text, str)),
            usage=messages_usage(raw),
            finish_reason=word(raw, "stop_reason"),
            model=word(raw, "model"),
        )


def messages_usage(raw: Json) -> Usage:
    """The tokens of a message.

    This API counts the tokens that it read from and wrote to its cache apart from
    ``input_tokens``; here, as with the other APIs, the input is all of the prompt.
    """
    used = section(raw, "usage")
    uncached, cached = count(used, "input_tokens"), count(used, "cache_read_input_tokens")
    written = count(used, "cache_creation_input_tokens")
    return Usage(
        input_tokens=None if uncached is None else uncached + (cached or 0) + (written or 0),
        output_tokens=count(used, "output_tokens"),
        cached_tokens=cached,
    )


def _system(messages: list[Message]) -> str | list[Json]:
    """The system messages as one: text, or blocks where one of them is written in blocks."""
    parts = [message["content"] for message in messages if message.get("role") == "system"]
    if all(isinstance(part, str) for part in parts):
        return "\n\n".join(parts)
    blocks: list[Json] = []
    for part in parts:
        blocks += [{"type": "text", "text": part}] if isinstance(part, str) else part
    return blocks


def _output_format(variant: Variant, response_format: Any) -> Json:
    """The format of chat completions as this API writes it."""
    schema = section(section(response_format, "json_schema"), "schema")
    if not schema:
        raise ProviderError(
            f"variant {variant.name!r}: the Anthropic API constrains answers by a JSON Schema "
            f"only, and response_format is {response_format!r}. Give the variant a schema and "
            "constrain = true, or drop response_format."
        )
    return {"format": {"type": "json_schema", "schema": schema}}


def _add(block: Json, delta: Json) -> None:
    if delta.get("type") == "citations_delta":
        block["citations"] = [*(block.get("citations") or ()), delta.get("citation")]
        return
    source, target = _DELTAS.get(str(delta.get("type")), ("", ""))
    fragment = delta.get(source)
    if isinstance(fragment, str):
        known = block.get(target)  # a tool's input starts as {}, its fragments are text
        block[target] = (known if isinstance(known, str) else "") + fragment


def _finished(block: Json) -> Json:
    """A block with its tool input decoded; input that is cut short stays text."""
    arguments = block.get("input")
    if not isinstance(arguments, str):
        return block
    try:
        return {**block, "input": json.loads(arguments) if arguments else {}}
    except ValueError:
        return block
