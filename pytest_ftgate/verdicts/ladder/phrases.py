"""How the verdict on a ladder says gains and lists; what decides is never rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DECIMALS = {"rate": 1, "score": 3}
_MOST_DECIMALS = 8
_NAMED = 5


def points(amount: float, unit: str) -> str:
    """A configured difference with all its digits: ``3 points``, ``0.15``."""
    return f"{100 * amount:.10g} points" if unit == "rate" else f"{amount:.10g}"


def signed(amount: float, unit: str, *, against: Iterable[float] = (), bare: bool = False) -> str:
    """A difference with its sign: ``+0.8 points``, ``-0.6``, ``+0.012``.

    Args:
        amount: finite, in the KPI's unit.
        unit: the KPI's unit; rates are told in percentage points.
        against: numbers that the text must tell it apart from, unless they are equal; 0 always is.
        bare: leave ``points`` out.
    """
    scale = 100.0 if unit == "rate" else 1.0
    others = [scale * other for other in (0.0, *against) if other != amount]
    scaled = scale * amount
    decimals = _DECIMALS.get(unit, 3)
    while decimals < _MOST_DECIMALS and any(
        f"{other:.{decimals}f}".lstrip("-") == f"{scaled:.{decimals}f}".lstrip("-")
        for other in others
    ):
        decimals += 1
    text = f"{scaled:+.{decimals}f}" if amount else f"{0:.{decimals}f}"
    return text if bare or unit != "rate" else f"{text} points"


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """``v1, v2 and v3``, ``v1, v2 and 7 more``."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
