"""The reported parameters themselves as coordinates, for parameters that the user fixes or ties.

References
----------
Smith, S. P. (1995). Differentiation of the Cholesky algorithm. Journal of Computational and Graphical Statistics 4, 134-147.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.sparse.csgraph import connected_components

from vcmodel.structures.base import Array, Chart, Edge, Structure


@dataclass(frozen=True, eq=False)
class ReportedChart(Chart):
    """phi = theta. The loading is the Cholesky factor, or the symmetric root where the matrix is singular.

    Attributes
    ----------
    structure : Structure
        Whose parameters they are.
    scale : float
        Standard deviation of the data.
    """

    linear: ClassVar[bool] = False

    structure: Structure
    scale: float

    @classmethod
    def of(cls, structure: Structure, theta: Array, reference: Array) -> tuple[ReportedChart, Array]:
        """The chart and `theta`, checked; `reference` (k,) are the standard deviations of the data at the levels.

        Raises
        ------
        StructureError
            `theta` is not admissible.
        """
        return cls(structure, float(np.min(reference))), structure.require_admissible(theta)

    @property
    def size(self) -> int:
        """Number of reported parameters."""
        return len(self.structure.parameters)

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.structure.size

    @cached_property
    def _pattern(self) -> NDArray[np.bool_]:
        _, blocks = connected_components(self.structure.pattern(), directed=False)
        return np.asarray(blocks[:, None] == blocks)

    def pattern(self) -> NDArray[np.bool_]:
        """The connected blocks of the matrix: a root of a block-diagonal matrix has the same blocks."""
        return self._pattern

    def loading(self, phi: Array) -> Array:
        """Lambda (k, k)."""
        sigma = self.structure.value(phi)
        try:
            return np.asarray(np.linalg.cholesky(sigma), dtype=float)
        except np.linalg.LinAlgError:
            roots, vectors = _symmetric_root(sigma)
            return np.where(self._pattern, (vectors * roots) @ vectors.T, 0.0)

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by phi (m, k, k).

        For a singular matrix, the derivative of the symmetric root along directions that leave its null space alone; into the null
        space the root has no derivative and zero stands there.
        """
        sigma, derivative = self.structure.value(phi), self.structure.derivative(phi)
        try:
            root = np.asarray(np.linalg.cholesky(sigma), dtype=float)
        except np.linalg.LinAlgError:
            return self._root_derivative(sigma, derivative)
        # With M = Lambda^-1 dSigma Lambda^-T: dLambda = Lambda (lower triangle of M, half its diagonal).
        half = _solve(root, derivative)
        middle = _solve(root, half.transpose(0, 2, 1))
        lower = np.tril(middle)
        index = np.arange(self.order)
        lower[:, index, index] *= 0.5
        return root @ lower

    def _root_derivative(self, sigma: Array, derivative: Array) -> Array:
        """Solution dF of F dF + dF F = dSigma, F the symmetric root."""
        roots, vectors = _symmetric_root(sigma)
        sums = roots[:, None] + roots
        rotated = vectors.T @ derivative @ vectors
        parts = np.divide(rotated, sums, out=np.zeros_like(rotated), where=sums > 0.0)
        return np.where(self._pattern, vectors @ parts @ vectors.T, 0.0)

    def value(self, phi: Array) -> Array:
        """The structure's matrix."""
        return self.structure.value(phi)

    def derivative(self, phi: Array) -> Array:
        """The structure's derivative."""
        return self.structure.derivative(phi)

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """The structure's curvature."""
        return self.structure.curvature(phi, gradient)

    def reported(self, phi: Array) -> Array:
        """`phi`."""
        return np.array(phi, dtype=float)

    def jacobian(self, phi: Array) -> Array:
        """The identity."""
        return np.eye(self.size)

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each variance at zero."""
        kinds = [parameter.kind for parameter in self.structure.parameters]
        return tuple(Edge(i, (i,), self.scale**2, one_sided=True, power=2) for i, kind in enumerate(kinds) if kind == "variance")

    def feasible(self, phi: Array) -> bool:
        """Whether the matrix is positive semi-definite."""
        return self.structure.admissible(phi)


def _solve(root: Array, right: Array) -> Array:
    """root^-1 times each of the matrices `right` (m, k, k), root lower triangular."""
    count, order, _ = right.shape
    stacked = right.transpose(1, 0, 2).reshape(order, count * order)
    solution = solve_triangular(root, stacked, lower=True, check_finite=False)
    return np.asarray(solution.reshape(order, count, order).transpose(1, 0, 2))


def _symmetric_root(sigma: Array) -> tuple[Array, Array]:
    """Square roots of the eigenvalues (those at rounding level exactly zero) and eigenvectors."""
    values, vectors = np.linalg.eigh(sigma)
    floor = len(values) * np.finfo(float).eps * max(values[-1], 0.0)
    return np.sqrt(np.where(values > floor, values, 0.0)), vectors
