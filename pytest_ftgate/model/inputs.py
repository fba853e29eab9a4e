"""What is put to the model: the cases of a dataset and the variants of an experiment."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a dataset.

    ``source`` is where it was read (``path:line``); it is no part of the case's content.
    """

    id: str
    input: Any
    expected: Any = None
    tags: tuple[str, ...] = ()
    stratum: str | None = None
    split: str = "dev"
    weight: float = 1.0
    cluster: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    source: str | None = None


class Variant(Struct, frozen=True, kw_only=True):
    """One version of the feature under test: prompt, model, parameters and what changed.

    ``prompt`` is the template's text, ``examples`` the few-shot pairs, ``schema`` the JSON Schema
    of the answer, ``constrain`` whether it is sent along so that the provider enforces it,
    ``retries`` the repair re-asks after a format failure. ``components`` maps each name of
    :data:`COMPONENTS` to a hash of its content; an absent component has the hash of nothing.
    """

    name: str
    parent: str | None = None
    kind: str = "prompt"
    provider: str | None = None
    api: str = "chat"
    base_url: str | None = None
    model: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    prompt: str | None = None
    prompt_path: str | None = None
    examples: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    schema_path: str | None = None
    constrain: bool = False
    tools: tuple[dict[str, Any], ...] = ()
    retrieval: str | None = None
    change: str | None = None
    retries: int = 0
    components: dict[str, str] = field(default_factory=dict)
