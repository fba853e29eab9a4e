"""Normal, Student t, beta and binomial distributions for scalars, without scipy.

The incomplete beta function is evaluated by its continued fraction (modified Lentz scheme; Press
et al., Numerical Recipes, 6.4; Abramowitz & Stegun 26.5.8), the quantiles by Newton steps that
fall back on bisection. Relative errors stay near 1e-11 up to 10^5 cases.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_STANDARD_NORMAL = NormalDist()
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_TINY = 1e-300
_LOG_RANGE = 700.0
_MAX_TERMS = 100_000
_MAX_STEPS = 200


def norm_cdf(x: float) -> float:
    """P(Z <= x) of the standard normal distribution."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def norm_ppf(p: float) -> float:
    """Quantile of the standard normal distribution (Wichura 1988, as in the standard library).

    Args:
        p: probability in [0, 1]; 0 and 1 give -inf and +inf.
    """
    _check_probability(p)
    if p in (0.0, 1.0):
        return math.inf if p else -math.inf
    return _STANDARD_NORMAL.inv_cdf(p)


def t_cdf(t: float, df: float) -> float:
    """P(T <= t) of Student's t distribution.

    Args:
        t: any number, infinities included.
        df: degrees of freedom, > 0, not necessarily whole; ``inf`` is the normal distribution.
    """
    _check_df(df)
    if math.isinf(df):
        return norm_cdf(t)
    half_central, tail = _t_parts(abs(t), df)
    if t < 0:
        return tail
    return 0.5 + half_central if half_central < tail else 1.0 - tail


def t_ppf(p: float, df: float) -> float:
    """Quantile of Student's t distribution.

    Args:
        p: probability in [0, 1]; 0 and 1 give -inf and +inf.
        df: degrees of freedom, > 0, not necessarily whole; ``inf`` is the normal distribution.
    """
    _check_probability(p)
    _check_df(df)
    if math.isinf(df) or p in (0.0, 1.0):
        return norm_ppf(p)
    if p == 0.5:
        return 0.0
    t = _t_upper_quantile(min(p, 1.0 - p), df)
    return t if p > 0.5 else -t


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0 and x in [0, 1]."""
    _check_probability(x)
    return _beta_parts(x, 1.0 - x, a, b)[0]


def beta_ppf(p: float, a: float, b: float) -> float:
    """The x in [0, 1] with I_x(a, b) = p, for a, b > 0."""
    _check_probability(p)
    if p in (0.0, 1.0):
        return p

    log_norm = _log_beta(a, b)

    def gap_and_slope(x: float) -> tuple[float, float]:
        lower, upper = _beta_parts(x, 1.0 - x, a, b)
        gap = lower - p if p < 0.5 else (1.0 - p) - upper
        log_density = (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x) - log_norm
        return gap, math.exp(min(log_density, _LOG_RANGE))

    return _root(gap_and_slope, 0.0, 1.0, a / (a + b))


def binom_pmf(k: int, n: int, p: float) -> float:
    """P(X = k) of the binomial distribution with n >= 0 trials and probability p."""
    _check_binomial(n, p)
    if k < 0 or k > n:
        return 0.0
    if p in (0.0, 1.0):
        return float(k == (n if p else 0))
    return math.exp(_log_choose(n, k) + k * math.log(p) + (n - k) * math.log1p(-p))


def binom_cdf(k: int, n: int, p: float) -> float:
    """P(X <= k) of the binomial distribution with n >= 0 trials and probability p."""
    _check_binomial(n, p)
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return _beta_parts(1.0 - p, p, n - k, k + 1.0)[0]


def binom_ppf(q: float, n: int, p: float) -> int:
    """The smallest k in 0..n with P(X <= k) >= q, to within the rounding of the sum."""
    _check_probability(q)
    _check_binomial(n, p)
    wanted = q * (1.0 - 1e-12)
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if binom_cdf(middle, n, p) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low


def hypergeom_sf(k: int, total: int, marked: int, drawn: int) -> float:
    """P(X >= k), X the marked items among `drawn` items of `total` of which `marked` are marked."""
    if not (0 <= marked <= total and 0 <= drawn <= total):
        raise ValueError(f"marked={marked} and drawn={drawn} must lie in 0..total={total}")
    first, last = max(k, drawn + marked - total, 0), min(marked, drawn)
    if first > last:
        return 0.0
    others = total - marked - drawn
    # The largest term is exact; its neighbours follow by ratios, much faster than one by one.
    mode = (marked + 1) * (drawn + 1) // (total + 2)
    anchor = min(max(first, mode), last)
    largest = math.exp(
        _log_choose(marked, anchor)
        + _log_choose(total - marked, drawn - anchor)
        - _log_choose(total, drawn)
    )
    terms = [largest]
    for i in range(anchor, last):
        terms.append(terms[-1] * ((marked - i) * (drawn - i)) / ((i + 1) * (others + i + 1)))
    term = largest
    for i in range(anchor, first, -1):
        term *= (i * (others + i)) / ((marked - i + 1) * (drawn - i + 1))
        terms.append(term)
    return min(1.0, math.fsum(terms))


def _log_choose(n: int, k: int) -> float:
    return -math.log(n + 1.0) - _log_beta(k + 1.0, n - k + 1.0)


def _t_parts(t: float, df: float) -> tuple[float, float]:
    """(P(0 < T < t), P(T > t)) for t >= 0, each without cancellation."""
    if math.isinf(t):
        return 0.5, 0.0
    square = t * t
    if math.isinf(square):  # x = df / t^2 underflows; the tail is a power of t
        log_tail = 0.5 * df * (math.log(df) - 2.0 * math.log(t)) - math.log(0.5 * df)
        return 0.5, 0.5 * math.exp(log_tail - _log_beta(0.5 * df, 0.5))
    tail, central = _beta_parts(df / (df + square), square / (df + square), 0.5 * df, 0.5)
    return 0.5 * central, 0.5 * tail


def _t_upper_quantile(q: float, df: float) -> float:
    """The t > 0 with P(T > t) = q, for 0 < q < 1/2."""
    log_norm = 0.5 * math.log(df) + _log_beta(0.5 * df, 0.5)

    def density(t: float) -> float:
        return math.exp(-0.5 * (df + 1.0) * math.log1p(t * t / df) - log_norm)

    if q > 0.25:

        def central(t: float) -> tuple[float, float]:
            return _t_parts(t, df)[0] - (0.5 - q), density(t)

        # The upper quartile lies far below exp(2 / df), however heavy the tail is.
        return _root(central, 0.0, math.exp(min(2.0 / df, _LOG_RANGE)), (0.5 - q) / density(0.0))

    # Both tails are near-straight lines in log t against log probability, so Newton's steps are
    # few there, however heavy the tail is.
    def tail(log_t: float) -> tuple[float, float]:
        t = math.exp(log_t)
        probability = max(_t_parts(t, df)[1], _TINY)
        return math.log(q) - math.log(probability), density(t) * t / probability

    start = math.log(_cornish_fisher(-_STANDARD_NORMAL.inv_cdf(q), max(df, 0.1)))
    return math.exp(_root(tail, -_LOG_RANGE, _LOG_RANGE, start))


def _cornish_fisher(z: float, df: float) -> float:
    """First guess of a t quantile from the normal one (Abramowitz & Stegun 26.7.5)."""
    z2 = z * z
    first = z * (z2 + 1.0) / (4.0 * df)
    second = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / (96.0 * df * df)
    third = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / (384.0 * df**3)
    return z + first + second + third


def _beta_parts(x: float, y: float, a: float, b: float) -> tuple[float, float]:
    """(I_x(a, b), I_y(b, a)) with y = 1 - x given apart, so that neither end loses digits."""
    if not (a > 0 and b > 0):
        raise ValueError(f"the beta function needs a, b > 0, got a={a}, b={b}")
    if x <= 0.0 or y <= 0.0:
        return (0.0, 1.0) if x <= 0.0 else (1.0, 0.0)
    log_x = math.log(x) if x < 0.5 else math.log1p(-y)
    log_y = math.log(y) if y < 0.5 else math.log1p(-x)
    front = math.exp(a * log_x + b * log_y - _log_beta(a, b))
    if x < (a + 1.0) / (a + b + 2.0):
        lower = min(1.0, front * _beta_fraction(x, a, b) / a)
        return lower, 1.0 - lower
    upper = min(1.0, front * _beta_fraction(y, b, a) / b)
    return 1.0 - upper, upper


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by the modified Lentz scheme."""
    c = 1.0
    d = 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 / ((1.0 + term * d) or _TINY)
            c = (1.0 + term / c) or _TINY
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            return value
    raise ArithmeticError(f"incomplete beta function: no convergence at x={x}, a={a}, b={b}")


