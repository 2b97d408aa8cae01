"""The free Cholesky factor as coordinates: the chart of us and corgh.

The levels stand in the order of a pivoted Cholesky decomposition, relative to the standard deviation of the data, so that the columns
that vanish as the matrix becomes singular come last and become wholly zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.chart import Array, Chart, Edge
from vcmodel.structures.correlations import correlation_jacobian, correlations
from vcmodel.structures.linear import LinearChart
from vcmodel.structures.pivoting import pivoted_cholesky, pivoted_root

SMALL = 1e-2  # pivots below this fraction of the data's standard deviation call for a new order (docs/method.md, 5)


@dataclass(frozen=True, eq=False)
class CholeskyChart(LinearChart):
    """Coordinates are the lower triangle of L, row-wise, Sigma[pivot][:, pivot] = L L'; this one reports the (co)variances.

    Attributes
    ----------
    pivot : tuple of int
        Order of the levels.
    reference : (k,) array
        Standard deviation of the data at each level, in level order.
    """

    whole_cone: ClassVar[bool] = True

    pivot: tuple[int, ...]
    reference: Array

    @classmethod
    def of(cls, sigma: Array, reference: Array) -> tuple[CholeskyChart, Array]:
        """The chart whose order suits `sigma`, and the coordinates of `sigma` in it."""
        reference = np.asarray(reference, dtype=float)
        pivot, lower = pivoted_cholesky(sigma, reference)
        chart = cls(pivot, reference)
        return chart, lower[chart.triangle]

    @cached_property
    def triangle(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row (in pivot order) and column of each coordinate."""
        return np.tril_indices(len(self.pivot))

    @cached_property
    def basis(self) -> Array:  # type: ignore[override]
        """One entry of the loading each, (m, k, k)."""
        rows, columns = self.triangle
        size = len(self.pivot)
        result = np.zeros((len(rows), size, size))
        result[np.arange(len(rows)), np.array(self.pivot)[rows], columns] = 1.0
        return result

    @cached_property
    def diagonal(self) -> NDArray[np.intp]:
        """Coordinates of the diagonal of L."""
        rows, columns = self.triangle
        return np.flatnonzero(rows == columns)

    def loading(self, phi: Array) -> Array:
        """Lambda (k, k): the rows of L in level order."""
        rows, columns = self.triangle
        result = np.zeros((len(self.pivot), len(self.pivot)))
        result[np.array(self.pivot)[rows], columns] = phi
        return result

    def reported(self, phi: Array) -> Array:
        """The parameters of Sigma."""
        return self.parameters_of(self.value(phi))

    def jacobian(self, phi: Array) -> Array:
        """Their derivative."""
        return self.slopes_of(self.value(phi), self.derivative(phi))

    @staticmethod
    def parameters_of(sigma: Array) -> Array:
        """The reported parameters of a matrix: variances and covariances, lower triangle row-wise in level order."""
        return sigma[np.tril_indices(len(sigma))]

    @staticmethod
    def slopes_of(sigma: Array, derivative: Array) -> Array:
        """Derivative of the reported parameters (n, m) where the matrix has the `derivative` (m, k, k)."""
        rows, columns = np.tril_indices(len(sigma))
        return np.ascontiguousarray(derivative[:, rows, columns].T)

    @cached_property
    def _edges(self) -> tuple[Edge, ...]:
        columns = self.triangle[1]
        return tuple(
            Edge(int(self.diagonal[b]), tuple(np.flatnonzero(columns >= b).tolist()), float(self.reference[level]), singular=True)
            for b, level in enumerate(self.pivot)
        )

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each diagonal element at zero; all columns from there on vanish with it."""
        return self._edges

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Diagonal of L made non-negative; levels put in greedy order when a pivot has become small."""
        chart: CholeskyChart = self
        order = list(self.pivot)
        if np.any(np.abs(phi[self.diagonal]) < SMALL * self.reference[order]):
            # Rows go in by the present order, which ties leave as it is.
            places, lower = pivoted_root(self.loading(phi)[order], self.reference[order])
            if places != tuple(range(self.order)):
                chart = replace(self, pivot=tuple(order[place] for place in places))
                phi = lower[chart.triangle]
        signs = np.where(phi[chart.diagonal] < 0.0, -1.0, 1.0)
        return chart, phi * signs[chart.triangle[1]]


class CorrelationCholeskyChart(CholeskyChart):
    """The same coordinates, reported as correlations of the pairs and then variances."""

    @staticmethod
    def parameters_of(sigma: Array) -> Array:
        """Correlations row-wise, then variances."""
        return np.concatenate([correlations(sigma), np.diagonal(sigma)])

    @staticmethod
    def slopes_of(sigma: Array, derivative: Array) -> Array:
        """Their derivative; NaN rows for correlations with a zero variance."""
        variances = np.diagonal(derivative, axis1=1, axis2=2).T
        return np.vstack([correlation_jacobian(sigma, derivative), variances])
