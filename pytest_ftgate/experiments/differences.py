"""What differs between two variants, component by component, as unified diffs."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ftgate.experiments.fingerprints import changed_components

if TYPE_CHECKING:
    from pytest_ftgate.model import Variant


class Difference(NamedTuple):
    """One component that differs.

    ``lines`` are those of a unified diff, without line ends. ``remark`` says in a few words what
    such a diff hides: the same lines in another order, or how many examples differ.
    """

    component: str
    lines: tuple[str, ...]
    remark: str = ""


def differences(before: Variant, after: Variant) -> tuple[Difference, ...]:
    """The components that differ, in the order of ``COMPONENTS``, with their diffs."""
    texts = component_texts(before), component_texts(after)
    found = []
    for component in changed_components(before, after):
        old, new = (text[component].splitlines() for text in texts)
        lines = difflib.unified_diff(
            old, new, f"{before.name}/{component}", f"{after.name}/{component}", lineterm=""
        )
        found.append(Difference(component, tuple(lines), _remark(component, old, new)))
    return tuple(found)


def _remark(component: str, before: list[str], after: list[str]) -> str:
    if before == after:
        return "the same lines, but for line ends"
    old, new = Counter(before), Counter(after)
    what = component if component == "examples" else "lines"
    if old == new:
        return f"the same {len(after)} {what} in another order"
    if component != "examples":
        return ""
    kept, added, removed = (each.total() for each in (old & new, new - old, old - new))
    parts = ((kept, "kept"), (added, "added"), (removed, "removed"))
    return ", ".join(f"{count} {word}" for count, word in parts if count)


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
