"""Which directory is the project's root: the one that pytest would take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ftgate.cli.project import project_root


def lay(root: Path, files: dict[str, str]) -> Path:
    below = root / "a" / "b"
    below.mkdir(parents=True)
    for name, content in files.items():
        (root / name).write_text(content)
    return below


LAYOUTS = {
    "pytest.ini counts even if empty": ({"pytest.ini": ""}, "."),
    "the nearest wins": ({"pytest.ini": "", "a/pytest.ini": ""}, "a"),
    "a pyproject with a table of pytest": (
        {"pytest.ini": "", "a/pyproject.toml": "[tool.pytest.ini_options]\n"},
        "a",
    ),
    "a pyproject without one is passed over": (
        {"pytest.ini": "", "a/pyproject.toml": "[project]\nname = 'x'\n"},
        ".",
    ),
    "a pyproject without one, when there is nothing else": ({"pyproject.toml": ""}, "."),
    "a pyproject before setup.py": ({"pyproject.toml": "", "a/setup.py": ""}, "."),
    "setup.py": ({"setup.py": ""}, "."),
    "tox.ini": ({"tox.ini": "[pytest]\n", "a/tox.ini": "[tox]\n"}, "."),
    "setup.cfg": ({"setup.cfg": "[tool:pytest]\n"}, "."),
    "nothing at all": ({}, "a/b"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_root(tmp_path: Path, layout: str) -> None:
    files, expected = LAYOUTS[layout]
    below = lay(tmp_path, files)
    assert project_root(below) == (tmp_path / expected).resolve()


def test_it_is_the_root_that_pytest_takes(tmp_path: Path) -> None:
    for number, (files, _) in enumerate(LAYOUTS.values()):
        lay(tmp_path / str(number), files)
    code = (
        "import os, pathlib, sys\n"
        "from _pytest.config.findpaths import determine_setup\n"
        "for number in range(int(sys.argv[1])):\n"
        "    below = pathlib.Path(sys.argv[2], str(number), 'a', 'b')\n"
        "    print(determine_setup(inifile=None, override_ini=None, args=[], "
        "rootdir_cmd_arg=None, invocation_dir=below)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(len(LAYOUTS)), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    roots = [str(project_root(tmp_path / str(n) / "a" / "b")) for n in range(len(LAYOUTS))]
    assert done.stdout.splitlines() == roots
