"""Clients that are imported late are intercepted, and none is imported for nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import FakeProvider

BEGIN = """
import asyncio, sys
from pathlib import Path
from pytest_ftgate.errors import CassetteMiss
from pytest_ftgate.recording import Recorder

url, mode = sys.argv[1:]
recorder = Recorder(mode)
recorder.start()
recorder.check_interception()
assert "requests" not in sys.modules, "imported for nothing"
"""

IN_A_SCOPE = """
with recorder.scope(Path("p.jsonl"), "s", "v1", "c1", 0) as scope:
    import httpx, requests
    print(httpx.get(url + "/one").text)
    async def ask():
        async with httpx.AsyncClient() as client:
            return (await client.get(url + "/two")).text
    print(asyncio.run(ask()))
    print(requests.get(url + "/three").text)
assert not scope.misses
recorder.stop()
"""


def execute(script: str, directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script, *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_client_imported_within_a_case_is_recorded_and_replayed(
    provider: FakeProvider, tmp_path: Path
) -> None:
    recorded = execute(IN_A_SCOPE, tmp_path, provider.url, "new_episodes")
    seen = len(provider.seen)
    assert seen == 3
    assert execute(IN_A_SCOPE, tmp_path, provider.url, "none") == recorded
    assert len(provider.seen) == seen


@pytest.mark.parametrize("client", ["httpx", "requests"])
def test_a_late_client_that_was_not_recorded_is_a_miss(
    client: str, provider: FakeProvider, tmp_path: Path
) -> None:
    script = f"""
with recorder.scope(Path("p.jsonl"), "s", "v1", "c1", 0) as scope:
    import {client}
    try:
        {client}.get(url)
    except CassetteMiss as miss:
        print(miss)
"""
    assert "never recorded" in execute(script, tmp_path, provider.url, "none")
    assert provider.seen == []


@pytest.mark.parametrize(
    "use",
    [
        'httpx.main(["--help"], standalone_mode=False)',
        'print(CliRunner().invoke(httpx.main, ["--help"]).output)',
    ],
)
def test_the_command_line_of_httpx_is_loaded_when_used(use: str, tmp_path: Path) -> None:
    script = f"""
import httpx
assert "httpx._main" not in sys.modules and "pygments" not in sys.modules
from click.testing import CliRunner
assert callable(httpx.main)
{use}
"""
    assert "--follow-redirects" in execute(script, tmp_path, "http://127.0.0.1", "none")


@pytest.mark.parametrize("first", ["httpx", "requests"])
def test_other_users_of_vcrpy_get_all_of_it(
    first: str, provider: FakeProvider, tmp_path: Path
) -> None:
    script = f"""
import vcr
for _ in range(2):
    with vcr.use_cassette("their.yaml"):
        import {first}
        print({first}.get(url + "/theirs").text)
"""
    answers = execute(script, tmp_path, provider.url, "none").splitlines()
    assert answers[0] == answers[1]
    assert len(provider.seen) == 1
