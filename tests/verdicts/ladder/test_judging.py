"""The verdict and its sentence, on matrices of case values."""

from __future__ import annotations

import re

import numpy as np
import pytest
from msgspec.structs import replace as evolve

from pytest_ftgate.iterations import Gain, SaturationRules, Settle
from pytest_ftgate.stats import saturation
from pytest_ftgate.stats.paired import Estimate
from pytest_ftgate.stats.saturation import Saturation
from pytest_ftgate.verdicts.ladder import judging
from pytest_ftgate.verdicts.ladder.judging import Judged, Scale, judge_scores
from pytest_ftgate.verdicts.ladder.phrases import listed, points, signed
from tests.verdicts.ladder.making import judged, ladder_run, simulated

RATE = Scale("rate", "higher", 1.0)
RULES = SaturationRules()


def estimate(delta: float, low: float, high: float) -> Estimate:
    return Estimate(delta=delta, low=low, high=high, se=(high - low) / 4, df=100, p=0.5, n=240)


def told(
    monkeypatch: pytest.MonkeyPatch,
    trend: tuple[float, float, float],
    best: tuple[float, float, float],
    *,
    bad: tuple[int, ...] = (),
    scale: Scale = RATE,
    rules: SaturationRules = RULES,
    trials: int = 1,
) -> Judged:
    """The verdict on given estimates: what decides is tested with the statistics."""
    estimates = estimate(*trend), estimate(*best)
    margin = rules.margin * scale.span
    found = Saturation(
        verdict=saturation.decide(*estimates, bad=bool(bad), margin=margin),
        trend=estimates[0],
        best_gain=estimates[1],
        bad=bad,
        inflation=0.0213,
        iterations=12,
        n=240,
        window=rules.window,
        margin=margin,
    )
    monkeypatch.setattr(judging.saturation, "judge", lambda *_, **__: found)
    names = [f"v{at}" for at in range(1, 13)]
    return judge_scores(np.full((12, 240), 0.5), names, scale, rules, trials=trials)


