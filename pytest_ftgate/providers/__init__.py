"""Model providers: the only room that imports an SDK, and only when one is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import ConfigError, did_you_mean
from pytest_ftgate.providers.base import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Provider", "get", "no_provider", "require_known"]


def get(
    name: str, *, replaying: bool, extra: Mapping[str, Callable[..., Provider]] | None = None
) -> Provider:
    """The provider of that name.

    Args:
        name: ``openai``, ``anthropic``, or a key of ``extra``.
        replaying: nothing will be sent; built-in providers then need no key.
        extra: factories from the ``pytest_ftgate_providers`` hook, each called with the keyword
            argument ``replaying``.

    Raises:
        ConfigError: the name is unknown, a plugin claims a built-in name, or what a plugin's
            factory made is no provider.
    """
    factories = {**_BUILT_IN, **(extra or {})}
    if extra and not extra.keys().isdisjoint(_BUILT_IN):
        taken = ", ".join(sorted(extra.keys() & _BUILT_IN.keys()))
        raise ConfigError(
            f"a plugin registers a provider under a built-in name: {taken}. "
            "Register it under another name and set provider to that."
        )
    require_known(name, factories)
    provider: Any = factories[name](replaying=replaying)
    lacking = [method for method in _METHODS if not callable(getattr(provider, method, None))]
    if lacking:
        raise ConfigError(
            f"the plugin's provider {name!r} is a {type(provider).__name__}, which has no "
            f"{', '.join(lacking)}. Give it the methods of pytest_ftgate.providers.Provider."
        )
    return provider  # type: ignore[no-any-return]


def require_known(name: str, extra: Iterable[str] = ()) -> None:
    """See to it that there is a provider of that name, built in or among ``extra``.

    Raises:
        ConfigError: there is none.
    """
    known = {*_BUILT_IN, *extra}
    if name not in known:
        raise ConfigError(f"unknown provider {name!r}; {did_you_mean(name, sorted(known))}")


def no_provider(variant: str) -> ConfigError:
    """The error for a variant whose prompt is to be sent, but to no one."""
    return ConfigError(
        f"variant {variant!r} names no provider, so its prompt cannot be sent. "
        'Add provider = "openai" or "anthropic" to the variant or to [defaults].'
    )


def _openai(*, replaying: bool) -> Provider:
    from pytest_ftgate.providers.openai import OpenAIProvider

    return OpenAIProvider(replaying=replaying)


def _anthropic(*, replaying: bool) -> Provider:
    from pytest_ftgate.providers.anthropic import AnthropicProvider

    return AnthropicProvider(replaying=replaying)


_BUILT_IN: dict[str, Callable[..., Provider]] = {"openai": _openai, "anthropic": _anthropic}
_METHODS = ("complete", "acomplete", "close")
