from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.checks.format import Schema, SchemaStore, check_format
from pytest_ftgate.errors import CheckError, DataError
from pytest_ftgate.model import Completion

TICKET = {
    "type": "object",
    "properties": {
        "urgency": {"enum": ["low", "medium", "high"]},
        "order_id": {"type": ["string", "null"], "pattern": r"^A\d{4}$"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 99},
        "email": {"type": "string", "format": "email"},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": 2},
    },
    "required": ["urgency"],
    "additionalProperties": False,
}


def reason(output: object, schema: object = TICKET) -> str:
    observation, parsed = check_format(output, schema)  # type: ignore[arg-type]
    if observation.passed:
        assert (observation.value, observation.reason) == (1.0, "")
    else:
        assert (observation.value, parsed) == (0.0, None)
    assert (observation.check, observation.kind) == ("format_valid", "format")
    assert len(observation.reason) < 300
    assert observation.reason.isprintable()
    return observation.reason


def test_a_valid_output_is_held_and_parsed() -> None:
    observation, parsed = check_format(' {"urgency": "low"}\n', TICKET)
    assert observation.passed
    assert observation.value == 1.0
    assert parsed == {"urgency": "low"}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"urgency": "asap"}', '$.urgency: got "asap", allowed: low, medium, high'),
        ("{}", "$.urgency: missing"),
        ("[]", "$: got an array, allowed: object"),
        ('{"urgency": "low", "order_id": 7}', "$.order_id: got 7 (an integer), allowed: string or null"),  # noqa: E501
        ('{"urgency": "low", "order_id": "B1"}', r'$.order_id: got "B1", allowed: text matching ^A\d{4}$'),  # noqa: E501
        ('{"urgency": "low", "quantity": 0}', "$.quantity: got 0, allowed: at least 1"),
        ('{"urgency": "low", "quantity": 100}', "$.quantity: got 100, allowed: at most 99"),
        ('{"urgency": "low", "quantity": true}', "$.quantity: got true (a boolean), allowed: integer"),  # noqa: E501
        ('{"urgency": "low", "email": "x@"}', '$.email: got "x@", allowed: text in the format email'),  # noqa: E501
        ('{"urgency": "low", "tags": ["a", "b", "a"]}', "$.tags: got equal items 0 and 2, allowed: no repeated items; $.tags: got 3 items, allowed: at most 2"),  # noqa: E501
        ('{"urgency": "low", "tags": [1]}', "$.tags[0]: got 1 (an integer), allowed: string"),
        ('{"urgency": "low", "urgent": 1}', "$.urgent: not allowed, allowed: urgency, order_id, quantity, email, tags"),  # noqa: E501
        ('{"urgency": "\\u001b[31m"}', '$.urgency: got "\\u001b[31m", allowed: low, medium, high'),
        (None, "there is no output (None), allowed: one JSON document"),
    ],
)  # fmt: skip
def test_the_reason_names_place_got_and_allowed(output: object, expected: str) -> None:
    assert reason(output) == expected


