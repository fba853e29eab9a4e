from __future__ import annotations

import warnings

import pytest

from pytest_ftgate.checks.format import Schema
from pytest_ftgate.errors import FtgateWarning

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def doubts(schema: dict[str, object]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled = Schema.compile(schema)
    assert all(each.category is FtgateWarning for each in caught)
    assert tuple(str(each.message) for each in caught) == compiled.warnings
    return [each.removeprefix("<schema>: ") for each in compiled.warnings]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {"a": {"enumm": [1]}}}, "$.properties.a: the keyword \"enumm\" is unknown and is ignored; did you mean 'enum'?"),  # noqa: E501
        ({"additionalproperties": False}, "$: the keyword \"additionalproperties\" is unknown and is ignored; did you mean 'additionalProperties'?"),  # noqa: E501
        ({"nullable": True}, '$: the keyword "nullable" is unknown and is ignored'),
        ({"items": {"format": "emial"}}, "$.items: the format \"emial\" is unknown and is not checked; did you mean 'email'?"),  # noqa: E501
        ({"dependencies": {}}, '$: the keyword "dependencies" exists only up to draft 7; draft 2020-12 ignores it'),  # noqa: E501
        ({"additionalItems": False}, '$: the keyword "additionalItems" exists only up to draft 2019-09; draft 2020-12 ignores it'),  # noqa: E501
        ({"$schema": DRAFT_7, "prefixItems": []}, '$: the keyword "prefixItems" exists only from draft 2020-12 on; draft 7 ignores it'),  # noqa: E501
        ({"$schema": DRAFT_7, "definitions": {"a": {}}, "$ref": "#/definitions/a", "minLength": 3}, "$: draft 7 ignores what stands beside $ref: minLength; wrap the $ref in allOf"),  # noqa: E501
        ({"$schema": "http://json-schema.org/draft-04/schema#", "const": 1}, '$: the keyword "const" exists only from draft 6 on; draft 4 ignores it'),  # noqa: E501
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_warned_about(
    schema: dict[str, object], expected: str
) -> None:
    assert doubts(schema) == [expected]


def test_a_sound_schema_is_left_in_peace() -> None:
    assert doubts({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/x", "$comment": "fine", "title": "t", "description": "d",
        "x-order": 1, "example": {}, "type": "object", "$defs": {"a": {"type": "string"}},
        "properties": {"enumm": {"$ref": "#/$defs/a", "description": "a property, not a keyword"}},
        "const": {"typ": 1}, "default": {"typ": 1}, "examples": [{"typ": 1}], "required": [],
    }) == []  # fmt: skip


def test_older_drafts_keep_their_keywords() -> None:
    assert doubts({
        "$schema": DRAFT_7, "items": [{}], "additionalItems": False, "dependencies": {"a": ["b"]},
        "if": {}, "then": {}, "else": {}, "contains": {}, "$defs": {}, "definitions": {},
    }) == []  # fmt: skip
    assert doubts({
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$recursiveAnchor": True, "properties": {"a": {"$recursiveRef": "#"}},
        "additionalItems": True, "unevaluatedProperties": False, "dependentRequired": {},
    }) == []  # fmt: skip
