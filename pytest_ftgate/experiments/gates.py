"""The ``[kpi.NAME]`` gates and the ``[prices]`` of an experiment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast, get_args

from pytest_ftgate.experiments.homes import GATE
from pytest_ftgate.experiments.tables import Table
from pytest_ftgate.model import Gate, GateMode
from pytest_ftgate.model.kpis import BUILT_IN_KPIS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MODES: tuple[str, ...] = get_args(GateMode)
_PRICE_KEYS = ("input", "output")


def read_gates(kpis: Table) -> tuple[Gate, ...]:
    """The gates in file order. ``[kpi.queue.accuracy]`` is the KPI ``queue.accuracy``."""
    gates = []
    for name, keys, value in _leaves(kpis.data, (), _is_gate):
        if not isinstance(value, dict):
            kpis.document.refuse(
                f"kpi {name!r} must be a table, got {value!r}",
                f"Write [kpi.{name}] and below it min, max or max_drop",
                *kpis.keys,
                *keys,
            )
            continue
        gates.append(
            _gate(name, Table(kpis.document, (*kpis.keys, *keys), f"kpi {name!r}: ", value))
        )
    return tuple(gates)


def read_prices(prices: Table) -> dict[str, tuple[float, float]]:
    """US dollars per million input and output tokens, by the model's name."""
    found: dict[str, tuple[float, float]] = {}
    for name, keys, value in _leaves(prices.data, (), _is_price):
        pair = [value.get(key) for key in _PRICE_KEYS] if isinstance(value, dict) else value
        if isinstance(pair, list) and len(pair) == 2 and all(map(_is_amount, pair)):
            found[name] = (float(pair[0]), float(pair[1]))
            continue
        prices.document.refuse(
            f"the price of {name!r} must be two amounts of at least 0, got {value!r}",
            f'Write "{name}" = [0.15, 0.60]: US dollars per million input and output tokens',
            *prices.keys,
            *keys,
        )
    return found


def _gate(name: str, table: Table) -> Gate:
    table.allow_only(GATE)
    lowest, highest = (_threshold(name, table, key) for key in ("min", "max"))
    if lowest is not None and highest is not None and lowest > highest:
        table.refuse(
            f"min {lowest:g} is above max {highest:g}, so no value passes", "Swap them", "min"
        )
    max_drop = table.number("max_drop")
    if max_drop is not None and max_drop < 0:
        table.refuse(
            f"max_drop must be at least 0, got {max_drop:g}",
            "Write the tolerated loss as a positive number",
            "max_drop",
        )
    elif max_drop is not None and max_drop > 1 and BUILT_IN_KPIS.get(name) == (0, 1):
        table.refuse(
            f"max_drop is {max_drop:g}, and a rate cannot drop by more than 1",
            "Write points as a share: 2 points are 0.02",
            "max_drop",
        )
    alpha = table.number("alpha")
    if alpha is not None and not 0 < alpha <= 0.5:
        table.refuse(
            f"alpha must be above 0 and at most 0.5, got {alpha:g}", "Use 0.05 or so", "alpha"
        )
    mode = table.choice("mode", _MODES)
    if mode is not None and lowest is None and highest is None:
        table.refuse("mode speaks of min or max, and neither is given", "Add one of them", "mode")
    return Gate(
        kpi=name,
        min=lowest,
        max=highest,
        mode=cast("GateMode", mode or "observed"),
        max_drop=max_drop,
        alpha=0.05 if alpha is None else alpha,
        protect_slices=table.texts("protect_slices"),
    )


def _threshold(name: str, table: Table, key: str) -> float | None:
    """A threshold that the KPI can reach and miss, where its range is known."""
    value = table.number(key)
    if value is None or name not in BUILT_IN_KPIS:
        return value
    low, high = BUILT_IN_KPIS[name]
    if low <= value <= high:
        return value
    if high == 1:
        reason, advice = "lies between 0 and 1", "Write a share: 95 % is 0.95"
    else:
        reason, advice = f"is never below {low:g}", "Write the amount without a sign"
    table.refuse(f"{key} is {value:g}, and {name} {reason}", advice, key)
    return None


def _leaves(
    data: dict[str, Any], keys: tuple[str, ...], is_leaf: Callable[[Any], bool]
) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Each entry with its name: ``gpt-4.1 = [...]`` without quotes is two tables to TOML."""
    for key, value in data.items():
        if is_leaf(value):
            yield ".".join((*keys, key)), (*keys, key), value
        else:
            yield from _leaves(value, (*keys, key), is_leaf)


def _is_gate(value: Any) -> bool:
    return (
        not isinstance(value, dict)
        or not value
        or not all(isinstance(item, dict) for item in value.values())
    )


def _is_price(value: Any) -> bool:
    return not isinstance(value, dict) or not value or any(key in value for key in _PRICE_KEYS)


def _is_amount(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value < math.inf