@pytest.mark.parametrize(
    ("schema", "output", "expected"),
    [
        ({"const": "yes"}, '"no"', '$: got "no", allowed: "yes"'),
        ({"minLength": 2}, '"a"', "$: got 1 character, allowed: at least 2"),
        ({"maxLength": 2}, '"abc"', "$: got 3 characters, allowed: at most 2"),
        ({"minItems": 1}, "[]", "$: got 0 items, allowed: at least 1"),
        ({"minProperties": 1}, "{}", "$: got 0 properties, allowed: at least 1"),
        ({"maxProperties": 0}, '{"a": 1}', "$: got 1 property, allowed: at most 0"),
        ({"exclusiveMinimum": 1}, "1", "$: got 1, allowed: more than 1"),
        ({"exclusiveMaximum": 1}, "1", "$: got 1, allowed: less than 1"),
        ({"multipleOf": 5}, "7", "$: got 7, allowed: a multiple of 5"),
        ({"not": {"const": 1}}, "1", '$: got 1, allowed: anything but {"const": 1}'),
        ({"contains": {"const": 1}}, "[2]", "$: got [2], allowed: an array with an item that fits 'contains'"),  # noqa: E501
        ({"contains": {"const": 1}, "maxContains": 1}, "[1, 1]", "$: got [1, 1], allowed: at most 1 items that fit 'contains'"),  # noqa: E501
        ({"contains": {"const": 1}, "minContains": 2}, "[1]", "$: got [1], allowed: at least 2 items that fit 'contains'"),  # noqa: E501
        ({"propertyNames": {"maxLength": 1}}, '{"abc": 1}', '$: got the key "abc", allowed: at most 1'),  # noqa: E501
        ({"propertyNames": {"enum": ["a", "b"]}}, '{"c": 1}', '$: got the key "c", allowed: a, b'),
        ({"dependentRequired": {"a": ["b"]}}, '{"a": 1}', '$: got {"a": 1}, allowed: "a" only with b'),  # noqa: E501
        ({"properties": {"a": False}}, '{"a": 1}', "$.a: not allowed"),
        (False, "1", "$: not allowed"),
        ({"prefixItems": [True], "items": False}, "[1, 2]", "$: got [1, 2], allowed: no further items"),  # noqa: E501
        ({"properties": {"a": True}, "unevaluatedProperties": False}, '{"b": 1}', "$.b: not allowed, allowed: a"),  # noqa: E501
        ({"prefixItems": [True], "unevaluatedItems": False}, "[1, 2]", "$[1]: not allowed"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "1", "$: got 1, allowed: string or null"),  # noqa: E501
        ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]}, "1", "$: got 1, allowed: null or at least 5"),  # noqa: E501
        ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, "3", "$: got 3, which fits two forms (branches 0 and 1), allowed: exactly one of them"),  # noqa: E501
        ({"enum": ["a b", "true", 1, None]}, "2", '$: got 2, allowed: a b, "true", 1, null'),
    ],
)  # fmt: skip
def test_every_keyword_has_its_words(schema: object, output: str, expected: str) -> None:
    assert reason(output, schema) == expected


def test_within_alternatives_the_nearest_one_speaks() -> None:
    refund = {
        "properties": {"kind": {"const": "refund"}, "amount": {"type": "number"}},
        "required": ["kind", "amount"],
    }
    question = {"properties": {"kind": {"const": "question"}}, "required": ["kind", "text"]}
    schema = {"oneOf": [{"type": "null"}, refund, question]}
    assert reason('{"kind": "refund", "amount": "5"}', schema) == (
        '$.amount: got "5" (a string), allowed: number'
    )
    assert reason('{"kind": "question"}', schema) == "$.text: missing"


def test_many_properties_are_suggested_not_listed() -> None:
    schema = {"properties": {f"field_{n}": True for n in range(20)}, "additionalProperties": False}
    assert reason('{"feild_3": 1}', schema) == "$.feild_3: not allowed, did you mean 'field_3'?"


def test_many_problems_make_one_short_reason() -> None:
    schema = {"properties": {f"a{n}": {"type": "string"} for n in range(50)}}
    text = reason(json.dumps({f"a{n}": n for n in range(50)}), schema)
    assert text.startswith("$.a0: got 0 (an integer), allowed: string; $.a1: got 1")
    assert text.endswith("; and 14 more")


@pytest.mark.parametrize(
    ("output", "note"),
    [
        ('```json\n{"urgency": "low"}\n```', "it would pass after stripping a markdown fence"),
        ('Sure!\n```json\n{"urgency": "low"}\n```', "it would pass after stripping a markdown fence and the text around it"),  # noqa: E501
        ('Here it is: {"urgency": "low"}', "it would pass after stripping the text before the JSON document"),  # noqa: E501
        ('```json\n{"urgency": "asap"}\n```', ""),
        ('{"urgency": "lo', "it looks cut off"),
        ('{"urgency": "asap"}', ""),
        (Completion(text='{"urgency": "lo', finish_reason="length"), "the answer was cut off at the token limit (finish_reason=length)"),  # noqa: E501
        (Completion(text='```\n{"urgency": "low"}\n```', finish_reason="stop"), "it would pass after stripping a markdown fence"),  # noqa: E501
    ],
)  # fmt: skip
def test_the_note_says_what_stands_between_the_output_and_a_pass(output: object, note: str) -> None:
    observation, parsed = check_format(output, TICKET)
    assert observation.passed is False
    assert parsed is None
    assert observation.note == note


def test_completions_and_parsed_data_are_judged_as_they_are() -> None:
    assert check_format(Completion(text='{"urgency": "low"}'), TICKET)[1] == {"urgency": "low"}
    assert check_format({"urgency": "low", "tags": ("a",)}, TICKET)[1] == {
        "urgency": "low",
        "tags": ["a"],
    }
    assert check_format(5, {"type": "integer"})[1] == 5
    assert check_format(True, {"type": "integer"})[0].passed is False


