"""Structures linear in their reported parameters, and charts whose loading is linear in the coordinates."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Structure
from vcmodel.structures.chart import Array, Chart, Edge


class LinearStructure(Structure):
    """Sigma = offset + sum of theta_a basis_a; the offset is the identity for correlation structures, else zero."""

    @property
    @abstractmethod
    def basis(self) -> Array:
        """The constant matrices, (number of parameters, k, k)."""

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        combined = np.tensordot(theta, self.basis, 1)
        return combined if self.carries_variance else combined + np.eye(self.size)

    def derivative(self, theta: Array) -> Array:
        """The basis, whatever theta."""
        return self.basis

    def curvature(self, theta: Array, gradient: Array) -> Array:
        """Zero."""
        return np.zeros((len(theta), len(theta)))

    def pattern(self) -> NDArray[np.bool_]:
        """Where some basis matrix, or the identity, is not zero."""
        return (self.basis != 0.0).any(axis=0) | np.eye(self.size, dtype=bool)


class LinearChart(Chart):
    """Lambda = sum of phi_a basis_a.

    Attributes
    ----------
    basis : (m, k, r) array
        The constant matrices.
    """

    basis: Array

    @property
    def size(self) -> int:
        """Number of coordinates, m."""
        return int(self.basis.shape[0])

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return int(self.basis.shape[1])

    def loading(self, phi: Array) -> Array:
        """Lambda (k, r)."""
        m, *shape = self.basis.shape
        return (phi @ self.basis.reshape(m, prod(shape))).reshape(shape)

    def loading_derivative(self, phi: Array) -> Array:
        """The basis, whatever phi."""
        return self.basis


@dataclass(frozen=True, eq=False)
class RootChart(LinearChart):
    """Coordinates are standard deviations along mutually orthogonal parts of the matrix: theta = phi squared.

    Attributes
    ----------
    basis : (m, k, k) array
        Symmetric idempotent matrices with zero products; Sigma = sum of phi_a^2 basis_a.
    scales : (m,) array
        Standard deviation of the data along each.
    """

    basis: Array
    scales: Array

    def reported(self, phi: Array) -> Array:
        """The variances."""
        return phi**2

    def jacobian(self, phi: Array) -> Array:
        """Diagonal, twice the standard deviations."""
        return np.diag(2.0 * phi)

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each standard deviation at zero."""
        return tuple(Edge(index, (index,), float(scale), singular=True) for index, scale in enumerate(self.scales))

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Standard deviations made positive."""
        return self, np.abs(phi)


def root_mean_square(reference: Array) -> float:
    """One standard deviation for several levels.

    >>> root_mean_square(np.array([3.0, 3.0]))
    3.0
    """
    return float(np.sqrt(np.mean(np.square(reference))))
