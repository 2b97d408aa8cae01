"""A given matrix, and directions in which it may move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.root_derivative import root_derivative


@dataclass(frozen=True, eq=False)
class MatrixChart(Chart):
    """Sigma + sum of phi_j E_j at phi = 0: for looking at derivatives of any matrix, not for moving.

    Attributes
    ----------
    sigma : (k, k) array
        Positive semi-definite.
    root : (k, r) array or None
        Lambda, sigma = Lambda Lambda'; None for the Cholesky factor of a positive definite matrix.
    directions : (m, k, k) array or None
        E; None for no directions.
    """

    linear: ClassVar[bool] = False

    sigma: Array
    root: Array | None = None
    directions: Array | None = None

    @property
    def size(self) -> int:
        """Number of directions."""
        return 0 if self.directions is None else len(self.directions)

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return len(self.sigma)

    def loading(self, phi: Array) -> Array:
        """The root (k, r)."""
        return np.asarray(np.linalg.cholesky(self.sigma) if self.root is None else self.root)

    def loading_derivative(self, phi: Array) -> Array:
        """Lambda X with X + X' = Lambda^-1 E Lambda^-T, X lower triangular, (m, k, k); for a regular Lambda (k, k)."""
        root = self.loading(phi)
        return root_derivative(root, self.derivative(phi)) if self.size else np.zeros((0, *root.shape))

    def value(self, phi: Array) -> Array:
        """The matrix."""
        return self.sigma

    def derivative(self, phi: Array) -> Array:
        """The directions."""
        return np.zeros((0, *self.sigma.shape)) if self.directions is None else self.directions

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Zero, (m, m): the matrix is linear."""
        return np.zeros((self.size, self.size))

    def reported(self, phi: Array) -> Array:
        """Nothing."""
        return np.zeros(0)

    def jacobian(self, phi: Array) -> Array:
        """Empty, (0, m)."""
        return np.zeros((0, self.size))
