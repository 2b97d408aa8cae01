"""Tail probabilities and quantiles of the normal and the chi-square distribution."""

from __future__ import annotations

from math import erfc, exp, isnan, lgamma, log, sqrt
from statistics import NormalDist

# the 0.975 quantile of the normal distribution, for 95 % intervals
Z95 = NormalDist().inv_cdf(0.975)


def normal_two_sided(z: float) -> float:
    """P(|Z| > |z|) of a standard normal variable; NaN for NaN.

    >>> round(normal_two_sided(1.959964), 6)
    0.05
    """
    return erfc(abs(z) / sqrt(2.0))


def chi_square_tail(x: float, df: int) -> float:
    """P(X > x) of a chi-square variable with a whole number of degrees of freedom; with none, X is 0.

    The tail of df + 2 is that of df plus one positive term, so the finite sum loses no digits.

    References
    ----------
    Abramowitz, M. & Stegun, I. A. (1964). Handbook of Mathematical Functions, 26.4.4 and 26.4.5.

    >>> round(chi_square_tail(3.841459, 1), 6)
    0.05
    """
    if isnan(x):
        return float("nan")
    if x <= 0.0:
        return 1.0 if df > 0 or x < 0.0 else 0.0
    if df == 0:
        return 0.0
    half = 0.5 * x
    tail = erfc(sqrt(half)) if df % 2 else exp(-half)
    for lower in range(1 if df % 2 else 2, df, 2):
        tail += exp(0.5 * lower * log(half) - half - lgamma(0.5 * lower + 1.0))
    return min(tail, 1.0)
