"""The drafts of JSON Schema: how a schema names its draft, and which keywords each one knows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Draft(IntEnum):
    """A draft of JSON Schema; later drafts compare greater."""

    D4 = 4
    D6 = 6
    D7 = 7
    D2019 = 2019
    D2020 = 2020

    @property
    def label(self) -> str:
        """The draft as people name it."""
        return {2019: "draft 2019-09", 2020: "draft 2020-12"}.get(self, f"draft {self.value}")


DEFAULT_DRAFT = Draft.D2020

URIS = {
    "http://json-schema.org/draft-04/schema": Draft.D4,
    "http://json-schema.org/draft-06/schema": Draft.D6,
    "http://json-schema.org/draft-07/schema": Draft.D7,
    "https://json-schema.org/draft/2019-09/schema": Draft.D2019,
    "https://json-schema.org/draft/2020-12/schema": Draft.D2020,
}


def draft_of(document: object, default: Draft = DEFAULT_DRAFT) -> Draft | None:
    """The draft that a schema's ``$schema`` names; ``None`` when it names no known one."""
    if not isinstance(document, Mapping) or "$schema" not in document:
        return default
    named = document["$schema"]
    if not isinstance(named, str):
        return None
    uri = named.rstrip("#")
    other_scheme = (
        uri.replace("https:", "http:", 1)
        if uri.startswith("https:")
        else (uri.replace("http:", "https:", 1))
    )
    return URIS.get(uri) or URIS.get(other_scheme)


# Where subschemas live, by the shape of the keyword's value.
SCHEMA_VALUED = frozenset(
    "additionalItems additionalProperties contains contentSchema else if items not "
    "propertyNames then unevaluatedItems unevaluatedProperties".split()
)
SCHEMA_LISTS = frozenset("allOf anyOf oneOf prefixItems items".split())
SCHEMA_MAPS = frozenset(
    "$defs definitions dependencies dependentSchemas patternProperties properties".split()
)

ANNOTATIONS = frozenset(
    "$comment $schema $id id title description default examples readOnly writeOnly deprecated "
    "contentEncoding contentMediaType contentSchema".split()
)
"""Keywords that never decide validity; harmless in every draft."""

_ALL = frozenset(
    "$ref type enum multipleOf maximum minimum exclusiveMaximum exclusiveMinimum maxLength "
    "minLength pattern items maxItems minItems uniqueItems maxProperties minProperties required "
    "properties patternProperties additionalProperties allOf anyOf oneOf not format definitions "
    "$defs".split()
)
_SINCE = {
    Draft.D6: frozenset("const contains propertyNames".split()),
    Draft.D7: frozenset("if then else".split()),
    Draft.D2019: frozenset(
        "$anchor $vocabulary $recursiveRef $recursiveAnchor dependentRequired dependentSchemas "
        "minContains maxContains unevaluatedItems unevaluatedProperties".split()
    ),
    Draft.D2020: frozenset("$dynamicRef $dynamicAnchor prefixItems".split()),
}
_UNTIL = {
    Draft.D7: frozenset(["dependencies"]),
    Draft.D2019: frozenset(["additionalItems", "$recursiveRef", "$recursiveAnchor"]),
}


def keywords(draft: Draft) -> frozenset[str]:
    """Every keyword that a draft gives a meaning to."""
    known = set(_ALL | ANNOTATIONS)
    for since, names in _SINCE.items():
        if draft >= since:
            known |= names
    for until, names in _UNTIL.items():
        if draft > until:
            known -= names
        elif until is not Draft.D2019 or draft is Draft.D2019:
            known |= names
    if draft < Draft.D2019:
        known.add("additionalItems")
    return frozenset(known)


def other_draft(keyword: str) -> str:
    """When the keyword has a meaning, in words; empty for one that no draft knows."""
    for since, names in _SINCE.items():
        if keyword in names and not any(keyword in gone for gone in _UNTIL.values()):
            return f"from {since.label} on"
    for until, names in _UNTIL.items():
        if keyword in names:
            return f"up to {until.label}"
    return ""
