"""Finding the recording of a request that held a secret.

What is stored, and what its key covers, is the scrubbed request. In replay the secret is another
one or none at all, so its key differs: from the one that was recorded, and in general from the
scrubbed one too, since the values of environment variables are known only where the recording was
made. So the shapes of well-known keys are scrubbed first, and if that finds nothing, a stored
placeholder stands for any text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ftgate.recording import interactions, keys
from pytest_ftgate.recording.lines import Question
from pytest_ftgate.recording.scrub import PLACEHOLDER, Scrubber
from pytest_ftgate.recording.sealing import key_of

if TYPE_CHECKING:
    from pytest_ftgate.recording.lines import StoredRequest
    from pytest_ftgate.recording.scopes import Scope

_MARK = PLACEHOLDER.encode()
_BINARY = b'"base64":'


def other_key(scope: Scope, request: Any, body: bytes) -> str | None:
    """The key of a recording that was not played yet and asks the same but for its secrets."""
    waiting = [entry for entry in scope.unplayed() if _MARK in entry.line or _BINARY in entry.line]
    if not waiting:
        return None
    asked = Scrubber({}).request(interactions.stored_request(request, body))
    key = key_of(asked)
    if any(entry.head.key == key for entry in waiting):
        return key
    spelled = _spelling(asked)
    for entry in waiting:
        stored: Question = entry.parse(Question)
        if _fits(_spelling(stored.request), spelled):
            return entry.head.key
    return None


def _spelling(request: StoredRequest) -> bytes:
    body = request.body.to_bytes() if request.body is not None else b""
    return f"{request.method} {request.uri}\n".encode() + keys.normal_body(body)


def _fits(stored: bytes, asked: bytes) -> bool:
    """Whether ``asked`` is ``stored`` with something in place of each placeholder."""
    first, *middle = stored.split(_MARK)
    if not middle or not asked.startswith(first):
        return False
    *middle, last = middle
    at = len(first)
    for part in middle:
        found = asked.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return asked.endswith(last) and len(asked) - len(last) >= at
