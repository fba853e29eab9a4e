"""``variant``: the next iteration of an experiment, and what two of them differ in."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_ftgate import experiments
from pytest_ftgate.cli import commands
from tests.cli.conftest import Invoke

TOML = """suite = "triage"
current = "v1"

[[variant]]
name = "v1"
prompt = "v1.md"

[kpi.echo]
min = 0.5
"""


@pytest.fixture
def experiment(here: Path) -> Path:
    (here / "evals").mkdir()
    (here / "evals" / "v1.md").write_text("Sort:\n{{ message }}\n")
    path = here / "evals" / "experiment.toml"
    path.write_text(TOML)
    return path


class TestNew:
    def test_it_says_what_to_do_next(self, invoke: Invoke, experiment: Path) -> None:
        result = invoke("variant", "new", "v1", "v2", "--change", "shorter")
        assert result.exit_code == 0
        assert result.output == (
            "Appended to evals/experiment.toml:\n\n"
            '[[variant]]\nname = "v2"\nparent = "v1"\nprompt = "v2.md"\nchange = "shorter"\n\n'
            "Now change one thing, and nothing else: evals/v2.md\n"
            "What it is then:  pytest-ftgate variant diff v1 v2\n"
            "Evaluate it:      pytest --ftgate-variant=v2 --ftgate-record=new_episodes\n"
        )
        assert list(experiments.load(experiment).variants) == ["v1", "v2"]

    def test_a_named_experiment_is_named_again(self, invoke: Invoke, experiment: Path) -> None:
        log = experiment.rename(experiment.with_name("log.toml"))
        result = invoke(
            *("variant", "new", "v1", "v2", "--change", "x", "--experiment", "evals/log.toml")
        )
        command = "pytest-ftgate variant diff v1 v2 --experiment evals/log.toml"
        assert f"What it is then:  {command}\n" in result.output
        assert invoke(*command.split()[1:]).output == "v1 to v2: nothing differs\n"
        assert list(experiments.load(log).variants) == ["v1", "v2"]

    def test_it_asks_for_the_change(self, experiment: Path) -> None:
        result = CliRunner().invoke(commands, ["variant", "new", "v1", "v2"], input="shorter\n")
        assert result.exit_code == 0
        assert "The one change: shorter" in result.output
        assert experiments.load(experiment).variants["v2"].change == "shorter"

    def test_nobody_answers(self, invoke: Invoke, experiment: Path) -> None:
        result = invoke("variant", "new", "v1", "v2")
        assert result.exit_code == 4
        assert "Say what is going to change: --change TEXT." in result.output
        assert experiment.read_text() == TOML

    def test_another_component(self, invoke: Invoke, experiment: Path) -> None:
        result = invoke("variant", "new", "v1", "v2", "--change", "x", "--component", "params")
        assert "nothing else: evals/experiment.toml" in result.output
        assert invoke("variant", "new", "v1", "v3", "--component", "words").exit_code == 4

    def test_what_is_wrong(self, invoke: Invoke, experiment: Path) -> None:
        result = invoke("variant", "new", "v9", "v2", "--change", "x")
        assert result.exit_code == 4
        assert "there is no variant 'v9'" in result.output


class TestDiff:
    def test_by_component(self, invoke: Invoke, experiment: Path) -> None:
        invoke("variant", "new", "v1", "v2", "--change", "asks politely")
        (experiment.parent / "v2.md").write_text("Please sort:\n{{ message }}\n")
        result = invoke("variant", "diff", "v1", "v2")
        assert result.exit_code == 0
        assert result.output == (
            "v1 to v2: one change: instructions\nas written: asks politely\n\n"
            "--- v1/instructions\n+++ v2/instructions\n@@ -1,2 +1,2 @@\n-Sort:\n+Please sort:\n"
            " {{ message }}\n"
        )

    def test_several_changes_and_none(self, invoke: Invoke, experiment: Path) -> None:
        experiment.write_text(TOML + '[[variant]]\nname = "v2"\nmodel = "m"\nretrieval = "r"\n')
        output = invoke("variant", "diff", "v1", "v2").output
        assert output.startswith("v1 to v2: 3 changes at once: instructions, retrieval, model\n\n")
        assert "+retrieval" not in output
        assert "+r\n" in output
        assert invoke("variant", "diff", "v1", "v1").output == "v1 to v1: nothing differs\n"

    def test_what_the_lines_hide_stands_above_them(self, invoke: Invoke, experiment: Path) -> None:
        shots = [f'{{"input": {{"message": "{each}"}}, "output": "x"}}\n' for each in "abc"]
        for name, order in (("one", shots), ("two", shots[::-1])):
            (experiment.parent / f"{name}.jsonl").write_text("".join(order))
        variants = (f'name = "{name}"\nexamples = "{name}.jsonl"\n' for name in ("one", "two"))
        experiment.write_text(TOML + "".join(f"[[variant]]\n{each}" for each in variants))
        output = invoke("variant", "diff", "one", "two").output
        assert "\n\nexamples: the same 3 examples in another order\n--- one/examples\n" in output

    def test_long_lines_stay_whole_and_harmless(self, invoke: Invoke, experiment: Path) -> None:
        invoke("variant", "new", "v1", "v2", "--change", "x")
        (experiment.parent / "v2.md").write_text("word " * 60 + "\x1b[31m\n{{ message }}\n")
        output = invoke("variant", "diff", "v1", "v2").output
        assert "+" + "word " * 60 + "\\u001b[31m\n" in output

    def test_an_unknown_variant(self, invoke: Invoke, experiment: Path) -> None:
        result = invoke("variant", "diff", "v1", "v9")
        assert result.exit_code == 4
        assert "evals/experiment.toml: there is no variant 'v9'; allowed: v1" in result.output


class TestFinding:
    def test_none(self, invoke: Invoke) -> None:
        result = invoke("variant", "diff", "v1", "v2")
        assert result.exit_code == 4
        assert "There is no experiment.toml here. Name the file: --experiment FILE" in result.output

    def test_the_one_with_the_variants(self, invoke: Invoke, experiment: Path, here: Path) -> None:
        for name in ("other", ".hidden", "node_modules"):
            (here / name).mkdir()
            (here / name / "experiment.toml").write_text('[[variant]]\nname = "w1"\n')
        assert invoke("variant", "diff", "v1", "v1").exit_code == 0
        assert invoke("variant", "diff", "w1", "w1").exit_code == 0
        result = invoke("variant", "diff", "v1", "w1")
        assert "No experiment has v1 and w1. Name the file" in result.output

    def test_several(self, invoke: Invoke, experiment: Path, here: Path) -> None:
        (here / "experiment.toml").write_text('[[variant]]\nname = "v1"\n')
        (here / "broken").mkdir()
        (here / "broken" / "experiment.toml").write_text("[")
        result = invoke("variant", "diff", "v1", "v1")
        assert result.exit_code == 4
        assert "2 experiments have v1" in result.output
        named = invoke("variant", "diff", "v1", "v1", "--experiment", "experiment.toml")
        assert named.exit_code == 0
