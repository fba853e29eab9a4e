from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.runs.shards import Key, parse_shard, select_shard

Item = tuple[Key, str | None]


def items_of(*sizes: tuple[str | None, int], variant: str = "v1", trials: int = 1) -> list[Item]:
    """Items of one suite, a number for each stratum."""
    return [
        (("triage", variant, f"{stratum}-{number}", trial), stratum)
        for stratum, size in sizes
        for number in range(size)
        for trial in range(trials)
    ]


def shards_of(items: list[Item], count: int) -> list[frozenset[Key]]:
    return [select_shard(items, index, count) for index in range(1, count + 1)]


def spread(counts: list[int]) -> int:
    return max(counts) - min(counts)


ITEMS = st.lists(
    st.tuples(
        st.tuples(
            st.sampled_from(["s1", "s2"]),
            st.sampled_from(["v1", "v2"]),
            st.text(max_size=4),
            st.integers(0, 2),
        ),
        st.sampled_from([None, "", "easy", "hard"]),
    ),
    max_size=60,
    unique_by=lambda item: item[0],
)


class TestSelecting:
    @given(items=ITEMS, count=st.integers(1, 7))
    def test_every_item_is_in_one_shard(self, items: list[Item], count: int) -> None:
        dealt = [key for shard in shards_of(items, count) for key in shard]
        assert sorted(dealt) == sorted(key for key, _ in items)

    @given(items=ITEMS, count=st.integers(1, 7))
    def test_shards_are_alike_in_all_and_in_every_stratum(
        self, items: list[Item], count: int
    ) -> None:
        strata = dict(items)
        shards = shards_of(items, count)
        assert spread([len(shard) for shard in shards]) <= 1
        groups = [Counter((*key[:2], strata[key]) for key in shard) for shard in shards]
        for group in {(*key[:2], stratum) for key, stratum in items}:
            assert spread([counts[group] for counts in groups]) <= 1

    @given(items=ITEMS, order=st.randoms(use_true_random=False), count=st.integers(1, 4))
    def test_the_order_of_items_does_not_matter(
        self, items: list[Item], order: object, count: int
    ) -> None:
        mixed = list(items)
        order.shuffle(mixed)  # type: ignore[attr-defined]
        assert shards_of(mixed, count) == shards_of(items, count)

    def test_neighbours_are_mixed(self) -> None:
        first = select_shard(items_of((None, 100)), 1, 2)
        numbers = sorted(int(key[2].split("-")[1]) for key in first)
        assert len(numbers) == 50
        assert numbers != list(range(0, 100, 2))
        assert 10 < sum(number < 50 for number in numbers) < 40

    def test_a_known_split_never_changes(self) -> None:
        # Machines with different releases must deal alike.
        first = select_shard(items_of(("easy", 4), ("hard", 3)), 1, 2)
        assert sorted(key[2] for key in first) == ["easy-0", "easy-1", "hard-1", "hard-2"]

    def test_more_shards_than_items(self) -> None:
        assert [len(shard) for shard in shards_of(items_of((None, 2)), 3)] == [1, 1, 0]

    def test_hash_randomisation_does_not_matter(self) -> None:
        script = (
            "from tests.runs.test_shards import *\n"
            "print(sorted(select_shard(items_of(('a', 30), (None, 9)), 2, 3)))"
        )
        outputs = {
            subprocess.run(
                [sys.executable, "-c", script],
                cwd=Path(__file__).parents[2],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("1", "2")
        }
        assert outputs == {f"{sorted(select_shard(items_of(('a', 30), (None, 9)), 2, 3))}\n"}


class TestParsing:
    @pytest.mark.parametrize(
        ("text", "shard"), [("1/1", (1, 1)), ("2/3", (2, 3)), ("10/12", (10, 12))]
    )
    def test_a_shard(self, text: str, shard: tuple[int, int]) -> None:
        assert parse_shard(text) == shard

    @pytest.mark.parametrize(
        "text",
        ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3 ", "a/b", "1/3/4", "01/3", "\u0661/\u0663"],
    )
    def test_no_shard(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"allowed: i/n with i from 1 to n, like 1/3$") as got:
            parse_shard(text)
        assert str(got.value).startswith(f"got {text!r}, ")
