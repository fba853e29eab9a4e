"""Errors that reach the test through the SDKs, at once and with their text.

The SDKs retry what a transport raises and bury it under "Connection error."; exceptions of their
own they pass on. So what must be seen is raised as a class that is both ours and, where an SDK is
loaded, the SDK's.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar, cast

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from collections.abc import Callable

_SDK_ERRORS = (("openai", "OpenAIError"), ("anthropic", "AnthropicError"))

_Error = TypeVar("_Error", bound=FtgateError)


def surfacing(error: _Error) -> _Error:
    """The error as one that the loaded SDKs pass on unretried and unwrapped."""
    bases = tuple(
        getattr(sys.modules[name], attribute)
        for name, attribute in _SDK_ERRORS
        if hasattr(sys.modules.get(name), attribute)
    )
    if not bases or isinstance(error, bases):
        return error
    cls = _blend(type(error), bases)
    twin = cls.__new__(cls, *error.args)
    twin.args = error.args
    twin.__dict__.update(error.__dict__)
    return cast("_Error", twin)


def _blend(ours: type[FtgateError], theirs: tuple[type[Exception], ...]) -> type[FtgateError]:
    def reduce(self: FtgateError) -> tuple[Callable[..., FtgateError], tuple[object, ...]]:
        return _revive, (ours, self.args, self.__dict__)

    # The name and home of our class, so that a traceback shows what the documentation speaks of.
    namespace = {"__module__": ours.__module__, "__doc__": ours.__doc__, "__reduce__": reduce}
    return cast("type[FtgateError]", type(ours.__name__, (ours, *theirs), namespace))


def _revive(
    cls: type[FtgateError], args: tuple[object, ...], state: dict[str, object]
) -> FtgateError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error
