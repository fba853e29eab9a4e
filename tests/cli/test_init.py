"""``init``: what it writes works at once, offline, and never replaces what is there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pytest_ftgate import datasets, experiments
from pytest_ftgate.recording import packs
from pytest_ftgate.recording.lines import Interaction
from tests.cli.conftest import Invoke
from tests.servers import FakeProvider

FILES = [
    "test_bookings.py",
    "bookings/booking.schema.json",
    "bookings/dataset.jsonl",
    "bookings/examples.jsonl",
    "bookings/experiment.toml",
    "bookings/policy.toml",
    "bookings/prompts/v1.md",
    "cassettes/bookings/v1.jsonl",
]


def evaluate(directory: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run pytest without a key, without colours and without the neighbours' output."""
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    switches = ["-p", "no:randomly", "-p", "no:sugar", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *switches, *arguments],
        cwd=directory,
        env={**environ, "PYTEST_ADDOPTS": "", "NO_COLOR": "1", "COLUMNS": "80", **more},
        capture_output=True,
        text=True,
        check=False,
    )


def written(directory: Path) -> list[str]:
    return sorted(
        str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()
    )


def test_it_writes_a_suite_that_is_green_offline_at_once(invoke: Invoke, here: Path) -> None:
    result = invoke("init")
    assert result.exit_code == 0
    assert "  pytest evals\n" in result.output
    assert written(here / "evals") == sorted(FILES)
    done = evaluate(here, "evals")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LLM evaluation" in done.stdout
    assert "threshold" in done.stdout
    assert "min 50.0 %" in done.stdout
    assert "replayed 8 answers recorded 2026-11-21" in done.stdout
    assert "5 passed · 3 missed · 0 failed · 0 errors" in done.stdout


def test_the_stored_run_is_judged_the_same(invoke: Invoke, here: Path) -> None:
    invoke("init")
    evaluate(here, "evals", "--ftgate-json=session.json")
    assert invoke("gate", "--json", "again.json").exit_code == 0
    assert (here / "again.json").read_bytes() == (here / "session.json").read_bytes()


def test_a_changed_prompt_is_a_miss_that_says_so(invoke: Invoke, here: Path) -> None:
    invoke("init", "evals")
    prompt = here / "evals/bookings/prompts/v1.md"
    prompt.write_text(prompt.read_text().replace("one line of JSON", "JSON"))
    done = evaluate(here, "evals")
    assert done.returncode == 1
    assert "--ftgate-record" in done.stdout


def test_its_next_steps_lead_to_a_recording_of_ones_own(invoke: Invoke, here: Path) -> None:
    said = invoke("init").output
    prompt, experiment = (
        here / "evals/bookings/prompts/v1.md",
        here / "evals/bookings/experiment.toml",
    )
    for path in (prompt, experiment):
        assert str(path.relative_to(here)) in said
    prompt.write_text(prompt.read_text().replace("one line of JSON", "JSON"))
    with FakeProvider() as provider:
        text = experiment.read_text()
        text = text.replace("http://127.0.0.1:18080/v1", provider.openai_url)
        experiment.write_text(text.replace("smollm2-135m-instruct", "small"))
        (command,) = re.findall(r"OPENAI_API_KEY=\.\.\. pytest (.+)", said)
        recorded = evaluate(here, *command.split(), OPENAI_API_KEY="a-key-of-ones-own")
    assert len(provider.seen) == 8
    assert "8 live answers · model small" in recorded.stdout, recorded.stdout
    # The fake provider does not answer in JSON; that nothing is missing is what counts.
    assert "8 missed · 0 failed · 0 errors" in evaluate(here, "evals").stdout


def test_the_next_variant_is_made_as_the_experiment_says(invoke: Invoke, here: Path) -> None:
    invoke("init")
    experiment = here / "evals/bookings/experiment.toml"
    (command,) = re.findall(r"#   pytest-ftgate (variant new .+)", experiment.read_text())
    assert invoke(*shlex.split(command)).exit_code == 0
    assert (here / "evals/bookings/prompts/v2.md").is_file()
    assert experiments.load(experiment).variants["v2"].parent == "v1"


def test_it_goes_where_it_is_told(invoke: Invoke, here: Path) -> None:
    assert invoke("init", "tests/llm").exit_code == 0
    assert written(here / "tests/llm") == sorted(FILES)


def test_it_never_overwrites(invoke: Invoke, here: Path) -> None:
    (here / "evals/bookings").mkdir(parents=True)
    mine = here / "evals/bookings/policy.toml"
    mine.write_text("# mine\n")
    result = invoke("init")
    assert result.exit_code == 4
    assert result.stderr == (
        "pytest-ftgate: evals: nothing was written, since these files exist:\n"
        "  evals/bookings/policy.toml\n"
        "Name another directory, or overwrite them by --force.\n"
    )
    assert written(here / "evals") == ["bookings/policy.toml"]
    assert invoke("init", "--force").exit_code == 0
    assert mine.read_text() != "# mine\n"


def test_it_does_not_write_through_links_out_of_the_directory(invoke: Invoke, here: Path) -> None:
    (here / "evals").mkdir()
    (here / "elsewhere").mkdir()
    (here / "evals/bookings").symlink_to(here / "elsewhere")
    result = invoke("init")
    assert result.exit_code == 4
    assert "outside" in result.stderr
    assert list((here / "elsewhere").iterdir()) == []


def test_a_missing_sdk_is_named(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'pytest-ftgate[openai]'" in invoke("init").output


def test_the_recording_is_that_of_this_prompt_and_model(invoke: Invoke, here: Path) -> None:
    invoke("init")
    suite = here / "evals"
    experiment = experiments.load(suite / "bookings/experiment.toml")
    variant = experiment.variants[experiment.current]
    recorded = [
        entry.parse(Interaction) for entry in packs.read(suite / "cassettes/bookings/v1.jsonl")
    ]
    cases = datasets.load(suite / "bookings/dataset.jsonl")
    assert sorted(line.case for line in recorded) == sorted(case.id for case in cases)
    for line in recorded:
        case = next(case for case in cases if case.id == line.case)
        body = json_of(line.request.body)
        assert body["model"] == variant.model
        assert body["messages"] == experiments.render(variant, case)
        assert json_of(line.response.body)["model"] == variant.model


def test_the_experiment_that_is_written_is_plain_toml(invoke: Invoke, here: Path) -> None:
    invoke("init")
    text = (here / "evals/bookings/experiment.toml").read_text()
    assert tomllib.loads(text)["current"] == "v1"


def json_of(body: object) -> dict[str, object]:
    import msgspec

    return msgspec.json.decode(bytes(body.json))  # type: ignore[attr-defined, no-any-return]
