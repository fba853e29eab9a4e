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
    """Number the distinct labels 0, 1, 2, ... in sorted order of their text.

    Sorted, so that the numbers do not depend on the order of the cases.

    Args:
        labels: n labels, hashable.
        none_is_unique: give each ``None`` a number of its own, after all others (a case without
            a cluster is a cluster of one).
    """
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
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    order = np.argsort(first)
    sizes = np.bincount(inverse, minlength=first.size)
    sums = np.bincount(inverse, weights=numbers, minlength=first.size)
    means = sums / np.maximum(sizes, 1)
    return GroupMeans(first[order], means[order], sizes[order])


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
