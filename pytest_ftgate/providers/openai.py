"""OpenAI and every OpenAI-compatible server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import ConfigError, did_you_mean
from pytest_ftgate.providers import clients
from pytest_ftgate.providers.chat import ChatWire
from pytest_ftgate.providers.responses import ResponsesWire
from pytest_ftgate.providers.sdk import SdkProvider

if TYPE_CHECKING:
    from pytest_ftgate.model import Variant
    from pytest_ftgate.providers.wire import Wire

_WIRES: dict[str, Wire] = {"chat": ChatWire(), "responses": ResponsesWire()}


class OpenAIProvider(SdkProvider):
    """Chat completions (``api = "chat"``) and responses (``api = "responses"``).

    Args:
        replaying: nothing will be sent, so no key is needed.
    """

    def __init__(self, *, replaying: bool) -> None:
        super().__init__(clients.openai_client, replaying=replaying)

    def _wire(self, variant: Variant) -> Wire:
        try:
            return _WIRES[variant.api]
        except KeyError:
            raise ConfigError(
                f"variant {variant.name!r}: unknown api {variant.api!r}; "
                f"{did_you_mean(variant.api, _WIRES)}"
            ) from None
