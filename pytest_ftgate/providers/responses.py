"""OpenAI responses (``/v1/responses``)."""

from __future__ import annotations

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

_TEXT_PARTS = {"output_text": "text", "refusal": "refusal"}


class ResponsesWire:
    """``POST /responses``: ``{model, input, tools?, **params}``.

    Parameters have this API's own names (``max_output_tokens``). Only ``response_format``, which
    a constraining schema becomes, is rewritten: to ``text.format``.
    """

    named: tuple[str, ...] = ("model", "input")

    def endpoint(self, client: Any) -> Any:
        """The SDK resource."""
        return client.responses

    def request(self, messages: list[Message], variant: Variant, params: Json) -> Request:
        """The request; system messages stay where they are."""
        body, options = merged_params(variant, params)
        wanted = body.pop("response_format", None)
        if wanted is not None:
            body["text"] = {"format": _text_format(wanted), **body.get("text", {})}
        tools = {"tools": list(variant.tools)} if variant.tools else {}
        return Request(
            {**tools, **body, "model": request_model(variant, body), "input": messages}, options
        )

    def collect(self, events: Sequence[Json]) -> Json:
        """The response that the last event carries."""
        for event in reversed(events):
            if isinstance(event.get("response"), dict) and event.get("type") in _LAST:
                whole: Json = event["response"]
                return whole
        raise ProviderError(
            f"the stream of a response broke off after {len(events)} events: "
            "none of them says that the response is complete."
        )

    def read(self, raw: Json) -> Answer:
        """The text of all messages of the output, refusals included, in order.

        ``finish_reason`` is why a response is incomplete, else its status.
        """
        output = raw.get("output")
        if not isinstance(output, list) or raw.get("status") == "failed":
            raise not_understood("responses", raw, "output")
        parts = (
            part
            for item in output
            if isinstance(item, dict) and item.get("type") == "message"
            for part in item.get("content") or ()
            if isinstance(part, dict)
        )
        texts = (part.get(_TEXT_PARTS.get(str(part.get("type")), "")) for part in parts)
        incomplete = word(section(raw, "incomplete_details"), "reason")
        return Answer(
            text="".join(text for text in texts if isinstance(text, str)),
            usage=responses_usage(raw),
            finish_reason=incomplete or word(raw, "status"),
            model=word(raw, "model"),
        )


_LAST = ("response.completed", "response.incomplete", "response.failed")


def responses_usage(raw: Json) -> Usage:
    """The tokens of a response."""
    used = section(raw, "usage")
    return Usage(
        input_tokens=count(used, "input_tokens"),
        output_tokens=count(used, "output_tokens"),
        cached_tokens=count(section(used, "input_tokens_details"), "cached_tokens"),
    )


def _text_format(response_format: Any) -> Any:
    """The format of chat completions as this API writes it: one level flatter."""
    nested = section(response_format, "json_schema")
    return {"type": "json_schema", **nested} if nested else response_format
