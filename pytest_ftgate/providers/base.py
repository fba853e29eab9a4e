"""What a provider is: something that turns chat messages into a completion."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ftgate.model import Completion, Variant

Message = dict[str, Any]
"""A chat message: ``{"role": "system" | "user" | "assistant" | ..., "content": ...}``."""


@runtime_checkable
class Provider(Protocol):
    """Sends chat messages to a model.

    A plugin's provider has these methods; it may subclass this class to inherit ``close``. It is
    used from several threads at once while calls are recorded. What it sends over HTTP is recorded
    and replayed whichever client it uses, and the request body is part of what a recording is
    found by: the same messages and variant must give the same body for ever.
    """

    def complete(self, messages: list[Message], variant: Variant, **params: Any) -> Completion:
        """Send the messages and wait for the answer.

        Args:
            messages: chat messages, oldest first.
            variant: gives model, base URL, tools, schema and parameters.
            params: parameters of the request; they win over those of the variant.
        """
        ...

    async def acomplete(
        self, messages: list[Message], variant: Variant, **params: Any
    ) -> Completion:
        """As :meth:`complete`, awaited."""
        ...

    def close(self) -> None:
        """Release what the provider holds; called once, at the session's end."""


class Stopwatch:
    """Seconds since its creation, by a monotonic clock.

    The clock is held as a default argument, where libraries that freeze time do not replace it.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._start = clock()

    def read(self) -> float:
        """The seconds so far."""
        return self._clock() - self._start
