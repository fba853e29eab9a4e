"""pytest-ftgate: regression tests for LLM features, offline and in CI.

Public names are loaded on first use, so that importing the package (as pytest does in every
session) costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.checks.assertions import assert_format, assert_policy, assert_threshold
    from pytest_ftgate.errors import FtgateError
    from pytest_ftgate.model import Case, Completion, Observation, Record, Usage, Variant
    from pytest_ftgate.providers.base import Provider
    from pytest_ftgate.verdicts.measures import KpiDefinition

__all__ = [
    "Case",
    "Completion",
    "FtgateError",
    "KpiDefinition",
    "Observation",
    "Provider",
    "Record",
    "Usage",
    "Variant",
    "assert_format",
    "assert_policy",
    "assert_threshold",
]

__version__ = "0.1.0"

_HOMES = {
    "Case": "pytest_ftgate.model",
    "Completion": "pytest_ftgate.model",
    "FtgateError": "pytest_ftgate.errors",
    "KpiDefinition": "pytest_ftgate.verdicts.measures",
    "Observation": "pytest_ftgate.model",
    "Provider": "pytest_ftgate.providers.base",
    "Record": "pytest_ftgate.model",
    "Usage": "pytest_ftgate.model",
    "Variant": "pytest_ftgate.model",
    "assert_format": "pytest_ftgate.checks.assertions",
    "assert_policy": "pytest_ftgate.checks.assertions",
    "assert_threshold": "pytest_ftgate.checks.assertions",
}


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
