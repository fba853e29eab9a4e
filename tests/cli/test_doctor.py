"""``doctor``: each thing that can be wrong, found in a project where it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import Result
from msgspec.structs import replace

from pytest_ftgate.cli.doctor import environment, project
from pytest_ftgate.recording.canary import InterceptionFailed
from tests.cli.conftest import Invoke, keep, keep_records
from tests.runs.making import held, run_of, scored

RUN = "20261001T080000000Z-0123abcd"


def rows(result: Result) -> dict[str, str]:
    """Status and text by subject; several rows of one subject are joined."""
    found: dict[str, str] = {}
    for line in result.stdout.splitlines()[:-2]:
        status, subject, text = re.split(r"  +", line, maxsplit=2)
        found[subject] = (
            f"{found[subject]} {status} {text}" if subject in found else (f"{status} {text}")
        )
    return found


@pytest.fixture
def examine(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[int, dict[str, str]]]:
    """Call the doctor without asking pytest and the clients, which takes long."""
    monkeypatch.setattr(environment, "plugin", lambda: environment.ok("plugin", "active"))
    monkeypatch.setattr(environment, "interception", lambda: environment.ok("interception", "-"))
    monkeypatch.setenv("COLUMNS", "400")

    def call() -> tuple[int, dict[str, str]]:
        result = invoke("doctor")
        return result.exit_code, rows(result)

    return call


Examine = Callable[[], tuple[int, dict[str, str]]]


def write_pack(here: Path, *lines: str, name: str = "evals/cassettes/triage/v1.jsonl") -> Path:
    path = here / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def interaction(case: str, seq: int = 0) -> str:
    request = {"method": "GET", "uri": "http://127.0.0.1/", "headers": {}}
    response = {"status": {"code": 200}, "headers": {}, "body": {"string": "hi"}}
    return json.dumps(
        {"k": "0" * 32, "case": case, "trial": 0, "seq": seq, "request": request}
        | {"recorded_at": "2026-09-01T00:00:00Z", "response": response}
    )


def test_a_sound_environment(here: Path) -> None:
    write_pack(here, interaction("a"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest_ftgate", "doctor"],
        cwd=here,
        env={**os.environ, "OPENAI_API_KEY": "sk-never-shown-123456", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "never-shown" not in done.stdout
    assert "OPENAI_API_KEY set" in done.stdout
    assert "active in pytest" in done.stdout
    assert "replay catches requests of httpx2, httpx, urllib3, requests, http.client" in done.stdout
    assert "1 of 1 can be read" in done.stdout
    assert done.stdout.endswith("\nnothing to mend.\n")
    assert not (here / ".ftgate").exists()


def test_the_process_never_imports_pytest(here: Path) -> None:
    code = (
        "import sys\n"
        "from pytest_ftgate.cli import main\n"
        "try:\n"
        "    main(['doctor'])\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0, end.code\n"
        "assert not {'pytest', '_pytest'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_old_python_is_a_problem() -> None:
    found = environment.python("3.10.4")
    assert found.status == "problem"
    assert found.text == "3.10.4, needed is >=3.11. Make an environment with it."


def test_an_old_package_is_a_problem(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "8.1.1" if name == "vcrpy" else version(name)
    )
    code, found = examine()
    assert code == 1
    assert found["packages"] == (
        "problem vcrpy 8.1.1 is installed, needed is vcrpy>=9.4. Run: pip install 'vcrpy>=9.4'"
    )


def test_an_old_sdk_is_a_problem_and_a_missing_one_is_not(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = metadata.version

    def installed(name: str) -> str:
        if name == "openai":
            return "1.2.0"
        if name == "anthropic":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", installed)
    code, found = examine()
    assert code == 1
    assert found["extra openai"].startswith("problem openai 1.2.0 is installed, needed is openai>=")
    assert found["extra openai"].endswith("Or: pip install 'pytest-ftgate[openai]'")
    assert found["extra anthropic"] == (
        "info without anthropic; to have it: pip install 'pytest-ftgate[anthropic]'"
    )


def test_keys_are_named_and_never_shown() -> None:
    found = list(environment.keys({"OPENAI_API_KEY": " ", "ANTHROPIC_AUTH_TOKEN": "secret-value"}))
    assert [(each.status, each.text) for each in found] == [
        ("info", "OPENAI_API_KEY is not set; only recording needs it"),
        ("ok", "ANTHROPIC_AUTH_TOKEN set"),
    ]


def test_a_plugin_that_is_switched_off(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.plugin().status == "ok"
    (here / "pytest.ini").write_text("[pytest]\naddopts = -p no:ftgate\n")
    found = environment.plugin()
    assert found.status == "problem"
    assert found.text.startswith('not active in pytest: look for "-p no:ftgate" in addopts')
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (here / "pytest.ini").write_text("[pytest]\n")
    found = environment.plugin()
    assert found.text == (
        "not active in pytest: PYTEST_DISABLE_PLUGIN_AUTOLOAD is set: "
        "run pytest with -p pytest_ftgate.plugin."
    )
    assert environment.plugin(["-p", "pytest_ftgate.plugin"]).status == "ok"


def test_a_pytest_that_does_not_start(here: Path) -> None:
    (here / "conftest.py").write_text("raise RuntimeError('conf\\x1b[31mtest')\n")
    found = environment.plugin()
    assert found.status == "problem"
    assert found.text.startswith("pytest does not start here: ")
    assert "RuntimeError" in found.text
    assert "\x1b" not in found.text


def test_interception_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise InterceptionFailed("Requests through httpx are not intercepted.")

    monkeypatch.setattr("pytest_ftgate.recording.recorder.Recorder.check_interception", fail)
    found = environment.interception()
    assert (found.status, found.text) == ("problem", "Requests through httpx are not intercepted.")


def test_a_client_that_cannot_be_imported(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "aiohttp.py").write_text("raise AttributeError('half installed')\n")
    monkeypatch.syspath_prepend(here)
    monkeypatch.delitem(sys.modules, "aiohttp", raising=False)
    found = environment.interception()
    assert (found.status, found.text) == (
        "problem",
        "cannot be tried: AttributeError: half installed",
    )


def test_wrong_settings(examine: Examine, here: Path) -> None:
    (here / "pytest.ini").unlink()
    (here / "pyproject.toml").write_text("[tool.ftgate]\nrecord = 'al'\n")
    code, found = examine()
    assert code == 1
    assert found["settings"].startswith("problem pyproject.toml:2: [tool.ftgate] record: got 'al'")
    assert "run store" in found


def test_a_store_that_cannot_be_written(examine: Examine, here: Path) -> None:
    (here / ".ftgate").write_text("")
    code, found = examine()
    assert code == 1
    assert found["run store"] == "problem .ftgate is a file. Move it away."


def test_a_read_only_store(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    found = project.store(here / "a" / "b")
    assert found.status == "problem"
    assert found.text.startswith("a/b cannot be written: Permission denied. Grant write permission")


def test_runs_that_cannot_be_read(examine: Examine, here: Path) -> None:
    keep_records(scored("a", held()))
    assert examine()[1]["run store"] == "ok .ftgate can be written, 1 run"
    (here / ".ftgate/runs" / RUN / "end.json").write_text("{")
    code, found = examine()
    assert code == 0
    assert found["run store"] == (
        f"note 1 of 1 run cannot be read: {RUN}. Remove their directories."
    )


def test_no_cassettes(examine: Examine, here: Path) -> None:
    assert examine()[1]["cassettes"] == f"info none below {here}: record with --ftgate-record"


def test_a_damaged_cassette(examine: Examine, here: Path) -> None:
    write_pack(here, interaction("a"), "{")
    write_pack(here, interaction("a"), name="evals/cassettes/triage/v2.jsonl")
    code, found = examine()
    assert code == 1
    assert found["cassette"].startswith("problem evals/cassettes/triage/v1.jsonl:2:2: ")
    assert found["cassettes"] == "ok 1 of 2 can be read"


def test_leftover_parts(examine: Examine, here: Path) -> None:
    path = write_pack(here, interaction("a"))
    path.with_name("v1.jsonl.main-1-ab.part").write_text(interaction("b") + "\n")
    code, found = examine()
    assert code == 0
    assert "note 1 part file of sessions" in found["cassettes"]
    assert "evals/cassettes/triage/v1.jsonl.main-1-ab.part" in found["cassettes"]


def test_stale_interactions(examine: Examine, here: Path) -> None:
    write_pack(here, interaction("a"), interaction("a", 1))
    keep_records(scored("a", held()))
    assert "stale" not in examine()[1]
    stale = here / ".ftgate/runs" / RUN / "stale.json"
    stale.write_text(json.dumps({"evals/cassettes/triage/v1.jsonl": [["a", 0, 1]]}))
    code, found = examine()
    assert code == 0
    assert found["stale"] == (
        "note 1 recorded call was not played by the last full run, in "
        "evals/cassettes/triage/v1.jsonl. Remove it by: pytest-ftgate cassettes prune"
    )
    stale.write_text("[]")
    assert examine()[1]["stale"].startswith(f"note .ftgate/runs/{RUN}/stale.json: ")


def test_a_partial_run_says_nothing_about_stale_interactions(examine: Examine, here: Path) -> None:
    write_pack(here, interaction("a"))
    run = run_of(scored("a", held()), available=2)
    keep(run)
    stale = here / ".ftgate/runs" / RUN / "stale.json"
    stale.write_text(json.dumps({"evals/cassettes/triage/v1.jsonl": [["a", 0, 0]]}))
    assert "stale" not in examine()[1]
    other = replace(run, manifest=replace(run.manifest, run="20260930T080000000Z-99999999"))
    assert other.manifest.run < RUN


def git(here: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=here, check=True, capture_output=True)


def test_cassettes_that_git_ignores(examine: Examine, here: Path) -> None:
    write_pack(here, interaction("a"))
    assert "git" not in examine()[1]
    git(here, "init", "-q")
    assert examine()[1]["git"] == "ok ignores no cassette"
    (here / ".gitignore").write_text("*.log\n*.jsonl\n")
    code, found = examine()
    assert code == 1
    assert found["git"] == (
        "problem evals/cassettes/triage/v1.jsonl is ignored by .gitignore:2:*.jsonl: it would be "
        "missing in CI. Take the rule back, or commit by git add --force."
    )
    git(here, "add", "--force", "evals")
    assert examine()[1]["git"] == "ok ignores no cassette"


def test_many_ignored_cassettes_are_summed_up(examine: Examine, here: Path) -> None:
    for number in range(5):
        write_pack(here, interaction("a"), name=f"cassettes/triage/v{number}.jsonl")
    git(here, "init", "-q")
    (here / ".gitignore").write_text("cassettes/\n")
    assert examine()[1]["git"].endswith("problem ignores 2 more cassettes.")


def test_the_last_line_counts(invoke: Invoke, examine: Examine, here: Path) -> None:
    (here / ".ftgate").write_text("")
    path = write_pack(here, interaction("a"))
    path.with_name("v1.jsonl.main-1-ab.part").write_text("")
    assert examine()[0] == 1
    assert invoke("doctor").stdout.endswith("\n1 problem, 1 note.\n")
