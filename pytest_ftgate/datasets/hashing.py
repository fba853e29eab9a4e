"""What identifies a case's content, and what makes two cases duplicates of each other."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from pytest_ftgate.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ftgate.model import Case


def content_hash(case: Case) -> str:
    """The hash of what is asked and what is expected; results compare only where it is equal."""
    return digest({"input": case.input, "expected": case.expected})


def case_hash(case: Case) -> str:
    """The hash of everything that a result or its place in a report depends on.

    That is all but ``metadata`` and ``source``.
    """
    return digest(
        {
            "id": case.id,
            "input": case.input,
            "expected": case.expected,
            "tags": sorted(case.tags),
            "stratum": case.stratum,
            "split": case.split,
            "weight": case.weight,
            "cluster": case.cluster,
        }
    )


def dataset_hash(cases: Iterable[Case]) -> str:
    """The hash of a set of cases, whatever their order."""
    return digest(sorted(case_hash(case) for case in cases))


def likeness(case: Case) -> str:
    """A hash that is equal for inputs that differ only in white space, case or Unicode form."""
    return digest(_folded(case.input))


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    if isinstance(value, (list, tuple)):
        return [_folded(item) for item in value]
    if isinstance(value, dict):
        return {key: _folded(item) for key, item in value.items()}
    return value
