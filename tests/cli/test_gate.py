"""``gate``: the session's verdict again, or another one under other gates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Gate, Rules, Run, Verdict
from pytest_ftgate.reports import json_report
from pytest_ftgate.verdicts.decide import decide
from tests.cli.conftest import Invoke, keep, keep_records
from tests.runs.making import failed, held, manifest_of, missed, plan_of, run_of, scored

RUN = "20261001T080000000Z-0123abcd"
HALF = (scored("a", held()), scored("b", missed()))


def gated(minimum: float, kpi: str = "echo") -> tuple[Gate, ...]:
    return (Gate(kpi=kpi, min=minimum),)


@pytest.mark.parametrize(("minimum", "code"), [(0.5, 0), (0.51, 1)])
def test_the_exit_code_is_the_verdict(invoke: Invoke, minimum: float, code: int) -> None:
    keep_records(*HALF, gates=gated(minimum))
    result = invoke("gate")
    assert result.exit_code == code
    assert ("PASS" if code == 0 else "BLOCK") in result.output


def test_whatever_the_decision_says_is_the_exit_code(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def undecided(run: Run, **_: object) -> Verdict:
        return replace(decide(run), verdict="inconclusive", exit_code=7)

    keep_records(*HALF)
    monkeypatch.setattr("pytest_ftgate.verdicts.decide.decide", undecided)
    assert invoke("gate").exit_code == 7


def test_the_verdict_is_that_of_the_records(invoke: Invoke, here: Path) -> None:
    run = run_of(*HALF, failed("c"), gates=gated(0.5))
    keep(run)
    result = invoke("gate", RUN, "--json", "verdict.json")
    assert (here / "verdict.json").read_bytes() == json_report.encode(decide(run))
    assert result.exit_code == decide(run).exit_code == 1
    assert "KPI" in result.output


def test_json_on_standard_output_stands_alone(invoke: Invoke) -> None:
    keep_records(*HALF, gates=gated(0.5))
    result = invoke("gate", "--json", "-")
    document = json.loads(result.stdout)
    assert document["verdict"] == "pass"
    assert document["run"]["id"] == RUN


def test_an_incomplete_run_is_never_green(invoke: Invoke) -> None:
    keep(replace(run_of(*HALF), end=None))
    result = invoke("gate")
    assert result.exit_code == 1
    assert "INCOMPLETE" in result.output


def test_other_gates(invoke: Invoke, here: Path) -> None:
    keep_records(*HALF, gates=gated(0.9))
    (here / "lenient.toml").write_text("[kpi.echo]\nmin = 0.4\n")
    assert invoke("gate").exit_code == 1
    result = invoke("gate", "--experiment", "lenient.toml")
    assert result.exit_code == 0
    assert "min 40.0 %" in result.output


def test_an_experiment_judges_the_suite_it_names(invoke: Invoke, here: Path) -> None:
    keep_records(*HALF)
    (here / "strict.toml").write_text('suite = "triage"\n[kpi.echo]\nmin = 0.9\n')
    assert invoke("gate", "--experiment", "strict.toml").exit_code == 1
    (here / "other.toml").write_text('suite = "triag"\n[kpi.echo]\nmin = 0.9\n')
    result = invoke("gate", "--experiment", "other.toml")
    assert result.exit_code == 4
    assert result.stderr == (
        f"pytest-ftgate: other.toml: is for suite 'triag', which run {RUN} does not hold; "
        "did you mean 'triage'?\n"
    )


def test_an_experiment_says_which_variant_its_gates_are_for(invoke: Invoke, here: Path) -> None:
    keep_records(*HALF, current=False, gates=gated(0.9))
    assert invoke("gate").exit_code == 0
    text = 'current = "{}"\n[[variant]]\nname = "v1"\n[[variant]]\nname = "v2"\n'
    gates = "[kpi.echo]\nmin = 0.9\n"
    (here / "v1.toml").write_text(text.format("v1") + gates)
    assert invoke("gate", "--experiment", "v1.toml").exit_code == 1
    (here / "v2.toml").write_text(text.format("v2") + gates)
    assert invoke("gate", "--experiment", "v2.toml").exit_code == 0


def test_a_wrong_experiment_is_bad_input(invoke: Invoke, here: Path) -> None:
    keep_records(*HALF)
    (here / "e.toml").write_text("[kpi.echo]\nmn = 0.4\n")
    result = invoke("gate", "--experiment", "e.toml")
    assert result.exit_code == 4
    assert result.stderr.startswith("e.toml:2: ")


def test_gating_that_was_off_is_said_and_comes_on_with_an_experiment(
    invoke: Invoke, here: Path
) -> None:
    run = run_of(*HALF, gates=gated(0.9))
    keep(replace(run, manifest=replace(run.manifest, rules=Rules(gate=False))))
    result = invoke("gate")
    assert result.exit_code == 0
    assert "made with --ftgate-no-gate, so none of its gates judges" in result.stderr
    (here / "e.toml").write_text("[kpi.echo]\nmin = 0.9\n")
    result = invoke("gate", "--experiment", "e.toml")
    assert result.exit_code == 1
    assert result.stderr == ""


def test_one_gate_of_several(invoke: Invoke) -> None:
    keep_records(*HALF, gates=(*gated(0.9), *gated(0.1, "pass_rate")))
    assert invoke("gate").exit_code == 1
    assert invoke("gate", "--kpi", "pass_rate").exit_code == 0
    assert invoke("gate", "--kpi", "pass_rate", "--kpi", "echo").exit_code == 1
    result = invoke("gate", "--kpi", "pass")
    assert result.exit_code == 4
    assert "has no such gate; did you mean 'pass_rate'?" in result.stderr


def test_one_gate_where_there_is_none(invoke: Invoke) -> None:
    keep_records(*HALF)
    result = invoke("gate", "--kpi", "echo")
    assert result.exit_code == 4
    assert "it has no gate on any KPI" in result.stderr


def test_errors_count_whichever_gate_is_asked_for(invoke: Invoke) -> None:
    keep_records(*HALF, failed("c"), gates=gated(0.1))
    assert invoke("gate", "--kpi", "echo").exit_code == 1


def test_one_suite_of_several(invoke: Invoke) -> None:
    records = *HALF, scored("c", held(), suite="orders")
    plans = plan_of(*HALF, gates=gated(0.9)), plan_of(records[2], gates=gated(0.9))
    keep(replace(run_of(*records), manifest=manifest_of(*plans)))
    assert invoke("gate").exit_code == 1
    result = invoke("gate", "--suite", "orders")
    assert result.exit_code == 0
    assert "triage" not in result.output


PLUGIN = """
def pytest_ftgate_kpis():
    from pytest_ftgate import KpiDefinition

    def words(record):
        return None if record.output is None else float(len(record.output.split()))

    return [KpiDefinition(name="words", value=words, direction="lower", unit="count")]
