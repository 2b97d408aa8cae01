"""A free matrix in another basis than the one it is worked in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.cholesky_chart import CholeskyChart


@dataclass(frozen=True, eq=False)
class RebasedChart(Chart):
    """M Sigma M' for the coordinates of a chart of Sigma: what a fit in an orthonormal basis is in the basis that was written.

    Attributes
    ----------
    worked : CholeskyChart
        The chart of Sigma, of any covariance matrix.
    basis : (k, k) array
        M.
    """

    linear: ClassVar[bool] = True

    worked: CholeskyChart
    basis: Array

    @property
    def size(self) -> int:
        """Coordinates of the chart of Sigma."""
        return self.worked.size

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.worked.order

    def regular(self, phi: Array) -> bool:
        """Whether Sigma is regular; far from the data M Sigma M' is singular in all digits it has."""
        return bool(np.all(phi[self.worked.diagonal] != 0.0))

    def loading(self, phi: Array) -> Array:
        """M Lambda (k, k)."""
        return np.asarray(self.basis @ self.worked.loading(phi))

    def loading_derivative(self, phi: Array) -> Array:
        """M times the derivative of Lambda, (m, k, k)."""
        return np.asarray(self.basis @ self.worked.loading_derivative(phi))

    def reported(self, phi: Array) -> Array:
        """The parameters of M Sigma M'."""
        return self.worked.parameters_of(self.value(phi))

    def jacobian(self, phi: Array) -> Array:
        """Their derivative."""
        return self.worked.slopes_of(self.value(phi), self.derivative(phi))
