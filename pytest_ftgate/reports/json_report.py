"""The verdict document as JSON: what ``--ftgate-json`` and ``--json`` write.

Its JSON Schema ships beside this module as ``verdict.schema.json``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.model import Verdict

SCHEMA_PATH = Path(__file__).with_name("verdict.schema.json")
"""The JSON Schema (draft 2020-12) of the document."""


def encode(verdict: Verdict) -> bytes:
    """The document, indented by two spaces, UTF-8, with a final newline.

    Raises:
        FtgateError: a number is not finite; the message names its place.
    """
    document = msgspec.to_builtins(verdict)
    _require_finite(document, "verdict")
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _require_finite(value: Any, where: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        # The encoder would write null, which reads "unknown": a lie about a broken number.
        raise FtgateError(f"The verdict document cannot be written: {where} is {value}.")
    if isinstance(value, dict):
        for key, item in value.items():
            _require_finite(item, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            _require_finite(item, f"{where}[{position}]")
