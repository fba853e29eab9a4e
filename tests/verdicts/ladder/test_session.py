"""What a session says of its suites' ladders, and the document of the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from msgspec.structs import replace

from pytest_ftgate.iterations import SaturationResult
from pytest_ftgate.model import Rules, Run
from pytest_ftgate.reports import json_report
from pytest_ftgate.verdicts.kpis import KpiDefinition
from pytest_ftgate.verdicts.ladder import session_saturation
from pytest_ftgate.verdicts.ladder.document import document
from tests.verdicts.checked import validator
from tests.verdicts.ladder.making import (
    SUITE,
    chain,
    judged,
    ladder_run,
    records_of,
    run_with,
    simulated,
)

FACTS = chain(12)
SCORES = simulated(np.random.default_rng(8), 60, [0.8] * 12)


def part(at: int, number: int, **changes: object) -> Run:
    """A session that ran one variant."""
    fact = FACTS[at]
    order = tuple(each["variant"] for each in FACTS)
    records = records_of(fact["variant"], SCORES[at])
    return run_with((fact, records), number=number, order=order, **changes)


class TestSession:
    def test_one_variant_a_session_adds_up_to_the_ladder(self) -> None:
        history = [part(at, number=at + 1) for at in range(11)]
        (found,) = session_saturation(part(11, number=12), history)
        together = judged(ladder_run(SCORES))
        assert (found.verdict, found.reason, found.log) == (
            together.verdict,
            together.reason,
            together.log,
        )

    def test_a_single_variant_is_no_ladder(self) -> None:
        assert session_saturation(part(0, 1), []) == ()
        assert session_saturation(part(0, 2), [part(0, 1)]) == ()

    def test_only_suites_that_ran(self) -> None:
        other = part(0, 1)
        plans = tuple(replace(plan, suite="other") for plan in other.manifest.plans)
        other = replace(other, manifest=replace(other.manifest, plans=plans))
        assert session_saturation(other, [part(at, at + 2) for at in range(3)]) == ()

    def test_a_run_that_was_cut_short_says_nothing(self) -> None:
        run = replace(part(1, 2), end=None)
        assert session_saturation(run, [part(0, 1)]) == ()

    def test_a_run_that_scored_nothing_says_nothing(self) -> None:
        run = part(2, 3)
        unscored = tuple(replace(record, status="error", observations=()) for record in run.records)
        history = [part(0, 1), part(1, 2)]
        assert session_saturation(run, history)
        assert session_saturation(replace(run, records=unscored), history) == ()

    def test_a_holdout_says_nothing(self) -> None:
        run = part(1, 3, split="holdout")
        assert session_saturation(run, [part(0, 1), part(1, 2)]) == ()

    def test_a_kpi_without_a_verdict_says_nothing(self) -> None:
        runs = [part(at, at + 1, primary_kpi="time_to_output_p50") for at in range(2)]
        assert session_saturation(runs[1], runs[:1]) == ()

    def test_the_run_may_be_in_the_history_already(self) -> None:
        runs = [part(at, at + 1) for at in range(3)]
        assert session_saturation(runs[2], runs) == session_saturation(runs[2], runs[:2])

    def test_what_could_not_be_read_is_noted(self) -> None:
        history = [part(at, number=at + 1) for at in range(3)]
        (plain,) = session_saturation(history[2], history[:2])
        (found,) = session_saturation(history[2], history[:2], unread=2)
        assert found.notes == (*plain.notes, "2 earlier runs could not be read: left out")

    def test_kpis_of_plugins_and_cases_are_passed_on(self) -> None:
        definition = KpiDefinition(name="mine", value=lambda _: 1.0)
        runs = [part(at, at + 1, primary_kpi="mine") for at in range(2)]
        asked = []

        def given(history):
            asked.append(history.suite)
            return {}

        (found,) = session_saturation(runs[1], runs[:1], extra_kpis=[definition], given=given)
        assert found.kpi == "mine"
        assert asked == [SUITE]


def result(verdict: str) -> SaturationResult:
    return replace(judged(ladder_run(SCORES[:2])), verdict=verdict)


class TestDocument:
    @pytest.mark.parametrize(
        ("verdicts", "whole", "code"),
        [
            (["improving"], "pass", 0),
            (["plateau"], "pass", 0),
            (["regressing"], "block", 1),
            (["not_enough_evidence"], "inconclusive", 0),
            (["too_few_iterations", "plateau"], "inconclusive", 0),
            (["plateau", "not_enough_evidence", "regressing"], "block", 1),
        ],
    )
    def test_verdict_and_exit_code(self, verdicts: list[str], whole: str, code: int) -> None:
        found = document([result(each) for each in verdicts], part(0, 1))
        assert (found.verdict, found.exit_code) == (whole, code)
        assert [each.verdict for each in found.saturation] == verdicts

    def test_inconclusive_may_be_a_failure(self) -> None:
        run = part(0, 1)
        strict = replace(run, manifest=replace(run.manifest, rules=Rules(on_inconclusive="fail")))
        assert document([result("too_few_iterations")], strict).exit_code == 7
        assert document([result("plateau")], strict).exit_code == 0

    def test_it_is_a_valid_document(self) -> None:
        found = document([judged(ladder_run(SCORES))], part(0, 1))
        written = json.loads(json_report.encode(found))
        validator().validate(written)
        facts = written["saturation"][0]
        # the fields that users were promised
        assert {
            "suite", "kpi", "verdict", "iterations", "disciplined", "confounded", "trend",
            "best_gain", "persistent_cases", "reason",
        } <= set(facts)  # fmt: skip
        assert set(facts["trend"]) == {"gain", "low", "high"}
        assert written["run"]["selected"] == 60
