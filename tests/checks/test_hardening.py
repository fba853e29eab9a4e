"""Hostile documents and slow patterns: bounded, and never a pass."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.checks.format import Schema, check_format
from pytest_ftgate.errors import CheckError, DataError

SLOW = "^(a|aa)+$"
BAIT = "a" * 64 + "!"


@pytest.mark.parametrize(
    ("schema", "output"),
    [
        ({"pattern": SLOW}, json.dumps(BAIT)),
        ({"patternProperties": {SLOW: {}}}, json.dumps({BAIT: 1})),
        ({"patternProperties": {SLOW: {}}, "additionalProperties": False}, json.dumps({BAIT: 1})),
        (
            {"allOf": [{"patternProperties": {SLOW: {}}}], "unevaluatedProperties": False},
            json.dumps({BAIT: 1}),
        ),
        ({"propertyNames": {"pattern": SLOW}}, json.dumps({BAIT: 1})),
        ({"anyOf": [{"pattern": SLOW}, True]}, json.dumps(BAIT)),
        ({"not": {"pattern": SLOW}}, json.dumps(BAIT)),
        (
            {"$defs": {"a": {"$schema": "http://json-schema.org/draft-07/schema#",
                             "pattern": SLOW}}, "$ref": "#/$defs/a"},
            json.dumps(BAIT),
        ),
    ],
)  # fmt: skip
def test_a_pattern_that_runs_too_long_is_an_error_of_the_case(
    schema: dict[str, object], output: str
) -> None:
    with pytest.raises(DataError, match=r"the pattern .* took longer than 0.25 s on this output"):
        check_format(output, schema)


def test_a_schema_that_multiplies_work_runs_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_ftgate.checks.schemas import guard

    ticks = iter(range(1_000_000))
    monkeypatch.setattr(guard.Guard, "_clock", staticmethod(lambda: next(ticks) / 10))
    schema = Schema.compile({"items": {"type": "integer"}})
    assert schema.problems([1] * 10) == ()
    with pytest.raises(CheckError, match="took longer than 5 s"):
        schema.problems([1] * 100)


@pytest.mark.parametrize("make", [str, lambda n: {"id": n, "v": [n]}, lambda n: [[n]]])
def test_unique_items_of_thousands(make: object) -> None:
    schema = Schema.compile({"uniqueItems": True})
    items = [make(n) for n in range(20_000)]  # type: ignore[operator]
    assert schema.problems(items) == ()
    assert schema.problems([*items, items[3]]) == (
        "$: got equal items 3 and 20000, allowed: no repeated items",
    )


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ([1, True], True),
        ([0, False], True),
        ([1, 1.0], False),
        ([[1], [True]], True),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], False),
        ([{"a": 1}, [["a", 1]]], True),
        ([None, "null", 0, "", False, [], {}], True),
        ([[], {}], True),
        ([2**53, 2**53 + 1, float(2**53)], False),
        (["a", ["a"]], True),
    ],
)
def test_unique_means_what_json_schema_says(items: list[object], unique: bool) -> None:
    assert (Schema.compile({"uniqueItems": True}).problems(items) == ()) is unique  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "step", "holds"),
    [(19.99, 0.01, True), (0.3, 0.1, True), (1.005, 0.01, False), (1e308, 0.5, True),
     (7, 2, False), (7.5, 2.5, True), (10**30, 3, False), (0, 0.1, True), (4.0, 2, True)],
)  # fmt: skip
def test_multiples_are_exact(value: float, step: float, holds: bool) -> None:
    assert (Schema.compile({"multipleOf": step}).problems(value) == ()) is holds


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("^a$", "a", True),
        ("^a$", "a\n", False),
        (r"^a\$$", "a$", True),
        (r"^[$]$", "$", True),
        (r"^[^$]$", "$", False),
        (r"^[]$]+$", "]$", True),
        (r"^(a|b$)$", "b", True),
        (r"\\$", "x\\", True),
        (r"^\p{Lu}+$", "ÄÖ", True),
        ("a", "cat", True),
    ],
)
def test_patterns_mean_what_json_schema_says(pattern: str, text: str, holds: bool) -> None:
    assert (Schema.compile({"pattern": pattern}).problems(text) == ()) is holds


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("email", ["a@b.co", '"x y"@b.co', "a.b+c@d-e.org", "a@[127.0.0.1]"],
         ["a", "a@", "@b", "a b@c.d", "a@b@c", "a.@b.c", "a@-b.c", "a@b.co\n", "x" * 400 + "@b.c"]),
        ("idn-email", ["ü@ö.de"], ["ü", "ü@", "a b@c"]),
        ("date", ["2024-02-29"], ["2023-02-29", "2024-1-1", "20240101",
                                  "\u0662\u0660\u0662\u0664-01-01"]),
        ("date-time", ["2024-01-01T00:00:00Z", "2024-01-01t00:00:00.5+01:00"],
         ["2024-01-01", "2024-01-01 00:00:00", "2024-13-01T00:00:00Z"]),
        ("time", ["12:00:00Z"], ["25:00:00Z", "12:00"]),
        ("uri", ["https://a.b/c?d#e"], ["a b", "/relative"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123"]),
        ("ipv4", ["1.2.3.4"], ["1.2.3", "1.2.3.256"]),
        ("ipv6", ["::1"], ["1.2.3.4", "::1%eth0"]),
        ("hostname", ["a-b.c"], ["-a", "a_b"]),
        ("regex", ["a+", r"\p{L}"], ["("]),
        ("duration", ["P1D", "PT1H"], ["1 day"]),
        ("json-pointer", ["/a/b"], ["a"]),
        ("relative-json-pointer", ["0#"], ["²²"]),
        ("idn-hostname", ["ö.de"], ["〮a"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dialect", ["draft-07/schema#", "draft/2020-12/schema"])
def test_formats_are_asserted_in_every_draft(
    dialect: str, name: str, good: list[str], bad: list[str]
) -> None:
    scheme = "https" if "2020" in dialect else "http"
    schema = Schema.compile({"$schema": f"{scheme}://json-schema.org/{dialect}", "format": name})
    assert [text for text in good if schema.problems(text)] == []
    assert [text for text in bad if not schema.problems(text)] == []
    assert schema.problems("x" * 100_000) != ()
    assert schema.problems(5) == ()


@pytest.mark.parametrize(
    "output",
    ["x" * 10_000_000, "[" * 10_000_000, '{"a":' * 2_000_000, "[" + "1," * 5_000_000 + "1]",
     '{"a": "' + "\x00" * 10_000_000 + '"}', "```json\n" * 1_000_000, "{}" * 5_000_000],
    ids=["junk", "brackets", "objects", "numbers", "controls", "fences", "documents"],
)  # fmt: skip
def test_outputs_of_ten_megabytes_are_misses_with_short_reasons(output: str) -> None:
    observation, parsed = check_format(output, {"type": "object"})
    assert observation.passed is False
    assert parsed is None
    assert len(observation.reason) < 300
    assert observation.reason.isprintable()


def test_a_ten_megabyte_document_is_judged_and_only_previewed() -> None:
    output = json.dumps({"a": "x" * 10_000_000})
    assert check_format(output, {"type": "object"})[0].passed
    observation, _ = check_format(output, {"additionalProperties": {"type": "integer"}})
    assert observation.reason.startswith('$.a: got "xxx')
    assert len(observation.reason) < 300


def test_unevaluated_properties_and_items_see_through_every_applicator() -> None:
    schema = Schema.compile({
        "$defs": {"base": {"properties": {"a": True}}},
        "$ref": "#/$defs/base",
        "allOf": [{"patternProperties": {"^p": True}}],
        "anyOf": [{"properties": {"k": {"const": 1}}, "required": ["k"]}, True],
        "if": {"required": ["x"]}, "then": {"properties": {"x": True}},
        "else": {"properties": {"y": True}},
        "dependentSchemas": {"a": {"properties": {"d": True}}},
        "unevaluatedProperties": False,
    })  # fmt: skip
    assert schema.problems({"a": 1, "p1": 1, "k": 1, "x": 1, "d": 1}) == ()
    assert schema.problems({"y": 1}) == ()
    assert schema.problems({"x": 1, "y": 1}) == ("$.y: not allowed",)
    assert schema.problems({"y": 1, "d": 1, "k": 2}) == ("$.d: not allowed", "$.k: not allowed")


def test_unevaluated_items_see_through_every_applicator() -> None:
    items = Schema.compile({
        "prefixItems": [True], "contains": {"const": "c"}, "unevaluatedItems": {"type": "null"},
    })  # fmt: skip
    assert items.problems([1, "c", None]) == ()
    assert items.problems([1, "c", 2]) == ("$[2]: got 2 (an integer), allowed: null",)


def test_unevaluated_members_in_draft_2019_09() -> None:
    dialect = "https://json-schema.org/draft/2019-09/schema"
    tree = Schema.compile({
        "$schema": dialect, "$recursiveAnchor": True,
        "properties": {"value": True, "left": {"$recursiveRef": "#"}},
        "unevaluatedProperties": False,
    })  # fmt: skip
    assert tree.problems({"value": 1, "left": {"value": 2}}) == ()
    assert tree.problems({"left": {"valeu": 2}}) == (
        "$.left.valeu: not allowed, allowed: value, left",
    )
    extended = Schema.compile({
        "$schema": dialect, "$id": "https://example.com/extended", "$recursiveAnchor": True,
        "$ref": "./node", "properties": {"name": True},
        "$defs": {"node": {
            "$id": "./node", "$recursiveAnchor": True,
            "properties": {"next": {"$recursiveRef": "#", "unevaluatedProperties": False}},
        }},
    })  # fmt: skip
    assert extended.problems({"name": 1, "next": {"name": 2, "next": {}}}) == ()
    assert extended.problems({"next": {"nome": 2}}) == ("$.next.nome: not allowed",)

    for rest, expected in [
        ({}, ("$[1]: not allowed",)),
        ({"additionalItems": True}, ()),
        ({"allOf": [{"items": True}]}, ()),
        ({"allOf": [{"items": [True, True]}]}, ()),
        ({"allOf": [{"unevaluatedItems": True}]}, ()),
        ({"allOf": [True]}, ("$[1]: not allowed",)),
    ]:
        schema = {"$schema": dialect, "items": [True], "unevaluatedItems": False, **rest}
        assert Schema.compile(schema).problems([1, 2]) == expected


def test_any_keyword_that_speaks_about_all_members_leaves_none_unevaluated() -> None:
    for speaks in ({"additionalProperties": True}, {"unevaluatedProperties": True}):
        schema = Schema.compile({"allOf": [speaks], "unevaluatedProperties": False})
        assert schema.problems({"a": 1}) == ()
    schema = Schema.compile({"allOf": [True], "unevaluatedProperties": {"type": "null"}})
    assert schema.problems({"a": None}) == ()
    assert schema.problems({"a": 1}) == ("$.a: got 1 (an integer), allowed: null",)
