"""The walls of the house: who may import whom, and what a session without evals may load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_ftgate

PACKAGE = Path(pytest_ftgate.__file__).parent
GROUND = {"model", "iterations", "components", "errors", "canonical"} | {
    "strict_json",
    "files",
    "prices",
    "text",
}
ROOMS_MAY_IMPORT = {
    "model": {"iterations"},
    "iterations": set(),
    "components": {"model", "canonical"},
    "errors": set(),
    "canonical": {"errors"},
    "strict_json": {"errors", "canonical"},
    "files": {"errors"},
    "prices": set(),
    "text": {"errors"},
    "names": set(),
    "environment": set(),
    "stats": {"errors"},
    "datasets": GROUND,
    "experiments": GROUND,
    "providers": GROUND | {"experiments"},
    "recording": GROUND,
    "checks": GROUND | {"stats"},
    "runs": GROUND | {"datasets"},
    "verdicts": GROUND | {"stats"},
    "reports": GROUND,
}
NEVER_PYTEST = {
    "model",
    "iterations",
    "errors",
    "stats",
    "checks",
    "verdicts",
    "runs",
    "reports",
    "datasets",
}
HEAVY = (
    "vcr numpy jsonschema msgspec jinja2 rich regex yaml click httpx httpx2 openai anthropic "
    "pydantic"
).split()


NETWORK = set(
    "socket ssl http.client http.server urllib.request ftplib smtplib socketserver xmlrpc.client "
    "httpx httpx2 httpcore httpcore2 requests urllib3 aiohttp websockets".split()
)


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, at any depth, in full; type-checking imports included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == "pytest_ftgate":
                found |= {f"pytest_ftgate.{alias.name}" for alias in node.names}
    return found


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_knows_only_the_rooms_below_it(path: Path) -> None:
    room = room_of(path)
    imported = {
        name.split(".")[1] for name in imports_of(path) if name.startswith("pytest_ftgate.")
    }
    assert "plugin" not in imported, "nothing imports the plugin"
    if room in ROOMS_MAY_IMPORT:
        assert imported <= ROOMS_MAY_IMPORT[room] | {room}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_its_own_room_imports_a_library(path: Path) -> None:
    room = room_of(path)
    tops = {name.split(".")[0] for name in imports_of(path)}
    if room in NEVER_PYTEST:
        assert "pytest" not in tops
        assert "_pytest" not in tops
    if room != "recording":
        assert "vcr" not in tops
    if room != "providers":
        assert not tops & {"openai", "anthropic"}
    assert not tops & {"scipy", "statsmodels"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_recording_speaks_to_the_network(path: Path) -> None:
    """Nothing is sent home: what could be sent goes through a provider's SDK or the recorder."""
    if room_of(path) != "recording":
        assert not imports_of(path) & NETWORK


def run_pytest(directory: Path, *args: str) -> str:
    """The output of a session with no plugin but ours, and the heavy modules it had loaded."""
    code = (
        "import sys, pytest\n"
        f"code = pytest.main({list(args)!r})\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_session_without_evals_loads_nothing_heavy_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text("def test_plain():\n    assert True\n")
    out = run_pytest(tmp_path, "-q", "-p", "no:cacheprovider", "-p", "pytest_ftgate.plugin")
    assert "LOADED []" in out
    assert "LLM evaluation" not in out
    assert not (tmp_path / ".ftgate").exists()
