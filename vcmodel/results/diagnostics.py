"""What residual plots show: standardised residuals, normal quantiles, trends, intervals of the predicted effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betaincinv, ndtri

from vcmodel.results.distributions import Z95

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]


def residual_deviations(estimate: Estimate) -> Array:
    """Standard deviation (N,) of the residual of each observed cell, sqrt(R_ii), weights included."""
    result = np.full(estimate.design.frame.y.size, np.nan)
    for index, component in enumerate(estimate.components):
        if not component.is_random:
            section = estimate.design.sections[component.index]
            sigma = estimate.sigma(index)
            result[section.cells] = np.sqrt(np.diag(sigma))[section.sigma_level]
    return result / estimate.design.frame.weight_root


def residual_table(estimate: Estimate) -> pd.DataFrame:
    """One row per observed cell: ``row trait observed fitted residual standardised``.

    ``row`` counts the rows used from 0, ``fitted`` is X beta + Z u, ``residual`` what is left, ``standardised`` the residual divided by
    sqrt(R_ii) (Pearson residual): the effects are predicted from the same data, so that its variance is somewhat below one. Missing where
    the residual variance is zero.
    """
    frame = estimate.design.frame
    fitted = estimate.equations.fitted()
    left, deviation = frame.y - fitted, residual_deviations(estimate)
    with np.errstate(divide="ignore", invalid="ignore"):
        standardised = np.where(deviation > 0.0, left / deviation, np.nan)
    traits = np.asarray(frame.responses, dtype=object)[frame.trait]
    columns = {"row": frame.row, "trait": traits, "observed": frame.y, "fitted": fitted, "residual": left, "standardised": standardised}
    return pd.DataFrame(columns)


def normal_quantiles(values: ArrayLike) -> pd.DataFrame:
    """``expected value line lower upper`` of a normal quantile plot, in ascending order; missing values are left out.

    ``expected`` are the medians of the order statistics of n standard normal values; ``line`` runs through the quartiles of the values, so
    that the tails do not bend it; ``lower`` and ``upper`` are the 0.025 and 0.975 quantiles of each order statistic on that line: one point
    in twenty lies outside by chance, were the values independent.

    References
    ----------
    David, H. A. & Nagaraja, H. N. (2003). Order Statistics, 3rd ed., section 2.2: the i-th of n uniform values is Beta(i, n - i + 1).
    """
    x = np.sort(np.asarray(values, dtype=float))
    x = x[np.isfinite(x)]
    rank = np.arange(1.0, x.size + 1.0)
    median, low, high = (ndtri(betaincinv(rank, x.size - rank + 1.0, p)) for p in (0.5, 0.025, 0.975))
    if x.size:
        first, third = np.quantile(x, [0.25, 0.75])
        slope = (third - first) / (ndtri(0.75) - ndtri(0.25))
        centre = 0.5 * (first + third)
    else:
        slope = centre = np.nan
    return pd.DataFrame(
        {"expected": median, "value": x, "line": centre + slope * median, "lower": centre + slope * low, "upper": centre + slope * high}
    )


def trend(x: ArrayLike, y: ArrayLike, groups: int = 10) -> pd.DataFrame:
    """Means of x and y, ``x y n``, in groups of neighbouring x of equal size, of at least five pairs each."""
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    good = np.isfinite(a) & np.isfinite(b)
    a, b = a[good], b[good]
    order = np.argsort(a, kind="stable")
    parts = np.array_split(order, max(1, min(groups, a.size // 5))) if a.size else []
    return pd.DataFrame([(a[part].mean(), b[part].mean(), part.size) for part in parts], columns=["x", "y", "n"])


def with_intervals(effects: pd.DataFrame) -> pd.DataFrame:
    """A table with ``effect`` and ``std_error``, and the 95 % interval of each effect in ``lower`` and ``upper``."""
    half = Z95 * effects["std_error"]
    return effects.assign(lower=effects["effect"] - half, upper=effects["effect"] + half)


def outside_band(points: pd.DataFrame) -> int:
    """Number of points of :func:`normal_quantiles` outside their band."""
    return int(((points["value"] < points["lower"]) | (points["value"] > points["upper"])).sum())