def _log_beta(a: float, b: float) -> float:
    """The logarithm of B(a, b), without cancellation for large arguments (Stirling)."""
    small, large = min(a, b), max(a, b)
    if large < 10.0:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    share = small / (small + large)
    rest = (large - 0.5) * math.log1p(-share)
    if small < 10.0:
        remainder = _stirling_rest(large) - _stirling_rest(a + b)
        return math.lgamma(small) + remainder + rest + small - small * math.log(a + b)
    remainder = _stirling_rest(small) + _stirling_rest(large) - _stirling_rest(a + b)
    half_log = 0.5 * (math.log(2.0 * math.pi) - math.log(a + b))
    return remainder + rest + half_log + (small - 0.5) * math.log(share)


def _stirling_rest(x: float) -> float:
    """lgamma(x) minus Stirling's main term, for x >= 10 (Abramowitz & Stegun 6.1.41)."""
    inverse = 1.0 / x
    power = inverse
    total = 0.0
    for coefficient in _STIRLING:
        total += coefficient * power
        power *= inverse * inverse
    return total


def _root(
    gap_and_slope: Callable[[float], tuple[float, float]], low: float, high: float, start: float
) -> float:
    """The zero of an increasing function in (low, high): Newton, kept inside by bisection."""
    x = start
    for _ in range(_MAX_STEPS):
        gap, slope = gap_and_slope(x)
        if gap == 0.0:
            return x
        if gap > 0:
            high = x
        else:
            low = x
        step = gap / slope if slope > 0 else math.inf
        following = x - step
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - x) <= 1e-15 * abs(following):
            return following
        x = following
    return x


def _check_probability(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"a probability lies in [0, 1], got {p}")


def _check_df(df: float) -> None:
    if not df > 0:
        raise ValueError(f"degrees of freedom must be > 0, got {df}")


def _check_binomial(n: int, p: float) -> None:
    if n < 0:
        raise ValueError(f"the number of trials must be >= 0, got {n}")
    _check_probability(p)
