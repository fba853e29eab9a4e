from __future__ import annotations

import time
from typing import Any

import pytest

from pytest_ftgate import providers
from pytest_ftgate.errors import ConfigError
from pytest_ftgate.model import Completion, Variant
from pytest_ftgate.providers.anthropic import AnthropicProvider
from pytest_ftgate.providers.base import Provider, Stopwatch
from pytest_ftgate.providers.openai import OpenAIProvider


class Echo(Provider):
    """What a plugin writes; it inherits ``close``."""

    def __init__(self, *, replaying: bool) -> None:
        self.replaying = replaying

    def complete(
        self, messages: list[dict[str, Any]], variant: Variant, **params: Any
    ) -> Completion:
        return Completion(text=str(messages[-1]["content"]))

    async def acomplete(
        self, messages: list[dict[str, Any]], variant: Variant, **params: Any
    ) -> Completion:
        return self.complete(messages, variant, **params)


@pytest.mark.parametrize("replaying", [False, True])
def test_built_in_providers_are_made_without_a_key(replaying: bool) -> None:
    assert isinstance(providers.get("openai", replaying=replaying), OpenAIProvider)
    assert isinstance(providers.get("anthropic", replaying=replaying), AnthropicProvider)


def test_a_plugin_brings_a_provider() -> None:
    echo = providers.get("echo", replaying=True, extra={"echo": Echo})
    assert isinstance(echo, Echo)
    assert echo.replaying
    assert echo.complete([{"role": "user", "content": "hi"}], Variant(name="v")).text == "hi"
    echo.close()


def test_an_unknown_provider_is_named_with_its_neighbour() -> None:
    with pytest.raises(ConfigError, match="unknown provider 'opnai'; did you mean 'openai'"):
        providers.get("opnai", replaying=True)
    with pytest.raises(ConfigError, match="allowed: anthropic, echo, openai"):
        providers.get("zzz", replaying=True, extra={"echo": Echo})


def test_a_plugin_cannot_take_a_built_in_name() -> None:
    with pytest.raises(ConfigError, match="under a built-in name: openai"):
        providers.get("echo", replaying=True, extra={"echo": Echo, "openai": Echo})


def test_what_a_plugin_makes_must_be_a_provider() -> None:
    class Half:
        def __init__(self, replaying: bool) -> None:
            pass

        def complete(self) -> None:
            pass

    with pytest.raises(ConfigError, match="'half' is a Half, which has no acomplete, close"):
        providers.get("half", replaying=True, extra={"half": Half})


def test_a_variant_without_a_provider_is_told_how_to_get_one() -> None:
    assert str(providers.no_provider("v1")) == (
        "variant 'v1' names no provider, so its prompt cannot be sent. "
        'Add provider = "openai" or "anthropic" to the variant or to [defaults].'
    )


def test_a_stopwatch_runs_while_time_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    watch = Stopwatch()
    assert 0 < watch.read() < 60
