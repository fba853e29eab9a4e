from __future__ import annotations

import datetime

import pytest

from pytest_ftgate import datasets
from pytest_ftgate.errors import DataErrors
from pytest_ftgate.model import Case


def problems(*cases: object) -> list[str]:
    with pytest.raises(DataErrors) as caught:
        datasets.from_objects(cases, "test_triage")
    return [str(error) for error in caught.value.errors]


def test_cases_come_back_equal() -> None:
    cases = (
        Case(id="a", input={"m": "x"}, expected=1, tags=("t",), stratum="hard", source="here:1"),
        Case(id="b", input="y", weight=2.0, split="train", cluster="c", metadata={"k": "v"}),
    )

    assert datasets.from_objects(iter(cases), "test_triage") == cases


def test_objects_become_cases() -> None:
    assert datasets.from_objects([{"id": "a", "input": "x", "tags": ["t"]}], "loader") == (
        Case(id="a", input="x", tags=("t",)),
    )


def test_every_bad_case_is_reported() -> None:
    naive = datetime.datetime(2024, 1, 1)
    circle: list[object] = []
    circle.append(circle)

    found = problems(
        Case(id="a", input="x"),
        Case(id="A", input="x"),
        Case(id="b", input={"at": naive}),
        Case(id="c", input={"x": float("nan")}),
        Case(id="d", input={"x": circle}),
        {"id": "e", "imput": "x"},
        "f",
        Case(id="g", input="x", tags="urgent"),  # type: ignore[arg-type]
        Case(id="h", input="x", weight=0),
    )

    # How a number that is not finite is called depends on the version of Python.
    assert found.pop(2).startswith("test_triage: case 4: input is not JSON: Out of range float")
    assert found == [
        "test_triage: case 2: the id 'A' is that of case 1, which has it as 'a'. "
        "Rename one of them.",
        "test_triage: case 3: input is not JSON: Object of type datetime is not JSON serializable. "
        "Use text, finite numbers, lists and objects.",
        "test_triage: case 5: input is not JSON: Circular reference detected. "
        "Use text, finite numbers, lists and objects.",
        "test_triage: case 6: unknown key 'imput'; did you mean 'input'? "
        'Correct it, or put it into "metadata".',
        'test_triage: case 6: the input is missing. Add "input": text, an object or chat messages.',
        "test_triage: case 7: this is no case, got 'f'. Give pytest_ftgate.Case objects.",
        "test_triage: case 8: tags must be a list of text, got 'urgent'. "
        'Write "tags": ["refund"].',
        "test_triage: case 9: the weight must be a finite number above 0, got 0. "
        "Give a number, or leave it out for 1.",
    ]


@pytest.mark.parametrize("depth", [101, 50_000])
def test_deep_values_are_refused(depth: int) -> None:
    value: object = "x"
    for _ in range(depth):
        value = {"x": value}

    (problem,) = problems(Case(id="a", input=value))
    assert "nested" in problem


def test_nothing_is_an_error() -> None:
    assert problems() == [
        "test_triage: there is no case in it. Add at least one: an empty set proves nothing."
    ]


def test_lone_surrogates_are_kept_as_their_spelling() -> None:
    (case,) = datasets.from_objects([Case(id="a", input={"\ud83d": "\ud83d"})], "here")

    assert case.input == {"\\ud83d": "\\ud83d"}
