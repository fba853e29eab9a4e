"""The ``llm`` fixture's object: a provider that already knows its variant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from pytest_ftgate.model import Completion, Variant
    from pytest_ftgate.providers.base import Provider


class BoundProvider(Struct, frozen=True):
    """Sends messages with the variant's model and parameters; keyword arguments override them."""

    provider: Provider
    variant: Variant

    def complete(self, messages: list[dict[str, Any]], **params: Any) -> Completion:
        """Send chat messages and wait for the answer."""
        return self.provider.complete(messages, self.variant, **params)

    async def acomplete(self, messages: list[dict[str, Any]], **params: Any) -> Completion:
        """Send chat messages and await the answer."""
        return await self.provider.acomplete(messages, self.variant, **params)
