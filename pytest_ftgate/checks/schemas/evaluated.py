"""Which properties and items of an instance a schema has evaluated (drafts 2019-09 and 2020-12).

``unevaluatedProperties`` and ``unevaluatedItems`` ask what every other keyword in place, and every
subschema that holds there, has already spoken about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from referencing.jsonschema import lookup_recursive_ref


def evaluated_properties(validator: Any, instance: Mapping[str, Any], schema: Any) -> set[str]:
    """The keys of ``instance`` that ``schema`` has evaluated; the schema is taken to hold."""
    if not isinstance(schema, Mapping):
        return set()
    if "additionalProperties" in schema or "unevaluatedProperties" in schema:
        return set(instance)
    seen: set[str] = set(instance.keys() & schema.get("properties", {}).keys())
    for source in schema.get("patternProperties", {}):
        seen |= {key for key in instance if validator.format_checker.found(source, key)}
    for at, applied in _in_place(validator, instance, schema):
        seen |= evaluated_properties(at, instance, applied)
    return seen


def evaluated_items(validator: Any, instance: list[Any], schema: Any) -> set[int]:
    """The indexes of ``instance`` that ``schema`` has evaluated; the schema is taken to hold."""
    if not isinstance(schema, Mapping):
        return set()
    every = set(range(len(instance)))
    if "unevaluatedItems" in schema:
        return every
    prefix = schema.get("prefixItems", ())
    if "items" in schema:
        prefix = schema["items"]
        # A list of schemas, up to draft 2019-09, speaks about as many items only.
        if not isinstance(prefix, list) or "additionalItems" in schema:
            return every
    seen = set(range(min(len(prefix), len(instance))))
    if "contains" in schema and "prefixItems" in validator.VALIDATORS:  # counts from 2020-12 on
        contained = validator.evolve(schema=schema["contains"])
        seen |= {index for index, item in enumerate(instance) if contained.is_valid(item)}
    for at, applied in _in_place(validator, instance, schema):
        seen |= evaluated_items(at, instance, applied)
    return seen


def _in_place(validator: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    """The subschemas that apply to the same instance and hold, each with its validator."""
    yield from _referred(validator, schema)
    candidates = [branch for name in ("allOf", "anyOf", "oneOf") for branch in schema.get(name, ())]
    if isinstance(instance, Mapping):
        dependent = schema.get("dependentSchemas", {})
        candidates += [branch for key, branch in dependent.items() if key in instance]
    if "if" in schema:
        holds = validator.evolve(schema=schema["if"]).is_valid(instance)
        candidates += [schema["if"]] if holds else []
        follow = "then" if holds else "else"
        candidates += [schema[follow]] if follow in schema else []
    for branch in candidates:
        at = validator.evolve(schema=branch)
        if at.is_valid(instance):
            yield at, branch


def _referred(validator: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    # The resolver of a validation is reachable only by this private name.
    resolver = validator._resolver
    found = [resolver.lookup(schema[key]) for key in ("$ref", "$dynamicRef") if key in schema]
    if "$recursiveRef" in schema:
        found.append(lookup_recursive_ref(resolver))
    for resolved in found:
        yield (
            validator.evolve(schema=resolved.contents, _resolver=resolved.resolver),
            resolved.contents,
        )
