"""Anthropic and servers that speak its messages API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.providers import clients
from pytest_ftgate.providers.messages import MessagesWire
from pytest_ftgate.providers.sdk import SdkProvider

if TYPE_CHECKING:
    from pytest_ftgate.model import Variant
    from pytest_ftgate.providers.wire import Wire


class AnthropicProvider(SdkProvider):
    """Messages; a variant's ``api`` is not looked at, its ``base_url`` is without ``/v1``.

    Args:
        replaying: nothing will be sent, so no key is needed.
    """

    def __init__(self, *, replaying: bool) -> None:
        super().__init__(clients.anthropic_client, replaying=replaying)
        self._messages = MessagesWire()

    def _wire(self, variant: Variant) -> Wire:
        return self._messages
