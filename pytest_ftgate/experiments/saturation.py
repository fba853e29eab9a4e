"""The ``[saturation]`` table of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.experiments.homes import SATURATION
from pytest_ftgate.iterations import SaturationRules

if TYPE_CHECKING:
    from pytest_ftgate.experiments.tables import Table


def read_saturation(table: Table) -> SaturationRules:
    """The rules; defaults for what is absent or wrong (what is wrong is noted)."""
    table.allow_only(SATURATION)
    usual = SaturationRules()
    window, margin = table.whole("window"), table.number("margin")
    if window is not None and window < 2:
        table.refuse(
            f"window must be at least 2, got {window}",
            "Write the number of iterations that a gain is measured over",
            "window",
        )
    if margin is not None and not 0 < margin < 1:
        table.refuse(
            f"margin must be above 0 and below 1, got {margin:g}",
            "Write the gain that would still be worth having as a share: 0.03 is 3 points",
            "margin",
        )
    calls = table.number("calls_per_month")
    if calls is not None and calls <= 0:
        table.refuse(
            f"calls_per_month must be above 0, got {calls:g}",
            "Write your volume",
            "calls_per_month",
        )
    return SaturationRules(
        window=usual.window if window is None else window,
        margin=usual.margin if margin is None else margin,
        calls_per_month=calls,
    )