"""


@pytest.mark.parametrize("named", ["evals/conftest.py", "house_kpis"])
def test_the_kpi_of_a_plugin(invoke: Invoke, here: Path, named: str) -> None:
    (here / "evals").mkdir()
    (here / "evals/conftest.py").write_text(PLUGIN)
    (here / "house_kpis.py").write_text(PLUGIN)
    keep_records(*HALF, gates=(Gate(kpi="words", max=3.0),))
    result = invoke("gate")
    assert result.exit_code == 1
    assert result.stderr == (
        "pytest-ftgate: suite triage: the KPI words is not known here. "
        "If a plugin or a conftest file defines it, name that: -p FILE.\n"
    )
    result = invoke("gate", "-p", named)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "words" in invoke("show", "-p", named).output


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere_at_all", "cannot be loaded: ModuleNotFoundError: No module named"),
        ("none.py", "cannot be loaded: FileNotFoundError"),
        ("broken.py", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("json", "has no function pytest_ftgate_kpis, which gives a plugin's KPIs."),
    ],
)
def test_a_plugin_that_is_none(invoke: Invoke, here: Path, name: str, said: str) -> None:
    (here / "broken.py").write_text("1 / 0\n")
    keep_records(*HALF)
    result = invoke("gate", "-p", name)
    assert result.exit_code == 4
    assert result.stderr.startswith(f"pytest-ftgate: -p {name}: {said}")
