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


def unit_factor(sigma: Array, derivative: Array) -> tuple[Array, Array, Array, Array]:
    """L (w, w) and D (w,) of Sigma = L D L', and their derivatives (m, w, w), (m, w) where Sigma has the `derivative` (m, w, w).

    Below a D of zero, which does not move, L is NaN.
    """
    w = len(sigma)
    lower, variances, turns, moves = np.eye(w), np.zeros(w), np.zeros((len(derivative), w, w)), np.zeros((len(derivative), w))
    rest, change = sigma.copy(), derivative.copy()
    for j in range(w):
        below = slice(j + 1, None)
        if rest[j, j] <= ZERO * sigma[j, j]:
            lower[below, j] = turns[:, below, j] = np.nan
            continue
        variances[j], moves[:, j] = rest[j, j], change[:, j, j]
        column, turn = rest[:, j] / variances[j], (change[:, :, j] - moves[:, j, None] * rest[:, j] / variances[j]) / variances[j]
        lower[below, j], turns[:, below, j] = column[below], turn[:, below]
        half = (variances[j] * turn + 0.5 * moves[:, j, None] * column)[:, :, None] * column
        rest, change = rest - variances[j] * np.outer(column, column), change - half - half.transpose(0, 2, 1)
    return lower, variances, turns, moves


def _regression(matrix: Array, covariances: Array) -> Array:
    """Coefficients of the best prediction; of those of a singular matrix the shortest."""
    if is_positive_definite(matrix):
        return np.asarray(np.linalg.solve(matrix, covariances))
    return np.asarray(np.linalg.lstsq(matrix, covariances, rcond=1e-12)[0])
