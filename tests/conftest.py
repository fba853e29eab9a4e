from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests import interception

if TYPE_CHECKING:
    from collections.abc import Iterator

# No test is timed: a slow machine is not a defect of the package.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Many tests start processes, which would compile the package anew, each for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def nothing_left_replaced() -> Iterator[None]:
    """What a test leaves replaced is its own fault, not that of a test which runs later."""
    before = interception.replaceable()
    yield
    left = interception.changed(before)
    assert not left, f"the test left these replaced: {', '.join(left)}"
