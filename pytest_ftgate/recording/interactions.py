"""Between vcrpy's requests and responses and the lines of a pack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ftgate.recording import bodies, compression, keys
from pytest_ftgate.recording.lines import Status, StoredRequest, StoredResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REQUEST_HEADERS = frozenset({"content-type"})
RESPONSE_HEADERS = frozenset({"content-type", "retry-after", "retry-after-ms", "x-should-retry"})
REQUEST_IDS = frozenset(
    {"x-request-id", "request-id", "anthropic-request-id", "x-ms-request-id", "apim-request-id"}
)

_RETRYABLE = frozenset({408, 409, 429})
_LONGEST_OBEYED_S = 120.0


def plain_body(request: Any) -> bytes:
    """A request's body as one ``bytes``, decompressed."""
    body = keys.body_bytes(request.body)
    if not body or body[0] in b"{[":  # by far the most: nobody needs to look at the headers
        return body
    encoding = keys.header(request.headers, "content-encoding")
    plain = compression.decompress(body, encoding) if encoding else body
    return body if plain is None else plain


def stored_request(request: Any, body: bytes) -> StoredRequest:
    """A request as stored, before scrubbing: allowed headers, body with a fixed boundary."""
    kept = {
        name: [value.replace(_boundary(value), keys.BOUNDARY.decode()) for value in values]
        for name, values in _allowed(request.headers, REQUEST_HEADERS).items()
    }
    return StoredRequest(
        method=request.method,
        uri=keys.normal_uri(request.uri),
        headers=kept,
        body=bodies.store(keys.replace_boundary(body)) if body else None,
    )


def stored_response(
    response: Mapping[str, Any], *, keep_request_ids: bool = False
) -> tuple[StoredResponse, bytes]:
    """A response as stored, before scrubbing, and its plain body.

    Raises:
        BodyTooLarge: the compressed body unfolds to more than is kept.
    """
    status = response["status"]
    code = int(status["code"])
    allowed = RESPONSE_HEADERS | (REQUEST_IDS if keep_request_ids else frozenset())
    if 300 <= code < 400:
        allowed |= {"location"}  # without it no client can follow the redirect in replay
    encoding = keys.header(_as_mapping(response["headers"]), "content-encoding")
    body = keys.body_bytes(response["body"].get("string"))
    plain = compression.decompress(body, encoding)
    if plain is None:
        plain = body
        if not _is_text(body):  # an encoding that is unknown here: the client must see its name
            allowed |= {"content-encoding"}
    plain = bodies.drop_volatile(plain)
    message = str(status.get("message") or "")
    stored = StoredResponse(
        status=Status(code, message if message.isascii() else ""),
        headers=_allowed(response["headers"], allowed),
        body=bodies.store(plain),
    )
    return stored, plain


def playable(stored: StoredResponse, body: bytes, *, last: bool) -> dict[str, Any]:
    """The response as vcrpy hands it to a client, waits between retries shortened.

    Args:
        stored: the response as recorded.
        body: its body.
        last: whether no other recording of the same request is left in the case.
    """
    headers = dict(stored.headers)
    code = stored.status.code
    if code in _RETRYABLE or code >= 500:
        waited = headers.pop("retry-after", None)
        headers.pop("retry-after-ms", None)
        if last and waited and _is_refused_wait(waited[0]) and "x-should-retry" not in headers:
            # The SDK gave up when it was told to wait for so long; it must give up again.
            headers["x-should-retry"] = ["false"]
        headers["retry-after-ms"] = ["1"]
    return {
        "status": {"code": code, "message": stored.status.message},
        "headers": headers,
        "body": {"string": body},
    }


def is_failure(code: int) -> bool:
    """Whether a status is one that a case would not want to have frozen by mistake."""
    return code >= 400


def _is_refused_wait(value: str) -> bool:
    try:
        return float(value) > _LONGEST_OBEYED_S
    except ValueError:
        return False


def _boundary(content_type: str) -> str:
    _, found, rest = content_type.partition("boundary=")
    return rest.partition(";")[0].strip().strip('"') if found else "\0"


def _is_text(body: bytes) -> bool:
    """Whether a body was decompressed already, whatever its headers say, as cassettes may be."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _as_mapping(headers: Any) -> Mapping[str, Any]:
    return headers if hasattr(headers, "items") else dict(headers)


def _allowed(headers: Any, names: Iterable[str]) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = {}
    for name, value in headers.items() if hasattr(headers, "items") else headers:
        lower = name.lower()
        if lower in names:
            values = value if isinstance(value, (list, tuple)) else [value]
            kept.setdefault(lower, []).extend(
                item.decode("latin-1") if isinstance(item, bytes) else str(item) for item in values
            )
    return {name: kept[name] for name in sorted(kept)}
