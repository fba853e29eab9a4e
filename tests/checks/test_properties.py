"""What must hold for every output: agreement with jsonschema, and no way from worse to better."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.checks.format import Schema, check_format
from pytest_ftgate.checks.policy import check_policy
from pytest_ftgate.checks.rules.reading import read_policy

KEYS = st.sampled_from(["a", "b", "c"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 1.0, 2.5])
    | st.text("abé", max_size=3)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def keywords(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    small = st.integers(0, 3)
    return st.fixed_dictionaries({}, optional={
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(DOCUMENTS, min_size=1, max_size=3),
        "const": DOCUMENTS,
        "minimum": st.integers(-2, 2), "exclusiveMaximum": st.integers(-2, 2),
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "minLength": small, "maxLength": small, "pattern": st.sampled_from(["^a", "b$", "a|b"]),
        "items": inner, "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "minItems": small, "maxItems": small, "uniqueItems": st.booleans(),
        "contains": inner, "minContains": small, "maxContains": small,
        "properties": st.dictionaries(KEYS, inner, max_size=2),
        "patternProperties": st.dictionaries(st.sampled_from(["a", "^b$"]), inner, max_size=1),
        "additionalProperties": inner, "required": st.lists(KEYS, max_size=2, unique=True),
        "minProperties": small, "maxProperties": small, "propertyNames": inner,
        "dependentRequired": st.dictionaries(KEYS, st.lists(KEYS, max_size=1), max_size=1),
        "dependentSchemas": st.dictionaries(KEYS, inner, max_size=1),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner, "if": inner, "then": inner, "else": inner,
        "unevaluatedProperties": inner, "unevaluatedItems": inner,
    })  # fmt: skip


SCHEMAS = st.recursive(st.booleans(), keywords, max_leaves=6)


@settings(deadline=None)
@given(SCHEMAS, st.lists(DOCUMENTS, min_size=1, max_size=6))
def test_validity_is_that_of_jsonschema(schema: object, documents: list[object]) -> None:
    ours = Schema.compile(schema)  # type: ignore[arg-type]
    theirs = jsonschema.Draft202012Validator(schema)
    for document in documents:
        problems = ours.problems(document)  # type: ignore[arg-type]
        assert (problems == ()) == theirs.is_valid(document)
        assert all(each.isprintable() and len(each) <= 200 for each in problems)


@given(DOCUMENTS, st.text(min_size=1, max_size=20))
def test_text_around_a_document_never_passes(document: object, text: str) -> None:
    whole = json.dumps(document)
    if not text.strip(" \t\n\r"):
        return
    for output in (f"{text}\n{whole}", f"{whole}\n{text}"):
        observation, _ = check_format(output, True)
        assert observation.passed is False or output.strip(" \t\n\r") in {text.strip(), whole}


@given(DOCUMENTS)
def test_a_document_cut_short_never_passes(document: object) -> None:
    whole = json.dumps({"answer": document})
    for end in range(len(whole)):
        assert check_format(whole[:end], True)[0].passed is False


@given(st.dictionaries(st.sampled_from(["a", "b", "x"]), LEAVES), st.sampled_from(["a", "b"]))
def test_losing_a_required_key_never_passes(document: dict[str, object], key: str) -> None:
    schema = {"required": ["a", "b"], "properties": {"a": {"type": "string"}}}
    fewer = {name: value for name, value in document.items() if name != key}
    assert check_format(json.dumps(fewer), schema)[0].passed is False


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("policy") / "policy.toml"
    path.write_text(
        "[[rule]]\nid = 'r'\nforbid = '(?i)globex'\nmax_words = 12\n"
        "allowed_terms = ['DataVault']\n",
        "utf-8",
    )
    return read_policy(path)


@given(st.text(max_size=60), st.sampled_from([" globex", "\nGLOBEX", " and data-vault", " w" * 13]))
def test_adding_a_violation_never_passes(policy, text: str, added: str) -> None:  # type: ignore[no-untyped-def]
    assert check_policy(text + added, policy)[0].passed is False


@given(st.text(st.characters(), max_size=60))
def test_reasons_are_printable_whatever_the_output(policy, text: str) -> None:  # type: ignore[no-untyped-def]
    for observation in (
        check_policy(text + " Globex", policy)[0],
        check_format(text, {"type": "object"})[0],
    ):
        assert (observation.reason + observation.note).isprintable()
        assert len(observation.reason) < 300
