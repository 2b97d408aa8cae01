"""The inverse of an exponential correlation on one axis: tridiagonal, because places are independent given the one between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.structures.chart import Array
from vcmodel.structures.sparse_inverse import SparseInverse

# gaps of so many lengths at most: each has two coefficients
MOST_GAPS = 24
# gaps that differ less than this share of the longest are of one length
SAME = 1e-10


@dataclass(frozen=True, eq=False)
class ExponentialInverse(SparseInverse):
    """K_ij = theta^|x_i - x_j|: with rho = theta^g for every length g of a gap between neighbours along the axis,

        K^-1 = I + sum over g of [rho^2 / (1 - rho^2) E_g - rho / (1 - rho^2) N_g],     log|K| = sum over gaps of log(1 - rho^2),

    E_g the diagonal that counts at each place its gaps of this length, N_g the neighbours across them.

    Attributes
    ----------
    order_along : (k,) array
        The places along the axis.
    kind : (k - 1,) array
        Number of the length of each gap.
    lengths : array
        The lengths, in units of the least distance.
    """

    order_along: NDArray[np.int64]
    kind: NDArray[np.int64]
    lengths: Array

    @classmethod
    def of(cls, places: Array) -> ExponentialInverse | None:
        """That of places (k,) on the axis; None where the gaps are of too many lengths."""
        along = np.argsort(places, kind="stable")
        gaps = np.diff(places[along])
        ordered = np.sort(gaps)
        new = np.concatenate([[True], np.diff(ordered) > SAME * ordered[-1]])[: ordered.size] if ordered.size else np.zeros(0, dtype=bool)
        lengths = ordered[new]
        if lengths.size > MOST_GAPS:
            return None
        kind = np.searchsorted(lengths, gaps + 0.5 * SAME * np.max(gaps, initial=0.0), side="right") - 1
        return cls(along, kind, lengths)

    @property
    def order(self) -> int:
        """k, the number of places."""
        return self.order_along.size

    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """The identity, then E_g for every length, then N_g."""
        k, first, second = self.order, self.order_along[:-1], self.order_along[1:]
        ends, across = [], []
        for number in range(self.lengths.size):
            one, two = first[self.kind == number], second[self.kind == number]
            ones = np.ones(2 * one.size)
            both, other = np.concatenate([one, two]), np.concatenate([two, one])
            ends.append(sparse.csc_matrix((ones, (both, both)), shape=(k, k)))
            across.append(sparse.csc_matrix((ones, (both, other)), shape=(k, k)))
        return (sparse.identity(k, format="csc"), *ends, *across)

    def _correlations(self, theta: Array) -> tuple[Array, Array, Array]:
        """Rho of every length, its derivative by theta, and 1 - rho^2."""
        with np.errstate(divide="ignore"):
            left = -np.expm1(2.0 * self.lengths * np.log(theta[0]))
        return theta[0] ** self.lengths, self.lengths * theta[0] ** (self.lengths - 1.0), left

    def coefficients(self, theta: Array) -> Array:
        """Of the matrices in their order."""
        if self.order == 1:
            return np.ones(1)
        rho, _, left = self._correlations(theta)
        with np.errstate(divide="ignore"):
            return np.concatenate([[1.0], rho**2 / left, -rho / left])

    def derivative(self, theta: Array) -> Array:
        """Derivative of the coefficients by theta, (1, number of matrices)."""
        if self.order == 1:
            return np.zeros((0, 1))
        rho, slope, left = self._correlations(theta)
        with np.errstate(divide="ignore"):
            scale = slope / left**2
        return np.concatenate([[0.0], 2.0 * rho * scale, -(1.0 + rho**2) * scale])[None]

    def logdet(self, theta: Array) -> float:
        """log|K|."""
        if self.order == 1:
            return 0.0
        _, _, left = self._correlations(theta)
        with np.errstate(divide="ignore"):
            return float(self._counts @ np.log(left))

    def logdet_derivative(self, theta: Array) -> Array:
        """Derivative of log|K| by theta, (1,)."""
        if self.order == 1:
            return np.zeros(0)
        rho, slope, left = self._correlations(theta)
        with np.errstate(divide="ignore"):
            return np.array([self._counts @ (-2.0 * rho * slope / left)])

    @property
    def _counts(self) -> Array:
        """Gaps of each length."""
        return np.bincount(self.kind, minlength=self.lengths.size).astype(float)
