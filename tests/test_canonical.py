from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.canonical import canonical_json, digest, escape_surrogates

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def reordered(value: object) -> object:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [reordered(item) for item in value]
    return value


def test_spelling() -> None:
    value = {"b": [1, 1.0, True, None], "a": "é\n\u2028", "Z": ("x",)}

    assert canonical_json(value) == '{"Z":["x"],"a":"é\\n\u2028","b":[1,1.0,true,null]}'.encode()


def test_digest_is_fixed_for_ever() -> None:
    assert digest(None) == "941dffce4e4308ceb33e87326003257d"
    assert (
        digest({"input": {"message": "Grüße"}, "expected": None})
        == "3343a694e3a9c20f190c8d8e34c2c398"
    )


@given(json_values)
def test_round_trip(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(json_values)
def test_key_order_does_not_matter(value: object) -> None:
    assert canonical_json(reordered(value)) == canonical_json(value)


def test_whole_and_fractional_numbers_differ() -> None:
    assert digest(1) != digest(1.0)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": [number]})


def test_deep_nesting_is_a_value_error() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(ValueError, match="too deeply"):
        canonical_json(value)


def test_values_that_are_not_json_are_refused() -> None:
    with pytest.raises(TypeError):
        canonical_json({"x": {1, 2}})


def test_a_lone_surrogate_is_escaped_and_stays_apart_from_its_spelling() -> None:
    assert canonical_json("a\ud83d") == b'"a\\ud83d"'
    assert digest("\ud83d") != digest("\\ud83d")


def test_escape_surrogates() -> None:
    assert escape_surrogates("half \ud83d, whole \U0001f600") == "half \\ud83d, whole \U0001f600"
