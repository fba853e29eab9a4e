from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.providers.anthropic import AnthropicProvider
from pytest_ftgate.providers.openai import OpenAIProvider

from .server import ScriptedProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ftgate.model import Completion


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    empty = str(tmp_path_factory.mktemp("home"))
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA"):  # where an SDK looks for a login
        monkeypatch.setenv(name, empty)


@pytest.fixture
def server() -> Iterator[ScriptedProvider]:
    fake = ScriptedProvider()
    yield fake
    fake.close()


@pytest.fixture
def openai_provider(server: ScriptedProvider) -> Iterator[OpenAIProvider]:
    provider = OpenAIProvider(replaying=False)
    yield provider
    provider.close()


@pytest.fixture
def anthropic_provider(server: ScriptedProvider) -> Iterator[AnthropicProvider]:
    provider = AnthropicProvider(replaying=False)
    yield provider
    provider.close()


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Completion]:
    """Calls a provider's ``complete`` or, in an event loop of its own, its ``acomplete``."""

    def sync(provider: Any, *args: Any, **params: Any) -> Completion:
        return provider.complete(*args, **params)

    def async_(provider: Any, *args: Any, **params: Any) -> Completion:
        return asyncio.run(provider.acomplete(*args, **params))

    return sync if request.param == "sync" else async_
