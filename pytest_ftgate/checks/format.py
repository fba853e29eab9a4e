"""Format validity: the whole output is one JSON document that its schema allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_ftgate.checks import documents
from pytest_ftgate.checks.documents import NotJson
from pytest_ftgate.checks.outputs import TRUNCATED, Json, unusable
from pytest_ftgate.checks.schemas.schema import Schema, SchemaStore
from pytest_ftgate.model import Completion, Observation
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FORMAT_VALID", "Schema", "SchemaStore", "check_format"]

FORMAT_VALID = "format_valid"
REASON_LIMIT = 280


def check_format(
    output: object, schema: Schema | Mapping[str, object] | bool
) -> tuple[Observation, Json]:
    """Judge an output's format, strictly: it is used as it is, with nothing stripped or repaired.

    Text (or a completion's text) must be one JSON document, surrounding whitespace allowed. Data
    that is already parsed is validated directly. No output is a miss. Of a completion that a repair
    loop asked for again, the first answer is judged and the last one is parsed.

    Args:
        output: str, :class:`Completion`, JSON data or ``None``.
        schema: a compiled schema, or a JSON Schema as data.

    Returns:
        The observation ``format_valid`` (1 valid, 0 not) and the parsed document, ``None`` for an
        invalid one. The reason names JSON path, what was got and what is allowed. The note says
        when the output would pass once a markdown fence or surrounding text is stripped, or that
        it was cut off.

    Raises:
        CheckError: when the output is of a type that cannot be JSON.
        DataError: when the schema is wrong, or a pattern of it runs too long on this output.
    """
    compiled = schema if isinstance(schema, Schema) else Schema.compile(schema)
    if isinstance(output, Completion) and output.first_text not in (None, output.text):
        return _check_repaired(output, str(output.first_text), compiled)
    text = _text(output)
    try:
        parsed = _parsed(output, text)
    except NotJson as error:
        note = _note(output, text, compiled, cut_off=error.cut_off)
        return _observation(str(error), note), None
    problems = compiled.problems(parsed)
    if problems:
        return _observation(join_reasons(problems), ""), None
    return _observation("", ""), parsed


def _check_repaired(output: Completion, first: str, schema: Schema) -> tuple[Observation, Json]:
    observation, _ = check_format(first, schema)
    final, parsed = check_format(replace(output, first_text=None), schema)
    if final.passed and not observation.passed:
        observation = replace(observation, note="it was put right when asked again")
    return observation, parsed


def join_reasons(problems: Sequence[str], limit: int = REASON_LIMIT) -> str:
    """As many problems as fit in one line, and how many more there are."""
    shown_problems = [problems[0]]
    length = len(problems[0])
    for problem in problems[1:]:
        length += len(problem) + 2
        if length > limit - len("; and 99+ more"):
            break
        shown_problems.append(problem)
    left = len(problems) - len(shown_problems)
    more = f"; and {left} more" if left else ""
    return shown("; ".join(shown_problems), limit - len(more)) + more


def _text(output: object) -> str | None:
    if isinstance(output, Completion):
        return output.text
    return output if isinstance(output, str) else None


def _parsed(output: object, text: str | None) -> Json:
    if text is not None:
        return documents.parse(text)
    if output is None:
        raise NotJson("there is no output (None), allowed: one JSON document")
    if not isinstance(output, (dict, list, tuple, bool, int, float)):
        raise unusable(output)
    documents.bound(output)
    return _plain(output)


def _plain(value: object) -> Json:
    """Tuples as the lists that JSON knows, so that every validator sees the same types."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value  # type: ignore[return-value]


def _note(output: object, text: str | None, schema: Schema, *, cut_off: bool) -> str:
    if isinstance(output, Completion) and output.finish_reason in TRUNCATED:
        return f"the answer was cut off at the token limit (finish_reason={output.finish_reason})"
    if text is None:
        return ""
    for stripped, value in documents.salvage(text):
        if not schema.problems(value):
            return f"it would pass after stripping {stripped}"
    return "it looks cut off" if cut_off else ""


def _observation(reason: str, note: str) -> Observation:
    held = not reason
    return Observation(
        check=FORMAT_VALID,
        kind="format",
        value=1.0 if held else 0.0,
        passed=held,
        reason=reason,
        note=note,
    )
