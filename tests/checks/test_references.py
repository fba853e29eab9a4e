"""$ref: inside the project only, resolved before the first output, never without end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.checks.format import Schema, check_format
from pytest_ftgate.errors import DataError


def written(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    written(tmp_path / "outside.json", {"type": "string"})
    root = tmp_path / "project"
    written(root / "shared" / "defs.json", {"$defs": {"id": {"type": "string", "pattern": "^A"}}})
    return root


def refused(root: Path, ref: str) -> str:
    path = written(root / "evals" / "s.json", {"properties": {"a": {"$ref": ref}}})
    with pytest.raises(DataError) as caught:
        Schema.load(path, root)
    return str(caught.value)


def test_references_between_files_of_the_project_are_followed(root: Path) -> None:
    schema = Schema.load(
        written(
            root / "evals" / "s.json",
            {"properties": {"a": {"$ref": "../shared/defs.json#/$defs/id"}}},
        ),
        root,
    )
    assert schema.problems({"a": "A1"}) == ()
    assert schema.problems({"a": "B1"}) == ('$.a: got "B1", allowed: text matching ^A',)


def test_references_within_the_schema_are_followed_by_pointer_name_and_id() -> None:
    schema = Schema.compile({
        "$id": "https://example.com/root.json",
        "properties": {
            "a": {"$ref": "#/$defs/x"},
            "b": {"$ref": "#named"},
            "c": {"$ref": "part.json"},
            "d": {"$dynamicRef": "#free"},
        },
        "$defs": {
            "x": {"type": "string"},
            "y": {"$anchor": "named", "type": "integer"},
            "z": {"$id": "part.json", "type": "null"},
            "f": {"$dynamicAnchor": "free", "type": "boolean"},
        },
    })  # fmt: skip
    assert schema.problems({"a": "x", "b": 1, "c": None, "d": True}) == ()
    assert len(schema.problems({"a": 1, "b": "x", "c": 1, "d": 1})) == 4


def test_the_drafts_own_schemas_are_at_hand_without_network() -> None:
    schema = Schema.compile({"$ref": "https://json-schema.org/draft/2020-12/schema"})
    assert schema.problems({"type": "string"}) == ()
    assert schema.problems({"type": "strng"}) != ()


def test_a_file_of_another_draft_keeps_its_draft(root: Path) -> None:
    written(
        root / "old.json",
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "items": [{"pattern": "^(a|aa)+$"}],
            "additionalItems": False,
        },
    )
    schema = Schema.load(written(root / "s.json", {"$ref": "old.json"}), root)
    assert schema.problems(["aa"]) == ()
    assert schema.problems(["aa", 1]) == ('$: got ["aa", 1], allowed: no further items',)
    with pytest.raises(DataError, match="took longer than"):
        schema.problems(["a" * 64 + "!"])


def test_a_reference_relative_to_a_published_id_finds_the_file_beside(root: Path) -> None:
    path = written(
        root / "s.json",
        {"$id": "https://example.com/v1/s.json", "$ref": "shared/defs.json#/$defs/id"},
    )
    assert Schema.load(path, root).problems("B") != ()


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        ("http://127.0.0.1:9/x.json", "only files inside the project root are read"),
        ("https://example.com/x.json#/a", "only files inside the project root are read"),
        ("ftp://example.com/x.json", "only files inside the project root are read"),
        ("file://elsewhere/x.json", "only files inside the project root are read"),
        ("file:///etc/passwd", "it lies outside the project root"),
        ("../../outside.json", "it lies outside the project root"),
        ("..%2F..%2Foutside.json", "it lies outside the project root"),
        ("/etc/passwd", "it lies outside the project root"),
        ("missing.json", "there is no file"),
        ("#/$defs/missing", "there is nothing at that place"),
        ("#missing", "there is nothing at that place"),
        ("../shared/defs.json#/$defs/nope", "there is nothing at that place"),
    ],
)
def test_a_reference_that_leads_out_is_refused(root: Path, ref: str, why: str) -> None:
    message = refused(root, ref)
    assert "s.json: $.properties.a: $ref" in message
    assert why in message


def test_a_symbolic_link_does_not_lead_out(root: Path) -> None:
    (root / "evals").mkdir()
    (root / "evals" / "link.json").symlink_to(root.parent / "outside.json")
    assert "it lies outside the project root" in refused(root, "link.json")


def test_a_misspelt_pointer_gets_a_suggestion() -> None:
    with pytest.raises(DataError, match=r"did you mean '#/\$defs/address'\?"):
        Schema.compile({"$ref": "#/$defs/adress", "$defs": {"address": {}}})


def test_a_referred_file_that_is_broken_is_named(root: Path) -> None:
    (root / "evals").mkdir()
    (root / "evals" / "broken.json").write_text('{"type": ', "utf-8")
    assert "broken.json:1:10: this is not JSON" in refused(root, "broken.json")
    (root / "evals" / "broken.json").write_text('{"type": "strng"}', "utf-8")
    assert 'broken.json: not a schema of draft 2020-12: $.type: got "strng"' in refused(
        root, "broken.json"
    )


def test_data_refers_to_nothing_but_itself() -> None:
    with pytest.raises(DataError, match="can refer to nothing but itself"):
        Schema.compile({"$ref": "other.json"})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"unevaluatedProperties": False, "allOf": [{"$ref": "#"}]},
        {"not": {"$ref": "#"}},
    ],
)
def test_a_loop_is_an_error_of_the_schema_and_ends(schema: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"goes too deep: a \$ref leads back to itself"):
        check_format("{}", schema)


def test_a_recursive_schema_is_followed_as_deep_as_documents_go() -> None:
    schema = Schema.compile({
        "type": "object",
        "properties": {"child": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}},
        "additionalProperties": False,
    })  # fmt: skip
    document: object = None
    for _ in range(60):
        document = {"child": document}
    assert schema.problems(document) == ()  # type: ignore[arg-type]
    deeper = json.dumps({"child": {"child": {"child": document}}})
    assert check_format(deeper, schema)[0].passed
    assert check_format(json.dumps({"child": json.loads(deeper)} | {"x": 1}), schema)[0].reason
    observation, _ = check_format('{"child": ' * 5000 + "null" + "}" * 5000, schema)
    assert observation.reason == "nested deeper than 64 levels, allowed: at most 64"
