"""jsonschema's validators, hardened against hostile documents and slow patterns.

The stock keywords search with ``re`` (which can hang), compare items pairwise (which is quadratic)
and print whole documents into messages. The ones replaced here give the same verdicts otherwise,
with two corrections: ``$`` in a pattern matches only at the very end, as ECMA 262 says, and
``multipleOf`` is exact for decimal fractions (19.99 is a multiple of 0.01).

All of them find patterns, formats and the time left through the validator's format checker, the
one object that travels with a validation through the whole schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import attrs
import jsonschema
from jsonschema import validators as stock
from jsonschema.exceptions import ValidationError

from pytest_ftgate.checks.patterns import Pattern
from pytest_ftgate.checks.schemas.dialects import Draft, draft_of
from pytest_ftgate.checks.schemas.evaluated import evaluated_items, evaluated_properties
from pytest_ftgate.checks.schemas.guard import Guard

_STOCK = {
    Draft.D4: jsonschema.Draft4Validator,
    Draft.D6: jsonschema.Draft6Validator,
    Draft.D7: jsonschema.Draft7Validator,
    Draft.D2019: jsonschema.Draft201909Validator,
    Draft.D2020: jsonschema.Draft202012Validator,
}


def validator(draft: Draft, schema: Any, registry: Any, patterns: dict[str, Pattern]) -> Any:
    """A hardened validator; :func:`fresh` makes it ready for each validation."""
    return _hardened(draft)(schema, registry=registry, format_checker=Guard(patterns))


def entered(referring: Any) -> Any:
    """The validator of what the lone ``$ref`` of a schema leads to, looked up once for all."""
    found = referring._resolver.lookup(referring.schema["$ref"])
    return referring.evolve(schema=found.contents, _resolver=found.resolver)


def fresh(prepared: Any) -> Any:
    """The same validator for one more validation: its time runs from here."""
    return prepared.remade(format_checker=prepared.format_checker.renewed())


@cache
def _hardened(draft: Draft) -> Any:
    replaced = {  # those that the draft does not have are left out below
        "additionalProperties": _additional_properties,
        "anyOf": _any_of,
        "multipleOf": _multiple_of,
        "oneOf": _one_of,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "properties": _properties,
        "propertyNames": _property_names,
        "required": _required,
        "unevaluatedItems": _unevaluated_items,
        "unevaluatedProperties": _unevaluated_properties,
        "uniqueItems": _unique_items,
    }
    known = {key: function for key, function in replaced.items() if key in _STOCK[draft].VALIDATORS}
    made = stock.extend(_STOCK[draft], known)
    fields = [(field.name, field.alias) for field in attrs.fields(made) if field.init]

    def remade(self: Any, made: Any = made, **changes: Any) -> Any:
        for name, alias in fields:
            if alias not in changes:
                changes[alias] = getattr(self, name)
        return made(**changes)

    def evolve(self: Any, **changes: Any) -> Any:
        """As the stock method, which would leave for the stock class at a nested $schema."""
        changes["format_checker"] = self.format_checker.deeper()
        schema = changes.get("schema")
        if isinstance(schema, Mapping) and "$schema" in schema:
            return remade(self, _hardened(draft_of(schema, draft) or draft), **changes)
        return remade(self, **changes)

    made.remade = remade
    made.evolve = evolve
    return made


def meta_validator(draft: Draft) -> Any:
    """A validator of schemas themselves."""
    made = _hardened(draft)
    guard = Guard({})
    # Patterns are compiled when the schema is linked, with a better word for what is wrong.
    guard.checkers = {name: each for name, each in guard.checkers.items() if name != "regex"}
    return made(made.META_SCHEMA, registry=stock.SPECIFICATIONS, format_checker=guard)


def _pattern(validator: Any, source: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not validator.format_checker.found(
        source, instance
    ):
        yield ValidationError("pattern")


def _properties(
    validator: Any, properties: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for key, subschema in properties.items():
        if key in instance:
            yield from _not_allowed_or_descend(validator, subschema, key, instance[key])


def _pattern_properties(
    validator: Any, patterns: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for source, subschema in patterns.items():
        for key, value in instance.items():
            if validator.format_checker.found(source, key):
                yield from _not_allowed_or_descend(validator, subschema, key, value)


def _property_names(
    validator: Any, allowed: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for key in instance:
        errors = list(validator.descend(key, allowed))
        if errors:
            yield ValidationError("propertyNames", instance=key, context=errors)


def _additional_properties(
    validator: Any, allowed: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    named = schema.get("properties", {})
    sources = schema.get("patternProperties", {})
    for key, value in instance.items():
        if key in named or any(validator.format_checker.found(source, key) for source in sources):
            continue
        yield from _not_allowed_or_descend(validator, allowed, key, value)


def _unevaluated_properties(
    validator: Any, allowed: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    others = {key: value for key, value in schema.items() if key != "unevaluatedProperties"}
    evaluated = evaluated_properties(validator, instance, others)
    for key, value in instance.items():
        if key not in evaluated:
            yield from _not_allowed_or_descend(validator, allowed, key, value)


def _unevaluated_items(
    validator: Any, allowed: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "array"):
        return
    others = {key: value for key, value in schema.items() if key != "unevaluatedItems"}
    evaluated = evaluated_items(validator, instance, others)
    for index, value in enumerate(instance):
        if index not in evaluated:
            yield from _not_allowed_or_descend(validator, allowed, index, value)


def _not_allowed_or_descend(
    validator: Any, allowed: Any, key: str | int, value: Any
) -> Iterator[ValidationError]:
    """The errors of one member; the stock descent forgets where a ``false`` schema stood."""
    if allowed is False:
        yield ValidationError("not allowed", path=(key,), instance=value)
    else:
        yield from validator.descend(value, allowed, path=key)


def _required(
    validator: Any, required: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        missing = [name for name in required if name not in instance]
        for name in missing:
            yield ValidationError(name)


def _unique_items(
    validator: Any, unique: bool, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not unique or not validator.is_type(instance, "array"):
        return
    seen: dict[Any, int] = {}
    for index, item in enumerate(instance):
        first = seen.setdefault(identity(item), index)
        if first != index:
            yield ValidationError(f"items {first} and {index}")
            return


def identity(value: Any) -> Any:
    """A hashable stand-in: equal exactly when JSON Schema calls the values equal.

    Numbers are equal by value (1 and 1.0), a boolean never equals a number, and the order of an
    object's keys does not matter.
    """
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, Mapping):
        return frozenset((key, identity(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple([identity(item) for item in value])
    return value


def _multiple_of(
    validator: Any, step: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if validator.is_type(instance, "number") and (_exact(instance) / _exact(step)).denominator != 1:
        yield ValidationError("multipleOf")


def _exact(number: Any) -> Fraction:
    """The decimal number that was written, not the binary fraction nearest to it."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _any_of(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    failed, context = _first_valid(validator, branches, instance)
    if failed == len(branches):
        yield ValidationError("anyOf", context=context)


def _one_of(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    failed, context = _first_valid(validator, branches, instance)
    if failed == len(branches):
        yield ValidationError("oneOf", context=context)
        return
    for index in range(failed + 1, len(branches)):
        if validator.evolve(schema=branches[index]).is_valid(instance):
            yield ValidationError(f"branches {failed} and {index}")
            return


def _first_valid(validator: Any, branches: Any, instance: Any) -> tuple[int, list[ValidationError]]:
    """How many branches fail before one holds, and why."""
    context: list[ValidationError] = []
    for index, branch in enumerate(branches):
        errors = list(validator.descend(instance, branch, schema_path=index))
        if not errors:
            return index, context
        for error in errors:
            if not error.schema_path:  # the stock descent forgets where a false schema stood
                error.schema_path.append(index)
        context.extend(errors)
    return len(branches), context
