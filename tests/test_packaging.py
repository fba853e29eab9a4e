"""What is published: the package whole, and nothing of the project around it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import pytest_ftgate

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pytest_ftgate"
INFO = f"pytest_ftgate-{pytest_ftgate.__version__}.dist-info"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the wheel and the source distribution."""
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist"]
    subprocess.run(
        [*command, "-d", str(directory)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return directory


@pytest.fixture(scope="module")
def wheel(built: Path) -> dict[str, bytes]:
    """The files of the wheel."""
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_package_and_nothing_else(wheel: dict[str, bytes]) -> None:
    sources = {
        f"pytest_ftgate/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name: data for name, data in wheel.items() if not name.startswith(INFO)}
    assert packed.keys() == sources.keys()
    assert packed == sources
    for name in ("py.typed", "reports/verdict.schema.json", "reports/templates/report.html.j2"):
        assert f"pytest_ftgate/{name}" in packed
    cassettes = [name for name in packed if "/cassettes/" in name]
    assert cassettes == ["pytest_ftgate/cli/templates/suite/cassettes/bookings/v1.jsonl"]  # init's


def test_the_wheel_says_what_it_is(wheel: dict[str, bytes]) -> None:
    about = message_from_string(wheel[f"{INFO}/METADATA"].decode())
    assert about["Name"] == "pytest-ftgate"
    assert about["Requires-Python"] == ">=3.11"
    assert about["License-Expression"] == "Apache-2.0"
    extras = {"openai", "anthropic", "prices", "text", "local", "all"}
    assert set(about.get_all("Provides-Extra", [])) == extras
    assert f"{INFO}/licenses/LICENSE" in wheel
    points = wheel[f"{INFO}/entry_points.txt"].decode()
    assert "[pytest11]\nftgate = pytest_ftgate.plugin" in points
    assert "[console_scripts]\npytest-ftgate = pytest_ftgate.cli:main" in points


def test_the_wheel_works_where_it_is_unpacked(built: Path, tmp_path: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import pytest_ftgate, pytest\n"
        "from pytest_ftgate.cli import commands\n"
        "assert pytest_ftgate.__file__.startswith(sys.path[0])\n"
        "commands(['init'], standalone_mode=False)\n"
        "sys.exit(pytest.main(['evals', '-q', '-p', 'pytest_ftgate.plugin', "
        "'-p', 'no:cacheprovider', '--ftgate-json=verdict.json']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "verdict.json").exists()


def test_the_source_distribution_leaves_the_recordings_of_the_examples_out(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = [Path(name).parts[1:] for name in archive.getnames()]
    files = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO", ".gitignore"}
    assert {name[0] for name in names} <= {"pytest_ftgate", "tests", "docs", *files}
    assert ("pytest_ftgate", "reports", "verdict.schema.json") in names
    assert ("tests", "test_packaging.py") in names
    assert path.stat().st_size < 3_000_000
