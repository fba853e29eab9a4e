"""Fingerprints compared: which named components of a variant differ from its parent's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.canonical import digest
from pytest_ftgate.model import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING = digest(None)
"""The hash of a component that a variant does not have."""


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the components that differ, in the order of ``COMPONENTS``.

    Args:
        before: the component hashes of one variant, as a record keeps them.
        after: those of another.
    """
    return tuple(
        name for name in COMPONENTS if before.get(name, NOTHING) != after.get(name, NOTHING)
    )
