from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate import datasets
from pytest_ftgate.datasets.hashing import likeness
from pytest_ftgate.model import Case

CASE = Case(id="a", input={"m": "Grüße", "n": 1}, expected={"q": "x"}, tags=("s", "t"))


def test_the_content_is_input_and_expectation_alone() -> None:
    same = replace(
        CASE, id="b", tags=(), stratum="hard", split="train", weight=2.0, metadata={"k": 1}
    )

    assert datasets.content_hash(same) == datasets.content_hash(CASE)
    assert datasets.content_hash(replace(CASE, input="x")) != datasets.content_hash(CASE)
    assert datasets.content_hash(replace(CASE, expected=None)) != datasets.content_hash(CASE)


def test_hashes_are_fixed_for_ever() -> None:
    assert datasets.content_hash(CASE) == "17926d74245c0f15f5c9c490df225d84"
    assert datasets.case_hash(CASE) == "bff90d16dd89190c7ca301e44359391f"
    assert datasets.dataset_hash([CASE]) == "36ca5bb75bcac08dfd864981e92071c8"


def test_key_order_does_not_matter() -> None:
    assert datasets.content_hash(replace(CASE, input={"n": 1, "m": "Grüße"})) == (
        datasets.content_hash(CASE)
    )


@pytest.mark.parametrize(
    "change",
    [{"id": "b"}, {"input": "x"}, {"expected": 1}, {"tags": ("s",)}, {"stratum": "hard"},
     {"split": "train"}, {"weight": 2.0}, {"cluster": "c"}],
)  # fmt: skip
def test_the_hash_of_a_case_sees(change: dict[str, object]) -> None:
    assert datasets.case_hash(replace(CASE, **change)) != datasets.case_hash(CASE)


def test_the_hash_of_a_case_ignores_notes_and_tag_order() -> None:
    other = replace(CASE, tags=("t", "s"), metadata={"k": 1}, source="x:1")

    assert datasets.case_hash(other) == datasets.case_hash(CASE)


def test_the_hash_of_a_dataset_ignores_order_and_sees_every_case() -> None:
    other = replace(CASE, id="b")

    assert datasets.dataset_hash([CASE, other]) == datasets.dataset_hash([other, CASE])
    assert datasets.dataset_hash([CASE, other]) != datasets.dataset_hash([CASE])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is  my\nmoney?", " where is my money?"),
        ("STRASSE", "straße"),
        ("caf\u00e9", "cafe\u0301"),
        ({"m": ["Hi", 1]}, {"m": ["hi ", 1]}),
    ],
)
def test_alike(one: object, other: object) -> None:
    assert likeness(Case(id="a", input=one)) == likeness(Case(id="b", input=other))


@pytest.mark.parametrize(("one", "other"), [("a b", "ab"), ({"m": "x"}, {"n": "x"}), (["1"], [1])])
def test_not_alike(one: object, other: object) -> None:
    assert likeness(Case(id="a", input=one)) != likeness(Case(id="b", input=other))
