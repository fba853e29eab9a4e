"""Labels to whole numbers, and means by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Labels = Sequence[Hashable] | NDArray[np.generic]


class GroupMeans(NamedTuple):
    """Means by group, in the order in which the groups first appear.

    ``first_rows[i]`` is the position of the first row of group i; ``means`` and ``sizes`` have
    one entry a group.
    """

    first_rows: NDArray[np.intp]
    means: NDArray[np.float64]
    sizes: NDArray[np.intp]


def codes(labels: Labels, *, none_is_unique: bool = False) -> NDArray[np.intp]:
    """Number the distinct labels 0, 1, 2, ... in sorted order of their text, integers by value.

    Sorted, so that the numbers do not depend on the order of the cases.

    Args:
        labels: n labels, hashable.
        none_is_unique: give each ``None`` a number of its own, after all others (a case without
            a cluster is a cluster of one).
    """
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu" and labels.size:
        return _ranks(labels)
    values = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    distinct = set(values)
    if none_is_unique:
        distinct.discard(None)
    number = {
        label: i for i, label in enumerate(sorted(distinct, key=lambda x: (str(type(x)), str(x))))
    }
    if not none_is_unique:
        return np.fromiter((number[value] for value in values), np.intp, len(values))
    result = np.empty(len(values), np.intp)
    following = len(number)
    for i, value in enumerate(values):
        if value is None:
            result[i] = following
            following += 1
        else:
            result[i] = number[value]
    return result


def group_means(values: ArrayLike, groups: Labels) -> GroupMeans:
    """Mean of the values of each group: the mean over a case's trials.

    Args:
        values: n finite numbers, one a trial.
        groups: n labels, usually case ids.
    """
    numbers = vector(values, "values")
    if len(groups) != numbers.size:
        raise ValueError(f"{numbers.size} values but {len(groups)} group labels")
    code = codes(groups)
    sizes = np.bincount(code)
    first = np.empty(sizes.size, np.intp)
    first[code[::-1]] = np.arange(code.size - 1, -1, -1)  # the last assignment stays
    order = np.argsort(first)
    means = np.bincount(code, weights=numbers) / sizes
    return GroupMeans(first[order], means[order], sizes[order])


def _ranks(labels: NDArray[np.generic]) -> NDArray[np.intp]:
    numbers = labels.astype(np.intp)
    offset = numbers - numbers.min()
    if int(offset.max()) > 4 * offset.size:
        return np.unique(offset, return_inverse=True)[1]
    rank = np.cumsum(np.bincount(offset) > 0) - 1
    return np.asarray(rank[offset], dtype=np.intp)


def vector(values: ArrayLike, name: str, *, length: int | None = None) -> NDArray[np.float64]:
    """The values as a one-dimensional array of finite numbers, of the given length if any."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}")
    if length is not None and array.size != length:
        raise ValueError(f"{name} must have {length} entries, got {array.size}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; leave unknown values out")
    return array
