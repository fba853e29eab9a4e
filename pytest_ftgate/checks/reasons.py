"""Validation errors as sentences: where, what was got, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import did_you_mean
from pytest_ftgate.text import preview, shown

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_LIMIT = 200
_NAME = re.compile(r"[^\W\d]\w*")
_TYPES: dict[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def json_path(parts: Iterable[str | int]) -> str:
    """A JSON path: ``$.items[0].name``, with unusual keys quoted."""
    path = "$"
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _NAME.fullmatch(part):
            path += f".{shown(part, 60)}"
        else:
            path += f"[{preview(part, 60)}]"
    return path


def reasons(errors: Iterable[ValidationError]) -> tuple[str, ...]:
    """One reason for each error, without repetition, in the order found."""
    return tuple(dict.fromkeys(_reason(error) for error in errors))


def _reason(error: ValidationError) -> str:
    """The reason of the most telling error within this one."""
    telling = _telling(error)
    path = json_path(telling.absolute_path)
    if telling.validator == "required":
        return shown(f"{json_path((*telling.absolute_path, telling.message))}: missing", _LIMIT)
    if telling.message == "not allowed" or telling.validator is None:
        return shown(f"{path}: not allowed{_instead(telling)}", _LIMIT)
    got, allowed = _got_and_allowed(telling)
    return shown(f"{path}: got {got}, allowed: {allowed}", _LIMIT)


def _telling(error: ValidationError) -> ValidationError:
    """Within anyOf and oneOf, the error of the branch that came nearest to holding.

    A branch that fails only further down got further than one that fails at once; when all fail
    at once for the type, none is nearer and the combination itself is reported.
    """
    while error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for each in error.context:
            branches.setdefault(each.schema_path[0], []).append(each)
        depths = {
            branch: max(len(each.relative_path) for each in found)
            for branch, found in branches.items()
        }
        fitting = {
            branch: found
            for branch, found in branches.items()
            if not any(each.validator == "type" and not each.relative_path for each in found)
        }
        if len(fitting) == 0 or (len(fitting) > 1 and not any(depths.values())):
            return error
        nearest = min(fitting, key=lambda branch: (len(fitting[branch]), -depths[branch]))
        error = fitting[nearest][0]
    return error


def _instead(error: ValidationError) -> str:
    """What is allowed in place of a property that is not."""
    key = error.path[-1] if error.path else None
    named = error.schema.get("properties") if isinstance(error.schema, Mapping) else None
    if not isinstance(key, str) or not named:
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


def _sized(unit: str, template: str) -> _Describe:
    def describe(got: Any, value: Any, error: Any) -> tuple[str, str]:
        return f"{len(got)} {unit}", template.format(preview(value))

    return describe


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(value if _is_bare(value) else preview(value, 40) for value in values)


def _is_bare(value: Any) -> bool:
    """Whether a text can stand without quotes and not be taken for something else."""
    return isinstance(value, str) and bool(_NAME.fullmatch(value)) and value not in {
        "true", "false", "null",
    }  # fmt: skip


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
    "maxItems": _sized("items", "at most {}"),
    "maxLength": _sized("characters", "at most {}"),
    "maxProperties": _sized("properties", "at most {}"),
    "maximum": _limit("at most {}"),
    "minContains": _limit("at least {} items that fit 'contains'"),
    "minItems": _sized("items", "at least {}"),
    "minLength": _sized("characters", "at least {}"),
    "minProperties": _sized("properties", "at least {}"),
    "minimum": _limit("at least {}"),
    "multipleOf": _limit("a multiple of {}"),
    "not": lambda got, value, error: (preview(got), f"anything but {preview(value)}"),
    "oneOf": _one_of,
    "pattern": lambda got, value, error: (preview(got), f"text matching {shown(value, 80)}"),
    "type": _type,
    "uniqueItems": lambda got, value, error: (f"equal {error.message}", "no repeated items"),
}
