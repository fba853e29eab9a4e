"""No secret reaches a pack, whatever way it takes, and scrubbed recordings still replay."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from urllib.parse import quote_plus

import anthropic
import httpx2
import openai
import pytest
import requests

from pytest_ftgate.errors import SecretFound
from pytest_ftgate.recording import Recorder, packs
from pytest_ftgate.recording.scrub import PLACEHOLDER, Scrubber
from tests.recording.conftest import Run, scope_of
from tests.servers import FakeProvider, Fault

VALUE = "c4nary/+Value?with=odd&chars"
KEYS = {
    "openai": "sk-proj-abcDEF123456_ghiJKL-789012",
    "anthropic": "sk-ant-api03-abcdefGHIJKL0123456789-xyz",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "google": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "github": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "slack": "xoxb-123456789012-abcdefghijkl",
    "hugging face": "hf_abcdefghijklmnopqrstuvwx12",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQ\nabc=\n-----END RSA PRIVATE KEY-----",
    "stripe": "sk_live_abcdefghij0123456789",
    "bearer": "Bearer abcdef0123456789abcdef",
    "organisation": "org-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8",
    "url": "https://user:s3cret-pass@db.example.com/x",
}
CORES = {**KEYS, "url": "s3cret-pass", "bearer": "abcdef0123456789abcdef", "pem": "MIIEpAIBAAKCAQ"}


@pytest.fixture(autouse=True)
def secret_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_SERVICE_TOKEN", VALUE)


def spellings(value: str) -> set[str]:
    return {
        value,
        json.dumps(value)[1:-1],
        quote_plus(value),
        base64.b64encode(value.encode()).decode().rstrip("="),
        base64.b64encode(b"u:" + value.encode()).decode()[4:-4],
    }


def assert_clean(pack: Path, *secrets: str) -> None:
    text = pack.read_text()
    for secret in secrets:
        for spelling in spellings(secret):
            assert spelling not in text
    for line in text.splitlines():  # and not in what a reader of the line would put together
        assert not any(secret in json.dumps(json.loads(line)) for secret in secrets)


def ask(url: str, text: str, stream: bool = False) -> str:
    with openai.OpenAI(api_key="k-in-header-only-1", base_url=f"{url}/v1") as client:
        message = [{"role": "user", "content": text}]
        if not stream:
            done = client.chat.completions.create(model="m", messages=message)
            return str(done.choices[0].message.content)
        events = client.chat.completions.create(model="m", messages=message, stream=True)
        return "".join(event.choices[0].delta.content or "" for event in events)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("stream", [False, True])
def test_well_known_keys_in_prompts_and_answers(
    name: str, stream: bool, provider: FakeProvider, run: Run, pack: Path
) -> None:
    text = f"My key: {KEYS[name]} is it."
    live, _ = run("new_episodes", lambda: ask(provider.url, text, stream))
    assert CORES[name] in str(live)
    assert_clean(pack, CORES[name])
    replayed, scope = run("none", lambda: ask(provider.url, text, stream))
    assert replayed == live.replace(KEYS[name], PLACEHOLDER) or PLACEHOLDER in str(replayed)
    assert scope.misses == []


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("api", ["chat", "messages", "responses"])
def test_a_key_split_over_streamed_pieces(
    api: str, piece: int, provider: FakeProvider, run: Run, pack: Path
) -> None:
    provider.piece = piece
    provider.answer = lambda request: f"Take {KEYS['openai']}, or {VALUE}; that is all."

    def stream() -> str:
        if api == "chat":
            return ask(provider.url, "hi", stream=True)
        if api == "messages":
            with (
                anthropic.Anthropic(api_key="k", base_url=provider.url) as client,
                client.messages.stream(
                    model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
                ) as events,
            ):
                return "".join(events.text_stream)
        with openai.OpenAI(api_key="k", base_url=provider.openai_url) as client:
            events = client.responses.create(model="m", input="hi", stream=True)
            return "".join(e.delta for e in events if e.type == "response.output_text.delta")

    live, _ = run("new_episodes", stream)
    assert KEYS["openai"] in str(live)
    assert_clean(pack, KEYS["openai"], VALUE)
    replayed, _ = run("none", stream)
    assert replayed == f"Take {PLACEHOLDER}, or {PLACEHOLDER}; that is all."


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_secrets_inside_compressed_answers(
    encoding: str, provider: FakeProvider, run: Run, pack: Path
) -> None:
    provider.encoding = encoding
    provider.answer = lambda request: f"{VALUE} and {KEYS['anthropic']}"
    run("new_episodes", lambda: ask(provider.url, "hi"))
    assert_clean(pack, VALUE, KEYS["anthropic"])
    assert run("none", lambda: ask(provider.url, "hi"))[0] == f"{PLACEHOLDER} and {PLACEHOLDER}"


def test_no_header_is_kept_that_is_not_on_the_list(
    provider: FakeProvider, run: Run, pack: Path
) -> None:
    provider.headers = {
        "set-cookie": "session=c00kie-value-123456",
        "openai-organization": "org-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8",
        "x-request-id": "req_1",
        "x-should-retry": "false",
    }

    def call() -> None:
        with httpx2.Client(headers={"x-api-key": "plainkey1234"}) as client:
            client.get(f"{provider.url}/a")
            client.get(f"{provider.url}/b", headers={"cookie": "session=c00kie-value-123456"})

    run("new_episodes", call)
    for line in pack.read_text().splitlines():
        stored = json.loads(line)
        if stored["k"] != "task":
            assert stored["request"]["headers"] == {}
            assert set(stored["response"]["headers"]) == {"content-type", "x-should-retry"}
    assert_clean(pack, "c00kie-value-123456", "plainkey1234")


def test_request_ids_are_kept_when_asked_for(provider: FakeProvider, run: Run, pack: Path) -> None:
    provider.headers = {"x-request-id": "req_1"}
    run("new_episodes", lambda: httpx2.get(provider.url), keep_request_ids=True)
    assert '"x-request-id":["req_1"]' in pack.read_text()


def test_what_a_request_authenticates_with_is_a_secret_everywhere(
    provider: FakeProvider, run: Run, pack: Path
) -> None:
    provider.answer = lambda request: "you sent k-in-header-only-1"
    run("new_episodes", lambda: ask(provider.url, "my key is k-in-header-only-1"))
    assert_clean(pack, "k-in-header-only-1")


def test_secrets_in_urls_and_forms(provider: FakeProvider, run: Run, pack: Path) -> None:
    def call(key: str) -> str:
        url = f"{provider.url}/v1/models?key={key}&page=2"
        return requests.post(url, data={"password": key, "page": "2", "note": VALUE}).text

    live, _ = run("new_episodes", lambda: call("unknown-shape-0123456789"))
    assert_clean(pack, "unknown-shape-0123456789", VALUE)
    assert "page=2" in pack.read_text()
    replayed, scope = run("none", lambda: call("another-one-9876543210"))
    assert replayed == live
    assert scope.misses == []


def test_replay_needs_none_of_the_values_that_were_scrubbed(
    provider: FakeProvider, run: Run, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{provider.url}/v1/chat/completions"

    def call(value: str) -> str:
        body = {"model": "m", "messages": [{"content": "hi"}], "tools": [{"token": f"T {value}"}]}
        return httpx2.post(url, json=body).text

    run("new_episodes", lambda: call(VALUE))
    assert_clean(pack, VALUE)
    monkeypatch.delenv("INTERNAL_SERVICE_TOKEN")
    for value in ("", "dummy", KEYS["openai"], VALUE):
        assert run("none", lambda value=value: call(value))[1].misses == []
    with pytest.raises(Exception, match="never recorded"):
        run("none", lambda: httpx2.post(url, json={"model": "m", "messages": []}))


def test_a_variable_that_was_not_set_when_recording_does_not_matter_in_replay(
    provider: FakeProvider, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("new_episodes", lambda: ask(provider.url, "classify the ticket"))
    monkeypatch.setenv("SOME_TOKEN", "classify the")
    assert run("none", lambda: ask(provider.url, "classify the ticket"))[1].misses == []


def test_recorded_again_the_scrubbed_request_is_not_asked_twice(
    provider: FakeProvider, run: Run
) -> None:
    run("new_episodes", lambda: ask(provider.url, f"key {KEYS['github']} {VALUE}"))
    run("new_episodes", lambda: ask(provider.url, f"key {KEYS['github']} {VALUE}"))
    assert len(provider.seen) == 1


def test_an_agent_that_sends_an_answer_back_replays(provider: FakeProvider, run: Run) -> None:
    provider.answer = lambda request: f"{KEYS['aws']} {request['messages'][-1]['content']}"
    two_turns = lambda: ask(provider.url, ask(provider.url, "hi"))  # noqa: E731
    live, _ = run("new_episodes", two_turns)
    replayed, scope = run("none", two_turns)
    assert replayed == str(live).replace(KEYS["aws"], PLACEHOLDER)
    assert scope.misses == []


def test_binary_bodies(provider: FakeProvider, run: Run, pack: Path) -> None:
    binary = b"\x89PNG\xff" + KEYS["aws"].encode() + b"\xfe" + VALUE.encode()
    provider.script(Fault(status=200, body=binary, headers={"content-type": "image/png"}))
    run("new_episodes", lambda: httpx2.post(f"{provider.url}/v1/files", content=binary))
    stored = json.loads(pack.read_text().splitlines()[0])
    for body in (stored["request"]["body"], stored["response"]["body"]):
        mark = PLACEHOLDER.encode()
        assert base64.b64decode(body["base64"]) == b"\x89PNG\xff" + mark + b"\xfe" + mark
    _, scope = run("none", lambda: httpx2.post(f"{provider.url}/v1/files", content=binary))
    assert scope.calls[0].body.startswith(b"\x89PNG\xff")


def test_compressed_requests_are_looked_into(provider: FakeProvider, run: Run, pack: Path) -> None:
    body = gzip.compress(json.dumps({"text": VALUE}).encode(), mtime=0)
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    send = lambda: httpx2.post(f"{provider.url}/x", content=body, headers=headers)  # noqa: E731
    run("new_episodes", send)
    assert json.loads(pack.read_text().splitlines()[0])["request"]["body"] == {
        "json": {"text": PLACEHOLDER}
    }
    assert run("none", send)[1].misses == []


@pytest.mark.parametrize(
    "text",
    [
        "Please do a risk-assessment-and-mitigation-plan for desk-organisation.",
        "The bearer of responsibilities; basic telecommunications knowledge.",
        "task-4711, tasks-2024-01-01-and-more, ask-me-anything-2024-edition",
        "I like org-mode and org-chart; proj_x; AKIA is a prefix; sk-learn 1.5",
        "https://example.com:8080/a@b",
    ],
)
def test_ordinary_text_is_left_alone(
    text: str, provider: FakeProvider, run: Run, pack: Path
) -> None:
    run("new_episodes", lambda: ask(provider.url, text))
    assert PLACEHOLDER not in pack.read_text()


def test_a_hook_may_change_or_drop_interactions(
    provider: FakeProvider, run: Run, pack: Path
) -> None:
    def redact(interaction: dict[str, object]) -> dict[str, object] | None:
        text = json.dumps(interaction)
        return None if "drop me" in text else json.loads(text.replace("Alice", "<name>"))

    def both() -> None:
        ask(provider.url, "I am Alice")
        ask(provider.url, "drop me")

    run("new_episodes", both, redact=redact)
    assert "Alice" not in pack.read_text()
    assert "drop me" not in pack.read_text()
    answer, _ = run("none", lambda: ask(provider.url, "I am Alice"))
    assert answer == "echo: I am <name>"


def test_a_hook_cannot_bring_a_secret_in(provider: FakeProvider, run: Run, pack: Path) -> None:
    def leak(interaction: dict[str, object]) -> dict[str, object]:
        return json.loads(json.dumps(interaction).replace("hi", VALUE))

    run("new_episodes", lambda: ask(provider.url, "hi"), redact=leak)
    assert_clean(pack, VALUE)


def test_a_hook_that_gives_nonsense_is_told_so(provider: FakeProvider, run: Run) -> None:
    with pytest.raises(Exception, match="pytest_ftgate_redact_interaction gave no interaction"):
        run("new_episodes", lambda: ask(provider.url, "hi"), redact=lambda interaction: {"a": 1})


def test_what_cannot_be_scrubbed_is_refused_with_its_place(
    provider: FakeProvider, pack: Path
) -> None:
    with Recorder("new_episodes") as recorder, scope_of(recorder, pack, case=KEYS["aws"]):
        with pytest.raises(SecretFound) as refused:
            ask(provider.url, "hi")
    assert isinstance(refused.value, openai.OpenAIError)
    assert "case holds what looks like a secret (AWS access key)" in str(refused.value)
    assert "Nothing was written" in str(refused.value)
    assert not pack.exists()


def test_a_miss_does_not_print_secrets(provider: FakeProvider, run: Run) -> None:
    run("new_episodes", lambda: ask(provider.url, "hi"))
    with pytest.raises(openai.OpenAIError) as miss:
        run("none", lambda: ask(provider.url, f"hi {VALUE} {KEYS['github']}"))
    assert VALUE not in str(miss.value)
    assert KEYS["github"] not in str(miss.value)


def test_stored_lines_have_the_key_of_what_they_store(
    provider: FakeProvider, run: Run, pack: Path
) -> None:
    from pytest_ftgate.recording.lines import Question
    from pytest_ftgate.recording.sealing import key_of

    run("new_episodes", lambda: ask(provider.url, f"{VALUE} {KEYS['pem']}", stream=True))
    for entry in packs.read(pack):
        assert key_of(entry.parse(Question).request) == entry.head.key


@pytest.mark.parametrize(
    "unit",
    [
        "sk-",
        "sk-proj-",
        "eyJ-",
        "eyJaaaaaaaa.",
        "bearer ",
        "basic a",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "gsk_",
        "xai-",
        "SG.",
        "org-",
        "://a:",
        "aws_secret_access_key",
        "xoxb-",
        "ghp_",
    ],
)
def test_hostile_answers_are_searched_in_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))  # were it quadratic, this would never end
    for hostile in (text, text + "\n" + text):
        Scrubber({}).text(hostile)
