"""The charts of antedependence: conditional standard deviations and regression coefficients, or a free Cholesky factor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.bands import band
from vcmodel.structures.chart import Array, Chart, Edge, Scale
from vcmodel.structures.cholesky_chart import CholeskyChart
from vcmodel.structures.conditional import conditional, conditional_derivative


@dataclass(frozen=True, eq=False)
class AntedependenceChart(Chart):
    """Coordinates are the conditional standard deviations s (w,), then the coefficients b, row-wise: Lambda = (I - b)^-1 diag(s).

    Column i of the root is s_i times a vector, so that Sigma is even in s_i and the level follows from those before at zero.

    Attributes
    ----------
    bands : int
    reference : (w,) array
        Standard deviation of the data at each level.
    floored : bool
        Whether the standard deviations have edges; else they are scales.
    """

    linear: ClassVar[bool] = False

    bands: int
    reference: Array
    floored: bool = True

    @classmethod
    def of(cls, theta: Array, bands: int, reference: Array, floored: bool) -> tuple[AntedependenceChart, Array]:
        """The chart, and the coordinates of inverse conditional variances and minus coefficients."""
        reference = np.asarray(reference, dtype=float)
        w = len(reference)
        return cls(bands, reference, floored), np.concatenate([1.0 / np.sqrt(theta[:w]), -theta[w:]])

    @cached_property
    def places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The level, and the one before it, of each coefficient."""
        return band(self.order, self.bands)

    @property
    def size(self) -> int:
        """Standard deviations and coefficients."""
        return self.order + len(self.places[0])

    @property
    def order(self) -> int:
        """Number of rows, w."""
        return len(self.reference)

    def _spread(self, phi: Array) -> Array:
        """(I - b)^-1 (w, w)."""
        lower = np.eye(self.order)
        lower[self.places] = -phi[self.order :]
        return np.asarray(np.linalg.inv(lower), dtype=float)

    def loading(self, phi: Array) -> Array:
        """Lambda (w, w), lower triangular."""
        return self._spread(phi) * phi[: self.order]

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by phi, (m, w, w): a coefficient of i on j adds row j to what level i spreads."""
        spread, (rows, columns) = self._spread(phi), self.places
        own = np.eye(self.order)[:, None, :] * spread
        return np.concatenate([own, spread.T[rows][:, :, None] * (spread * phi[: self.order])[columns][:, None, :]])

    def loading_curvature(self, phi: Array, weights: Array) -> Array:
        """Bilinear in standard deviations and what the coefficients spread."""
        w, spread, (rows, columns) = self.order, self._spread(phi), self.places
        pulled = spread.T @ weights
        among = (pulled @ (spread * phi[:w]).T)[np.ix_(rows, columns)] * spread[np.ix_(columns, rows)]
        cross = pulled[rows] * spread[columns]
        result = np.zeros((self.size, self.size))
        result[w:, w:] = among + among.T
        result[w:, :w] = cross
        result[:w, w:] = cross.T
        return result

    def reported(self, phi: Array) -> Array:
        """Inverse conditional variances, infinite where nothing is left, and minus the coefficients."""
        with np.errstate(divide="ignore"):
            return np.concatenate([1.0 / phi[: self.order] ** 2, -phi[self.order :]])

    def jacobian(self, phi: Array) -> Array:
        """Diagonal; zero for what is infinite and does not move."""
        deviations = phi[: self.order]
        slopes = np.where(deviations == 0.0, 0.0, -2.0 / np.where(deviations == 0.0, 1.0, deviations) ** 3)
        return np.diag(np.concatenate([slopes, -np.ones(self.size - self.order)]))

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each standard deviation at zero."""
        scales = self.reference.tolist() if self.floored else ()
        return tuple(Edge(index, (index,), scale, singular=True) for index, scale in enumerate(scales))

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Standard deviations made positive."""
        return self, np.concatenate([np.abs(phi[: self.order]), phi[self.order :]])

    def constrained(self, phi: Array) -> Array:
        """Standard deviations and minus the coefficients."""
        return np.concatenate([phi[: self.order], -phi[self.order :]])

    def constrained_jacobian(self, phi: Array) -> Array:
        """Diagonal."""
        return np.diag(np.concatenate([np.ones(self.order), -np.ones(self.size - self.order)]))

    def scale_coordinates(self, phi: Array) -> tuple[Scale, ...]:
        """Each standard deviation, unless it has an edge."""
        return () if self.floored else tuple(Scale(index, scale, False) for index, scale in enumerate(self.reference.tolist()))


class PrecisionCholeskyChart(CholeskyChart):
    """The free Cholesky factor, reported as inverse conditional variances and minus the coefficients on all levels before."""

    @staticmethod
    def parameters_of(sigma: Array) -> Array:
        """D, then U."""
        variances, coefficients = conditional(sigma, len(sigma))
        with np.errstate(divide="ignore"):
            return np.concatenate([1.0 / variances, -coefficients])

    @staticmethod
    def slopes_of(sigma: Array, derivative: Array) -> Array:
        """Their derivative; zero for what is infinite."""
        variances, _ = conditional(sigma, len(sigma))
        moves, turns = conditional_derivative(sigma, derivative, len(sigma))
        safe = np.where(variances > 0.0, variances, np.inf)
        return np.vstack([-moves / safe[:, None] ** 2, -turns])