class TestSentences:
    def test_plateau_by_the_best(self, monkeypatch) -> None:
        found = told(monkeypatch, (0.02, 0.001, 0.04), (0.004, -0.0114, 0.0194))
        assert (found.verdict, found.basis, found.settle) == ("plateau", "best_gain", None)
        assert found.reason == (
            "the best of the last 5 iterations gains +0.4 points on the best before (90 % CI -1.1 "
            "to +1.9), below 3 points: plateau"
        )

    def test_plateau_by_the_trend(self, monkeypatch) -> None:
        found = told(monkeypatch, (0.008, -0.006, 0.022), (0.01, -0.02, 0.04))
        assert (found.verdict, found.basis) == ("plateau", "trend")
        assert found.reason == (
            "gain over the last 5 iterations +0.8 points (90 % CI -0.6 to +2.2), below 3 points: "
            "plateau"
        )

    def test_improving_by_the_best_and_by_the_trend(self, monkeypatch) -> None:
        found = told(monkeypatch, (0.0, -0.01, 0.01), (0.041, 0.012, 0.07))
        assert (found.verdict, found.basis) == ("improving", "best_gain")
        assert found.reason.endswith("(90 % CI +1.2 to +7.0), above 0: improving")
        found = told(monkeypatch, (0.03, 0.01, 0.05), (0.02, -0.01, 0.05))
        assert (found.verdict, found.basis) == ("improving", "trend")

    def test_regressing_by_the_trend_and_by_the_best(self, monkeypatch) -> None:
        found = told(monkeypatch, (-0.024, -0.04, -0.008), (0.0, -0.01, 0.01))
        assert (found.verdict, found.basis) == ("regressing", "trend")
        assert found.reason.endswith("-2.4 points (90 % CI -4.0 to -0.8), below 0: regressing")
        found = told(monkeypatch, (0.0, -0.01, 0.01), (-0.03, -0.05, -0.01))
        assert (found.verdict, found.basis) == ("regressing", "best_gain")

    def test_open_says_how_large_it_could_be_and_what_would_settle_it(self, monkeypatch) -> None:
        found = told(monkeypatch, (0.014, -0.01, 0.038), (0.014, -0.013, 0.041))
        assert (found.verdict, found.basis) == ("not_enough_evidence", None)
        assert found.settle == Settle(iterations=5, cases=541, trials=3)
        assert found.reason == (
            "the best of the last 5 iterations gains +1.4 points on the best before (90 % CI -1.3 "
            "to +4.1): it could be as large as +4.1 points, or nothing; to settle it takes about "
            "541 cases, 3 trials of each case where answers vary or 5 further iterations"
        )

    def test_more_trials_than_there_are(self, monkeypatch) -> None:
        evidence = (0.014, -0.01, 0.038), (0.014, -0.013, 0.041)
        found = told(monkeypatch, *evidence, trials=3)
        assert found.settle == Settle(iterations=5, cases=541, trials=7)

    def test_no_more_trials_than_anybody_would_run(self, monkeypatch) -> None:
        found = told(monkeypatch, (0.0, -0.02, 0.08), (0.015, -0.085, 0.115), bad=(11,))
        assert found.settle == Settle(iterations=10, cases=10_667, trials=None)
        assert "trials" not in found.reason

    def test_a_bad_try_must_leave_the_windows(self, monkeypatch) -> None:
        found = told(monkeypatch, (0.0, -0.01, 0.02), (0.01, -0.01, 0.05), bad=(3, 8))
        assert found.bad == ("v4", "v9")
        assert found.settle is not None
        assert found.settle.iterations == 7
        assert "7 further iterations" in found.reason
        assert "clearly bad tries among the last 10, which bend the trend: v4, v9" in found.notes

    def test_bounds_are_told_apart_from_what_decides(self, monkeypatch) -> None:
        found = told(monkeypatch, (0.0, -0.01, 0.01), (0.004, -0.011, 0.02996))
        assert found.reason.endswith("(90 % CI -1.1 to +2.996), below 3 points: plateau")
        found = told(monkeypatch, (0.0, -0.01, 0.01), (0.04, 0.0002, 0.08))
        assert "(90 % CI +0.02 to +8.0), above 0" in found.reason

    def test_a_score_has_its_own_scale(self, monkeypatch) -> None:
        scale = Scale("score", "higher", 5.0)
        found = told(monkeypatch, (0.0, -0.1, 0.1), (0.02, -0.06, 0.1), scale=scale)
        assert found.margin == pytest.approx(0.15)
        assert found.reason == (
            "the best of the last 5 iterations gains +0.020 on the best before (90 % CI -0.060 to "
            "+0.100), below 0.15: plateau"
        )

    def test_the_rules_are_told(self, monkeypatch) -> None:
        rules = SaturationRules(window=4, margin=0.025)
        found = told(monkeypatch, (0.0, -0.1, 0.1), (0.004, -0.011, 0.019), rules=rules)
        assert "the best of the last 4 iterations" in found.reason
        assert "below 2.5 points" in found.reason


def test_too_few() -> None:
    found = judge_scores(np.ones((6, 300)), [f"v{at}" for at in range(6)], RATE, RULES)
    assert found.verdict == "too_few_iterations"
    assert found.reason == "6 disciplined iterations so far, and a verdict needs 10: 4 more"
    assert (found.trend, found.best_gain, found.settle) == (None, None, Settle(iterations=4))


def test_the_best_score_is_never_what_prompting_reaches() -> None:
    rng = np.random.default_rng(4)
    scores = simulated(rng, 240, [0.8] * 12)
    found = judge_scores(scores, [f"v{at}" for at in range(12)], RATE, RULES)
    best = found.best
    assert best is not None
    assert best.value == scores.mean(axis=1).max()
    assert best.variant == f"v{scores.mean(axis=1).argmax()}"
    assert best.inflation is not None
    (note,) = (note for note in found.notes if note.startswith("the best score"))
    assert note == (
        f"the best score on these cases, {100 * best.value:.1f} % ({best.variant}), was picked "
        f"among 12, so it overstates itself by about {100 * best.inflation:.1f} points; what "
        "prompting reaches is measured on the holdout"
    )


