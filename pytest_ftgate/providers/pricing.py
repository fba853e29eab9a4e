"""What calls cost, in US dollars, from prices that are known; an unknown cost is never zero."""

from __future__ import annotations

import importlib
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_ftgate import prices as price_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from pytest_ftgate.model import Usage
    from pytest_ftgate.providers.usage import ModelCall


def cost(
    usage: Usage | None,
    model: str | None,
    provider: str | None,
    prices: Mapping[str, tuple[float, float]],
    *,
    base_url: str | None = None,
    at: str | None = None,
) -> float | None:
    """The price of the tokens, in US dollars.

    The experiment's price table comes first. It knows no price for cached tokens: they are priced
    as input, which is an upper bound. A model resolved to a snapshot (``x-2024-08-06``) takes the
    price of its name without the date unless the table has its own. Models that the table lacks
    are looked up in the data bundled with genai-prices, if that is installed; nothing is fetched.

    Args:
        usage: the tokens; unknown ones make the cost unknown.
        model: the model that answered, or that was asked.
        provider: the provider's name, as genai-prices knows it.
        prices: model -> (US dollars per million input tokens, per million output tokens).
        base_url: the server that was asked, if not the provider's own: its prices may differ.
        at: when the call was made, ISO 8601 in UTC; default: now. Prices change.

    Returns:
        US dollars, or ``None`` when the tokens or the price are unknown.
    """
    if usage is None or model is None:
        return None
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    listed = price_list.listed(model, prices)
    if listed is not None:
        per_input, per_output = listed
        total = usage.input_tokens * per_input + usage.output_tokens * per_output
        return _finite(total / 1_000_000)
    return _bundled(usage, model, provider, base_url, at)


def cost_of_calls(
    answers: Sequence[ModelCall],
    prices: Mapping[str, tuple[float, float]],
    *,
    asked: str | None = None,
    provider: str | None = None,
) -> float | None:
    """The price of all model calls of a task, in US dollars, each at its own model's price.

    Each call is priced by the server that it went to and the time that it was made.

    Args:
        answers: the task's calls of models, whichever client made them.
        prices: as in :func:`cost`.
        asked: the name that the variant asks for its model by; the table may price it under this
            name. It is taken for the model of the calls only when all of them name the same one.
        provider: the provider's name, for calls that do not say where they went.

    Returns:
        US dollars, or ``None`` when no model was called or one call's cost is unknown.
    """
    if not answers:
        return None
    same = len({answer.model for answer in answers}) == 1
    parts = []
    for answer in answers:
        model = answer.model
        if same and asked in prices and price_list.listed(model, prices) is None:
            model = asked
        parts.append(
            cost(
                answer.usage,
                model,
                provider,
                prices,
                base_url=answer.uri or None,
                at=answer.recorded_at,
            )
        )
    known = [part for part in parts if part is not None]
    return math.fsum(known) if len(known) == len(parts) else None


def _bundled(
    usage: Usage, model: str, provider: str | None, base_url: str | None, at: str | None
) -> float | None:
    """The price by genai-prices; ``None`` without it, or for a model or server it does not know."""
    library = _library()
    if library is None or (provider is None and base_url is None):
        return None  # without either, a local model that shares a name would be billed
    where = {"provider_api_url": base_url} if base_url else {"provider_id": provider}
    tokens = library.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens,
    )
    when = datetime.fromisoformat(at) if at else None
    try:
        priced: Any = library.calc_price(tokens, model, genai_request_timestamp=when, **where)
    except (LookupError, ValueError):
        return None
    return _finite(float(priced.total_price))


def _library() -> ModuleType | None:
    try:
        return importlib.import_module("genai_prices")
    except ModuleNotFoundError as error:
        if error.name != "genai_prices":
            raise
        return None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
