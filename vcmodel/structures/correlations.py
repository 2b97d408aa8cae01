"""Correlations and pairs of levels: what structures over several levels report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.chart import Array

LARGEST_START = 0.9  # starts keep this fraction of the way from independence to the boundary
DEFAULT_START = 0.1  # start of correlations that are exactly zero on average, where the likelihood may have a saddle
SNAP = 1e-12  # a correlation this near to +-1 is rounding of a singular matrix: sums of at most some dozen products of doubles


def pairs(order: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column indices of the strict lower triangle, row-wise: 21, 31, 32, 41, …"""
    return np.tril_indices(order, -1)


def level_name(factor: str, level: str) -> str:
    """``factor_level``; the level alone where no factor is named (the terms of ``str()``)."""
    return f"{factor}_{level}" if factor else level


def pair_label(factor: str, later: str, earlier: str) -> str:
    """``factor_later:earlier``.

    >>> pair_label("f", "b", "a")
    'f_b:a'
    """
    return f"{level_name(factor, later)}:{earlier}"


def correlations(sigma: Array) -> Array:
    """Correlations of the pairs (k(k-1)/2,); NaN beside a zero variance, exactly +-1 within 1e-12 of it."""
    rows, columns = pairs(len(sigma))
    deviations = _deviations(sigma)
    values = sigma[rows, columns] / deviations[rows] / deviations[columns]
    return snapped(values)


def snapped(values: Array) -> Array:
    """Correlations with those within 1e-12 of +-1 made exactly that."""
    return np.where(np.abs(np.abs(values) - 1.0) <= SNAP, np.sign(values), values)


def correlation_jacobian(sigma: Array, derivative: Array) -> Array:
    """Derivative of the correlations by phi, (k(k-1)/2, m), from d Sigma / d phi (m, k, k); NaN rows beside a zero variance."""
    rows, columns = pairs(len(sigma))
    deviations = _deviations(sigma)
    scaled = derivative / deviations[:, None] / deviations
    values = sigma[rows, columns] / deviations[rows] / deviations[columns]
    result = scaled[:, rows, columns] - 0.5 * values * (scaled[:, rows, rows] + scaled[:, columns, columns])
    return np.ascontiguousarray(result.T)


def correlation_matrix(covariance: Array) -> Array:
    """Correlations (k, k) of a matrix with positive variances."""
    deviations = np.sqrt(np.diagonal(covariance))
    result = np.asarray(covariance / deviations[:, None] / deviations)
    np.fill_diagonal(result, 1.0)
    return result


def _deviations(sigma: Array) -> Array:
    """Standard deviations (k,), NaN where the variance is zero."""
    variances = np.diagonal(sigma)
    return np.sqrt(np.where(variances > 0.0, variances, np.nan))
