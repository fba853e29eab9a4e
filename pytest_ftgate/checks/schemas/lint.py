"""Places of a schema that are valid but probably do not do what their author meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_ftgate.checks.schemas.dialects import ANNOTATIONS, Draft, keywords, other_draft
from pytest_ftgate.checks.schemas.guard import known_formats
from pytest_ftgate.text import preview

# Annotations of OpenAPI and of editors: known to be inert, not misspelt.
_TOLERATED = frozenset("example markdownDescription externalDocs xml discriminator".split())


def doubts(schema: Mapping[str, Any], draft: Draft) -> Iterator[str]:
    """What to tell the author about one subschema, a sentence each."""
    known = keywords(draft)
    if "$ref" in schema and draft < Draft.D2019:
        beside = [key for key in schema if key in known - ANNOTATIONS and key != "$ref"]
        beside = [key for key in beside if key not in {"definitions", "$defs"}]
        if beside:
            yield (
                f"{draft.label} ignores what stands beside $ref: {', '.join(beside)}; "
                "wrap the $ref in allOf"
            )
    for key in schema:
        if key not in known and key not in _TOLERATED and not key.startswith(("x-", "$comment")):
            yield _unknown_keyword(key, known, draft)
    named = schema.get("format")
    if isinstance(named, str) and named not in known_formats():
        near = _near(named, known_formats())
        yield f"the format {preview(named)} is unknown and is not checked{near}"


def _unknown_keyword(key: str, known: frozenset[str], draft: Draft) -> str:
    elsewhere = other_draft(key)
    if elsewhere:
        return f"the keyword {preview(key)} exists only {elsewhere}; {draft.label} ignores it"
    return f"the keyword {preview(key)} is unknown and is ignored{_near(key, known)}"


def _near(got: str, known: Iterable[str]) -> str:
    lowered = {name.lower(): name for name in known}
    near = difflib.get_close_matches(got.lower(), sorted(lowered), n=1, cutoff=0.75)
    return f"; did you mean {lowered[near[0]]!r}?" if near else ""
