"""Keeping secrets out of packs: replace what looks like one, then look again before writing.

The same replacement is made in the URI, the headers and the bodies of both directions. A secret
that a stream cut in pieces is found by joining, per place in the events, what they bring.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

import msgspec
from msgspec import UNSET, Raw

from pytest_ftgate.errors import SecretFound
from pytest_ftgate.recording import keys, streams
from pytest_ftgate.recording.bodies import Body
from pytest_ftgate.recording.lines import Event, Interaction, StoredRequest, StoredResponse
from pytest_ftgate.recording.secret_patterns import Finder, is_secret_field, is_secret_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLACEHOLDER = "ftgate-scrubbed"
"""What stands where a secret stood; it means the same in a URL, in JSON and in text."""

_FORM = "application/x-www-form-urlencoded"


class Scrubber:
    """Replaces secrets by :data:`PLACEHOLDER`, and tells where one remains.

    Args:
        environ: the environment whose secret-looking variables must not be written.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._finder = Finder(environ)

    def scrub(self, line: Interaction) -> Interaction:
        """The interaction without secrets; the one given is not changed."""
        response = line.response
        if isinstance(response, StoredResponse):
            response = msgspec.structs.replace(
                response,
                headers=self._headers(response.headers),
                body=self._body(response.body, response.headers),
            )
        event = line.event
        if isinstance(event, Event):
            event = msgspec.structs.replace(event, message=self.text(event.message))
        return msgspec.structs.replace(
            line, request=self.request(line.request), response=response, event=event
        )

    def request(self, request: StoredRequest) -> StoredRequest:
        """The request without secrets."""
        return StoredRequest(
            method=request.method,
            uri=self._uri(request.uri),
            headers=self._headers(request.headers),
            body=self._body(request.body, request.headers) if request.body is not None else None,
        )

    def text(self, text: str) -> str:
        """The text without secrets."""
        spans = self._finder.spans(text)
        if not spans:
            return text
        kept, at = [], 0
        for start, end in spans:
            kept += [text[at:start], PLACEHOLDER]
            at = end
        return "".join([*kept, text[at:]])

    def remains(self, line: Interaction) -> Iterator[tuple[str, str]]:
        """What still looks like a secret: the place within the interaction, and what it is."""
        yield from self._in_text(line.case, "case")
        yield from self._in_text(unquote_plus(line.request.uri), "request.uri")
        yield from self._in_headers(line.request.headers, "request.headers")
        if line.request.body is not None:
            yield from self._in_body(line.request.body, "request.body")
        if isinstance(line.response, StoredResponse):
            yield from self._in_text(line.response.status.message, "response.status")
            yield from self._in_headers(line.response.headers, "response.headers")
            yield from self._in_body(line.response.body, "response.body")
        if isinstance(line.event, Event):
            yield from self._in_text(line.event.message, "event.message")

    def refuse_secrets(self, line: Interaction, where: str) -> None:
        """Make sure that nothing in an interaction looks like a secret.

        Raises:
            SecretFound: something does.
        """
        for place, what in self.remains(line):
            raise SecretFound(
                f"{where}: case {line.case}, trial {line.trial + 1}: {place} holds what looks like "
                f"a secret ({what}). Nothing was written. Take it out of the request, or remove it "
                "in the hook pytest_ftgate_redact_interaction."
            )

    # --- replacing -----------------------------------------------------------------------------

    def _uri(self, uri: str) -> str:
        parts = urlsplit(uri)
        query = self._parameters(parts.query)
        return self.text(urlunsplit((*parts[:3], query, parts.fragment)))

    def _parameters(self, encoded: str) -> str:
        pairs = parse_qsl(encoded, keep_blank_values=True)
        clean = [
            (name, PLACEHOLDER if value and is_secret_parameter(name, value) else self.text(value))
            for name, value in pairs
        ]
        return encoded if clean == pairs else urlencode(clean)

    def _headers(self, headers: Mapping[str, list[str]]) -> dict[str, list[str]]:
        return {name: [self.text(value) for value in values] for name, values in headers.items()}

    def _body(self, body: Body, headers: Mapping[str, list[str]]) -> Body:
        if body.json is not UNSET:
            return self._json_body(body, bytes(body.json))
        if body.string is not UNSET:
            if keys.header(headers, "content-type").startswith(_FORM):
                return Body(string=self.text(self._parameters(body.string)))
            joined = streams.rewrite(body.string, self._pieces, self._json)
            return Body(string=self.text(joined))
        if body.base64 is not UNSET:
            return self._binary_body(body)
        return body

    def _json_body(self, body: Body, data: bytes) -> Body:
        value = msgspec.json.decode(data)
        clean = self._json(value)
        return body if clean is value else Body(json=Raw(msgspec.json.encode(clean)))

    def _json(self, value: Any) -> Any:
        """The value without secrets; the very same object when there are none."""
        if isinstance(value, str):
            clean = self.text(value)
            return value if clean == value else clean
        if isinstance(value, list):
            items = [self._json(item) for item in value]
            return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
        if isinstance(value, dict):
            members = {self._json(name): self._member(name, value[name]) for name in value}
            same = all(members.get(name, self) is value[name] for name in value)
            return value if same else members
        return value

    def _member(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and value and is_secret_field(name):
            return value if value == PLACEHOLDER else PLACEHOLDER
        return self._json(value)

    def _pieces(self, pieces: list[str]) -> list[str]:
        """Pieces of one text without the secrets that the whole text holds."""
        spans = self._finder.spans("".join(pieces))
        if not spans:
            return pieces
        clean, at = [], 0
        for piece in pieces:
            kept, position, end_of_piece = [], at, at + len(piece)
            for start, end in spans:
                if end <= at or start >= end_of_piece:
                    continue
                kept.append(piece[position - at : max(start, at) - at])
                if start >= at:
                    kept.append(PLACEHOLDER)
                position = min(end, end_of_piece)
            clean.append("".join([*kept, piece[position - at :]]))
            at = end_of_piece
        return clean

    def _binary_body(self, body: Body) -> Body:
        data = body.to_bytes()
        clean = self.text(data.decode("latin-1")).encode("latin-1")
        return body if clean == data else Body(base64=base64.b64encode(clean).decode("ascii"))

    # --- looking again -------------------------------------------------------------------------

    def _in_text(self, text: str, place: str) -> Iterator[tuple[str, str]]:
        for _, _, what in self._finder.find(text):
            yield place, what

    def _in_headers(
        self, headers: Mapping[str, list[str]], place: str
    ) -> Iterator[tuple[str, str]]:
        for name, values in headers.items():
            for value in (name, *values):
                yield from self._in_text(value, f"{place}.{name}")

    def _in_body(self, body: Body, place: str) -> Iterator[tuple[str, str]]:
        if body.base64 is not UNSET:
            yield from self._in_text(body.to_bytes().decode("latin-1"), place)
        elif body.json is not UNSET:
            for path, text in texts_of(msgspec.json.decode(bytes(body.json))):
                yield from self._in_text(text, f"{place}{path}")
        elif body.string is not UNSET:
            yield from self._in_text(body.string, place)
            for path, text in streams.joined(body.string):
                yield from self._in_text(text, f"{place} (streamed {path})")


def texts_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, member names included, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from texts_of(item, f"{path}[{number}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield f"{path}.{name}", name
            yield from texts_of(item, f"{path}.{name}")
