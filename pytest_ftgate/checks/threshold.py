"""``assert_threshold``: a KPI kept by an ordinary test."""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable, Sequence

from pytest_ftgate.errors import CheckError
from pytest_ftgate.model import GateMode
from pytest_ftgate.text import preview

MODES: tuple[GateMode, ...] = ("observed", "confident", "proven")
_CONFIDENCE = 0.95
_SLACK = 1e-12  # relative: a mean of thirds that should equal a threshold does


def assert_threshold(
    kpi: str,
    values: float | Iterable[float],
    *,
    min: float | None = None,
    max: float | None = None,
    mode: GateMode = "observed",
) -> float:
    """Assert that a KPI keeps its thresholds.

    Args:
        kpi: what is measured, for the message.
        values: the KPI itself, or one value for each case, of which the mean is the KPI; booleans
            count as 0 and 1.
        min: the least value that holds.
        max: the greatest value that holds.
        mode: ``observed``: the value decides. ``confident``: it fails only if it is beyond the
            threshold with its whole 95 % interval. ``proven``: it holds only if it keeps the
            threshold with its whole interval (for safety floors). The last two need the value of
            each case. The modes are those of the gates.

    Returns:
        The KPI.

    Raises:
        AssertionError: with the value, its interval and the threshold.
        CheckError: when there is no value, one is not finite, or the thresholds are unusable.
    """
    __tracebackhide__ = True
    _check(kpi, min, max, mode)
    cases = _cases(kpi, values)
    if mode != "observed" and cases is None:
        raise CheckError(f"{kpi}: mode {mode!r} needs the value of each case, got one value")
    value = _number(kpi, values) if cases is None else math.fsum(cases) / len(cases)
    low, high = (value, value) if cases is None else _bounds(cases)
    deciding = {"observed": (value, value), "confident": (high, low), "proven": (low, high)}[mode]
    broken = []
    if min is not None and deciding[0] < min - _slack(min):
        broken.append(f"at least {min!r}")
    if max is not None and deciding[1] > max + _slack(max):
        broken.append(f"at most {max!r}")
    if broken:
        ends = f"{low:.4g} to {high:.4g}"
        interval = "" if cases is None else f" (95 % interval {ends}, n = {len(cases)})"
        how = "" if mode == "observed" else f" ({mode})"
        raise AssertionError(f"{kpi}: got {value:.6g}{interval}, allowed: {broken[0]}{how}")
    return value


def _slack(limit: float) -> float:
    return _SLACK * builtins.max(1.0, abs(limit))


def _check(kpi: str, least: float | None, most: float | None, mode: str) -> None:
    if mode not in MODES:
        raise CheckError(f"{kpi}: mode is {preview(mode)}, allowed: {', '.join(MODES)}")
    limits = [_number(kpi, each) for each in (least, most) if each is not None]
    if not limits:
        raise CheckError(f"{kpi}: give min=, max= or both")
    if limits != sorted(limits):
        raise CheckError(f"{kpi}: min is {least!r} and max is {most!r}; nothing can hold")


def _cases(kpi: str, values: object) -> Sequence[float] | None:
    """One value for each case; ``None`` when the KPI itself was given."""
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes)):
        return None
    cases = [_number(kpi, each) for each in values]
    if not cases:
        raise CheckError(f"{kpi}: there are no values, so nothing was measured")
    return cases


def _number(kpi: str, value: object) -> float:
    usable = hasattr(value, "__float__") and not isinstance(value, (str, bytes))
    number = float(value) if usable else math.nan  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise CheckError(f"{kpi}: got {preview(value)}, allowed: finite numbers")
    return number


def _bounds(cases: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean: of a rate for 0 and 1, else by Student's t."""
    from pytest_ftgate.stats import intervals

    measure = intervals.rate if set(cases) <= {0.0, 1.0} else intervals.mean
    found = measure(cases, confidence=_CONFIDENCE)
    return found.low, found.high
