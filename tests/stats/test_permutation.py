from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from pytest_ftgate.stats.paired import estimate
from pytest_ftgate.stats.permutation import sign_flip_drop

from .outcomes import DARWIN


def test_darwins_maize() -> None:
    # Fisher (1935), section 21: 863 of 32,768
    assert sign_flip_drop(-DARWIN) == 863 / 32768


def test_flips_alone_are_the_sign_test() -> None:
    d = np.r_[-np.ones(9), np.ones(3), np.zeros(50)]
    assert sign_flip_drop(d) == pytest.approx(scipy.stats.binom.cdf(3, 12, 0.5))


def test_many_cases_are_sampled() -> None:
    rng = np.random.default_rng(61)
    d = rng.normal(-0.1, 1, 200)
    got = sign_flip_drop(d)
    assert got == sign_flip_drop(d[::-1])
    assert got == pytest.approx(estimate(d, e2=0.0).p, abs=0.01)
    assert got != sign_flip_drop(d, seed=1)


def test_sampled_p_is_never_zero() -> None:
    assert sign_flip_drop(-np.ones(100), draws=99) == 0.01


def test_nothing_flipped_is_no_evidence() -> None:
    assert sign_flip_drop([]) == 1.0
    assert sign_flip_drop([0.0, 0.0]) == 1.0
