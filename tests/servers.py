"""A provider on loopback that speaks real HTTP: OpenAI chat and responses, Anthropic messages.

It answers from a function of the request, keeps what it was sent, and misbehaves when told to::

    with FakeProvider() as provider:
        provider.script(Fault(status=429, headers={"retry-after": "2"}))
        client = openai.OpenAI(api_key="x", base_url=provider.openai_url)
"""

from __future__ import annotations

import contextlib
import gzip
import json
import select
import socket
import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    ``status`` answers with that status; ``break_`` ends the connection: ``reset`` before any byte,
    ``hang`` never answers until the client gives up, ``truncate`` in the middle of the answer.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    break_: Literal["reset", "hang", "truncate"] | None = None


@dataclass(frozen=True)
class Seen:
    """A request that the server received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def last_message(request: dict[str, Any]) -> str:
    """The default answer: what was said last, echoed."""
    messages = request.get("messages") or request.get("input") or ""
    if isinstance(messages, str):
        return f"echo: {messages}"
    content = messages[-1]["content"]
    return f"echo: {content if isinstance(content, str) else content[-1].get('text', '')}"


class FakeProvider:
    """A server thread; ``url`` is its root, ``openai_url`` what OpenAI clients call base_url.

    Attributes:
        answer: the text to answer a request's JSON with.
        seen: the requests received, in order of arrival.
        delay_s: how long each answer takes.
        piece: characters per event of a stream.
        encoding: ``gzip`` or ``deflate`` to compress answers to clients that accept it.
        headers: sent with every answer.
    """

    def __init__(self, answer: Callable[[dict[str, Any]], str] = last_message) -> None:
        self.answer = answer
        self.seen: list[Seen] = []
        self.delay_s = 0.0
        self.piece = 4
        self.encoding: Literal["gzip", "deflate"] | None = None
        self.headers: dict[str, str] = {}
        self.closing = threading.Event()
        self._faults: deque[Fault | None] = deque()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def script(self, *faults: Fault | None) -> None:
        """What happens to the next requests, one each; ``None`` is a good answer."""
        with self._lock:
            self._faults.extend(faults)

    def receive(self, seen: Seen) -> Fault | None:
        with self._lock:
            self.seen.append(seen)
            return self._faults.popleft() if self._faults else None


class _Handler(BaseHTTPRequestHandler):
    provider: FakeProvider
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        provider = self.provider
        body = self._read_body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = provider.receive(Seen(self.command, self.path, headers, body))
        if provider.delay_s:
            time.sleep(provider.delay_s)
        if fault is None:
            self._answer(body)
        elif fault.break_ == "hang":
            self._wait_for_client_to_leave()
        elif fault.break_ == "reset":
            self._reset()
        elif fault.break_ == "truncate":
            self._truncate()
        else:
            status = fault.status or 200
            error = {"error": {"message": f"status {status}", "type": "test", "code": None}}
            self._send(status, fault.body or json.dumps(error).encode(), headers=fault.headers)

    def _read_body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, body: bytes) -> None:
        try:
            request = json.loads(body)
        except ValueError:
            request = {}
        if self.path.startswith("/redirect"):
            self._send(302, b"", headers={"location": "/plain"})
        elif not isinstance(request, dict) or not request.get("model"):
            self._send(200, f"plain {self.command} {len(body)}".encode(), "text/plain")
        elif request.get("stream"):
            self._stream(stream_events(self.path, request, self.provider))
        else:
            self._send(200, json.dumps(document(self.path, request, self.provider)).encode())

    def _send(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        body = self._encode(body)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in {**self.provider.headers, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _encode(self, body: bytes) -> bytes:
        if (self.provider.encoding or "-") not in self.headers.get("accept-encoding", ""):
            return body
        self.send_header("content-encoding", str(self.provider.encoding))
        return gzip.compress(body) if self.provider.encoding == "gzip" else zlib.compress(body)

    def _stream(self, events: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        for name, value in self.provider.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for event in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")

    def _wait_for_client_to_leave(self) -> None:
        while not self.provider.closing.is_set():
            if select.select([self.connection], [], [], 0.02)[0]:
                break
        self.close_connection = True

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.close()

    def _truncate(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "100000")
        self.end_headers()
        self.wfile.write(b'{"id": "cut')
        self.close_connection = True

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()


def document(path: str, request: dict[str, Any], provider: FakeProvider) -> dict[str, Any]:
    """A whole answer in the shape of the API that ``path`` belongs to."""
    text, model = provider.answer(request), request["model"]
    if path.endswith("/responses"):
        return response_document(text, model)
    if path.endswith("/messages"):
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 7, "output_tokens": 3},
        }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        "timings": {"predicted_ms": 12.5},
    }


def response_document(text: str, model: str) -> dict[str, Any]:
    """An answer of OpenAI's responses API."""
    content = {"type": "output_text", "text": text, "annotations": []}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1700000000,
        "status": "completed",
        "model": model,
        "output": [
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [content],
            }
        ],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 10,
        },
    }


def stream_events(path: str, request: dict[str, Any], provider: FakeProvider) -> Iterator[bytes]:
    """The events of a streamed answer, each as the bytes of one chunk."""
    text, model = provider.answer(request), request["model"]
    pieces = [text[at : at + provider.piece] for at in range(0, len(text), provider.piece)]
    if path.endswith("/messages"):
        yield from _message_events(pieces, model)
    elif path.endswith("/responses"):
        yield from _response_events(pieces, model)
    else:
        yield from _chat_events(pieces, model)


def _chat_events(pieces: list[str], model: str) -> Iterator[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        data = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1700000000,
            "model": model,
            "choices": [choice],
        }
        return b"data: " + json.dumps(data).encode() + b"\n\n"

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces:
        yield chunk({"content": piece})
    yield chunk({}, "stop")
    yield b"data: [DONE]\n\n"


def _message_events(pieces: list[str], model: str) -> Iterator[bytes]:
    def event(name: str, **fields: Any) -> bytes:
        return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()

    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 0},
    }
    yield event("message_start", message=message)
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for piece in pieces:
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
    yield event("content_block_stop", index=0)
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    yield event("message_delta", delta=delta, usage={"output_tokens": 3})
    yield event("message_stop")


def _response_events(pieces: list[str], model: str) -> Iterator[bytes]:
    sequence = 0

    def event(name: str, **fields: Any) -> bytes:
        nonlocal sequence
        sequence += 1
        data = {"type": name, "sequence_number": sequence, **fields}
        return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()

    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    done = response_document("".join(pieces), model)
    yield event("response.created", response={**done, "output": [], "status": "in_progress"})
    item = {**done["output"][0], "content": [], "status": "in_progress"}
    yield event("response.output_item.added", output_index=0, item=item)
    part = {"type": "output_text", "text": "", "annotations": []}
    yield event("response.content_part.added", **place, part=part)
    for piece in pieces:
        yield event("response.output_text.delta", **place, delta=piece, logprobs=[])
    yield event("response.output_text.done", **place, text="".join(pieces), logprobs=[])
    yield event("response.completed", response=done)
