"""Each level of a covariance matrix given those before it: regression coefficients and what they leave."""

from __future__ import annotations

import numpy as np

from vcmodel.linalg.definite import is_positive_definite
from vcmodel.structures.chart import Array

# a conditional variance below this share of the variance is rounding of zero
ZERO = 1e-14


def conditional(sigma: Array, bands: int) -> tuple[Array, Array]:
    """Variance (w,) of each level given the `bands` before it, and the coefficients of the regressions on them, row-wise.

    Coefficients on levels whose matrix is singular are NaN.
    """
    variances, coefficients = np.diagonal(sigma).astype(float), []
    for i in range(len(sigma)):
        before = slice(max(0, i - bands), i)
        found = _regression(sigma[before, before], sigma[before, i])
        left = sigma[i, i] - found @ sigma[before, i]
        variances[i] = left if left > ZERO * sigma[i, i] else 0.0
        coefficients.append(found if is_positive_definite(sigma[before, before]) else np.full(len(found), np.nan))
    return variances, np.concatenate([np.zeros(0), *coefficients])


def conditional_derivative(sigma: Array, derivative: Array, bands: int) -> tuple[Array, Array]:
    """Derivatives of :func:`conditional`, (w, m) and (number of coefficients, m), where the matrix has the `derivative` (m, w, w)."""
    moves, turns = np.zeros((len(sigma), len(derivative))), []
    for i in range(len(sigma)):
        before = slice(max(0, i - bands), i)
        own, cross = sigma[before, before], derivative[:, before, i]
        found = _regression(own, sigma[before, i])
        change = cross - derivative[:, before, before] @ found
        moves[i] = derivative[:, i, i] - (cross + change) @ found
        turns.append(np.linalg.solve(own, change.T) if is_positive_definite(own) else np.full((len(own), len(derivative)), np.nan))
    return moves, np.concatenate([np.zeros((0, len(derivative))), *turns])


def _regression(matrix: Array, covariances: Array) -> Array:
    """Coefficients of the best prediction; of those of a singular matrix the shortest."""
    if is_positive_definite(matrix):
        return np.asarray(np.linalg.solve(matrix, covariances))
    return np.asarray(np.linalg.lstsq(matrix, covariances, rcond=1e-12)[0])