def test_with_too_few_iterations_the_inflation_is_unknown() -> None:
    found = judge_scores(np.eye(3, 300), ["a", "b", "c"], RATE, RULES)
    assert found.best is not None
    assert found.best.inflation is None
    assert any("so it overstates itself; what prompting" in note for note in found.notes)
    alone = judge_scores(np.ones((1, 300)), ["a"], RATE, RULES)
    assert not any("overstates" in note for note in alone.notes)


def test_few_cases_are_cautioned() -> None:
    caution = "199 cases compared: with fewer than 200 a false plateau is more likely than 5 %"
    assert caution in judge_scores(np.ones((12, 199)), ["v"] * 12, RATE, RULES).notes
    assert not any(
        "compared" in note
        for note in judge_scores(np.ones((12, 200)), ["v"] * 12, RATE, RULES).notes
    )


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_case_in_common(n: int) -> None:
    found = judge_scores(np.ones((12, n)), ["v"] * 12, RATE, RULES)
    assert found.verdict == "not_enough_evidence"
    assert "in common, too few to tell a gain from chance" in found.reason
    assert found.settle == Settle(iterations=5)
    assert found.best_gain == Gain(gain=found.best_gain.gain, low=None, high=None)  # type: ignore[union-attr]


def test_less_is_better_is_turned_round() -> None:
    rng = np.random.default_rng(5)
    scores = simulated(rng, 240, list(np.linspace(0.5, 0.9, 12)))
    up = judge_scores(scores, ["v"] * 12, RATE, RULES)
    down = judge_scores(1 - scores, ["v"] * 12, evolve(RATE, direction="lower"), RULES)
    assert down.verdict == up.verdict == "improving"
    assert down.reason == up.reason
    assert down.best is not None
    assert down.best.value == pytest.approx((1 - scores).mean(axis=1).min())


@pytest.mark.parametrize(
    ("amount", "unit", "against", "text"),
    [
        (0.008, "rate", (), "+0.8 points"),
        (-0.0061, "rate", (), "-0.6 points"),
        (0.0, "rate", (), "0.0 points"),
        (0.0001, "rate", (), "+0.01 points"),
        (-0.0001, "rate", (), "-0.01 points"),
        (0.02999, "rate", (0.03,), "+2.999 points"),
        (0.03, "rate", (0.03,), "+3.0 points"),
        (1e-15, "rate", (), "+0.00000000 points"),
        (0.1234, "score", (), "+0.123"),
    ],
)
def test_signed(amount: float, unit: str, against, text: str) -> None:
    assert signed(amount, unit, against=against) == text


def test_points_and_lists() -> None:
    assert [points(0.03, "rate"), points(0.025, "rate"), points(0.15, "score")] == [
        "3 points",
        "2.5 points",
        "0.15",
    ]
    assert [listed(list(text)) for text in ("", "a", "ab", "abcde", "abcdefg")] == [
        "",
        "a",
        "a and b",
        "a, b, c, d and e",
        "a, b, c, d and 3 more",
    ]


def test_the_word_of_the_verdict_ends_the_sentence() -> None:
    rng = np.random.default_rng(6)
    for _ in range(10):
        found = judge_scores(simulated(rng, 60, [0.8] * 10), ["v"] * 10, RATE, RULES)
        settled = found.verdict not in ("not_enough_evidence", "too_few_iterations")
        assert bool(re.search(rf": {found.verdict}$", found.reason)) == settled


@pytest.mark.parametrize(("shipped", "said"), [("v9", True), ("v8", False), (None, False)])
def test_a_current_variant_that_is_a_step_back_is_said_to_be_one(
    shipped: str | None, said: bool
) -> None:
    scores = np.ones((10, 60))
    scores[8, :30] = 0.0
    result = judged(ladder_run(scores, shipped=shipped))
    assert result.bad == ("v9",)
    note = "the current variant v9 is clearly worse than an earlier one: the best so far is v1"
    assert (note in result.notes) == said
