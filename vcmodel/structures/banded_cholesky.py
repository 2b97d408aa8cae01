"""A Cholesky factor with k bands: each level shares what is new in the k before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.banded_cholesky_chart import BandedCholeskyChart, UnitCholeskyChart
from vcmodel.structures.bands import BandedFactor, band
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.parameter import Kind


@dataclass(frozen=True)
class BandedCholesky(BandedFactor):
    """Sigma = L D L': L unit lower triangular with k bands, D diagonal. At k = w - 1 Sigma is unstructured; beyond lag k it is zero."""

    name: ClassVar[str] = "chol"
    summary: ClassVar[str] = "Cholesky factor with k bands: no covariance beyond lag k"
    diagonal: ClassVar[Kind] = "variance"

    factor: str
    levels: tuple[str, ...]
    k: int

    def value(self, theta: Array) -> Array:
        """Sigma (w, w)."""
        theta = np.asarray(theta, dtype=float)
        lower = self._unit_factor(theta)
        return lower @ (theta[: self.size, None] * lower.T)

    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta, (number of parameters, w, w)."""
        theta = np.asarray(theta, dtype=float)
        columns_of = self._unit_factor(theta).T
        rows, columns = band(self.size, self.k)
        own = columns_of[:, :, None] * columns_of[:, None, :]
        half = np.eye(self.size)[rows][:, :, None] * (theta[columns][:, None] * columns_of[columns])[:, None, :]
        return np.concatenate([own, half + half.transpose(0, 2, 1)])

    def admissible(self, theta: Array) -> bool:
        """Whether no D is negative."""
        theta = np.asarray(theta, dtype=float)
        return theta.shape == (len(self.parameters),) and bool(np.all(np.isfinite(theta)) and np.all(theta[: self.size] >= 0.0))

    def start(self, covariance: Array) -> Array:
        """The band of the Cholesky factor of `covariance`; what is left out of a row is added to its D."""
        lower = np.linalg.cholesky(covariance)
        outside = np.tril(lower, -self.k - 1)
        return np.concatenate([np.diagonal(lower) ** 2 + np.sum(outside**2, axis=1), (lower / np.diagonal(lower))[band(self.size, self.k)]])

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The entries of the banded root; of a free one, with the levels in pivoted order, at k = w - 1."""
        theta = self.require_admissible(theta)
        if self.k >= self.size - 1:
            return UnitCholeskyChart.of(self.value(theta), reference)
        return BandedCholeskyChart.of(theta, self.k, reference, True)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The entries of the banded root, its diagonal as scales."""
        return BandedCholeskyChart.of(self.require_admissible(theta), self.k, reference, False)
