"""One SSL context for all clients while replaying, and none before a connection needs it.

Loading the certificates of the system takes tens of milliseconds, and the SDKs do it for every
client. In replay nothing is sent but to hosts that pass through, so clients built with the defaults
share one context. It is made when one of its attributes is first asked for, unless the environment
names other certificates: those may be others by then.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from wrapt import LazyObjectProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ftgate.recording.switch import Switch

# Where the transports look the function up; importing httpcore for its sake would cost more.
_TRANSPORTS = ("httpx2._transports.default", "httpx._transports.default")
_MAKER = "create_ssl_context"
_ENVIRONMENT = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def share_contexts(switch: Switch) -> None:
    """Let the switch make httpx2 and httpx share the context that their defaults lead to."""
    for module in _TRANSPORTS:
        home = sys.modules.get(module)
        original = getattr(home, _MAKER, None)
        if original is not None:
            switch.add(home, _MAKER, _shared(original))


def _shared(original: Callable[..., Any]) -> Callable[..., Any]:
    contexts: dict[tuple[object, ...], Any] = {}

    def shared(*args: Any, **kwargs: Any) -> Any:
        # A client certificate would be loaded into the context, and then be everybody's.
        if args or not set(kwargs) <= {"verify", "cert", "trust_env"}:
            return original(*args, **kwargs)
        if kwargs.get("verify", True) is not True or kwargs.get("cert") is not None:
            return original(*args, **kwargs)
        named = tuple(map(os.environ.get, _ENVIRONMENT))
        key = (*sorted(kwargs.items()), *named)
        if key not in contexts:
            make = partial(original, **kwargs)
            contexts[key] = make() if any(named) else LazyObjectProxy(make)
        return contexts[key]

    return shared
