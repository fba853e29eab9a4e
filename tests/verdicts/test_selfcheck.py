from __future__ import annotations

import random

import numpy as np
import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Gate
from pytest_ftgate.verdicts.selfcheck import selfcheck
from tests.verdicts.arms import ECHO, records, run_of


def noisy(cases: int, trials: int, seed: int = 5) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    chance = rng.beta(3.4, 0.6, cases)
    return [[float(v) for v in rng.random(trials) < p] for p in chance]


def test_the_rate_is_near_what_the_rule_promises() -> None:
    (found,) = selfcheck(run_of(records(noisy(80, 3)))).suites
    assert (found.suite, found.variant, found.cases, found.trials) == ("triage", "v1", 80, 3)
    assert (found.splits, found.pairs) == (400, 6)
    assert found.false_alarms is not None
    assert 0 < found.false_alarms <= 0.06
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.false_alarms < found.high
    (kpi,) = found.kpis
    assert kpi.kpi == "echo"
    assert kpi.verdicts["block"] == found.false_alarms
    assert sum(kpi.verdicts.values()) == pytest.approx(1.0)
    assert kpi.rule == (
        "blocks a drop of at least 2.0 points whose 90 % interval lies below 0; passes when the "
        "interval excludes a drop of 2.0 points"
    )
    assert found.reason.startswith(f"with nothing changed, {100 * found.false_alarms:.1f} % of 400")


def test_several_kpis_alarm_as_a_family() -> None:
    gates = [ECHO, Gate(kpi="pass_rate", max_drop=0.05, alpha=0.01), Gate(kpi="error_rate")]
    (found,) = selfcheck(run_of(records(noisy(80, 3)), gates=gates)).suites
    assert [each.kpi for each in found.kpis] == ["echo", "pass_rate", "error_rate"]
    assert found.kpis[1].rule.startswith("blocks a drop of at least 5.0 points whose 98 % interval")
    assert found.kpis[2].rule.startswith("blocks a rise of")
    assert found.false_alarms == max(each.verdicts["block"] for each in found.kpis)


def test_the_same_run_gives_the_same_answer_in_any_order() -> None:
    run = run_of(records(noisy(40, 3)))
    mixed = list(run.records)
    random.Random(1).shuffle(mixed)
    assert selfcheck(run) == selfcheck(replace(run, records=tuple(mixed)))
    assert selfcheck(run) == selfcheck(run)
    assert selfcheck(run, seed=1) != selfcheck(run)


def test_identical_trials_never_alarm() -> None:
    (found,) = selfcheck(run_of(records([[1.0, 1.0]] * 20))).suites
    assert (found.false_alarms, found.blocked_pairs) == (0.0, 0)


def test_a_bad_trial_shows_in_the_whole_trials_alone() -> None:
    outcomes = [[1.0, 1.0, float(n % 4 > 0)] for n in range(80)]
    (found,) = selfcheck(run_of(records(outcomes))).suites
    assert found.blocked_pairs == 2
    assert found.false_alarms is not None
    assert found.false_alarms < 0.05


def test_one_trial_a_case_is_not_enough() -> None:
    (found,) = selfcheck(run_of(records([1.0] * 20))).suites
    assert (found.splits, found.false_alarms, found.low, found.pairs) == (0, None, None, 0)
    assert found.reason == (
        "the self-check needs at least two trials of each case: --ftgate-trials=5"
    )
    assert found.kpis[0].verdicts == {}


def test_cases_with_one_trial_are_left_out() -> None:
    outcomes = [[1.0, 0.0]] * 30 + [[1.0]] * 10
    (found,) = selfcheck(run_of(records(outcomes))).suites
    assert found.splits == 400
    assert found.cases == 40


def test_a_suite_without_a_judged_kpi_has_nothing_to_check() -> None:
    run = run_of(
        records([[1.0, 1.0]] * 5), gates=[Gate(kpi="time_to_output_p50", max=1.0)], primary_kpi=None
    )
    (found,) = selfcheck(run).suites
    assert found.reason == "no KPI is judged, so there is no gate that could be wrong"
