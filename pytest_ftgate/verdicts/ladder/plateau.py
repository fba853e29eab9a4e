"""Evidence of a plateau beside the KPI: what iterations cost, and whether it is already enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from pytest_ftgate.iterations import EarlyStop, Growth, PromptCost, StratumScore
from pytest_ftgate.prices import listed
from pytest_ftgate.verdicts.amounts import amount, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.iterations import LoggedIteration
    from pytest_ftgate.stats.intervals import Interval
    from pytest_ftgate.verdicts.ladder.tables import Table, Universe

    Flags = NDArray[np.bool_]

ENOUGH = 0.90
ENOUGH_CASES = 50
FEWEST_OF_STRATUM = 5
LARGEST_STRATUM = 0.80

_MEASURES: tuple[tuple[Literal["prompt tokens", "latency", "cost"], str, str], ...] = (
    ("prompt tokens", "tokens_in", "tokens"),
    ("latency", "latency_s", "seconds"),
    ("cost", "cost", "usd"),
)


def growth(counted: Sequence[LoggedIteration], window: int) -> tuple[Growth, ...]:
    """What the last window of iterations costs against the window before it, where both tell.

    Args:
        counted: the iterations that count, oldest first.
        window: the number of iterations of a window.
    """
    return tuple(_growth(counted, window)) if len(counted) >= 2 * window else ()


def _growth(counted: Sequence[LoggedIteration], window: int) -> Iterator[Growth]:
    for measure, field, unit in _MEASURES:
        values = [getattr(line, field) for line in counted[-2 * window :]]
        if any(value is None for value in values):
            continue
        before, now = (float(np.mean(half)) for half in (values[:window], values[window:]))
        if before > 0:
            yield Growth(
                measure=measure,
                unit=unit,  # type: ignore[arg-type]
                before=before,
                now=now,
                ratio=now / before,
            )


def prompt_cost(
    line: LoggedIteration,
    first: LoggedIteration,
    calls: float | None,
    prices: Mapping[str, tuple[float, float]],
) -> PromptCost | None:
    """What a variant costs at the user's volume; ``None`` without volume, tokens and cost.

    Args:
        line: the variant.
        first: the first iteration that counts.
        calls: calls a month.
        prices: US dollars per million input and output tokens, by model.
    """
    if calls is None or (line.cost_per_month is None and line.tokens_in is None):
        return None
    price = listed(line.models[0], prices) if len(line.models) == 1 else None
    prompt = None
    if price is not None and line.tokens_in is not None:
        prompt = line.tokens_in * price[0] / 1e6 * calls
    return PromptCost(
        calls_per_month=calls,
        variant=line.variant,
        per_month=line.cost_per_month,
        prompt_per_month=prompt,
        first=first.variant,
        first_per_month=first.cost_per_month,
        tokens_per_month=_times(line.tokens_in, calls),
        first_tokens_per_month=_times(first.tokens_in, calls),
    )


def _times(each: float | None, calls: float) -> float | None:
    return None if each is None else each * calls


def early_stop(
    variant: str, table: Table, row: int, cases: Flags, universe: Universe
) -> EarlyStop | None:
    """Whether a variant is good enough to stop: over 90 % on at least 50 representative cases.

    Cases are taken to be representative when they come from several strata, each with at least 5
    cases and none with more than 80 % of them. Only rates of which more is better are judged.

    Args:
        variant: its name.
        table: the KPI.
        row: the variant's row.
        cases: those to judge it on.
        universe: the cases of the suite.
    """
    if table.unit != "rate" or table.direction != "higher" or not cases.any():
        return None
    seen = table.interval(row, cases, universe.design(cases))
    strata = {}
    for name in universe.strata:
        members = cases & universe.in_stratum(name)
        if members.any():
            strata[name] = table.interval(row, members, universe.design(members))
    lacking = _lacking(strata, int(cases.sum()))
    met: bool | None
    if seen.value <= ENOUGH or seen.n < ENOUGH_CASES:
        met = False
    elif not strata:
        met = None
    else:
        met = not lacking
    return EarlyStop(
        variant=variant,
        met=met,
        value=seen.value,
        low=seen.low,
        high=seen.high,
        n=seen.n,
        strata={
            name: StratumScore(value=each.value, low=each.low, high=each.high, n=each.n)
            for name, each in strata.items()
        },
        reason=_reason(variant, seen, strata, lacking, met),
    )


def _lacking(strata: Mapping[str, Interval], n: int) -> str:
    """What keeps the cases from being representative, as a clause; empty if nothing does."""
    if not strata:
        return "the cases have no strata"
    sizes = {name: each.n for name, each in strata.items()}
    outside = n - sum(sizes.values())
    if outside:
        return f"{outside:,} cases have no stratum"
    if len(sizes) == 1:
        return f"all cases are of the stratum {next(iter(sizes))}"
    few = [f"{name} has {size}" for name, size in sizes.items() if size < FEWEST_OF_STRATUM]
    if few:
        return f"each stratum needs {FEWEST_OF_STRATUM} cases, and {', '.join(few)}"
    largest = max(sizes, key=lambda name: sizes[name])
    if sizes[largest] > LARGEST_STRATUM * n:
        return f"{largest} is {100 * sizes[largest] / n:.0f} % of the cases"
    return ""


def _reason(
    variant: str,
    seen: Interval,
    strata: Mapping[str, Interval],
    lacking: str,
    met: bool | None,
) -> str:
    value = amount(seen.value, "rate", against=(ENOUGH,))
    spread = interval(seen.low, seen.high, "rate", against=(ENOUGH,))
    text = f"{variant} reaches {value} ({spread}) on {seen.n:,} cases"
    if seen.value <= ENOUGH:
        return f"{text}, not above the {100 * ENOUGH:.0f} % at which prompting is sufficient"
    if seen.n < ENOUGH_CASES:
        return f"{text}, and at least {ENOUGH_CASES} are needed to call prompting sufficient"
    if not met:
        unknown = "cannot be told" if met is None else "is doubtful"
        return f"{text}; whether they are representative {unknown}: {lacking}"
    weakest = min(strata, key=lambda name: (strata[name].value, name))
    parts = f"{len(strata)} strata, the weakest {weakest} with " + amount(
        strata[weakest].value, "rate"
    )
    doubt = "" if seen.low > ENOUGH else f", though its interval reaches below {100 * ENOUGH:.0f} %"
    return f"{text} of {parts}: prompting is sufficient{doubt}"
