"""From a variant's prompt and a case to the chat messages of the request."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ftgate.errors import DataError
from pytest_ftgate.experiments.templates import Template, parse_template, render_section

if TYPE_CHECKING:
    from pytest_ftgate.model import Case, Variant

Message = dict[str, Any]


class CaseView(NamedTuple):
    """What a prompt may see of a case: ``expected`` is left out, it would give the answer away."""

    id: str
    input: Any
    tags: tuple[str, ...]
    stratum: str | None
    metadata: dict[str, Any]

    def keys(self) -> tuple[str, ...]:
        """The names of the fields."""
        return self._fields

    def __repr__(self) -> str:
        return "case"


def render(variant: Variant, case: Case) -> list[Message]:
    """The chat messages of a case: ``{"role": ..., "content": ...}`` each.

    The template's sections become messages. They see the keys of an object input as names, the
    whole input as ``input``, and ``case``, ``examples``, ``schema`` and ``retrieval``. The
    few-shot examples become user and assistant pairs before the last user message, unless the
    template names ``examples`` itself. An input that is a list of chat messages is appended as it
    is, and so is a text input when the template has no user section.

    Raises:
        DataError: a name is missing, rendering failed, or the input has no place in the messages.
    """
    path = variant.prompt_path or f"the prompt of {variant.name!r}"
    subject = f"case {case.id!r}"
    messages: list[Message] = []
    template: Template | None = None
    if variant.prompt is not None:
        template = _parsed(variant.prompt, path)
        names = _names(variant, case.input)
        names["case"] = CaseView(case.id, case.input, case.tags, case.stratum, case.metadata)
        messages = [
            {"role": section.role, "content": render_section(section, names, path, subject)}
            for section in template.sections
        ]
    at = template.last_user if template else None
    if template is None or "examples" not in template.names:
        pairs = _pairs(variant, template, path)
        end = len(messages) if at is None else at
        messages[end:end] = pairs
    return messages + _appended(case, has_user_section=at is not None, path=path)


def _appended(case: Case, *, has_user_section: bool, path: str) -> list[Message]:
    if isinstance(case.input, (list, tuple)):
        return [dict(message) for message in case.input]
    if has_user_section:
        return []
    if isinstance(case.input, str):
        return [{"role": "user", "content": case.input}]
    raise DataError(
        path,
        f"the input of case {case.id!r} is an object and no user message takes from it",
        "Add a [user] section that names its keys",
    )


def _pairs(variant: Variant, template: Template | None, path: str) -> list[Message]:
    pairs: list[Message] = []
    for number, example in enumerate(variant.examples, start=1):
        question = _question(variant, template, example["input"], path, f"example {number}")
        pairs += [
            {"role": "user", "content": question},
            {"role": "assistant", "content": _text(example["output"])},
        ]
    return pairs


def _question(
    variant: Variant, template: Template | None, given: Any, path: str, subject: str
) -> str:
    """An example's user message: as a case's would be, or the text itself."""
    if template is None or template.last_user is None:
        return _text(given)
    if isinstance(given, str) and "input" not in template.names:
        return given
    section = template.sections[template.last_user]
    return render_section(section, _names(variant, given), path, subject)


def _names(variant: Variant, given: Any) -> dict[str, Any]:
    names = {
        "examples": variant.examples,
        "schema": variant.schema,
        "retrieval": variant.retrieval,
        "input": given,
    }
    return {**names, **given} if isinstance(given, dict) else names


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@functools.lru_cache(maxsize=128)
def _parsed(text: str, path: str) -> Template:
    return parse_template(text, path)
