"""What the wire formats share: reading a variant into a request, and a response into plain data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from pytest_ftgate.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Usage, Variant
    from pytest_ftgate.providers.base import Message

Json = dict[str, Any]

# Arguments of every SDK call that are no part of the body.
_SDK_OPTIONS = ("extra_headers", "extra_query", "timeout")


class Request(Struct, frozen=True):
    """The body of a request, and the SDK's options for sending it."""

    body: Json
    options: Json

    @property
    def streams(self) -> bool:
        """Whether the answer comes as server-sent events."""
        return self.body.get("stream") is True

    def arguments(self, named: Sequence[str]) -> Json:
        """The body as arguments of an SDK method.

        Only those that the method must have, or acts upon, go by name; the rest goes through
        ``extra_body``, so that the body does not depend on which parameters a version of the SDK
        knows: recordings are found by it.
        """
        by_name = {key: self.body[key] for key in (*named, "stream") if key in self.body}
        rest = {key: value for key, value in self.body.items() if key not in by_name}
        return {**by_name, **({"extra_body": rest} if rest else {}), **self.options}


class Answer(Struct, frozen=True):
    """What a response says, whichever API it came from."""

    text: str
    usage: Usage
    finish_reason: str | None
    model: str | None


class Wire(Protocol):
    """One API: how a request is written, how a response and a stream of events are read."""

    named: tuple[str, ...]

    def endpoint(self, client: Any) -> Any:
        """The SDK resource whose ``create`` sends the request."""
        ...

    def request(self, messages: list[Message], variant: Variant, params: Json) -> Request:
        """The request for these messages."""
        ...

    def collect(self, events: Sequence[Json]) -> Json:
        """The response that a stream of events amounts to."""
        ...

    def read(self, raw: Json) -> Answer:
        """What a response says; fields that it lacks are unknown."""
        ...


def merged_params(variant: Variant, params: Json) -> tuple[Json, Json]:
    """The variant's parameters with the call's over them: (parts of the body, SDK options).

    A schema that the provider is to enforce becomes the ``response_format`` of chat completions,
    unless the parameters hold one; other APIs rewrite it.
    """
    constraint: Json = {}
    if variant.constrain and variant.schema is not None:
        form = {"name": "answer", "schema": variant.schema, "strict": True}
        constraint = {"response_format": {"type": "json_schema", "json_schema": form}}
    merged = {**constraint, **variant.params, **params}
    body = {key: value for key, value in merged.items() if key not in _SDK_OPTIONS}
    body |= body.pop("extra_body", None) or {}
    options = {key: merged[key] for key in _SDK_OPTIONS if key in merged}
    return body, options


def request_model(variant: Variant, params: Json) -> str:
    """The model to ask for: the call's, else the variant's."""
    model = params.get("model") or variant.model
    if not model:
        raise ProviderError(
            f'variant {variant.name!r} names no model. Add model = "..." to it, or to [defaults].'
        )
    return str(model)


def plain_json(text: str) -> Json:
    """The body of a successful response, which must be a JSON object."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ProviderError(
            f"the server answered with something that is no JSON object: {text[:200]!r}. "
            "Check that base_url names the API, as its SDK expects it."
        )
    return value


def not_understood(api: str, raw: Json, lacks: str) -> ProviderError:
    """The error for a response that says nothing that can be read."""
    error = raw.get("error")
    if error:
        said = error.get("message") if isinstance(error, dict) else error
        return ProviderError(f"the server answered with an error instead of a completion: {said}")
    return ProviderError(
        f"the server's answer is no {api} response: it has no {lacks}, only {sorted(raw)}. "
        "Check that base_url names the API, as its SDK expects it."
    )


def parsed_text(text: str, variant: Variant) -> Any:
    """The text as JSON when the variant has a schema and the text is JSON, else ``None``."""
    if variant.schema is None:
        return None
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):  # not JSON, lone surrogates, nested too deep
        return None


def text_of(content: Any) -> str:
    """The text of a message's content: a string, a list of parts, or nothing."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(part for part in parts if isinstance(part, str))


def section(raw: Any, key: str) -> Json:
    """An object within a response; empty when it is absent or of another kind."""
    value = raw.get(key) if isinstance(raw, dict) else None
    return value if isinstance(value, dict) else {}


def count(raw: Json, key: str) -> int | None:
    """A number of tokens; ``None`` when the provider did not say."""
    value = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def word(raw: Json, key: str) -> str | None:
    """A string of a response; ``None`` when it is absent or of another kind."""
    value = raw.get(key)
    return value if isinstance(value, str) else None
