"""The repair loop: when an answer has the wrong format, say what is wrong and ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ftgate.model import Completion, Variant
    from pytest_ftgate.providers.base import Message, Provider

# Part of recorded requests: another wording makes every recording of a re-ask a miss.
_REASK = (
    "Your previous answer does not have the required format: {problem}\n"
    "Answer again with the corrected answer only."
)


class RepairResult(Struct, frozen=True):
    """The answers of a task that may have been asked more than once.

    Format validity is measured on ``first``; ``last`` is what the task ends with. ``retries`` is
    the number of re-asks: 0 when the first answer held, at most the variant's ``retries``.
    """

    first: Completion
    last: Completion
    retries: int


def complete_with_repair(
    provider: Provider,
    messages: list[Message],
    variant: Variant,
    validate: Callable[[str], str | None],
    **params: Any,
) -> RepairResult:
    """Ask, and re-ask while the answer's format is wrong, at most ``variant.retries`` times.

    Args:
        provider: whom to ask.
        messages: the prompt.
        variant: gives the model, the parameters and the number of retries.
        validate: says what is wrong with an answer's text; ``None`` when nothing is. The same
            text must give the same words, for they are part of the next request.
        params: parameters of every request.
    """
    first = last = provider.complete(messages, variant, **params)
    for retry in range(variant.retries):
        problem = validate(last.text)
        if problem is None:
            return RepairResult(first, last, retry)
        messages = reask(messages, last.text, problem)
        last = provider.complete(messages, variant, **params)
    return RepairResult(first, last, variant.retries)


async def acomplete_with_repair(
    provider: Provider,
    messages: list[Message],
    variant: Variant,
    validate: Callable[[str], str | None],
    **params: Any,
) -> RepairResult:
    """As :func:`complete_with_repair`, awaited."""
    first = last = await provider.acomplete(messages, variant, **params)
    for retry in range(variant.retries):
        problem = validate(last.text)
        if problem is None:
            return RepairResult(first, last, retry)
        messages = reask(messages, last.text, problem)
        last = await provider.acomplete(messages, variant, **params)
    return RepairResult(first, last, variant.retries)


def reask(messages: list[Message], answer: str, problem: str) -> list[Message]:
    """The conversation with the answer and what is wrong with it appended.

    An empty answer is left out: providers refuse messages without content.
    """
    said = [{"role": "assistant", "content": answer}] if answer.strip() else []
    return [*messages, *said, {"role": "user", "content": _REASK.format(problem=problem)}]
