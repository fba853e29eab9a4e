"""How bodies are kept in a pack: JSON as JSON, text as text, anything else as base64.

Compressed bodies are kept decompressed, so that a person can read them and so that what is inside
can be searched for secrets.
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pytest_ftgate.recording.keys import NOT_JSON
from pytest_ftgate.strict_json import is_too_deep

VOLATILE = frozenset({"timings", "__verbose"})
"""Top-level keys of provider answers that hold the server's own stopwatch and nothing else."""


class Body(Struct, omit_defaults=True):
    """A stored body: exactly one of the three is set, or none for an empty body."""

    json: Raw | UnsetType = UNSET
    string: str | UnsetType = UNSET
    base64: str | UnsetType = UNSET

    def to_bytes(self) -> bytes:
        """The bytes that a client receives.

        Raises:
            ValueError: the stored base64 is damaged.
        """
        if self.json is not UNSET:
            return bytes(self.json)
        if self.string is not UNSET:
            return self.string.encode("utf-8", "surrogatepass")
        if self.base64 is not UNSET:
            return base64.b64decode(self.base64, validate=True)
        return b""


def store(data: bytes) -> Body:
    """The body as it is stored. JSON keeps its numbers and the order of its keys as they were."""
    if not data:
        return Body()
    if data.lstrip()[:1] in (b"{", b"["):
        try:
            if not is_too_deep(msgspec.json.decode(data)):
                return Body(json=Raw(msgspec.json.format(data, indent=-1)))
        except NOT_JSON:
            pass
    try:
        return Body(string=data.decode("utf-8"))
    except UnicodeDecodeError:
        return Body(base64=base64.b64encode(data).decode("ascii"))


def drop_volatile(data: bytes) -> bytes:
    """An answer, or a stream of events, without the keys of :data:`VOLATILE`."""
    if not any(name.encode() in data for name in VOLATILE):
        return data
    if data.lstrip()[:1] == b"{":
        return _drop_keys(data)
    if b"data:" not in data:
        return data
    return b"\n".join(_drop_in_event(line) for line in data.split(b"\n"))


def _drop_in_event(line: bytes) -> bytes:
    if not line.startswith(b"data:"):
        return line
    payload = line[5:].strip()
    if payload[:1] != b"{" or not any(name.encode() in payload for name in VOLATILE):
        return line
    return b"data: " + _drop_keys(payload)


def _drop_keys(data: bytes) -> bytes:
    try:
        fields: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Raw])
    except NOT_JSON:
        return data
    kept = {name: value for name, value in fields.items() if name not in VOLATILE}
    return data if len(kept) == len(fields) else msgspec.json.encode(kept)
