"""Does the written change speak of what the fingerprint says was changed? A question, no verdict.

Words are a weak witness, so a question is asked only when the text speaks of components that did
not change and of none that did.
"""

from __future__ import annotations

import re

_WORDS = {
    "examples": r"\w*-?shots?|examples?|demonstrations?",
    "schema": r"json schema|response[_ ]format|schema file",
    "tools": r"tools?|function calling|functions?",
    "retrieval": r"retriev\w+|rag|knowledge base|passages?|search index",
    "model": (
        r"gpt[\w.-]*|claude[\w.-]*|llama[\w.-]*|mistral[\w.-]*|gemini[\w.-]*|qwen[\w.-]*"
        r"|(?:an)?other model|new(?:er)? model|(?:bigg|larg|small)er model"
    ),
    "params": (
        r"temperature|top[_ -]?[pk]|max[_ ]tokens|seed|penalt\w+|decoding|constrain\w*|sampling"
        r"|re-?ask\w*|retr(?:y|ies)"
    ),
    "instructions": (
        r"instruct\w*|prompts?|word(?:s|ing|ed)?|says?|tells?|asks?|defin\w+|explain\w*|schema"
        r"|respond|format|rules?|role|persona|tone|step by step|sentences?"
    ),
}
_PATTERNS = {
    component: re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    for component, words in _WORDS.items()
}


def question(change: str | None, components: tuple[str, ...]) -> str:
    """What to ask about an iteration whose text and fingerprint disagree; empty if they agree.

    Args:
        change: what the author wrote.
        components: those that differ from the parent.
    """
    if not change:
        return ""
    if not components:
        return f'the log says "{change}", and nothing differs from the parent: was it saved?'
    spoken = tuple(name for name, pattern in _PATTERNS.items() if pattern.search(change))
    if not spoken or set(spoken) & set(components):
        return ""
    return (
        f'the log says "{change}", and {_and(components)} changed, not {_or(spoken)}: '
        "is that what was meant?"
    )


def _and(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _or(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
