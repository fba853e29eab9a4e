"""Sorts support messages into queues: asks a model, and falls back on rules of its own."""

from __future__ import annotations

import json
import os
import re

from openai import OpenAI

QUEUES = ("billing", "shipping", "returns", "technical", "account")

INSTRUCTIONS = (
    "Classify the customer message. Reply with one line of JSON and nothing else: "
    '{"label": "<billing, shipping, returns, technical or account>"}'
)
EXAMPLES = (
    ("The heater turns itself off after a minute.", "technical"),
    ("My bank statement lists your shop twice for one purchase.", "billing"),
    ("My password isn't accepted and I can't get in.", "account"),
    ("The van was meant to come yesterday and nobody turned up.", "shipping"),
    ("These gloves are too tight, I'd like to give them back.", "returns"),
)

# Words that leave little doubt: they overrule the model when they all point to one queue.
RULES = (
    ("account", re.compile(r"\b(password|log ?in|sign in|username|my profile)\b", re.IGNORECASE)),
    ("returns", re.compile(r"\b(return|exchange|swap|send (it|them) back)\b", re.IGNORECASE)),
    ("billing", re.compile(r"\b(invoice|charged|refund|vat|receipt)\b", re.IGNORECASE)),
    ("shipping", re.compile(r"\b(parcel|courier|tracking|delivery|delivered)\b", re.IGNORECASE)),
)
DEFAULT_QUEUE = "technical"

NEEDS_A_PERSON = re.compile(r"\b(lawyer|court|injur\w*|burn(t|ed)|ambulance)\b", re.IGNORECASE)


def triage(message: str) -> dict[str, object]:
    """Where a message goes.

    Returns:
        ``queue``; ``by``: "rule", "model", or "default" when the model's answer is of no use;
        ``escalate``: whether a person must look at it first.
    """
    queue, by = _queue(message)
    return {"queue": queue, "by": by, "escalate": bool(NEEDS_A_PERSON.search(message))}


def _queue(message: str) -> tuple[str, str]:
    suggested = _parse(_ask(message))
    matching = [queue for queue, words in RULES if words.search(message)]
    if len(matching) == 1:
        return matching[0], "rule"
    if suggested is not None:
        return suggested, "model"
    return (matching[0], "rule") if matching else (DEFAULT_QUEUE, "default")


def _ask(message: str) -> str:
    messages = [{"role": "system", "content": INSTRUCTIONS}]
    for text, label in EXAMPLES:
        messages.append({"role": "user", "content": text})
        messages.append({"role": "assistant", "content": json.dumps({"label": label})})
    messages.append({"role": "user", "content": message})
    with OpenAI(
        base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:18080/v1"),
        api_key=os.environ.get("OPENAI_API_KEY", "not-needed"),
    ) as client:
        answer = client.chat.completions.create(
            model="smollm2-135m-instruct", messages=messages, temperature=0, max_tokens=24
        )
    return answer.choices[0].message.content or ""


def _parse(answer: str) -> str | None:
    """The queue that the model named, or None when it named none of ours."""
    try:
        label = json.loads(answer)["label"]
    except (ValueError, KeyError, TypeError):
        return None
    return label if label in QUEUES else None
