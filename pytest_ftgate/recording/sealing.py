"""The last station before the disk: redact, scrub, look again, encode."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_ftgate.errors import ConfigError, shown_path
from pytest_ftgate.recording import keys
from pytest_ftgate.recording.lines import Interaction, encode
from pytest_ftgate.recording.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_ftgate.recording.lines import StoredRequest

_CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"}
)


class Sealer:
    """Turns interactions into lines that may be written.

    Args:
        redact: given each interaction as a dict; gives what to write, ``None`` for nothing.
    """

    def __init__(self, redact: Callable[[dict[str, Any]], dict[str, Any] | None] | None) -> None:
        self._redact = redact
        self._secrets: dict[str, str] = {}
        self._scrubber = Scrubber({})
        self._used: dict[str, str] = {}
        self._for_text = (self._secrets, self._scrubber)

    def seal(self, line: Interaction, headers: Mapping[str, Any], pack: Path) -> bytes | None:
        """The line to write, its key set, or ``None`` when the hook wants none.

        Args:
            line: the interaction as it happened.
            headers: the request's headers, all of them: what they authenticate with is a secret
                wherever else it turns up.
            pack: the pack that it goes to, for the error message.

        Raises:
            SecretFound: it still holds what looks like a secret.
            ConfigError: the hook gave something else than an interaction.
        """
        scrubber = self._current(headers)
        # The key covers the request before redaction: that is what replay gets to see.
        key = key_of(scrubber.request(line.request))
        redacted = self._redacted(line)
        if redacted is None:
            return None
        clean = scrubber.scrub(redacted)
        clean.k, clean.case, clean.trial, clean.seq = key, line.case, line.trial, line.seq
        scrubber.refuse_secrets(clean, shown_path(pack))
        return encode(clean)

    def text(self, text: str) -> str:
        """The text without the secrets of the environment and of the requests sealed so far."""
        secrets = {**self._used, **os.environ}
        known, scrubber = self._for_text
        if secrets != known:
            scrubber = Scrubber(secrets)
            self._for_text = (secrets, scrubber)
        return scrubber.text(text)

    def _redacted(self, line: Interaction) -> Interaction | None:
        if self._redact is None:
            return line
        given = self._redact(msgspec.json.decode(encode(line)))
        if given is None:
            return None
        try:
            return msgspec.json.decode(msgspec.json.encode(given), type=Interaction)
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise ConfigError(
                f"pytest_ftgate_redact_interaction gave no interaction for case {line.case}: "
                f"{error}. Return the dict that it was given, changed, or None."
            ) from None

    def _current(self, headers: Mapping[str, Any]) -> Scrubber:
        secrets = {
            f"token {number} of the request's headers": value
            for number, value in enumerate(_credentials(headers), start=1)
        }
        for value in secrets.values():
            self._used[f"token of a request: {value}"] = value
        secrets.update(os.environ)
        if secrets != self._secrets:  # tests change the environment as they go
            self._secrets, self._scrubber = secrets, Scrubber(secrets)
        return self._scrubber


def key_of(request: StoredRequest) -> str:
    """The key of a stored request."""
    body = request.body.to_bytes() if request.body is not None else b""
    return keys.request_key(request.method, request.uri, body)


def _credentials(headers: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in headers.items():
        if name.lower() in _CREDENTIALS:
            text = keys.header({name: value}, name.lower())
            if name.lower() == "cookie":
                found += [part.partition("=")[2] for part in text.split(";")]
            else:
                found.append(text.rpartition(" ")[2])
    return found
