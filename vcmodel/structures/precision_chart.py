"""Large covariance matrices K through their sparse inverses, as functions of working coordinates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import sparse

from vcmodel.structures.chart import Array


class PrecisionChart(ABC):
    """Working coordinates phi (m,) of a covariance matrix K (q, q) with K^-1(phi) = sum of a_c(phi) M_c, constant sparse M_c.

    The equations never see K: scores and curvature come from a_c, log|K| and the selected inverses of K^-1 and of the equations.
    """

    @property
    @abstractmethod
    def size(self) -> int:
        """m, the number of coordinates."""

    @property
    @abstractmethod
    def order(self) -> int:
        """q, the number of levels."""

    @abstractmethod
    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """Symmetric M_c (q, q), both triangles."""

    @abstractmethod
    def coefficients(self, phi: Array) -> Array:
        """A (number of matrices,)."""

    @abstractmethod
    def derivative(self, phi: Array) -> Array:
        """Derivative of a by phi, (m, number of matrices)."""

    @abstractmethod
    def second(self, phi: Array, weights: Array) -> Array:
        """Sum over c of weights_c d2 a_c / d phi d phi, (m, m)."""

    @abstractmethod
    def logdet(self, phi: Array) -> float:
        """log|K|."""

    @abstractmethod
    def logdet_derivative(self, phi: Array) -> Array:
        """Derivative of log|K| by phi, (m,)."""


@dataclass(frozen=True, eq=False)
class ConstantPrecision(PrecisionChart):
    """A K without coordinates: the identity, a pedigree, any matrix given by its inverse.

    Attributes
    ----------
    levels : int
        q.
    precision : (q, q) csc or None
        K^-1; None for the identity.
    log_det : float
        log|K|.
    """

    levels: int
    precision: sparse.csc_matrix | None = None
    log_det: float = 0.0

    @property
    def size(self) -> int:
        """None."""
        return 0

    @property
    def order(self) -> int:
        """Number of levels, q."""
        return self.levels

    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """K^-1 itself."""
        return (sparse.identity(self.levels, format="csc") if self.precision is None else self.precision,)

    def coefficients(self, phi: Array) -> Array:
        """One."""
        return np.ones(1)

    def derivative(self, phi: Array) -> Array:
        """Empty, (0, 1)."""
        return np.zeros((0, 1))

    def second(self, phi: Array, weights: Array) -> Array:
        """Empty, (0, 0)."""
        return np.zeros((0, 0))

    def logdet(self, phi: Array) -> float:
        """log|K|, given."""
        return self.log_det

    def logdet_derivative(self, phi: Array) -> Array:
        """Empty, (0,)."""
        return np.zeros(0)


@dataclass(frozen=True, eq=False)
class KroneckerPrecision(PrecisionChart):
    """K = left kron right, the coordinates of `left` first: products of the coefficients."""

    left: PrecisionChart
    right: PrecisionChart

    @property
    def size(self) -> int:
        """Coordinates of both."""
        return self.left.size + self.right.size

    @property
    def order(self) -> int:
        """Product of the orders, q."""
        return self.left.order * self.right.order

    def _split(self, phi: Array) -> tuple[Array, Array]:
        return phi[: self.left.size], phi[self.left.size :]

    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """The products of every matrix of `left` with every one of `right`."""
        return tuple(sparse.kron(one, two, format="csc") for one in self.left.matrices() for two in self.right.matrices())

    def coefficients(self, phi: Array) -> Array:
        """Products of the coefficients."""
        one, two = self._split(phi)
        return np.asarray(np.kron(self.left.coefficients(one), self.right.coefficients(two)), dtype=float)

    def derivative(self, phi: Array) -> Array:
        """Product rule."""
        one, two = self._split(phi)
        left, right = self.left.coefficients(one)[None, :], self.right.coefficients(two)[None, :]
        return np.vstack([np.kron(self.left.derivative(one), right), np.kron(left, self.right.derivative(two))])

    def second(self, phi: Array, weights: Array) -> Array:
        """Product rule, cross block included."""
        one, two = self._split(phi)
        a, b = self.left.coefficients(one), self.right.coefficients(two)
        table = np.reshape(weights, (a.size, b.size))
        cross = self.left.derivative(one) @ table @ self.right.derivative(two).T
        return np.block([[self.left.second(one, table @ b), cross], [cross.T, self.right.second(two, a @ table)]])

    def logdet(self, phi: Array) -> float:
        """q_right log|K_left| + q_left log|K_right|."""
        one, two = self._split(phi)
        return self.right.order * self.left.logdet(one) + self.left.order * self.right.logdet(two)

    def logdet_derivative(self, phi: Array) -> Array:
        """Of both, times the order of the other."""
        one, two = self._split(phi)
        return np.concatenate([self.right.order * self.left.logdet_derivative(one), self.left.order * self.right.logdet_derivative(two)])


def kronecker_precision(charts: tuple[PrecisionChart, ...]) -> PrecisionChart:
    """The product of charts in their order; of none, a single level."""
    return reduce(KroneckerPrecision, charts) if charts else ConstantPrecision(1)
