"""``compare``: any two results, and a run against itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Gate, Record, Rules
from pytest_ftgate.reports import json_report
from pytest_ftgate.runs.baseline_writing import encode_baseline
from pytest_ftgate.verdicts.comparing import baseline_of, compare
from tests.cli.conftest import Invoke, keep
from tests.verdicts.arms import ECHO, Outcomes, paired, records, run_of

FIRST = "20261001T080000000Z-aaaaaaaa"
SECOND = "20261002T080000000Z-bbbbbbbb"
THIRD = "20261003T080000000Z-cccccccc"
BEFORE, WORSE = paired(160, 15, 3, 22)


def store(run_id: str, outcomes: Outcomes | Sequence[Record], **plan: Any) -> str:
    """Keep a run whose answers are its own."""
    found = [each for each in outcomes if isinstance(each, Record)] or records(outcomes)  # type: ignore[arg-type]
    variant = plan.pop("variant", "v1")
    run = run_of(
        [replace(r, run=run_id, variant=variant, recorded_at=run_id) for r in found], **plan
    )
    return keep(replace(run, manifest=replace(run.manifest, run=run_id)))


@pytest.fixture
def two(here: Path) -> None:
    store(FIRST, BEFORE)
    store(SECOND, WORSE, variant="v2")


@pytest.mark.usefixtures("two")
class TestVerdict:
    @pytest.mark.parametrize(("sides", "code", "word"), [
        ((FIRST, SECOND), 1, "BLOCK"),
        ((SECOND, FIRST), 0, "PASS"),
    ])  # fmt: skip
    def test_the_second_is_judged_with_the_first_as_its_baseline(
        self, invoke: Invoke, sides: tuple[str, str], code: int, word: str
    ) -> None:
        result = invoke("compare", *sides)
        assert result.exit_code == code
        assert f"{word} ──" in result.output
        assert result.stderr == ""

    def test_what_it_prints(self, invoke: Invoke) -> None:
        output = invoke("compare", "aaaa", "bbbb").output
        assert output.startswith(
            f"before  [v1] of run {FIRST} · 200 cases · model gpt-4.1-mini\n"
            f"now     [v2] of run {SECOND} · 200 cases · model gpt-4.1-mini\n\n"
        )
        words = " ".join(output.split())
        assert "echo 87.5 % 81.5 % −6.0 pts (−9.5 to −2.5) −15 +3" in words
        assert "block  echo: dropped by 6.0 points (90 % interval -9.5 to -2.5)" in output
        assert "newly failing  15: c160, c161" in output
        assert "newly fixed    3: c175, c176, c177" in output
        assert "next:" not in output

    def test_the_document_is_that_of_the_records(self, invoke: Invoke, here: Path) -> None:
        from pytest_ftgate.runs.store import RunStore

        kept = RunStore(here / ".ftgate")
        expected = compare(kept.load(FIRST), kept.load(SECOND))
        result = invoke("compare", FIRST, SECOND, "--json", "v.json", "--markdown", "v.md")
        assert (here / "v.json").read_bytes() == json_report.encode(expected)
        assert "BLOCK" in (here / "v.md").read_text("utf-8").upper()
        assert result.exit_code == expected.exit_code == 1

    def test_a_document_on_standard_output_stands_alone(self, invoke: Invoke) -> None:
        found = json.loads(invoke("compare", FIRST, SECOND, "--json", "-").stdout)
        assert (found["verdict"], found["suites"][0]["kpis"][0]["b"]) == ("block", 15)
        assert invoke("compare", FIRST, SECOND, "--markdown", "-").stdout.startswith("<!--")

    def test_other_gates(self, invoke: Invoke, here: Path) -> None:
        (here / "e.toml").write_text('primary_kpi = "echo"\n[kpi.echo]\nmax_drop = 0.2\n')
        result = invoke("compare", FIRST, SECOND, "--experiment", "e.toml", "-v")
        assert result.exit_code == 0
        assert "excludes a drop beyond 20.0 points" in " ".join(result.output.split())

    def test_any_kpi_can_be_asked_for(self, invoke: Invoke) -> None:
        document = json.loads(
            invoke("compare", FIRST, SECOND, "--kpi", "error_rate", "--json", "-").stdout
        )
        assert {gate["name"] for gate in document["suites"][0]["gates"]} == {
            "complete", "errors", "error_rate",
        }  # fmt: skip
        assert document["verdict"] == "pass"
        result = invoke("compare", FIRST, SECOND, "--kpi", "ecko")
        assert result.exit_code == 4
        assert result.stderr.startswith("pytest-ftgate: --kpi ecko: the results have none; did you")

    def test_turned_cases_in_full(self, invoke: Invoke) -> None:
        output = invoke("compare", FIRST, SECOND, "-v").output
        assert "newly failing in triage [v2]: 15\n  c160: passed before, missed now\n" in output
        assert "    now  echo: no echo\n" in output
        assert "and 5 more (-vv shows all)" in output
        assert "c174: passed before" in invoke("compare", FIRST, SECOND, "-vv").output


class TestSides:
    def test_variants_of_the_newest_run(self, invoke: Invoke, two: None) -> None:
        assert invoke("compare", "v1", "v2").exit_code == 1
        store(THIRD, WORSE)
        result = invoke("compare", "v1", "v2")
        assert result.exit_code == 0
        assert f"before  [v1] of run {THIRD}" in result.output

    def test_variants_of_a_run(self, invoke: Invoke, two: None) -> None:
        assert invoke("compare", f"{FIRST}:v1", "latest:v2").exit_code == 1
        result = invoke("compare", f"{FIRST}:v9", "v2")
        assert result.exit_code == 4
        assert f"Run {FIRST} has no variant 'v9'; allowed: v1" in result.stderr

    def test_directories_and_stores(self, invoke: Invoke, two: None, here: Path) -> None:
        directory = here / ".ftgate" / "runs" / FIRST
        assert invoke("compare", str(directory), str(here / ".ftgate")).exit_code == 1

    def test_a_baseline_file(self, invoke: Invoke, two: None, here: Path) -> None:
        made = baseline_of(run_of(records(BEFORE)), "triage")
        (here / "triage.jsonl").write_bytes(encode_baseline(made))
        result = invoke("compare", "triage.jsonl", SECOND)
        assert (result.exit_code, "before  [v1] of run" in result.output) == (1, True)
        assert invoke("compare", SECOND, "triage.jsonl").exit_code == 0

    def test_files_of_results(self, invoke: Invoke, here: Path) -> None:
        for name, outcomes in (("a.jsonl", BEFORE), ("b.jsonl", WORSE)):
            lines = [
                {"case": f"c{at}", "variant": name[0], "scores": {"echo": value}}
                for at, value in enumerate(outcomes)
            ]
            (here / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        result = invoke("compare", "a.jsonl", "b.jsonl")
        assert result.exit_code == 1
        assert "before  [a] of run a.jsonl · 200 cases" in result.output
        assert not (here / ".ftgate").exists()
        both = (here / "a.jsonl").read_text() + (here / "b.jsonl").read_text()
        (here / "both.jsonl").write_text(both)
        assert invoke("compare", "both.jsonl:a", "both.jsonl:b").exit_code == 1
        result = invoke("compare", "both.jsonl", "b.jsonl")
        assert "has several variants of suite 'results'; name one: a, b" in result.stderr

    def test_several_runs_of_a_side_are_pooled(self, invoke: Invoke, here: Path) -> None:
        """One unlucky run blocks; four more that show nothing take it back."""
        before, unlucky = paired(80, 9, 2, 9)
        store(FIRST, before, variant="v0")
        names = [f"2026100{day}T080000000Z-b{day}" for day in range(2, 7)]
        for name, outcomes in zip(names, [unlucky, *[before] * 4], strict=True):
            store(name, outcomes)
        assert invoke("compare", "v0", names[0]).exit_code == 1
        result = invoke("compare", "v0", ",".join(names))
        assert result.exit_code == 0
        assert "100 cases × 5 trials" in result.output

    def test_a_run_is_pooled_once(self, invoke: Invoke, two: None) -> None:
        result = invoke("compare", FIRST, f"{SECOND},bbbb")
        assert result.exit_code == 4
        assert "names a run twice. Each adds its trials once." in result.stderr

    def test_only_like_runs_are_pooled(self, invoke: Invoke, two: None) -> None:
        result = invoke("compare", FIRST, f"{FIRST},{SECOND}")
        assert result.exit_code == 4
        assert "evaluated triage [v1] and triage [v2]. Only runs of the same" in result.stderr

    def test_replays_of_one_recording_are_no_more_trials(self, invoke: Invoke, two: None) -> None:
        same = records(BEFORE)
        for run_id in (THIRD, "20261004T080000000Z-dddddddd"):
            run = run_of([replace(each, run=run_id) for each in same])
            keep(replace(run, manifest=replace(run.manifest, run=run_id)))
        result = invoke("compare", SECOND, f"{THIRD},dddd")
        assert result.exit_code == 4
        assert "replays the same recorded answers as another one" in result.stderr


@pytest.mark.usefixtures("two")
class TestRefused:
    @pytest.mark.parametrize("sides", [(), (FIRST,), (FIRST, SECOND, FIRST)])
    def test_two_sides_are_needed(self, invoke: Invoke, sides: tuple[str, ...]) -> None:
        result = invoke("compare", *sides)
        assert result.exit_code == 4
        assert f"compare takes two results, got {len(sides)}" in result.stderr

    def test_a_run_with_itself(self, invoke: Invoke) -> None:
        result = invoke("compare", FIRST, "aaaa")
        assert result.exit_code == 4
        assert "there is nothing to compare" in result.stderr

    def test_an_unknown_side(self, invoke: Invoke) -> None:
        result = invoke("compare", "v11", SECOND)
        assert result.exit_code == 4
        assert result.stderr == (
            "pytest-ftgate: 'v11' is no file, no run of .ftgate (pytest-ftgate runs lists them) "
            "and no variant; did you mean 'v1'?\n"
        )
        assert "names 2 runs" in invoke("compare", "2026", SECOND).stderr

    @pytest.mark.parametrize("text", ["", "junk", '{"id": "c1", "input": "x"}', "[1]"])
    def test_a_file_of_another_kind(self, invoke: Invoke, here: Path, text: str) -> None:
        (here / "other.jsonl").write_text(text)
        result = invoke("compare", "other.jsonl", SECOND)
        assert result.exit_code == 4
        assert result.stderr.startswith(
            "other.jsonl:1: this is neither a baseline nor a file of results. Name a run,"
        )

    def test_no_suite_in_common(self, invoke: Invoke) -> None:
        store(THIRD, [replace(record, suite="orders") for record in records(BEFORE)])
        result = invoke("compare", FIRST, THIRD)
        assert result.exit_code == 4
        assert "share no suite" in result.stderr

    def test_another_split(self, invoke: Invoke) -> None:
        store(THIRD, BEFORE, split="holdout")
        result = invoke("compare", FIRST, THIRD)
        assert result.exit_code == 4
        assert "evaluated the split dev, and run" in result.stderr

    def test_results_that_did_not_all_arrive(self, invoke: Invoke) -> None:
        run = replace(run_of(records(BEFORE)), end=None)
        keep(replace(run, manifest=replace(run.manifest, run=THIRD)))
        assert "cannot be compared with" in invoke("compare", THIRD, FIRST).stderr
        assert invoke("compare", FIRST, THIRD).exit_code == 1, "as gate judges it"

    def test_a_part_of_the_suite_is_not_judged(self, invoke: Invoke) -> None:
        store(THIRD, BEFORE, available=500)
        result = invoke("compare", FIRST, THIRD)
        assert result.exit_code == 0
        assert "PARTIAL" in result.output
        assert "INCONCLUSIVE" in result.output


def test_what_was_run_without_gating_is_judged(invoke: Invoke, here: Path) -> None:
    store(FIRST, BEFORE)
    store(SECOND, WORSE, rules=Rules(gate=False))
    assert invoke("gate", SECOND).exit_code == 0
    assert invoke("compare", FIRST, SECOND).exit_code == 1


def test_inconclusive_has_its_code_where_that_was_asked_for(invoke: Invoke, here: Path) -> None:
    few = [1.0] * 15 + [0.0] * 5
    store(FIRST, few)
    store(SECOND, few, rules=Rules(on_inconclusive="fail"))
    assert invoke("compare", FIRST, SECOND).exit_code == 7


class TestSelfCheck:
    TRIALS = [[float((case * 7 + trial) % 5 > 0) for trial in range(4)] for case in range(40)]  # noqa: RUF012

    def test_a_run(self, invoke: Invoke, here: Path) -> None:
        store(FIRST, self.TRIALS, gates=(ECHO, Gate(kpi="pass_rate", alpha=0.01)))
        result = invoke("compare", "--self-check", "aaaa")
        assert result.exit_code == 0
        text = " ".join(result.output.split())
        assert text.startswith(f"self-check of triage [v1], run {FIRST} · 40 cases × 4 trials")
        assert "with nothing changed, 5.8 % of 400 splits would be blocked (95 % interval" in text
        assert "of 12 comparisons of whole trials." in text
        assert "echo blocks a drop of at least 2.0 points whose 90 % interval lies below 0" in text
        assert "KPI pass inconclusive warn block" in text

    def test_the_latest_by_default_and_as_json(self, invoke: Invoke, here: Path) -> None:
        store(FIRST, self.TRIALS)
        found = json.loads(invoke("compare", "--self-check", "--json", "-").stdout)
        (suite,) = found["suites"]
        assert (suite["cases"], suite["trials"], suite["splits"], suite["pairs"]) == (
            40,
            4,
            400,
            12,
        )
        assert suite["low"] <= suite["false_alarms"] <= suite["high"]

    def test_under_other_rules(self, invoke: Invoke, here: Path) -> None:
        store(FIRST, self.TRIALS)
        (here / "e.toml").write_text("[kpi.echo]\nmax_drop = 0.07\n")
        output = invoke("compare", "--self-check", "--experiment", "e.toml").output
        assert "echo blocks a drop of at least 7.0 points" in output

    def test_one_trial_is_not_enough(self, invoke: Invoke, two: None) -> None:
        output = invoke("compare", "--self-check").output
        assert "the self-check needs at least two trials of each case: --ftgate-trials=5" in output

    def test_where_the_baseline_has_trials_it_is_told_beside(
        self, invoke: Invoke, here: Path
    ) -> None:
        store(FIRST, self.TRIALS)
        store(SECOND, self.TRIALS, variant="v2")
        output = " ".join(invoke("compare", "v1", "v2").output.split())
        assert "self-check triage [v1]: with nothing changed," in output

    def test_what_it_does_not_take(self, invoke: Invoke, two: None) -> None:
        result = invoke("compare", "--self-check", FIRST, SECOND)
        assert (result.exit_code, "takes one run, got 2" in result.stderr) == (4, True)
        result = invoke("compare", "--self-check", "--markdown", "-")
        assert (result.exit_code, "no Markdown report" in result.stderr) == (4, True)
        result = invoke("compare", "--self-check", "--kpi", "nothing")
        assert (result.exit_code, "has none to check" in result.stderr) == (4, True)
