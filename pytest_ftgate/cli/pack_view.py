"""Recorded calls as a person reads them: who said what to whom, escaped and bounded.

Chats of the known APIs are shown as messages, streamed answers as the texts they brought, and
anything else as the JSON or text that it is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET
from rich.text import Text

from pytest_ftgate.recording import streams
from pytest_ftgate.recording.lines import Event, Interaction, StoredResponse
from pytest_ftgate.reports.console import TextConsole
from pytest_ftgate.reports.details import indented
from pytest_ftgate.reports.numbers import number, plural
from pytest_ftgate.reports.safe import block, line, name
from pytest_ftgate.reports.wording import case_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_ftgate.recording.bodies import Body

LIMIT = 4_000
"""Characters of a text that are shown, unless all are asked for."""

_TEXTS = ("content", "text", "delta", "arguments", "partial_json", "refusal", "thinking")
"""The last names of the paths at which the events of a stream bring texts worth reading."""

Part = tuple[str, str]
"""A label and a text."""


def render(
    calls: Sequence[Interaction],
    *,
    limit: int | None = LIMIT,
    width: int,
    color: bool,
    unicode: bool,
) -> str:
    """Calls one below the other.

    Args:
        calls: the interactions, in order.
        limit: the longest text shown, in characters; ``None`` for all of it.
        width: columns of the terminal; fewer than 40 are taken as 40.
        color: whether ANSI colours may be used.
        unicode: whether the terminal's encoding can show more than ASCII.
    """
    output = TextConsole(width, color)
    for call in calls:
        output.console.print(Text(case_label(call.case, call.trial), style="bold"), end="")
        output.console.print(Text(f" · {' · '.join(_facts(call))}"))
        for label, text in (*_request(call), *_answer(call)):
            shown = block(text, limit if limit is not None else 2 * len(text) + 1)
            output.console.print(indented(Text(label, style="dim")))
            output.console.print(indented(indented(Text(shown))))
        output.console.print()
    return output.text(unicode)


def _facts(call: Interaction) -> Iterator[str]:
    yield f"call {call.seq + 1}"
    yield f"{name(call.request.method)} {line(call.request.uri, 200)}"
    if isinstance(call.response, StoredResponse):
        status = call.response.status
        yield f"{status.code} {name(status.message)}".strip()
    if call.recorded_at is not None:
        yield f"recorded {line(call.recorded_at[:19])}Z"
    if call.elapsed_s is not None:
        yield number(call.elapsed_s, "seconds")


def _request(call: Interaction) -> Iterator[Part]:
    body = call.request.body
    if body is None:
        return
    value = _json(body)
    if not isinstance(value, dict):
        yield "request", _plain(body)
        return
    rest = dict(value)
    system = rest.pop("system", None) or rest.pop("instructions", None)
    if system:
        yield "system", _text(system)
    messages = rest.pop("messages", None) or rest.pop("input", None)
    if rest:
        yield "request", json.dumps(rest, ensure_ascii=False)
    if isinstance(messages, list):
        yield from (_message(message) for message in messages)
    elif messages:
        yield "input", _text(messages)


def _answer(call: Interaction) -> Iterator[Part]:
    if isinstance(call.event, Event):
        yield "failure", f"{call.event.kind}: {call.event.type}: {call.event.message}"
    if not isinstance(call.response, StoredResponse):
        return
    body = call.response.body
    value = _json(body)
    told = list(_said(value)) if isinstance(value, dict) else list(_streamed(body))
    yield from told
    if not told:
        yield "response", _plain(body)
    if isinstance(value, dict) and value.get("usage"):
        yield "usage", json.dumps(value["usage"], ensure_ascii=False)


def _said(answer: dict[str, Any]) -> Iterator[Part]:
    """What the answer of a known API says: chat completions, messages, responses."""
    for choice in _list(answer.get("choices")):
        if isinstance(choice, dict) and isinstance(choice.get("message"), dict):
            yield "answer", _message(choice["message"])[1]
    if answer.get("type") == "message":
        yield "answer", _message(answer)[1]
    for item in _list(answer.get("output")):
        yield "answer", _message(item)[1]


def _streamed(body: Body) -> Iterator[Part]:
    if body.string is UNSET:
        return
    for path, text in streams.joined(body.string):
        if path.rpartition(".")[2] in _TEXTS:
            yield f"streamed answer, {path.lstrip('.')}", text


def _message(message: Any) -> Part:
    if not isinstance(message, dict):
        return "message", _text(message)
    parts = [_text(message["content"])] if message.get("content") else []
    rest = {
        key: value for key, value in message.items() if key in ("tool_calls", "refusal") and value
    }
    if rest or not parts:
        parts.append(json.dumps(rest or message, ensure_ascii=False))
    return line(str(message.get("role", "message")), 40), "\n".join(parts)


def _text(content: Any) -> str:
    """The text of a message's content, whose blocks that are no text stay JSON."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(map(_text, content))
    text = content.get("text") if isinstance(content, dict) else None
    return text if isinstance(text, str) else json.dumps(content, ensure_ascii=False)


def _json(body: Body) -> Any:
    return msgspec.json.decode(bytes(body.json)) if body.json is not UNSET else None


def _plain(body: Body) -> str:
    if body.json is not UNSET:
        return msgspec.json.format(bytes(body.json), indent=2).decode()
    if body.string is not UNSET:
        return body.string
    if body.base64 is not UNSET:
        return f"{plural(len(body.to_bytes()), 'byte')} that are no text"
    return "(empty)"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
