"""Tail probabilities and quantiles of the normal and the chi-square distribution."""

from __future__ import annotations

from math import erfc, isnan, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# the 0.975 quantile of the normal distribution, for 95 % intervals
Z95 = NormalDist().inv_cdf(0.975)


def normal_two_sided(z: float) -> float:
    """P(|Z| > |z|) of a standard normal variable; NaN for NaN.

    >>> round(normal_two_sided(1.959964), 6)
    0.05
    """
    return erfc(abs(z) / sqrt(2.0))


def chi_square_tail(x: float, df: int) -> float:
    """P(X > x) of a chi-square variable with `df` degrees of freedom; with none, X is 0. NaN for NaN.

    >>> round(chi_square_tail(3.841459, 1), 6)
    0.05
    """
    # importing the package loads no SciPy
    from scipy.special import chdtrc

    if isnan(x):
        return x
    return float(chdtrc(df, max(x, 0.0))) if df else float(x < 0.0)


def mixture_tail(x: float, weights: Iterable[float]) -> float:
    """P(X > x) of a mixture of chi-squares with 0, 1, ... degrees of freedom.

    >>> round(mixture_tail(2.705543, [0.5, 0.5]), 6)
    0.05
    """
    return sum(weight * chi_square_tail(x, df) for df, weight in enumerate(weights))
