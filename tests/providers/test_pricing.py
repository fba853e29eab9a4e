from __future__ import annotations

import json
import socket
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.model import Usage
from pytest_ftgate.providers.pricing import cost, cost_of_calls
from pytest_ftgate.providers.usage import model_calls

USED = Usage(input_tokens=1_000_000, output_tokens=500_000)


def test_the_table_is_in_dollars_per_million_tokens() -> None:
    assert cost(USED, "m", None, {"m": (0.5, 2.0)}) == 1.5
    assert cost(Usage(input_tokens=10, output_tokens=0), "m", None, {"m": (0.5, 2.0)}) == 5e-6


def test_a_price_of_zero_is_known() -> None:
    assert cost(USED, "m", "openai", {"m": (0.0, 0.0)}) == 0.0


def test_a_snapshot_takes_the_price_of_its_name() -> None:
    table = {"m": (1.0, 0.0), "m-2026-01-01": (2.0, 0.0)}
    assert cost(USED, "m-2026-05-05", None, table) == 1.0
    assert cost(USED, "m-20260505", None, table) == 1.0
    assert cost(USED, "m@20260505", None, table) == 1.0
    assert cost(USED, "m-2026-01-01", None, table) == 2.0, "its own price comes first"
    assert cost(USED, "m-mini", None, table) is None, "another model"


@pytest.mark.parametrize(
    ("used", "model"),
    [
        (None, "m"),
        (Usage(), "m"),
        (Usage(input_tokens=1), "m"),
        (Usage(output_tokens=1), "m"),
        (USED, None),
    ],
)
def test_unknown_tokens_or_models_have_no_cost(used: Usage | None, model: str | None) -> None:
    assert cost(used, model, "openai", {"m": (1.0, 1.0)}) is None


def test_the_table_comes_before_the_bundled_prices() -> None:
    assert cost(USED, "gpt-4o", "openai", {"gpt-4o": (1.0, 0.0)}) == 1.0


def test_bundled_prices_are_used_for_models_they_know() -> None:
    when = "2026-01-15T00:00:00Z"
    plain = cost(USED, "gpt-4o", "openai", {}, at=when)
    assert plain == pytest.approx(2.5 + 0.5 * 10)
    cached = Usage(input_tokens=1_000_000, output_tokens=500_000, cached_tokens=400_000)
    cheaper = cost(cached, "gpt-4o", "openai", {}, at=when)
    assert cheaper == pytest.approx(plain - 0.4 * 1.25)
    claude = cost(USED, "claude-sonnet-4-5-20250929", "anthropic", {}, at=when)
    assert claude is not None
    assert claude > 0


@pytest.mark.parametrize(
    ("model", "provider", "base_url"),
    [
        ("smollm2-135m-instruct", "openai", None),
        ("gpt-4o", "a-plugin", None),
        ("gpt-4o", None, None),
        ("gpt-4o", "openai", "http://127.0.0.1:8080/v1"),
    ],
)
def test_models_and_servers_that_no_price_is_known_of(
    model: str, provider: str | None, base_url: str | None
) -> None:
    assert cost(USED, model, provider, {}, base_url=base_url) is None


def test_the_server_says_whose_prices_hold() -> None:
    own = cost(USED, "gpt-4o", None, {}, base_url="https://api.openai.com/v1")
    assert own == cost(USED, "gpt-4o", "openai", {})


def test_contradictory_tokens_have_no_bundled_price() -> None:
    odd = Usage(input_tokens=1, output_tokens=1, cached_tokens=5)
    assert cost(odd, "gpt-4o", "openai", {}) is None


def test_without_the_extra_the_price_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert cost(USED, "gpt-4o", "openai", {}) is None
    assert cost(USED, "m", "openai", {"m": (1.0, 0.0)}) == 1.0


def test_no_price_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert cost(USED, "gpt-4o", "openai", {}) is not None


OPENAI = "https://api.openai.com/v1/chat/completions"
LOCAL = "http://127.0.0.1/v1/chat/completions"


@dataclass
class Call:
    model: str | None
    uri: str = LOCAL
    output: int | None = 500_000
    status: int | None = 200
    recorded_at: str | None = "2026-01-15T00:00:00Z"

    @property
    def body(self) -> bytes:
        used = {"prompt_tokens": 1_000_000, "completion_tokens": self.output}
        return json.dumps({"model": self.model, "choices": [], "usage": used}).encode()


def spent(calls: list[Call], prices: dict[str, tuple[float, float]], **names: str) -> float | None:
    return cost_of_calls(model_calls(calls), prices, **names)


TABLE = {"a": (1.0, 0.0), "b": (2.0, 0.0)}


def test_each_call_has_its_own_price() -> None:
    assert spent([Call("a"), Call("b"), Call("a")], TABLE) == 4.0
    when = "2026-01-15T00:00:00Z"
    mixed = [Call("a"), Call("gpt-4o", OPENAI)]
    assert spent(mixed, TABLE) == 1.0 + (cost(USED, "gpt-4o", "openai", {}, at=when) or 0)


def test_refused_calls_cost_nothing() -> None:
    assert spent([Call("b", status=429), Call("a")], TABLE) == 1.0


def test_one_unknown_cost_makes_the_task_s_unknown() -> None:
    assert spent([Call("a"), Call("c")], TABLE) is None
    assert spent([Call("a"), Call("a", output=None)], TABLE) is None
    assert spent([Call("gpt-4o")], TABLE, provider="openai") is None, "a local server"


def test_no_model_call_has_no_cost() -> None:
    assert spent([], TABLE) is None
    assert spent([Call("a", status=500)], TABLE) is None


def test_the_table_may_name_the_model_as_it_was_asked_for() -> None:
    path = "/models/a.gguf"
    assert spent([Call(path), Call(path)], TABLE, asked="a") == 2.0
    assert spent([Call("b")], TABLE, asked="a") == 2.0, "what answered comes first"
    assert spent([Call("b"), Call("c")], TABLE, asked="a") is None, "c is another model"


def test_a_model_that_does_not_name_itself_is_the_one_that_was_asked() -> None:
    assert spent([Call(None)], TABLE, asked="a") == 1.0
    assert spent([Call(None)], TABLE) is None


TOKENS = st.integers(0, 10**9)
PRICE = st.floats(0, 1000, allow_nan=False)


@given(TOKENS, TOKENS, TOKENS, PRICE, PRICE)
def test_more_tokens_never_cost_less(
    tokens: int, output: int, more: int, per_input: float, per_output: float
) -> None:
    table = {"m": (per_input, per_output)}
    less = cost(Usage(input_tokens=tokens, output_tokens=output), "m", None, table)
    most = cost(Usage(input_tokens=tokens + more, output_tokens=output), "m", None, table)
    assert less is not None
    assert most is not None
    assert 0 <= less <= most


def test_an_endless_price_is_no_price() -> None:
    assert cost(USED, "m", None, {"m": (float("inf"), 0.0)}) is None
