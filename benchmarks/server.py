"""A chat-completions server on loopback, to record from: one answer to all, after a delay."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

ANSWER: dict[str, Any] = {
    "id": "chatcmpl-benchmark",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "benchmark-1",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": '{"order_id": "A-10293", "product": "kettle", "urgency": "high"}',
                "refusal": None,
                "annotations": [],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 154, "completion_tokens": 26, "total_tokens": 180},
}


class Server:
    """Answers every POST after ``delay_s`` seconds; ``url`` is what clients call base_url.

    ``busy_s`` is the time from the first request's arrival to the last answer's departure.
    """

    def __init__(self, delay_s: float = 0.0) -> None:
        self._delay_s = delay_s
        self._times: list[float] = []
        self._http = _Http(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def busy_s(self) -> float:
        return max(self._times) - min(self._times)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        delay_s, times, answer = self._delay_s, self._times, json.dumps(ANSWER).encode()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                times.append(time.perf_counter())
                self.rfile.read(int(self.headers["content-length"]))
                time.sleep(delay_s)
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                times.append(time.perf_counter())

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
