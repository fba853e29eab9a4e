"""``saturation``: the log and the verdict from stored runs alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from pytest_ftgate import datasets
from pytest_ftgate.iterations import SaturationRules
from pytest_ftgate.model import Case, Rules, Run
from pytest_ftgate.reports import json_report
from pytest_ftgate.runs.store import RunStore
from pytest_ftgate.verdicts.ladder.document import document
from tests.cli.conftest import Invoke, keep
from tests.verdicts.checked import validator
from tests.verdicts.ladder.making import (
    Floats,
    chain,
    judged,
    ladder_run,
    records_of,
    run_with,
    simulated,
)

RNG = np.random.default_rng(11)
RISING = simulated(RNG, 120, np.linspace(0.4, 0.8, 12).tolist())
FLAT = np.tile((np.arange(120) % 4 > 0).astype(float), (12, 1))
FALLING = np.vstack([np.ones((7, 60)), np.zeros((5, 60))])
EXPERIMENT = """
suite = "triage"
primary_kpi = "echo"
current = "v3"
[saturation]
window = 2
[[variant]]
name = "v1"
[[variant]]
name = "v2"
parent = "v1"
retrieval = "r"
[[variant]]
name = "v3"
parent = "v2"
retrieval = "r"
model = "m"
"""


def stored(scores: Floats, **changes: object) -> Run:
    run = ladder_run(scores, **changes)  # type: ignore[arg-type]
    keep(run)
    return run


def renamed(run: Run, suite: str, day: int) -> Run:
    """The run of another suite on another day."""
    plans = tuple(replace(plan, suite=suite) for plan in run.manifest.plans)
    name = f"202610{day:02d}T080000000Z-0123abcd"
    return replace(
        run,
        manifest=replace(run.manifest, plans=plans, run=name),
        records=tuple(replace(record, suite=suite) for record in run.records),
    )


@pytest.mark.parametrize(
    ("scores", "word", "code"),
    [
        (RISING, "IMPROVING", 0),
        (FLAT, "PLATEAU", 0),
        (FALLING, "REGRESSING", 1),
        (FLAT[:6], "TOO FEW ITERATIONS", 0),
    ],
)
def test_the_exit_code_is_the_verdict(invoke: Invoke, scores: Floats, word: str, code: int) -> None:
    stored(scores)
    result = invoke("saturation")
    assert result.exit_code == code
    assert word in result.output


def test_inconclusive_may_be_a_failure(invoke: Invoke) -> None:
    run = ladder_run(FLAT[:3])
    keep(replace(run, manifest=replace(run.manifest, rules=Rules(on_inconclusive="fail"))))
    assert invoke("saturation").exit_code == 7


def test_the_document(invoke: Invoke, here: Path) -> None:
    run = stored(RISING)
    result = invoke("saturation", "--json", "verdict.json")
    written = (here / "verdict.json").read_bytes()
    assert written == json_report.encode(document([judged(run)], run))
    validator().validate(json.loads(written))
    assert "IMPROVING" in result.output


def test_one_report_on_standard_output_stands_alone(invoke: Invoke) -> None:
    stored(RISING)
    result = invoke("saturation", "--json", "-")
    assert json.loads(result.stdout)["saturation"][0]["verdict"] == "improving"
    result = invoke("saturation", "--markdown", "-")
    assert result.stdout.startswith("## Have we exhausted prompting?\n\n### Saturation of `triage`")


def test_markdown_is_written(invoke: Invoke, here: Path) -> None:
    stored(RISING)
    result = invoke("saturation", "--markdown", "ladder.md")
    assert "**improving**" in (here / "ladder.md").read_text()
    assert "IMPROVING" in result.output


def test_runs_of_different_sessions_add_up(invoke: Invoke) -> None:
    for at, fact in enumerate(chain(12)):
        order = tuple(each["variant"] for each in chain(12))
        keep(run_with((fact, records_of("", RISING[at])), number=at + 1, order=order))
    assert " · 12 iterations · " in invoke("saturation").output
    newest = [info.id for info in RunStore(Path(".ftgate")).list()[:3]]
    result = invoke("saturation", *newest)
    assert " · 3 iterations · " in result.output
    assert invoke("saturation", "nowhere").exit_code == 4


def test_rules_of_the_command_line(invoke: Invoke) -> None:
    stored(RISING[:6], saturation=SaturationRules(window=4))
    assert "a verdict needs 8: 2 more" in invoke("saturation").output
    result = invoke("saturation", "--window", "2", "--margin", "0.5", "--json", "-")
    facts = json.loads(result.stdout)["saturation"][0]
    assert (facts["window"], facts["margin"]) == (2, 0.5)
    assert facts["verdict"] == "plateau"
    assert invoke("saturation", "--window", "1").exit_code == 4
    assert invoke("saturation", "--margin", "3").exit_code == 4


def test_other_kpis(invoke: Invoke) -> None:
    stored(RISING)
    result = invoke("saturation", "--kpi", "pass_rate", "--kpi", "error_rate", "--json", "-")
    assert [each["kpi"] for each in json.loads(result.stdout)["saturation"]] == [
        "pass_rate",
        "error_rate",
    ]
    result = invoke("saturation", "--kpi", "ecco")
    assert result.exit_code == 4
    assert "suite triage: --kpi ecco: no such KPI in the results; did you mean 'echo'." in (
        result.output
    )


def test_a_primary_kpi_without_a_verdict(invoke: Invoke) -> None:
    stored(RISING, primary_kpi="time_to_output_p50")
    result = invoke("saturation")
    assert result.exit_code == 4
    assert "the primary KPI time_to_output_p50: it is a quantile" in result.output


class TestSuites:
    @pytest.fixture
    def two(self, here: Path) -> None:
        stored(RISING)
        keep(renamed(ladder_run(FLAT[:2]), "other", day=2))

    @pytest.mark.usefixtures("two")
    def test_each_has_its_section(self, invoke: Invoke) -> None:
        output = invoke("saturation").output
        assert "triage · echo" in output
        assert "other · echo" in output
        assert "triage · echo" not in invoke("saturation", "--suite", "other").output

    @pytest.mark.usefixtures("two")
    def test_an_unknown_one(self, invoke: Invoke) -> None:
        result = invoke("saturation", "--suite", "triag")
        assert result.exit_code == 4
        assert "no such suite; did you mean 'triage'?" in result.output
        result = invoke("saturation", "--suite", "xyz")
        assert "allowed: other, triage" in result.output
        run = RunStore(Path(".ftgate")).list()[0].id
        result = invoke("saturation", "--suite", "triage", run)
        assert "--suite triage: the runs have no such suite" in result.output

    @pytest.mark.usefixtures("two")
    def test_a_suite_of_one_variant_is_shown_when_asked_for(self, invoke: Invoke) -> None:
        keep(renamed(ladder_run(FLAT[:1]), "single", day=3))
        assert "single" not in invoke("saturation").output
        assert "single · echo" in invoke("saturation", "--suite", "single").output


class TestExperiment:
    def test_it_orders_names_and_rules(self, invoke: Invoke, here: Path) -> None:
        (here / "experiment.toml").write_text(EXPERIMENT)
        stored(RISING[:2], facts=[{"variant": "v2"}, {"variant": "v1"}], order=())
        result = invoke("saturation", "--experiment", "experiment.toml", "--json", "-")
        facts = json.loads(result.stdout)["saturation"][0]
        assert [(line["variant"], line["kind"]) for line in facts["log"]] == [
            ("v1", "root"),
            ("v2", "disciplined"),
        ]
        assert facts["window"] == 2
        assert "never run, so not in the log: v3" in facts["notes"]

    def test_it_must_be_of_a_suite_that_ran(self, invoke: Invoke, here: Path) -> None:
        stored(RISING[:2])
        (here / "other.toml").write_text(EXPERIMENT.replace('"triage"', '"other"'))
        result = invoke("saturation", "--experiment", "other.toml")
        assert result.exit_code == 4
        assert "other.toml: is for suite 'other', which the runs do not hold" in result.output

    def test_without_a_suite_it_is_of_the_only_one(self, invoke: Invoke, here: Path) -> None:
        stored(RISING[:2])
        (here / "any.toml").write_text(EXPERIMENT.replace('suite = "triage"', ""))
        assert invoke("saturation", "--experiment", "any.toml").exit_code == 0


def test_evidence_from_a_dataset_that_is_at_hand(invoke: Invoke, here: Path) -> None:
    cases = [Case(id=f"c{at:03d}", input="It is blue.", expected="blue") for at in range(30)]
    datasets.dump(cases, here / "cases.jsonl")
    facts = chain(6)
    parts = []
    for fact in facts:
        records = records_of(fact["variant"], np.arange(30) > 7)
        parts.append(
            (
                fact,
                [
                    replace(record, content=datasets.content_hash(case))
                    for record, case in zip(records, cases, strict=True)
                ],
            )
        )
    keep(run_with(*parts, dataset="cases.jsonl"))

    def kind() -> str:
        found = json.loads(invoke("saturation", "--json", "-").stdout)
        return str(found["saturation"][0]["failures"]["groups"][0]["kind"])

    assert kind() == "behaviour"
    datasets.dump([replace(case, input="It is red.") for case in cases], here / "cases.jsonl")
    assert kind() == "unknown"  # other cases than those that were evaluated
    (here / "cases.jsonl").write_text("{")
    assert kind() == "unknown"
    (here / "cases.jsonl").unlink()
    assert kind() == "unknown"


def test_no_runs(invoke: Invoke) -> None:
    result = invoke("saturation")
    assert result.exit_code == 4
    assert "holds no run" in result.output


def test_only_a_holdout(invoke: Invoke) -> None:
    stored(RISING[:2], split="holdout")
    result = invoke("saturation")
    assert result.exit_code == 4
    assert "No complete run holds results of a split other than holdout" in result.output


def test_a_damaged_run_is_left_out_and_told(invoke: Invoke) -> None:
    stored(RISING)
    damaged = Path(".ftgate/runs/20261009T080000000Z-0123abcd")
    damaged.mkdir()
    (damaged / "manifest.json").write_text("{")
    result = invoke("saturation")
    assert result.exit_code == 0
    assert "left out: " in result.stderr
