from __future__ import annotations

import numpy as np
import pytest

from pytest_ftgate.stats.grouping import codes, group_means


def test_codes_do_not_depend_on_the_order_of_the_cases() -> None:
    assert codes(["b", "a", "b"]).tolist() == [1, 0, 1]
    assert codes(["a", "b", "b"]).tolist() == [0, 1, 1]
    assert codes(np.array([7, 3, 7])).tolist() == [1, 0, 1]


def test_whole_numbers_are_numbered_by_value() -> None:
    assert codes(np.array([10, 9, -2, 10])).tolist() == [2, 1, 0, 2]
    assert codes(np.array([10**12, 5, 10**12])).tolist() == [1, 0, 1]
    assert codes(np.array([], dtype=int)).tolist() == []


def test_none_can_be_a_group_or_none_at_all() -> None:
    assert codes([None, "a", None]).tolist() == [0, 1, 0]
    assert codes([None, "a", None], none_is_unique=True).tolist() == [1, 0, 2]


def test_trials_are_averaged_in_order_of_first_appearance() -> None:
    got = group_means([1, 0, 1, 1, 0], ["c2", "c1", "c2", "c1", "c2"])
    assert got.first_rows.tolist() == [0, 1]
    assert got.means.tolist() == [pytest.approx(2 / 3), 0.5]
    assert got.sizes.tolist() == [3, 2]


def test_no_rows_give_no_groups() -> None:
    assert group_means([], []).means.tolist() == []


def test_values_are_one_dimensional() -> None:
    with pytest.raises(ValueError, match="values must be one-dimensional"):
        group_means([[1.0]], ["a"])


def test_labels_must_match_the_values() -> None:
    with pytest.raises(ValueError, match="2 values but 1 group labels"):
        group_means([1, 2], ["a"])
