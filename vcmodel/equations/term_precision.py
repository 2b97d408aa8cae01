"""The relationship of a random term where the equations stand: products with K^-1 and K, and traces of K."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.structures.precision_chart import ConstantPrecision

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.relationship import Relationship
    from vcmodel.structures.precision_chart import PrecisionChart

    Array = NDArray[np.float64]


def precision_of(relationship: Relationship) -> PrecisionChart:
    """The chart of P, K = F P^-1 F'."""
    return ConstantPrecision(relationship.n_columns, relationship.precision, relationship.logdet)


class TermPrecision:
    """K^-1 = sum of a_c M_c of one term, factorised when K itself is first asked for, and anew only after a_c has moved.

    Attributes
    ----------
    coefficients : (number of matrices,) array
    logdet : float
        log|K|.
    """

    def __init__(self, chart: PrecisionChart) -> None:
        self.chart = chart
        self.matrices = chart.matrices()
        self.identity = isinstance(chart, ConstantPrecision) and chart.precision is None
        self.coefficients = np.full(len(self.matrices), np.nan)
        self.logdet = np.nan
        self._value = self.matrices[0]
        self._factor: SparseCholesky | None = None
        self._current = False

    def update(self, phi: Array) -> None:
        """Move to the coordinates phi (m,)."""
        coefficients = self.chart.coefficients(phi)
        if not np.array_equal(coefficients, self.coefficients):
            self.coefficients, self.logdet, self._current = coefficients, self.chart.logdet(phi), False
            if self.chart.size:
                self._value = sum(a * matrix for a, matrix in zip(coefficients, self.matrices, strict=True))

    def times(self, values: Array) -> Array:
        """K^-1 values (q, n)."""
        return values if self.identity else np.asarray(self._value @ values)

    def solve(self, values: Array) -> Array:
        """K values (q, n)."""
        return values if self.identity else self._factorised().solve(np.ascontiguousarray(values))

    def changes(self, phi: Array, values: Array) -> Array:
        """dK^-1/dphi values, (m, q, n)."""
        images = np.stack([np.asarray(matrix @ values) for matrix in self.matrices])
        return np.tensordot(self.chart.derivative(phi), images, axes=1)

    def traces(self) -> Array:
        """tr(K M_c), (number of matrices,): sums over the selected inverse of K^-1."""
        lower, values = self._triangles
        column = np.repeat(np.arange(lower.shape[0]), np.diff(lower.indptr))
        return np.asarray(values @ (np.where(lower.indices == column, 1.0, 2.0) * self._factorised().selected_inverse()))

    @cached_property
    def _triangles(self) -> tuple[sparse.csc_matrix, Array]:
        """The lower triangle of the joint pattern, and the values of every M_c on it (number of matrices, nnz)."""
        triangles = [sparse.csc_matrix(sparse.tril(matrix)) for matrix in self.matrices]
        if len(triangles) == 1:
            triangles[0].sort_indices()
            return triangles[0], triangles[0].data[None, :]
        pattern = sparse.csc_matrix(sum(abs(triangle.sign()) for triangle in triangles))
        pattern.sort_indices()
        column = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
        return pattern, np.stack([np.asarray(triangle[pattern.indices, column]).ravel() for triangle in triangles])

    def _factorised(self) -> SparseCholesky:
        """The factor of K^-1."""
        if self._factor is None or not self._current:
            lower, values = self._triangles
            if self._factor is None:
                self._factor = SparseCholesky(lower)
            if not self._factor.refactor(self.coefficients @ values):
                raise ValueError("the matrix is not positive definite")
            self._current = True
        return self._factor
