"""The banded inverse of the correlation matrix of an autoregression.

References
----------
Gohberg, I. and Semencul, A. (1972). On the inversion of finite Toeplitz matrices and their continuous analogs. Matematicheskie
Issledovaniya 7, 201-223 (the difference of two products of triangular Toeplitz matrices).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.structures.chart import Array
from vcmodel.structures.levinson import partials_of_coefficients, predictors
from vcmodel.structures.sparse_inverse import SparseInverse


@dataclass(frozen=True, eq=False)
class AutoregressiveInverse(SparseInverse):
    """With f = (1, -coefficients) and v the share of the innovations in the variance, entry r, r + h of v K^-1 is, for h = 0, ..., p,

    sum of f_a f_(a + h) over a <= r, minus the same over a > r', with r' the number of levels behind r + h; in both a <= p - h.

    Entries with the same terms make one M_c: by their distance from the nearer end, for many levels. Exact for any number above p.

    Attributes
    ----------
    levels : int
        k, larger than p.
    autoregression : callable
        The coefficients (p,) at reported parameters (m,), and their derivative (p, m).
    order_of_series : int
        p.
    """

    levels: int
    autoregression: Callable[[Array], tuple[Array, Array]]
    order_of_series: int

    @property
    def order(self) -> int:
        """k, the number of levels."""
        return self.levels

    @cached_property
    def _entries(self) -> dict[tuple[int, ...], list[int]]:
        """Rows r of the entries with the same terms: h, then how often f_a f_(a + h) occurs, a = 0, 1, ..."""
        found: dict[tuple[int, ...], list[int]] = {}
        for h in range(self.order_of_series + 1):
            a = np.arange(self.order_of_series - h + 1)
            for r in range(self.levels - h):
                terms = (a <= r).astype(int) - (a > self.levels - 1 - h - r)
                found.setdefault((h, *terms.tolist()), []).append(r)
        return {key: rows for key, rows in found.items() if any(key[1:])}

    @cached_property
    def _forms(self) -> Array:
        """The coefficients of K^-1, times v, as symmetric quadratic forms of f: (number of matrices, p + 1, p + 1)."""
        result = np.zeros((len(self._entries), self.order_of_series + 1, self.order_of_series + 1))
        for number, (h, *terms) in enumerate(self._entries):
            for a, often in enumerate(terms):
                result[number, a, a + h] += 0.5 * often
                result[number, a + h, a] += 0.5 * often
        return result

    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """Ones at the entries with the same terms."""
        return tuple(_ones(self.levels, np.array(rows), h) for (h, *_), rows in self._entries.items())

    def _partials(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """F (p + 1,) and its derivative (p + 1, m); the partial autocorrelations (p,) and theirs (p, m)."""
        coefficients, change = self.autoregression(np.asarray(theta, dtype=float))
        f, moved = np.concatenate([[1.0], -coefficients]), np.concatenate([np.zeros((1, change.shape[1])), -change])
        partials = partials_of_coefficients(coefficients)
        try:
            moves = np.asarray(np.linalg.solve(predictors(partials)[1][-1].T, change), dtype=float)
        except np.linalg.LinAlgError:
            moves = np.full(change.shape, np.nan)
        return f, moved, partials, moves

    def coefficients(self, theta: Array) -> Array:
        """A (number of matrices,)."""
        f, _, partials, _ = self._partials(theta)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(f @ self._forms @ f / np.prod(1.0 - partials**2), dtype=float)

    def derivative(self, theta: Array) -> Array:
        """Derivative of a by theta, (m, number of matrices)."""
        f, change, partials, moves = self._partials(theta)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = float(np.prod(1.0 - partials**2))
            relative = np.asarray(-2.0 * partials / (1.0 - partials**2) @ moves, dtype=float)
            moved = 2.0 * (self._forms @ f @ change).T - np.outer(relative, f @ self._forms @ f)
        return np.asarray(moved / share if share > 0.0 else np.full(moved.shape, np.nan), dtype=float)

    @property
    def _counts(self) -> Array:
        """How many levels each partial autocorrelation is used for, (p,)."""
        return np.arange(self.levels - 1.0, self.levels - 1.0 - self.order_of_series, -1.0)

    def logdet(self, theta: Array) -> float:
        """log|K| = sum of (k - j) log(1 - partial_j^2)."""
        partials = self._partials(theta)[2]
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self._counts @ np.log1p(-(partials**2)))

    def logdet_derivative(self, theta: Array) -> Array:
        """Derivative of log|K| by theta, (m,)."""
        _, _, partials, moves = self._partials(theta)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self._counts * -2.0 * partials / (1.0 - partials**2) @ moves, dtype=float)


@dataclass(frozen=True, eq=False)
class FirstOrderInverse(SparseInverse):
    """(1 - r^2) K^-1 has 1 at both ends of the diagonal, 1 + r^2 between them and -r beside it, for correlations r^|i - j|.

    1 - r^2 is taken as (1 - r)(1 + r), which keeps all its digits near the ends.

    Attributes
    ----------
    levels : int
        k, 2 or more.
    """

    levels: int

    @property
    def order(self) -> int:
        """k, the number of levels."""
        return self.levels

    @property
    def _kinds(self) -> list[int]:
        """Which of ends, interior and neighbours there are."""
        return [0, 1, 2] if self.levels > 2 else [0, 2]

    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """Ones at the ends, in between, and beside the diagonal."""
        place = np.arange(self.levels)
        found = (place[[0, -1]], 0), (place[1:-1], 0), (place[:-1], 1)
        return tuple(_ones(self.levels, *found[kind]) for kind in self._kinds)

    def coefficients(self, theta: Array) -> Array:
        """1, 1 + r^2 and -r over 1 - r^2."""
        r = float(theta[0])
        share = (1.0 - r) * (1.0 + r)
        if share == 0.0:
            return np.full(len(self._kinds), np.inf)
        return np.array([1.0, 1.0 + r**2, -r])[self._kinds] / share

    def derivative(self, theta: Array) -> Array:
        """2 r, 4 r and -(1 + r^2) over (1 - r^2)^2."""
        r = float(theta[0])
        share = (1.0 - r) * (1.0 + r)
        if not share > 0.0:
            return np.full((1, len(self._kinds)), np.nan)
        return np.array([[2.0 * r, 4.0 * r, -1.0 - r**2]])[:, self._kinds] / share**2

    def logdet(self, theta: Array) -> float:
        """(k - 1) log(1 - r^2)."""
        r = float(theta[0])
        share = (1.0 - r) * (1.0 + r)
        return (self.levels - 1.0) * (log(share) if share > 0.0 else -np.inf if share == 0.0 else np.nan)

    def logdet_derivative(self, theta: Array) -> Array:
        """-2 (k - 1) r / (1 - r^2)."""
        r = float(theta[0])
        share = (1.0 - r) * (1.0 + r)
        return np.array([-2.0 * (self.levels - 1.0) * r / share if share else -np.sign(r) * np.inf])


def _ones(levels: int, rows: NDArray[np.int64], h: int) -> sparse.csc_matrix:
    """Symmetric (levels, levels), ones in these rows r at r, r + h and r + h, r."""
    both = (np.append(rows, rows + h), np.append(rows + h, rows)) if h else (rows, rows)
    return sparse.csc_matrix((np.ones(len(both[0])), both), shape=(levels, levels))
