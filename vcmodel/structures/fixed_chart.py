"""A matrix that does not move: every parameter held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from vcmodel.structures.chart import Array, Chart


@dataclass(frozen=True, eq=False)
class FixedChart(Chart):
    """A chart without coordinates.

    Attributes
    ----------
    sigma : (k, k) array
        Positive semi-definite.
    theta : array
        The reported parameters.
    variances : bool array
        Which of them are variances.
    entries : (k, k) bool array
        Entries of sigma that the structure can fill.
    """

    sigma: Array
    theta: Array
    variances: NDArray[np.bool_]
    entries: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """No coordinates."""
        return 0

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return len(self.sigma)

    def pattern(self) -> NDArray[np.bool_]:
        """The connected blocks of the matrix: a root of a block-diagonal matrix has the same blocks."""
        _, blocks = connected_components(self.entries, directed=False)
        return np.asarray(blocks[:, None] == blocks)

    def loading(self, phi: Array) -> Array:
        """The symmetric root (k, k); eigenvalues at rounding level count as zero."""
        values, vectors = np.linalg.eigh(self.sigma)
        floor = len(values) * np.finfo(float).eps * max(values[-1], 0.0)
        roots = np.sqrt(np.where(values > floor, values, 0.0))
        return np.where(self.pattern(), (vectors * roots) @ vectors.T, 0.0)

    def loading_derivative(self, phi: Array) -> Array:
        """Empty, (0, k, k)."""
        return np.zeros((0, self.order, self.order))

    def value(self, phi: Array) -> Array:
        """The matrix."""
        return self.sigma

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Empty, (0, 0)."""
        return np.zeros((0, 0))

    def reported(self, phi: Array) -> Array:
        """The parameters."""
        return self.theta

    def jacobian(self, phi: Array) -> Array:
        """Empty, (number of parameters, 0)."""
        return np.zeros((len(self.theta), 0))

    def constrained(self, phi: Array) -> Array:
        """The parameters, square roots of variances."""
        return np.where(self.variances, np.sqrt(np.abs(self.theta)), self.theta)
