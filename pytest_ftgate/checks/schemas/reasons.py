"""Validation errors as sentences: where, what was got, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import did_you_mean
from pytest_ftgate.text import json_path, preview, shown

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_LIMIT = 200
_BARE = re.compile(r"(?!(?:true|false|null)$)[^\W\d][\w -]*")
_TYPES: dict[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def reasons(errors: Iterable[ValidationError], below: Sequence[str | int] = ()) -> tuple[str, ...]:
    """One reason for each error, without repetition, in the order found.

    Args:
        errors: what a validator of the keywords module found.
        below: the place of the validated value within its document.
    """
    return tuple(dict.fromkeys(_reason(error, below) for error in errors))


def _reason(error: ValidationError, below: Sequence[str | int]) -> str:
    """The reason of the most telling error within this one."""
    telling = _telling(error)
    parts = (*below, *telling.absolute_path)
    path = json_path(parts)
    if telling.validator == "required":
        return shown(f"{json_path((*parts, telling.message))}: missing", _LIMIT)
    if telling.message == "not allowed" or telling.validator is None:
        return shown(f"{path}: not allowed{_instead(telling)}", _LIMIT)
    got, allowed = _got_and_allowed(telling)
    return shown(f"{path}: got {got}, allowed: {allowed}", _LIMIT)


def _telling(error: ValidationError) -> ValidationError:
    """Within anyOf and oneOf, the first error of the branch that came nearest to holding.

    Nearest is, of the branches that take this type at all, one whose constants (the usual
    discriminators) are right, then the one with the fewest errors, then the one that got deepest.
    For a number, a text or null the branches are alternatives of equal rank: they are told
    together.
    """
    while error.context and error.validator != "propertyNames":
        if not isinstance(error.instance, (Mapping, list)):
            return error
        branches: dict[Any, list[ValidationError]] = {}
        for each in error.context:
            branches.setdefault(each.schema_path[0], []).append(each)
        fitting = [found for found in branches.values() if not any(map(_is_type_here, found))]
        if not fitting:
            return error
        error = min(fitting, key=_distance)[0]
    return error


def _is_type_here(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


def _distance(errors: Sequence[ValidationError]) -> tuple[bool, int, int]:
    constants = any(each.validator in {"const", "enum"} for each in errors)
    return constants, len(errors), -max(len(each.relative_path) for each in errors)


def _instead(error: ValidationError) -> str:
    """What is allowed in place of a property that is not."""
    key = error.path[-1] if error.path else None
    named = error.schema.get("properties") if isinstance(error.schema, Mapping) else None
    if not isinstance(key, str) or not named or key in named:
        return ""
    if len(named) <= 8:
        return f", allowed: {', '.join(named)}"
    return f", {did_you_mean(key, list(named))}"


def _got_and_allowed(error: ValidationError) -> tuple[str, str]:
    describe = _DESCRIPTIONS.get(str(error.validator))
    if describe is None:
        return preview(error.instance), f"what {error.validator} says"
    return describe(error.instance, error.validator_value, error)


_Describe = Callable[[Any, Any, Any], tuple[str, str]]


def _limit(template: str) -> _Describe:
    return lambda got, value, error: (preview(got), template.format(preview(value)))


def _sized(one: str, many: str, template: str) -> _Describe:
    def describe(got: Any, value: Any, error: Any) -> tuple[str, str]:
        return f"{len(got)} {one if len(got) == 1 else many}", template.format(preview(value))

    return describe


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(value if _is_bare(value) else preview(value, 40) for value in values)


def _is_bare(value: Any) -> bool:
    """Whether a text can stand without quotes and not be taken for something else."""
    return isinstance(value, str) and bool(_BARE.fullmatch(value))


def _type(got: Any, value: Any, error: Any) -> tuple[str, str]:
    names = [value] if isinstance(value, str) else list(value)
    kind = _TYPES.get(type(got), type(got).__name__)
    detail = f"{preview(got)} ({kind})" if not isinstance(got, (list, dict)) else kind
    return ("null" if got is None else detail), " or ".join(names)


def _any_of(got: Any, value: Any, error: Any) -> tuple[str, str]:
    wanted = [
        _DESCRIPTIONS[each.validator](got, each.validator_value, each)[1]
        for each in error.context
        if not each.relative_path and each.validator in _DESCRIPTIONS
    ]
    return preview(got), " or ".join(dict.fromkeys(wanted)) or "one of the forms in the schema"


def _property_name(got: Any, value: Any, error: Any) -> tuple[str, str]:
    _, allowed = _got_and_allowed(_telling(error.context[0]))
    return f"the key {preview(got)}", allowed


def _bound(inclusive: str, exclusive: str, flag: str) -> _Describe:
    """A bound; draft 4 says by a flag beside it whether the bound itself is excluded."""

    def describe(got: Any, value: Any, error: Any) -> tuple[str, str]:
        words = exclusive if error.schema.get(flag) is True else inclusive
        return preview(got), words.format(preview(value))

    return describe


def _one_of(got: Any, value: Any, error: Any) -> tuple[str, str]:
    if error.context:
        return _any_of(got, value, error)
    return f"{preview(got)}, which fits two forms ({error.message})", "exactly one of them"


def _dependent(got: Any, value: Any, error: Any) -> tuple[str, str]:
    return preview(got), "; ".join(
        f"{preview(key)} only with {_listed(needed)}"
        for key, needed in value.items()
        if isinstance(needed, list)
    )


_DESCRIPTIONS: dict[str, _Describe] = {
    "additionalItems": _limit("no further items"),
    "anyOf": _any_of,
    "const": lambda got, value, error: (preview(got), preview(value)),
    "contains": _limit("an array with an item that fits 'contains'"),
    "dependencies": _dependent,
    "dependentRequired": _dependent,
    "enum": lambda got, value, error: (preview(got), _listed(value)),
    "exclusiveMaximum": _limit("less than {}"),
    "exclusiveMinimum": _limit("more than {}"),
    "format": lambda got, value, error: (preview(got), f"text in the format {value}"),
    "items": _limit("no further items"),
    "maxContains": _limit("at most {} items that fit 'contains'"),
    "maxItems": _sized("item", "items", "at most {}"),
    "maxLength": _sized("character", "characters", "at most {}"),
    "maxProperties": _sized("property", "properties", "at most {}"),
    "maximum": _bound("at most {}", "less than {}", "exclusiveMaximum"),
    "minContains": _limit("at least {} items that fit 'contains'"),
    "minItems": _sized("item", "items", "at least {}"),
    "minLength": _sized("character", "characters", "at least {}"),
    "minProperties": _sized("property", "properties", "at least {}"),
    "minimum": _bound("at least {}", "more than {}", "exclusiveMinimum"),
    "multipleOf": _limit("a multiple of {}"),
    "not": lambda got, value, error: (preview(got), f"anything but {preview(value)}"),
    "oneOf": _one_of,
    "pattern": lambda got, value, error: (preview(got), f"text matching {shown(value, 80)}"),
    "propertyNames": _property_name,
    "type": _type,
    "uniqueItems": lambda got, value, error: (f"equal {error.message}", "no repeated items"),
}
