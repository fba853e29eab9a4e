"""What a provider gives live and what it gives from the recording of that call are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from pytest_ftgate import providers
from pytest_ftgate.errors import CassetteMiss
from pytest_ftgate.model import Usage, Variant
from pytest_ftgate.providers import pricing, usage
from pytest_ftgate.recording import Recorder
from tests.servers import FakeProvider, Fault

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "héllo"}]
BUSY = Fault(status=429, headers={"retry-after-ms": "1"})

APIS = {
    "chat": Variant(name="v1", provider="openai", model="m", params={"temperature": 0}),
    "responses": Variant(name="v1", provider="openai", api="responses", model="m"),
    "messages": Variant(name="v1", provider="anthropic", model="m", params={"max_tokens": 9}),
}


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def stream(request: pytest.FixtureRequest) -> dict[str, bool]:
    return {"stream": True} if request.param else {}


@pytest.mark.parametrize("api", APIS)
def test_replay_gives_what_was_recorded(
    api: str, stream: dict[str, bool], ask: Any, tmp_path: Path
) -> None:
    variant = APIS[api]
    pack = tmp_path / "v1.jsonl"

    def run(mode: str, variant: Variant) -> tuple[Any, Any]:
        provider = providers.get(str(variant.provider), replaying=mode == "none")
        with Recorder(mode) as recorder, recorder.scope(pack, "s", "v1", "c1", 0) as scope:
            answer = ask(provider, MESSAGES, variant, **stream)
        provider.close()
        return answer, scope

    with FakeProvider() as server:
        server.script(BUSY)
        url = server.url if api == "messages" else server.openai_url
        variant = msgspec.structs.replace(variant, base_url=url)
        live, _ = run("new_episodes", variant)
        assert len(server.seen) == 2
    replayed, scope = run("none", variant)

    assert live.text == "echo: héllo"
    assert live.attempts == 2
    bare = {"latency_s": None, "raw": None}
    assert msgspec.structs.replace(replayed, **bare) == msgspec.structs.replace(live, **bare)
    assert {**replayed.raw, "timings": 0} == {**live.raw, "timings": 0}

    said = api != "chat" or not stream
    used = Usage(input_tokens=7, output_tokens=3, cached_tokens=0 if api == "responses" else None)
    answers = usage.model_calls(scope.calls)
    assert usage.total(answers) == (used if said else Usage(), "m")
    spent = pricing.cost_of_calls(answers, {"m": (1.0, 1.0)})
    assert spent == (pytest.approx(1e-5) if said else None)


@pytest.mark.parametrize("api", APIS)
def test_a_changed_prompt_is_a_miss(api: str, ask: Any, tmp_path: Path) -> None:
    variant = msgspec.structs.replace(APIS[api], base_url="http://127.0.0.1:9")
    provider = providers.get(str(variant.provider), replaying=True)
    with (
        Recorder("none") as recorder,
        recorder.scope(tmp_path / "v1.jsonl", "s", "v1", "c1", 0),
        pytest.raises(CassetteMiss),
    ):
        ask(provider, MESSAGES, variant)
    provider.close()
