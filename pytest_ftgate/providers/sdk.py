"""The provider that both SDKs share: send a request through the SDK, read what comes back."""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from pytest_ftgate.model import Completion
from pytest_ftgate.providers.base import Stopwatch
from pytest_ftgate.providers.clients import ClientCache
from pytest_ftgate.providers.wire import parsed_text, plain_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ftgate.model import Variant
    from pytest_ftgate.providers.base import Message
    from pytest_ftgate.providers.wire import Json, Wire


class SdkProvider(ABC):
    """Sends through an official SDK: its retries, its errors, its time-outs.

    Exceptions of the SDK are raised as they are, so that tests can assert them. ``attempts`` of a
    completion counts the requests that the SDK sent for it, its retries included; ``latency_s`` is
    the wall time of them all. ``raw`` is the response's JSON as it came, tool calls included, and
    for a stream the response that its events amount to. ``finish_reason`` is the provider's word.

    Args:
        make: makes a client, as :func:`pytest_ftgate.providers.clients.openai_client` does.
        replaying: nothing will be sent, so no key is needed.
    """

    def __init__(self, make: Callable[..., Any], *, replaying: bool) -> None:
        self._clients = ClientCache(make, replaying=replaying)

    def complete(self, messages: list[Message], variant: Variant, **params: Any) -> Completion:
        """Send the messages and wait for the answer.

        Raises:
            ProviderError: the variant cannot be sent, or the answer is not understood.
            MissingExtra: the SDK is not installed.
        """
        wire = self._wire(variant)
        request = wire.request(messages, variant, params)
        endpoint = wire.endpoint(self._clients.sync(variant.base_url))
        watch = Stopwatch()
        response = endpoint.with_raw_response.create(**request.arguments(wire.named))
        if request.streams:
            with response.parse() as stream:
                raw = wire.collect([_plain_event(event) for event in stream])
        else:
            raw = plain_json(response.http_response.text)
        return _completion(wire, raw, variant, watch.read(), response.retries_taken)

    async def acomplete(
        self, messages: list[Message], variant: Variant, **params: Any
    ) -> Completion:
        """Send the messages and await the answer; raises as :meth:`complete` does."""
        wire = self._wire(variant)
        request = wire.request(messages, variant, params)
        endpoint = wire.endpoint(self._clients.async_(variant.base_url, _running_loop(self)))
        watch = Stopwatch()
        response = await endpoint.with_raw_response.create(**request.arguments(wire.named))
        if request.streams:
            parsed = response.parse()  # a coroutine in some versions of the SDKs
            async with await parsed if inspect.isawaitable(parsed) else parsed as stream:
                raw = wire.collect([_plain_event(event) async for event in stream])
        else:
            raw = plain_json(response.http_response.text)
        return _completion(wire, raw, variant, watch.read(), response.retries_taken)

    def prepare(self, variant: Variant) -> None:
        """Make the client that the variant's calls go through.

        Raises:
            ProviderError: calls would be live and there is no key.
            MissingExtra: the SDK is not installed.
        """
        self._clients.sync(variant.base_url)

    def close(self) -> None:
        """Close the clients."""
        self._clients.close()

    @abstractmethod
    def _wire(self, variant: Variant) -> Wire:
        """The wire format of the variant's API."""


def _completion(
    wire: Wire, raw: Json, variant: Variant, latency_s: float, retries_taken: int
) -> Completion:
    answer = wire.read(raw)
    return Completion(
        text=answer.text,
        parsed=parsed_text(answer.text, variant),
        usage=answer.usage,
        latency_s=latency_s,
        attempts=retries_taken + 1,
        finish_reason=answer.finish_reason,
        model=answer.model,
        raw=raw,
    )


def _plain_event(event: Any) -> Json:
    """An event as it came, with the fields that the SDK does not know."""
    plain: Json = event.to_dict(mode="json", warnings=False)
    return plain


def _running_loop(fallback: object) -> object:
    """The running event loop; the fallback under event loops that are not asyncio's."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return fallback
