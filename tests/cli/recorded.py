"""Recorded calls for tests, as lines of a pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CHAT = "http://127.0.0.1/v1/chat/completions"


def call(case: str, *, trial: int = 0, seq: int = 0, **changes: Any) -> dict[str, Any]:
    """An interaction: a chat that is asked and answered, unless it is told otherwise."""
    return {
        "k": "0" * 32,
        "case": case,
        "trial": trial,
        "seq": seq,
        "recorded_at": "2026-09-01T10:11:12.345678Z",
        "elapsed_s": 1.25,
        "request": request({"model": "small", "messages": [{"role": "user", "content": "Hi"}]}),
        "response": answer({"choices": [{"message": {"role": "assistant", "content": "Ho"}}]}),
        **changes,
    }


def request(body: Any = None, *, uri: str = CHAT, method: str = "POST") -> dict[str, Any]:
    return {"method": method, "uri": uri, "headers": {}, "body": {"json": body}}


def answer(body: Any, *, code: int = 200) -> dict[str, Any]:
    stored = {"string": body} if isinstance(body, str) else {"json": body}
    return {"status": {"code": code, "message": "OK"}, "headers": {}, "body": stored}


def failure() -> dict[str, Any]:
    """An interaction that ended without a response."""
    line = call("broken", event={"kind": "reset", "type": "httpx.ReadError", "message": "gone"})
    del line["response"]
    return line


def write_pack(path: Path, *lines: dict[str, Any] | str) -> Path:
    """Write a pack, or a part of one; a line that is text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path
