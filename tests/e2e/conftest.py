"""Running pytest in pytest: a project with evals, the ways to run it, and what came out."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

import pytest_ftgate
from pytest_ftgate.cli import commands
from pytest_ftgate.runs.store import RunStore
from tests.servers import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_ftgate.model import Run

# pytester forgets the modules that an inner session loaded: what is loaded already is loaded once.
for _module in pkgutil.walk_packages(pytest_ftgate.__path__, "pytest_ftgate."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)
for _name in ("openai", "anthropic", "httpx", "httpcore", "httpcore2", "requests"):
    importlib.import_module(_name)

LEAN = ["-p", "pytest_ftgate.plugin", "-p", "xdist"]
WAYS = {"plain": [], "n0": ["-n0"]}


@dataclass
class Outcome:
    """What a run said in each of its voices."""

    result: pytest.RunResult
    verdict: dict[str, Any] | None
    junit: ET.Element

    @property
    def text(self) -> str:
        return self.result.stdout.str()

    @property
    def code(self) -> int:
        return int(self.result.ret)

    @property
    def errors(self) -> str:
        return self.result.stderr.str()

    @property
    def suites(self) -> list[dict[str, Any]]:
        assert self.verdict is not None, f"no verdict was written:\n{self.text}\n{self.errors}"
        return self.verdict["suites"]

    @property
    def counts(self) -> dict[str, int]:
        """The first suite's cases by outcome, without the outcomes that none had."""
        return {name: number for name, number in self.suites[0]["counts"].items() if number}

    @property
    def junit_counts(self) -> dict[str, int]:
        suite = self.junit.find("testsuite")
        assert suite is not None
        names = ("tests", "failures", "errors", "skipped")
        return {name: int(suite.get(name, "-1")) for name in names}

    def kpi(self, name: str, suite: int = 0) -> dict[str, Any]:
        return next(kpi for kpi in self.suites[suite]["kpis"] if kpi["name"] == name)

    def gates(self) -> dict[str, str]:
        return {gate["name"]: gate["verdict"] for suite in self.suites for gate in suite["gates"]}


class Project:
    """A throw-away project in which pytest is run.

    Attributes:
        lean: its sessions load no plugin but this one and xdist, which takes half the time.
        without: otherwise, the installed plugins that they do without.
    """

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.lean = True
        self.without = ["randomly", "sugar", "rerunfailures"]

    def write(self, name: str, content: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def dataset(self, name: str, cases: list[dict[str, Any]]) -> Path:
        return self.write(name, "".join(json.dumps(case) + "\n" for case in cases))

    def pack(self, suite: str, variant: str) -> list[dict[str, Any]]:
        """The lines of a cassette."""
        path = self.path / "cassettes" / suite / f"{variant}.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def stored(self) -> list[Run]:
        """The runs of the store, the oldest first."""
        store = RunStore(self.path / ".ftgate")
        return [store.load(info.id) for info in reversed(store.list())]

    def run(self, *args: str, apart: bool = False, junit: bool = True) -> Outcome:
        """Run pytest in this process, or ``apart`` in one of its own."""
        document, xml = self.path / "verdict.json", self.path / "junit.xml"
        for leftover in (document, xml):
            leftover.unlink(missing_ok=True)
        full = [f"--ftgate-json={document}", *args]
        if junit:
            full.append(f"--junitxml={xml}")
        full += LEAN if self.lean else self._beside()
        run = self.pytester.runpytest_subprocess if apart else self.pytester.runpytest_inprocess
        with pytest.MonkeyPatch.context() as patch:
            if self.lean:
                patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            result = run(*full)
        verdict = json.loads(document.read_text("utf-8")) if document.exists() else None
        root = ET.parse(xml).getroot() if xml.exists() else ET.Element("none")
        return Outcome(result, verdict, root)

    def start(
        self, *args: str, prepare: Callable[[], None] = lambda: None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start a session in a process of its own, which ``prepare`` is called in first."""

        def before() -> None:
            # A shell that starts the tests in the background lets its children ignore Ctrl-C.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            prepare()

        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *LEAN, *args],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=options.pop("stderr", subprocess.STDOUT),
            text=True,
            preexec_fn=before,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **options.pop("env", {})},
            **options,
        )

    def command(self, *arguments: str) -> Result:
        """Call the ``pytest-ftgate`` command in the project."""
        return CliRunner().invoke(commands, arguments, prog_name="pytest-ftgate")

    def _beside(self) -> list[str]:
        scope = "asyncio_default_fixture_loop_scope=function"
        return ["-o", scope, *(word for name in self.without for word in ("-p", f"no:{name}"))]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no setting of the machine that runs the tests reaches the projects in them."""
    prefixes = ("OPENAI_", "ANTHROPIC_", "FTGATE_", "GITHUB_", "GITLAB_")
    for name in [name for name in os.environ if name.startswith(prefixes) or name == "CI"]:
        monkeypatch.delenv(name)


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """A provider on loopback, to which the SDK clients of a project are sent, with keys."""
    with FakeProvider() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-recording-1")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-the-recording-2")
        yield running


@pytest.fixture
def offline(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes the provider and the keys away, as in a CI job that replays."""

    def leave() -> None:
        provider.__exit__()
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.delenv(name)

    return leave


@pytest.fixture
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting as clients do before they try again is an error."""
    sleep, asleep = time.sleep, asyncio.sleep

    def checked_sleep(seconds: float) -> None:
        assert seconds < 0.1, f"slept {seconds} s"
        sleep(seconds)

    async def checked_asleep(seconds: float, result: object = None) -> object:
        assert seconds < 0.1, f"slept {seconds} s"
        return await asleep(seconds, result)

    monkeypatch.setattr("time.sleep", checked_sleep)
    monkeypatch.setattr("anyio.sleep", checked_asleep)
    monkeypatch.setattr("asyncio.sleep", checked_asleep)


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> list[str]:
    """The command-line arguments of the ways to run that do not cost a second process."""
    return WAYS[request.param]
