"""Cassettes of vcrpy and pytest-recording become packs."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest
import requests
import vcr

from pytest_ftgate.errors import ConfigError, DataError
from pytest_ftgate.recording import packs
from pytest_ftgate.recording.importing import import_vcr
from tests.recording.conftest import Run
from tests.servers import FakeProvider

KEY = "sk-proj-abcDEF123456_ghiJKL-789012"


def ask(url: str) -> list[str]:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    target, headers = f"{url}/v1/chat/completions", {"authorization": f"Bearer {KEY}"}
    return [
        httpx2.post(target, json=body, headers=headers).text,
        requests.post(target, json=body, headers=headers).text,
        requests.get(f"{url}/plain").text,
    ]


@pytest.mark.parametrize(
    ("serializer", "encoding"), [("yaml", None), ("yaml", "gzip"), ("json", None)]
)
def test_a_cassette_of_vcrpy_replays_from_a_pack(
    serializer: str,
    encoding: str | None,
    provider: FakeProvider,
    pack: Path,
    tmp_path: Path,
    run: Run,
) -> None:
    provider.encoding = encoding
    source = tmp_path / f"old.{serializer}"
    with vcr.use_cassette(str(source), serializer=serializer):
        recorded = ask(provider.url)
    assert KEY in source.read_text()

    assert import_vcr(source, pack, case="c1") == 3
    assert KEY not in pack.read_text()
    assert [entry.name for entry in pack.parent.iterdir()] == [pack.name]
    replayed, scope = run("none", lambda: ask(provider.url))
    assert [json.loads(text) for text in replayed[:2]] == [
        {key: value for key, value in json.loads(text).items() if key != "timings"}
        for text in recorded[:2]
    ]
    assert replayed[2] == recorded[2]
    assert scope.recorded_at is None
    assert scope.task_elapsed_s is None
    assert len(provider.seen) == 3


OLD = """
interactions:
- request: &request
    body: null
    headers: {}
    method: GET
    uri: https://example.com/a
  response:
    content: hello
    headers: {content-type: [text/plain]}
    http_version: HTTP/1.1
    status_code: 200
- request: *request
  response:
    body: {string: !!binary aGVsbG8=}
    headers: {content-type: text/plain}
    status: {code: 200, message: null}
version: 1
"""


def test_older_shapes_are_read(tmp_path: Path, pack: Path, run: Run) -> None:
    source = tmp_path / "old.yml"
    source.write_text(OLD)
    assert import_vcr(source, pack, case="c1", trial=1) == 2
    get = lambda: httpx2.get("https://example.com/a").text  # noqa: E731
    assert run("none", lambda: (get(), get()), trial=1)[0] == ("hello", "hello")


def test_a_body_that_was_decompressed_before_is_read(tmp_path: Path, pack: Path, run: Run) -> None:
    source = tmp_path / "old.yaml"
    source.write_text(
        OLD.replace("headers: {content-type:", "headers: {content-encoding: gzip, x:")
    )
    import_vcr(source, pack, case="c1")
    assert run("none", lambda: httpx2.get("https://example.com/a").text)[0] == "hello"


def test_what_is_there_is_not_mixed_with_what_is_imported(tmp_path: Path, pack: Path) -> None:
    source = tmp_path / "old.yaml"
    source.write_text(OLD)
    import_vcr(source, pack, case="c1")
    with pytest.raises(ConfigError, match="has recordings of case 'c1', trial 1"):
        import_vcr(source, pack, case="c1")
    import_vcr(source, pack, case="c2")
    assert len(list(packs.read(pack))) == 4


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

BAD = {
    "not yaml": ("a: [1", "yaml", "expected"),
    "python object": ("a: !!python/object/apply:os.system [id]", "yaml", "could not determine"),
    "unknown tag": ("interactions: !foo 1", "yaml", "could not determine"),
    "bomb": (BOMB, "yaml", "more than 2,000,000 values"),
    "deep": ("[" * 200 + "]" * 200, "yaml", "nested deeper than 100"),
    "no interactions": ("a: 1", "yaml", "interactions"),
    "a list": ("[1, 2]", "json", "this is no vcrpy cassette"),
    "old version": ('[{"request": {}, "response": {}}]', "json", "older version"),
    "not json": ("{x", "json", "this is no vcrpy cassette"),
    "no status": (OLD.replace("status_code", "code"), "yaml", "interaction 1: KeyError"),
    "strange status": (OLD.replace("status_code: 200", "status_code: x"), "yaml", "interaction 1"),
    "no method": (OLD.replace("    method: GET\n", ""), "yaml", "this is no vcrpy cassette"),
    "empty": ("", "yaml", "this is no vcrpy cassette"),
    "binary": ("\0\1", "yaml", "this is no vcrpy cassette"),
}


@pytest.mark.parametrize(("text", "suffix", "reason"), BAD.values(), ids=BAD)
def test_what_is_no_cassette_is_refused_with_its_place(
    text: str, suffix: str, reason: str, tmp_path: Path, pack: Path
) -> None:
    source = tmp_path / f"old.{suffix}"
    source.write_text(text)
    with pytest.raises(DataError) as refused:
        import_vcr(source, pack, case="c1")
    assert reason in str(refused.value)
    assert str(refused.value).startswith(str(source))
    assert not pack.exists()


def test_a_missing_cassette_is_told(tmp_path: Path, pack: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        import_vcr(tmp_path / "none.yaml", pack, case="c1")
