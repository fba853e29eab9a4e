"""Tokens and models of recorded calls, whichever client made them.

An application under test calls providers with clients of its own; what its calls used is read from
the responses themselves. Responses that no model gave (a search, a tool) are passed over.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.model import Usage
from pytest_ftgate.providers.chat import ChatWire, chat_usage
from pytest_ftgate.providers.messages import MessagesWire, messages_usage
from pytest_ftgate.providers.responses import ResponsesWire, responses_usage
from pytest_ftgate.providers.wire import section, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ftgate.providers.wire import Json


class Call(Protocol):
    """A recorded call, as the recording tells of it."""

    @property
    def status(self) -> int | None:
        """The HTTP status; ``None`` for a call that failed without a response."""
        ...

    @property
    def body(self) -> bytes:
        """The response's body, decompressed."""
        ...

    @property
    def uri(self) -> str:
        """What was requested."""
        ...

    @property
    def recorded_at(self) -> str | None:
        """When, ISO 8601 in UTC."""
        ...


class ModelCall(Struct, frozen=True):
    """What one answer of a model used, where it was asked for and when."""

    usage: Usage
    model: str | None
    uri: str
    recorded_at: str | None


def total(answers: Sequence[ModelCall]) -> tuple[Usage | None, str | None]:
    """The tokens of all model calls together, and the model that gave the last answer.

    Args:
        answers: the calls, as :func:`model_calls` gives them.

    Returns:
        ``(usage, model)``; ``(None, None)`` when no model was called. A sum is ``None`` when one
        of the calls does not say its part: a sum of the others would be too small.
    """
    if not answers:
        return None, None
    return add([answer.usage for answer in answers]), answers[-1].model


def model_calls(calls: Iterable[Call]) -> list[ModelCall]:
    """The answers of models among the calls, in order; refused and failed calls cost nothing."""
    answers = []
    for call in calls:
        found = of_body(call.body) if call.status and call.status < 400 else None
        if found is not None:
            answers.append(ModelCall(*found, call.uri, call.recorded_at))
    return answers


def add(usages: Iterable[Usage]) -> Usage:
    """The sum; unknown where one of the parts is unknown."""
    parts = list(usages)
    return Usage(
        input_tokens=_sum([part.input_tokens for part in parts]),
        output_tokens=_sum([part.output_tokens for part in parts]),
        cached_tokens=_sum([part.cached_tokens for part in parts]),
    )


def of_body(body: bytes) -> tuple[Usage, str | None] | None:
    """The tokens and the model that a response's body names; ``None`` when no model gave it.

    Understood are OpenAI chat completions, responses and embeddings and Anthropic messages, whole
    or as a stream of server-sent events.
    """
    try:
        raw = _stream(body) if _is_stream(body) else json.loads(body)
    except (ValueError, RecursionError, ProviderError):
        return None
    if not isinstance(raw, dict):
        return None
    used = _usage(raw)
    return None if used is None else (used, word(raw, "model"))


def _usage(raw: Json) -> Usage | None:
    if raw.get("object") == "response":
        return responses_usage(raw)
    if raw.get("type") == "message":
        return messages_usage(raw)
    if isinstance(raw.get("choices"), list):
        return chat_usage(raw)
    if raw.get("object") == "list" and "prompt_tokens" in section(raw, "usage"):
        return Usage(input_tokens=chat_usage(raw).input_tokens, output_tokens=0)  # embeddings
    return None


def _is_stream(body: bytes) -> bool:
    return body.lstrip()[:1] not in (b"{", b"[") and b"data:" in body


def _stream(body: bytes) -> Json | None:
    """The response that a body of server-sent events amounts to."""
    events = [event for event in map(_event, body.splitlines()) if event is not None]
    if not events:
        return None
    kind = str(events[0].get("type"))
    if kind.startswith("response."):
        return ResponsesWire().collect(events)
    if kind == "message_start":
        return MessagesWire().collect(events)
    return ChatWire().collect(events)


def _event(line: bytes) -> Json | None:
    """The JSON object of a ``data:`` line; both APIs write an event's data on one line."""
    if not line.startswith(b"data:") or line[5:].strip() == b"[DONE]":
        return None
    value: Any = json.loads(line[5:])
    return value if isinstance(value, dict) else None


def _sum(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
