"""Partial autocorrelations of a stationary series, and what follows from them.

Partial autocorrelations between -1 and 1 are in one-to-one correspondence with the stationary autoregressions of their order, and with the
positive definite Toeplitz matrices: every point of the open cube is one, and the faces of the cube are the singular ones.

References
----------
Durbin, J. (1960). The fitting of time-series models. Review of the International Statistical Institute 28, 233-244 (the recursion).
Barndorff-Nielsen, O. and Schou, G. (1973). On the parametrization of autoregressive models by partial autocorrelations. Journal of
Multivariate Analysis 3, 408-419 (theorem 2).
"""

from __future__ import annotations

import numpy as np

from vcmodel.structures.chart import Array


def predictors(partials: Array) -> tuple[list[Array], list[Array]]:
    """Coefficients (h,) of the best linear prediction from the h values before, nearest first, h = 0, ..., p; and their derivatives.

    The derivatives are by the partial autocorrelations, (p, h) each. The last coefficients are those of the autoregression.
    """
    p = len(partials)
    rows, moves = [np.zeros(0)], [np.zeros((p, 0))]
    for h, partial in enumerate(partials):
        before, change = rows[-1], moves[-1]
        rows.append(np.append(before - partial * before[::-1], partial))
        move = np.zeros((p, h + 1))
        move[:, :h] = change - partial * change[:, ::-1]
        move[h, :h] -= before[::-1]
        move[h, h] = 1.0
        moves.append(move)
    return rows, moves


def partials_of_coefficients(coefficients: Array) -> Array:
    """Partial autocorrelations (p,) of an autoregression; beyond +-1, or not finite, where it is not stationary."""
    result = np.zeros(len(coefficients))
    row = np.asarray(coefficients, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        for h in range(len(row), 0, -1):
            last, rest = row[-1], row[:-1]
            result[h - 1] = last
            # of two, one factor cancels: a double root at one has a partial autocorrelation of minus one
            row = rest / (1.0 - last) if h == 2 else (rest + last * rest[::-1]) / (1.0 - last**2)
    return result


def partials_of_correlations(correlations: Array, largest: float = 1.0) -> Array:
    """Partial autocorrelations (p,) of correlations at lags 1, ..., p, each limited to `largest` before the next is computed."""
    row, variance = np.zeros(0), 1.0
    result = np.zeros(len(correlations))
    for h, correlation in enumerate(correlations):
        explained = row @ correlations[:h][::-1]
        partial = (correlation - explained) / variance if variance > 0.0 else 0.0
        result[h] = np.clip(partial, -largest, largest)
        row = np.append(row - result[h] * row[::-1], result[h])
        variance *= 1.0 - result[h] ** 2
    return result


def autocorrelations(partials: Array, size: int) -> tuple[Array, Array]:
    """Correlations (size,) at lags 0, 1, ... of the autoregression, and their derivatives (p, size) by the partial autocorrelations."""
    rows, moves = predictors(partials)
    p = len(partials)
    result, change = np.ones(size), np.zeros((p, size))
    for lag in range(1, size):
        h = min(lag, p)
        back = slice(lag - 1, lag - h - 1 if lag > h else None, -1)
        result[lag] = rows[h] @ result[back]
        change[:, lag] = moves[h] @ result[back] + change[:, back] @ rows[h]
    return result, change


def prediction_root(partials: Array, sines: Array, size: int) -> Array:
    """The Cholesky factor (size, size) of the correlation matrix, for sines = sqrt(1 - partials^2), of either sign.

    Row h is its prediction from the rows before, and the root of the variance that remains. Columns beyond a partial autocorrelation of
    +-1 are zero.
    """
    rows, _ = predictors(partials)
    remaining = np.concatenate([[1.0], np.cumprod(sines)])
    root = np.zeros((size, size))
    for place in range(size):
        h = min(place, len(partials))
        root[place] = rows[h] @ root[place - h : place][::-1]
        root[place, place] = remaining[h]
    return root


def prediction_root_derivative(partials: Array, sines: Array, size: int) -> tuple[Array, Array]:
    """Derivatives of :func:`prediction_root` by the partial autocorrelations and by the sines, (p, size, size) each."""
    rows, moves = predictors(partials)
    p = len(partials)
    root = prediction_root(partials, sines, size)
    remaining = np.array([[np.prod(np.delete(sines[:h], j)) if j < h else 0.0 for h in range(p + 1)] for j in range(p)]).reshape(p, p + 1)
    by_partial, by_sine = np.zeros((p, size, size)), np.zeros((p, size, size))
    for place in range(size):
        h = min(place, p)
        back = slice(place - h, place)
        by_partial[:, place] = moves[h] @ root[back][::-1] + np.einsum("h,mhk->mk", rows[h], by_partial[:, back][:, ::-1])
        by_sine[:, place] = np.einsum("h,mhk->mk", rows[h], by_sine[:, back][:, ::-1])
        by_sine[:, place, place] = remaining[:, h]
    return by_partial, by_sine


def toeplitz(rows: Array) -> Array:
    """The symmetric Toeplitz matrices (..., k, k) with first rows (..., k)."""
    place = np.arange(rows.shape[-1])
    return np.asarray(rows[..., np.abs(place[:, None] - place)])


def lag_sums(matrix: Array) -> Array:
    """Sums (k,) of the entries of a symmetric matrix at each lag: what multiplies the first row of a Toeplitz matrix."""
    k = len(matrix)
    place = np.arange(k)
    return np.asarray(np.bincount(np.abs(place[:, None] - place).ravel(), weights=matrix.ravel(), minlength=k), dtype=float)
