"""Charts of matrices that stay regular: the loading is the Cholesky factor."""

from __future__ import annotations

import numpy as np

from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.root_derivative import root_derivative


class RegularChart(Chart):
    """A chart with its own value and derivative of Sigma, from which the Cholesky factor and its derivative follow."""

    def loading(self, phi: Array) -> Array:
        """The Cholesky factor (k, k), which keeps the connected blocks of the matrix."""
        return np.asarray(np.linalg.cholesky(self.value(phi)), dtype=float)

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of the Cholesky factor (m, k, k)."""
        return root_derivative(self.loading(phi), self.derivative(phi))

    def feasible(self, phi: Array) -> bool:
        """Whether the matrix is positive definite."""
        try:
            return bool(np.all(np.isfinite(phi)) and np.all(np.isfinite(self.loading(phi))))
        except np.linalg.LinAlgError:
            return False
