"""Antedependence of order k: each level is regressed on the k before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.antedependence_chart import AntedependenceChart, PrecisionCholeskyChart
from vcmodel.structures.bands import BandedFactor, band
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.conditional import conditional
from vcmodel.structures.parameter import Kind


@dataclass(frozen=True)
class Antedependence(BandedFactor):
    """Sigma^-1 = U D U': U unit upper triangular with k bands, D diagonal.

    Level i is predicted from the k levels before it: D_i is the inverse of the variance that the prediction leaves, the entries of column i
    of U are *minus* the coefficients of the regression. At k = w - 1 Sigma is unstructured.

    References
    ----------
    Gabriel, K. R. (1962). Ante-dependence analysis of an ordered set of variables. Annals of Mathematical Statistics 33, 201-212.
    Gilmour, A. R. et al. (2009). ASReml User Guide 3.0, VSN International, section 7 (the parametrisation: inverse(Sigma) = U D U').
    """

    name: ClassVar[str] = "ante"
    summary: ClassVar[str] = "antedependence of order k: each level regressed on the k before it"
    diagonal: ClassVar[Kind] = "precision"

    factor: str
    levels: tuple[str, ...]
    k: int

    def _factors(self, theta: Array) -> tuple[Array, Array]:
        """U^-T (w, w), unit lower triangular, and the conditional variances (w,)."""
        return np.asarray(np.linalg.inv(self._unit_factor(theta)), dtype=float), 1.0 / np.asarray(theta[: self.size], dtype=float)

    def value(self, theta: Array) -> Array:
        """Sigma (w, w)."""
        spread, variances = self._factors(theta)
        return spread @ (variances[:, None] * spread.T)

    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta, (number of parameters, w, w)."""
        spread, variances = self._factors(theta)
        sigma = spread @ (variances[:, None] * spread.T)
        own = -(variances**2)[:, None, None] * spread.T[:, :, None] * spread.T[:, None, :]
        rows, columns = band(self.size, self.k)
        half = -spread.T[rows][:, :, None] * sigma[columns][:, None, :]
        return np.concatenate([own, half + half.transpose(0, 2, 1)])

    def admissible(self, theta: Array) -> bool:
        """Whether every D is positive."""
        theta = np.asarray(theta, dtype=float)
        return theta.shape == (len(self.parameters),) and bool(np.all(np.isfinite(theta)) and np.all(theta[: self.size] > 0.0))

    def start(self, covariance: Array) -> Array:
        """The regressions that `covariance` implies."""
        variances, coefficients = conditional(np.asarray(covariance, dtype=float), self.k)
        return np.concatenate([1.0 / variances, -coefficients])

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """Conditional standard deviations and coefficients; the free Cholesky factor of an unstructured matrix at k = w - 1."""
        theta = self.require_admissible(theta)
        if self.k >= self.size - 1:
            return PrecisionCholeskyChart.of(self.value(theta), reference)
        return AntedependenceChart.of(theta, self.k, reference, True)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """Conditional standard deviations, without edges, and coefficients."""
        return AntedependenceChart.of(self.require_admissible(theta), self.k, reference, False)
