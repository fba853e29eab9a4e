from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats

from pytest_ftgate.stats import distributions

DEGREES = [0.5, 1, 1.5, 2, 3, 4.7, 10, 29, 49.3, 99, 999, 9999, 1e5]
PROBABILITIES = [1e-9, 1e-4, 0.005, 0.05, 0.1, 0.25, 0.3, 0.4999, 0.6, 0.75, 0.95, 0.975, 0.9999]


@pytest.mark.parametrize("df", DEGREES)
def test_t_quantiles_agree_with_scipy(df: float) -> None:
    got = [distributions.t_ppf(p, df) for p in PROBABILITIES]
    np.testing.assert_allclose(got, scipy.stats.t.ppf(PROBABILITIES, df), rtol=1e-11)


@pytest.mark.parametrize("df", DEGREES)
def test_t_probabilities_agree_with_scipy(df: float) -> None:
    points = [-50.0, -3.0, -1.0, -0.1, 0.0, 0.1, 0.5, 1.0, 2.0, 10.0]
    got = [distributions.t_cdf(t, df) for t in points]
    np.testing.assert_allclose(got, scipy.stats.t.cdf(points, df), rtol=3e-11)


@pytest.mark.parametrize("df", [0.3, 1, 2.5, 30, 1e4])
@pytest.mark.parametrize("p", [1e-8, 0.01, 0.3, 0.4999999, 0.5, 0.7, 0.999])
def test_t_quantile_inverts_the_probability(p: float, df: float) -> None:
    assert distributions.t_cdf(distributions.t_ppf(p, df), df) == pytest.approx(p, rel=1e-11)


def test_t_has_exact_values_where_they_are_known() -> None:
    assert distributions.t_cdf(1.0, 1) == pytest.approx(0.75, rel=1e-15)
    assert distributions.t_cdf(-1e-6, 1) == pytest.approx(
        0.5 - math.atan(1e-6) / math.pi, rel=1e-15
    )
    assert distributions.t_ppf(0.75, 1) == pytest.approx(1.0, rel=1e-14)
    assert distributions.t_ppf(0.5, 7) == 0.0
    assert distributions.t_ppf(0.95, math.inf) == distributions.norm_ppf(0.95)
    assert distributions.t_cdf(-1.3, math.inf) == distributions.norm_cdf(-1.3)
    assert distributions.t_cdf(math.inf, 3) == 1.0
    assert distributions.t_cdf(-math.inf, 3) == 0.0
    assert distributions.t_ppf(0.0, 3) == -math.inf
    assert distributions.t_ppf(1.0, 3) == math.inf


def test_t_tail_survives_where_the_square_overflows() -> None:
    assert distributions.t_cdf(-1e200, 1) == pytest.approx(1 / (math.pi * 1e200), rel=1e-11)


@pytest.mark.parametrize("df", [1e-12, 1e-3, 0.05])
def test_next_to_no_freedom_is_next_to_no_bound(df: float) -> None:
    assert 1e15 < distributions.t_ppf(0.95, df) < math.inf
    assert 0 < distributions.t_ppf(0.7, df) < math.inf
    assert distributions.t_cdf(-1.0, df) == pytest.approx(scipy.stats.t.cdf(-1.0, df), rel=1e-9)


def test_normal_agrees_with_scipy() -> None:
    points = np.linspace(-8, 8, 33)
    got = [distributions.norm_cdf(x) for x in points]
    np.testing.assert_allclose(got, scipy.stats.norm.cdf(points), rtol=1e-13)
    p = [1e-12, 0.025, 0.5, 0.8, 0.975]
    got = [distributions.norm_ppf(x) for x in p]
    np.testing.assert_allclose(got, scipy.stats.norm.ppf(p), rtol=1e-13)
    assert distributions.norm_ppf(0.0) == -math.inf
    assert distributions.norm_ppf(1.0) == math.inf


@pytest.mark.parametrize("a", [0.5, 1, 2, 9.9, 81, 1e3, 1e5])
@pytest.mark.parametrize("b", [0.5, 1, 3, 10.1, 183, 1e4])
def test_beta_quantiles_agree_with_scipy(a: float, b: float) -> None:
    p = np.array([0.005, 0.025, 0.3, 0.5, 0.9, 0.975])
    want = scipy.special.betaincinv(a, b, p)
    got = [distributions.beta_ppf(x, a, b) for x in p]
    usable = want > 1e-290
    np.testing.assert_allclose(np.array(got)[usable], want[usable], rtol=1e-11)


def test_beta_probability_is_the_incomplete_beta_function() -> None:
    assert distributions.beta_cdf(0.3, 2, 3) == pytest.approx(scipy.special.betainc(2, 3, 0.3))
    assert distributions.beta_cdf(0.0, 2, 3) == 0.0
    assert distributions.beta_cdf(1.0, 2, 3) == 1.0
    assert distributions.beta_ppf(0.0, 2, 3) == 0.0
    assert distributions.beta_ppf(1.0, 2, 3) == 1.0


@pytest.mark.parametrize("n", [0, 1, 2, 20, 29, 100, 1000, 10000])
@pytest.mark.parametrize("p", [0.0, 0.05, 0.5, 0.85, 1.0])
def test_binomial_agrees_with_scipy(n: int, p: float) -> None:
    points = sorted({-1, 0, 1, n // 4, n // 2, max(n - 1, 0), n, n + 1})
    for k in points:
        want = scipy.stats.binom.cdf(k, n, p)
        if want == 0 or want > 1e-290:
            assert distributions.binom_cdf(k, n, p) == pytest.approx(want, rel=1e-10)
        want = scipy.stats.binom.pmf(k, n, p)
        if want == 0 or want > 1e-290:
            assert distributions.binom_pmf(k, n, p) == pytest.approx(want, rel=1e-10)
    for q in [0.001, 0.025, 0.5, 0.9, 0.975]:
        assert distributions.binom_ppf(q, n, p) == max(0, scipy.stats.binom.ppf(q, n, p))


def test_hypergeometric_tail_agrees_with_scipy() -> None:
    for k, total, marked, drawn in [(3, 20, 7, 10), (0, 5, 2, 2), (5, 300, 30, 12), (9, 20, 7, 10)]:
        want = scipy.stats.hypergeom.sf(k - 1, total, marked, drawn)
        assert distributions.hypergeom_sf(k, total, marked, drawn) == pytest.approx(want, rel=1e-11)


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"probability lies in \[0, 1\], got 1.5"):
        distributions.t_ppf(1.5, 3)
    with pytest.raises(ValueError, match="degrees of freedom must be > 0, got 0"):
        distributions.t_cdf(1.0, 0)
    with pytest.raises(ValueError, match="a, b > 0"):
        distributions.beta_cdf(0.5, 0, 1)
    with pytest.raises(ValueError, match="trials must be >= 0"):
        distributions.binom_cdf(0, -1, 0.5)
    with pytest.raises(ValueError, match=r"must lie in 0\.\.total=4"):
        distributions.hypergeom_sf(1, 4, 5, 2)
