"""What differs between two variants, component by component, as unified diffs."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ftgate.experiments.fingerprints import changed_components

if TYPE_CHECKING:
    from pytest_ftgate.model import Variant


class Difference(NamedTuple):
    """One component that differs; ``lines`` are those of a unified diff, without line ends."""

    component: str
    lines: tuple[str, ...]


def differences(before: Variant, after: Variant) -> tuple[Difference, ...]:
    """The components that differ, in the order of ``COMPONENTS``, with their diffs."""
    texts = component_texts(before), component_texts(after)
    found = []
    for component in changed_components(before, after):
        old, new = (text[component].splitlines() for text in texts)
        lines = difflib.unified_diff(
            old, new, f"{before.name}/{component}", f"{after.name}/{component}", lineterm=""
        )
        found.append(Difference(component, tuple(lines)))
    return tuple(found)


def component_texts(variant: Variant) -> dict[str, str]:
    """Each component as text for people: one example a line, schema and tools indented."""
    params: dict[str, Any] = dict(variant.params)
    if variant.constrain:
        params["constrain"] = True
    if variant.retries:
        params["retries"] = variant.retries
    model = {"provider": variant.provider, "api": variant.api, "model": variant.model}
    return {
        "instructions": variant.prompt or "",
        "examples": "\n".join(_json(example) for example in variant.examples),
        "schema": _indented(variant.schema) if variant.schema else "",
        "tools": _indented(list(variant.tools)) if variant.tools else "",
        "retrieval": variant.retrieval or "",
        "model": _settings(model if variant.provider or variant.model else {}),
        "params": _settings(dict(sorted(params.items()))),
    }


def _settings(values: dict[str, Any]) -> str:
    return "\n".join(f"{key} = {_json(value)}" for key, value in values.items())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _indented(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
