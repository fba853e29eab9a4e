"""The command as a whole: its exit codes, what it loads, and how it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from pytest_ftgate import cli
from tests.cli.conftest import Invoke, keep_records
from tests.runs.making import missed, scored

COMMANDS = [
    "runs",
    "show",
    "gate",
    "compare",
    "baseline",
    "merge",
    "cassettes",
    "saturation",
    "variant",
    "dataset",
    "init",
    "doctor",
]


def run(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest_ftgate", *arguments],
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        encoding=environ.get("PYTHONIOENCODING", "utf-8"),
        check=False,
    )


def test_help_lists_every_command(invoke: Invoke) -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    listed = result.output.partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ")] == sorted(
        COMMANDS, key=COMMANDS.index
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(invoke: Invoke, command: str) -> None:
    result = invoke(command, "-h")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: pytest-ftgate {command}")


def test_version(invoke: Invoke) -> None:
    assert invoke("--version").output == f"pytest-ftgate {metadata.version('pytest-ftgate')}\n"


def test_without_arguments_it_explains_itself(invoke: Invoke) -> None:
    result = invoke()
    assert result.exit_code == 4
    assert "Usage: pytest-ftgate" in result.output


@pytest.mark.parametrize(
    "arguments", [["audit"], ["runs", "--jsn"], ["runs", "-n", "0"], ["dataset", "validate"]]
)
def test_a_wrong_call_is_bad_input(invoke: Invoke, arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 4
    assert "Usage: pytest-ftgate" in result.output
    assert "Error: " in result.output


def test_a_wrong_file_is_bad_input_and_its_message_starts_with_the_place(
    invoke: Invoke, here: Path
) -> None:
    (here / "cases.jsonl").write_text('{"id": "a"}\n')
    result = invoke("dataset", "lock", "cases.jsonl")
    assert result.exit_code == 4
    assert result.stderr.startswith("cases.jsonl:1: ")
    assert result.stdout == ""


def test_wrong_settings_are_bad_input(invoke: Invoke, here: Path) -> None:
    (here / "pytest.ini").unlink()
    (here / "pyproject.toml").write_text("[tool.ftgate]\nstor = 'x'\n")
    result = invoke("runs")
    assert result.exit_code == 4
    assert result.stderr == (
        "pytest-ftgate: pyproject.toml:2: [tool.ftgate] has an unknown key 'stor': "
        "did you mean 'store'?\n"
    )


def test_an_interrupt_has_its_own_code(
    invoke: Invoke, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pytest_ftgate.cli.runs.open_store", interrupted)
    assert invoke("runs").exit_code == 2


def test_a_reader_that_leaves_early_causes_no_traceback(here: Path) -> None:
    keep_records(*(scored(f"case-{number}", missed(reason="x" * 900)) for number in range(600)))
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_ftgate", "show", "--outputs"],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 2


@pytest.mark.parametrize(
    "arguments", [["runs"], ["show"], ["gate"], ["dataset", "validate", "cases.jsonl"], ["--help"]]
)
def test_the_process_never_imports_pytest(here: Path, arguments: list[str]) -> None:
    keep_records(scored("a"), scored("b", missed()))
    (here / "cases.jsonl").write_text('{"id": "a", "input": "x"}\n')
    code = (
        "import sys\n"
        "from pytest_ftgate.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0, end.code\n"
        "loaded = {'pytest', '_pytest', 'vcr', 'openai', 'anthropic'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_python_m_is_the_same_command(here: Path) -> None:
    done = run("runs", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "No runs are stored here yet: run pytest on an eval test.\n"


def test_the_console_script_is_declared() -> None:
    (script,) = metadata.entry_points(group="console_scripts", name="pytest-ftgate")
    assert script.load() is cli.main


def test_what_cannot_be_encoded_is_escaped(here: Path) -> None:
    keep_records(scored("a", missed(reason="naïve 日本")))
    done = run("show", cwd=here, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "na\\xefve \\u65e5\\u672c" in done.stdout
    done = run("show", "--store", "日", cwd=here, PYTHONIOENCODING="latin-1")
    assert done.returncode == 4
    assert "The run store \\u65e5 holds no run" in done.stderr
