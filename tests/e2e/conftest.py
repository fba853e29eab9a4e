"""Running pytest in pytest: a project with evals, the ways to run it, and what came out."""

from __future__ import annotations

import importlib
import json
import pkgutil
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

import pytest_ftgate

# pytester forgets the modules that an inner session loaded: what is loaded already is loaded once.
for _module in pkgutil.walk_packages(pytest_ftgate.__path__, "pytest_ftgate."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)

WAYS = {"plain": [], "n0": ["-n0"], "n2": ["-n2"]}
NEIGHBOURS = [
    "-p",
    "no:randomly",
    "-p",
    "no:sugar",
    "-p",
    "no:rerunfailures",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
]


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

    def kpi(self, name: str, suite: int = 0) -> dict[str, Any]:
        assert self.verdict is not None
        return next(k for k in self.verdict["suites"][suite]["kpis"] if k["name"] == name)

    def gates(self) -> dict[str, str]:
        assert self.verdict is not None
        return {
            gate["name"]: gate["verdict"]
            for suite in self.verdict["suites"]
            for gate in suite["gates"]
        }


class Project:
    """A throw-away project in which pytest is run."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def write(self, name: str, content: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def dataset(self, name: str, cases: list[dict[str, Any]]) -> Path:
        return self.write(name, "".join(json.dumps(case) + "\n" for case in cases))

    def run(self, *args: str, subprocess: bool = False) -> Outcome:
        document, junit = self.path / "verdict.json", self.path / "junit.xml"
        for leftover in (document, junit):
            leftover.unlink(missing_ok=True)
        full = [*NEIGHBOURS, f"--ftgate-json={document}", f"--junitxml={junit}", *args]
        if subprocess:
            result = self.pytester.runpytest_subprocess(*full)
        else:
            result = self.pytester.runpytest_inprocess(*full)
        verdict = json.loads(document.read_text("utf-8")) if document.exists() else None
        root = ET.parse(junit).getroot() if junit.exists() else ET.Element("none")
        return Outcome(result, verdict, root)


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> list[str]:
    """The command-line arguments of one way to run: plain, ``-n0``, ``-n2``."""
    return WAYS[request.param]
