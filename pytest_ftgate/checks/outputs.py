"""What a check is given: an application's output, as text or as a JSON value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pytest_ftgate.errors import CheckError
from pytest_ftgate.model import Completion

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

TRUNCATED = frozenset(
    {"length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"}
)
"""The finish reasons by which providers say that the answer was cut off."""


def text_of(output: object) -> str | None:
    """The text that a text check or a policy reads; ``None`` when there is no output.

    A :class:`Completion` gives its text; data that is already parsed gives its JSON text.

    Raises:
        CheckError: for anything that is neither text nor JSON data.
    """
    if output is None or isinstance(output, str):
        return output
    if isinstance(output, Completion):
        return output.text
    if isinstance(output, (Mapping, list, tuple, bool, int, float)):
        try:
            return json.dumps(output, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise CheckError(f"the output cannot be written as JSON: {error}") from error
    raise unusable(output)


def unusable(output: object) -> CheckError:
    """The error for an output of a type that no check can read."""
    return CheckError(
        f"a check cannot read an output of type {type(output).__name__}; allowed: str, Completion, "
        "JSON data (dict, list, number, bool) or None. Pass its text or its data, "
        "such as model.model_dump()"
    )


def input_text(case_input: object) -> str | None:
    """What the user said, as one text: the strings of a case's input, a line each.

    Of chat messages only those of the user count: what a system prompt or an earlier answer says
    is not something that the user asked for.

    Returns:
        ``None`` when there is no input.
    """
    if case_input is None:
        return None
    return "\n".join(_strings(case_input))


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        if "content" in value and value.get("role", "user") != "user":
            return []
        spoken = {key: item for key, item in value.items() if not _is_marker(key, value)}
        return [text for item in spoken.values() for text in _strings(item)]
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [text for item in value for text in _strings(item)]
    return [] if value is None else [str(value)]


def _is_marker(key: object, message: Mapping[object, object]) -> bool:
    """Whether a key only says what kind of message or part this is."""
    return (key == "role" and "content" in message) or (
        key == "type" and ("text" in message or "image_url" in message)
    )