def test_an_output_of_another_type_is_a_mistake_of_the_test() -> None:
    with pytest.raises(CheckError, match="cannot read an output of type object"):
        check_format(object(), TICKET)


def test_null_is_a_document() -> None:
    observation, parsed = check_format("null", {"type": "null"})
    assert observation.passed
    assert parsed is None


@pytest.mark.parametrize(
    ("dialect", "schema", "valid", "invalid"),
    [
        ("http://json-schema.org/draft-04/schema#", {"minimum": 1, "exclusiveMinimum": True}, 2, 1),
        ("http://json-schema.org/draft-06/schema#", {"exclusiveMinimum": 1}, 2, 1),
        ("http://json-schema.org/draft-07/schema#", {"if": {"minimum": 5}, "then": {"maximum": 6}}, 6, 7),  # noqa: E501
        ("https://json-schema.org/draft/2019-09/schema", {"items": [{"type": "string"}], "additionalItems": False}, ["a"], ["a", 1]),  # noqa: E501
        ("https://json-schema.org/draft/2020-12/schema", {"prefixItems": [{"type": "string"}], "items": False}, ["a"], ["a", 1]),  # noqa: E501
        ("https://json-schema.org/draft-07/schema", {"const": 1}, 1, 2),
    ],
)  # fmt: skip
def test_the_draft_follows_the_schema(
    dialect: str, schema: dict[str, object], valid: object, invalid: object
) -> None:
    compiled = Schema.compile({"$schema": dialect, **schema})
    assert compiled.problems(valid) == ()  # type: ignore[arg-type]
    assert compiled.problems(invalid) != ()  # type: ignore[arg-type]


def test_draft_4_tells_an_excluded_bound() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "minimum": 1,
        "exclusiveMinimum": True,
    }
    assert reason("1", schema) == "$: got 1, allowed: more than 1"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "objct"}, '<schema>: not a schema of draft 2020-12: $.type: got "objct"'),
        ({"properties": {"a": {"enum": "x"}}}, '$.properties.a.enum: got "x" (a string), allowed: array'),  # noqa: E501
        ({"pattern": "("}, '$: the pattern "(" is not a regular expression: missing ) at position 1'),  # noqa: E501
        ({"items": {"patternProperties": {"[": True}}}, '$.items: the pattern "[" is not a regular expression'),  # noqa: E501
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, "which is no known draft"),
        ({"$schema": 7}, "which is no known draft"),
        ([], "a schema is an object or a boolean, got list"),
        ({"enum": {1, 2}}, "the schema is not JSON data"),
        ({"const": float("nan")}, "the schema is not JSON data"),
        ({"$ref": "#/components/x", "components": {"x": {"type": 5}}}, "#/components/x"),
    ],
)  # fmt: skip
def test_a_broken_schema_is_an_error_that_names_the_place(schema: object, message: str) -> None:
    with pytest.raises(DataError) as caught:
        Schema.compile(schema)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_a_store_makes_each_schema_once(tmp_path: Path) -> None:
    path = tmp_path / "ticket.schema.json"
    path.write_text("\ufeff" + json.dumps(TICKET), "utf-8")
    store = SchemaStore(tmp_path)
    assert store.load(path) is store.load(path)
    assert store.compile(TICKET) is store.compile(dict(TICKET))
    assert store.load(path).source == str(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "ticket.json:1:2: this is not JSON"),
        (b'{"type": "object", "type": "array"}', "the key 'type' stands twice"),
        (b"\xff\xfe{", "this is UTF-16"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
    ],
)
def test_a_file_that_is_no_json_names_the_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "ticket.json"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        Schema.load(path)
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.json: there is no such file"):
        Schema.load(tmp_path / "nothing.json")


def test_of_a_repaired_completion_the_first_answer_is_judged_and_the_last_one_parsed() -> None:
    repaired = Completion(text='{"urgency": "low"}', first_text="urgency: low")
    observation, parsed = check_format(repaired, TICKET)
    assert observation.passed is False
    assert observation.note == "it was put right when asked again"
    assert parsed == {"urgency": "low"}


def test_a_repair_that_did_not_help_is_judged_by_the_first_answer() -> None:
    observation, parsed = check_format(Completion(text="{", first_text="[]"), TICKET)
    assert observation.passed is False
    assert "array" in observation.reason
    assert observation.note == ""
    assert parsed is None


def test_a_completion_that_needed_no_repair_is_as_any_other() -> None:
    answer = '{"urgency": "low"}'
    asked_once = Completion(text=answer, first_text=answer)
    assert check_format(asked_once, TICKET) == check_format(answer, TICKET)
