from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate import datasets
from pytest_ftgate.datasets.splits import RATIOS, duplicates, groups
from pytest_ftgate.errors import ConfigError
from pytest_ftgate.model import Case


def make(number: int, stratum: str | None = None) -> list[Case]:
    return [
        Case(id=f"{stratum or 'c'}-{at}", input=f"{stratum} {at}", stratum=stratum)
        for at in range(number)
    ]


def counts(cases: tuple[Case, ...]) -> tuple[int, int, int]:
    found = Counter(case.split for case in cases)
    return found["train"], found["dev"], found["holdout"]


def test_shares_are_exact_where_they_can_be() -> None:
    assert counts(datasets.split_cases(make(400))) == (300, 50, 50)


def test_every_stratum_is_in_every_split() -> None:
    cases = datasets.split_cases([*make(80, "easy"), *make(160, "typical"), *make(16, "hard")])

    for stratum, wanted in (
        ("easy", (60, 10, 10)),
        ("typical", (120, 20, 20)),
        ("hard", (12, 2, 2)),
    ):
        assert counts(tuple(case for case in cases if case.stratum == stratum)) == wanted


def test_many_small_strata_add_up_to_the_ratios() -> None:
    cases = [case for at in range(40) for case in make(2, f"s{at:02}")]

    assert counts(datasets.split_cases(cases)) == (60, 10, 10)


@pytest.mark.parametrize(
    ("ratios", "wanted"),
    [((0, 0.5, 0.5), (0, 5, 5)), ((0, 1, 0), (0, 10, 0)), ((0.7, 0.15, 0.15), (7, 2, 1))],
)
def test_other_ratios(ratios: tuple[float, ...], wanted: tuple[int, ...]) -> None:
    assert counts(datasets.split_cases(make(10), ratios=ratios)) == wanted


@pytest.mark.parametrize(
    ("ratios", "message"),
    [
        ((0.5, 0.5), "got 0.5, 0.5, allowed: three numbers of at least 0, for train, dev, holdout"),
        ((-0.5, 1, 0.5), "got -0.5, 1, 0.5, allowed: three numbers"),
        ((float("nan"), 1, 0), "got nan, 1, 0, allowed: three numbers"),
        ((75, 12.5, 12.5), "75, 12.5, 12.5 add up to 100, and must add up to 1; write fractions"),
    ],
)
def test_wrong_ratios(ratios: tuple[float, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        datasets.split_cases(make(10), ratios=ratios)


def test_the_seed_changes_the_assignment() -> None:
    cases = make(40)

    assert datasets.split_cases(cases, seed=1) != datasets.split_cases(cases, seed=2)
    assert datasets.split_cases(cases, seed=1) == datasets.split_cases(cases, seed=1)


def test_the_assignment_is_fixed_for_ever() -> None:
    assert (
        "".join(case.split[0] for case in datasets.split_cases(make(24), seed=7))
        == "ttthddttttttthtttdttthtt"
    )


def test_present_splits_do_not_matter_and_nothing_else_changes() -> None:
    cases = make(20)

    moved = datasets.split_cases([replace(case, split="holdout") for case in cases])

    assert moved == datasets.split_cases(cases)
    assert [replace(case, split="dev") for case in moved] == cases


def test_a_chain_of_links_is_one_group() -> None:
    cases = [
        Case(id="a", input="one", cluster="x"),
        Case(id="b", input="Two ", cluster="x"),
        Case(id="c", input="two"),
        Case(id="d", input="three", cluster="y"),
        Case(id="e", input="THREE", cluster="z"),
        Case(id="f", input="four"),
    ]

    assert [[case.id for case in group] for group in groups(cases)] == [
        ["a", "b", "c"],
        ["d", "e"],
        ["f"],
    ]
    assert [[case.id for case in group] for group in duplicates(cases)] == [["b", "c"], ["d", "e"]]


grouped_cases = st.lists(
    st.tuples(
        st.sampled_from([None, "easy", "hard"]),
        st.integers(0, 30),
        st.sampled_from([None, None, None, "p", "q"]),
    ),
    min_size=1,
    max_size=60,
).map(
    lambda rows: [
        Case(id=f"c{at}", input=f"Text {text}", stratum=stratum, cluster=cluster)
        for at, (stratum, text, cluster) in enumerate(rows)
    ]
)


@settings(deadline=None)
@given(cases=grouped_cases, seed=st.integers(0, 5), shuffle=st.randoms(use_true_random=False))
def test_groups_stay_whole_and_order_does_not_matter(
    cases: list[Case], seed: int, shuffle: random.Random
) -> None:
    split = {case.id: case.split for case in datasets.split_cases(cases, seed=seed)}

    for group in groups(cases):
        assert len({split[case.id] for case in group}) == 1
    shuffled = shuffle.sample(cases, len(cases))
    assert {case.id: case.split for case in datasets.split_cases(shuffled, seed=seed)} == split


@settings(deadline=None)
@given(cases=grouped_cases, seed=st.integers(0, 5))
def test_no_two_cases_that_repeat_each_other_are_parted(cases: list[Case], seed: int) -> None:
    split = datasets.split_cases(cases, seed=seed)

    for one, other in itertools.combinations(split, 2):
        alike = one.input.split() == other.input.split()
        if alike or (one.cluster is not None and one.cluster == other.cluster):
            assert one.split == other.split


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8), seed=st.integers(0, 5))
def test_without_duplicates_no_share_is_off_by_more_than_rounding(
    sizes: list[int], seed: int
) -> None:
    cases = [case for at, size in enumerate(sizes) for case in make(size, f"s{at}")]

    split = datasets.split_cases(cases, seed=seed)

    for found, ratio in zip(counts(split), RATIOS, strict=True):
        assert abs(found - ratio * len(cases)) < 1
    for at, size in enumerate(sizes):
        mine = tuple(case for case in split if case.stratum == f"s{at}")
        for found, ratio in zip(counts(mine), RATIOS, strict=True):
            assert abs(found - ratio * size) < 2
