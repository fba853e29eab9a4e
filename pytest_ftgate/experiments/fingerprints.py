"""The fingerprint of a variant, by named components, and the one-change rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_ftgate.canonical import digest
from pytest_ftgate.components import changed
from pytest_ftgate.experiments.model import Iteration
from pytest_ftgate.model import COMPONENTS, Variant


def fingerprint(variant: Variant) -> dict[str, str]:
    """The hash of each component of a variant, in the order of ``COMPONENTS``.

    - ``instructions``: the prompt's text as it stands, line endings normalised.
    - ``examples``, ``schema``, ``tools``: the content in its order, since the order of examples
      and of properties reaches the model; white space in the files is not part of it.
    - ``retrieval``: the note.
    - ``model``: provider, api and model. ``base_url`` is no part: it says where a model is
      served, not which.
    - ``params``: the parameters in any order, whether the schema is enforced, and the repair
      re-asks.
    """
    model = (variant.provider, variant.model) != (None, None)
    params: dict[str, Any] = {"params": variant.params} if variant.params else {}
    if variant.constrain:
        params["constrain"] = True
    if variant.retries:
        params["retries"] = variant.retries
    content: dict[str, object] = {
        "instructions": _normalised(variant.prompt),
        "examples": _in_order(variant.examples),
        "schema": _in_order(variant.schema),
        "tools": _in_order(variant.tools),
        "retrieval": _normalised(variant.retrieval),
        "model": [variant.provider, variant.api, variant.model] if model else None,
        "params": params or None,
    }
    return {name: digest(content[name]) for name in COMPONENTS}


def changed_components(
    parent: Variant | Mapping[str, str], child: Variant | Mapping[str, str]
) -> tuple[str, ...]:
    """The names of the components that differ, in the order of ``COMPONENTS``.

    Args:
        parent: a variant, or the component hashes of one as a record keeps them.
        child: the same.
    """
    return changed(_hashes(parent), _hashes(child))


def iteration(variant: Variant, parent: Variant | None) -> Iteration:
    """What a variant changed against its parent; ``parent`` is ``None`` for a root."""
    if parent is None:
        return Iteration(variant=variant.name, parent=None, kind="root")
    changed = changed_components(parent, variant)
    return Iteration(
        variant=variant.name,
        parent=parent.name,
        kind="confounded" if len(changed) > 1 else "disciplined" if changed else "unchanged",
        components=changed,
    )


def _hashes(of: Variant | Mapping[str, str]) -> Mapping[str, str]:
    return fingerprint(of) if isinstance(of, Variant) else of


def _normalised(text: str | None) -> str | None:
    return text.replace("\r\n", "\n").replace("\r", "\n") if text else None


def _in_order(value: Any) -> str | None:
    return json.dumps(value, allow_nan=False) if value else None
