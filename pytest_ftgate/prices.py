"""The price of a model from an experiment's table of prices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# The snapshot date that providers append to the name they resolve an alias to.
_SNAPSHOT = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8})$")


def listed(
    model: str | None, prices: Mapping[str, tuple[float, float]]
) -> tuple[float, float] | None:
    """The table's price of a model: its own, else that of its name without a snapshot date.

    Args:
        model: the name it answered under.
        prices: US dollars per million input and output tokens, by model.
    """
    if model is None:
        return None
    return prices.get(model) or prices.get(_SNAPSHOT.sub("", model))
