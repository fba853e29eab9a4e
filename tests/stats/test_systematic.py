from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from pytest_ftgate.stats.systematic import error_modes, persistent_cases


def test_cases_that_always_fail_are_persistent() -> None:
    rng = np.random.default_rng(81)
    failures = (rng.random((10, 100)) < 0.05).astype(float)
    failures[:, :6] = 1.0
    failures[:2, 5] = 0.0  # 8 of 10 is just enough
    failures[:3, 4] = 0.0  # 7 of 10 is not
    got = persistent_cases(failures)
    assert got.cases == (0, 1, 2, 3, 5)
    assert got.observed == 5
    assert got.runs == 10
    assert got.expected < 1e-4
    assert got.p < 1e-12
    assert got.share == pytest.approx(failures[:, [0, 1, 2, 3, 5]].sum() / failures.sum())


def test_random_failures_are_as_many_as_chance_has_it() -> None:
    rng = np.random.default_rng(82)
    rates = [0.5, 0.6, 0.7, 0.6, 0.5]
    failures = (rng.random((5, 4000)) < np.array(rates)[:, None]).astype(float)
    got = persistent_cases(failures)
    assert got.observed == pytest.approx(got.expected, rel=0.1)
    assert got.p > 0.01


def test_equal_rates_make_the_expectation_binomial() -> None:
    failures = np.zeros((10, 50))
    for run in range(10):
        failures[run, (np.arange(20) + 7 * run) % 50] = 1.0
    got = persistent_cases(failures)
    assert got.expected == pytest.approx(50 * scipy.stats.binom.sf(7, 10, 0.4))


def test_trials_count_in_the_expectation() -> None:
    failures = np.full((5, 10), 0.5)
    got = persistent_cases(failures, trials=4)
    assert got.expected == pytest.approx(10 * scipy.stats.binom.sf(15, 20, 0.5))
    assert got.observed == 0
    assert got.p == 1.0


def test_no_failure_and_no_case() -> None:
    clean = persistent_cases(np.zeros((5, 10)))
    assert (clean.cases, clean.expected, clean.p) == ((), 0.0, 1.0)
    assert math.isnan(clean.share)
    assert persistent_cases(np.zeros((5, 0))).observed == 0


def test_modes_by_fisher_and_holm() -> None:
    persistent = np.zeros(100, bool)
    persistent[:10] = True
    modes = {
        "long": np.arange(100) < 12,
        "other": np.arange(100) % 2 == 0,
        "rare": np.isin(np.arange(100), [0, 1, 2, 3]),
    }
    got = {mode.name: mode for mode in error_modes(persistent, modes)}
    for name, member in modes.items():
        member = np.asarray(member)
        table = [
            [(member & persistent).sum(), (member & ~persistent).sum()],
            [(~member & persistent).sum(), (~member & ~persistent).sum()],
        ]
        want = scipy.stats.fisher_exact(table, alternative="greater").pvalue
        assert got[name].p == pytest.approx(want, rel=1e-9)
    assert got["long"].systematic
    assert (got["long"].n, got["long"].persistent) == (12, 10)
    assert not got["other"].systematic
    # significant, but fewer than five persistent cases
    assert got["rare"].p_adjusted < 0.05
    assert not got["rare"].systematic


def test_modes_come_strongest_first() -> None:
    persistent = np.r_[np.ones(6, bool), np.zeros(14, bool)]
    order = error_modes(
        persistent, {"b": np.arange(20) >= 6, "a": np.arange(20) >= 6, "hit": np.arange(20) < 6}
    )
    assert [mode.name for mode in order] == ["hit", "a", "b"]
    assert error_modes(persistent, {}) == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: persistent_cases(np.zeros(5)), r"failures must be \(runs, cases\)"),
        (lambda: persistent_cases(np.zeros((4, 2))), "at least 5 runs are needed, got 4"),
        (lambda: persistent_cases(np.full((5, 2), 2.0)), r"failures lie in \[0, 1\]"),
        (lambda: persistent_cases(np.zeros((5, 2)), share=0.0), "share must lie in"),
        (lambda: error_modes([True], {"a": [True, False]}), "mode 'a' has 2 flags for 1 cases"),
    ],
)
def test_misuse_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
