"""Large covariance matrices K through their sparse inverses, as functions of working coordinates."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.structures.central_differences import differences
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.kronecker_algebra import kronecker_vector, kronecker_vector_derivative, sparse_products
from vcmodel.structures.kronecker_chart import split
from vcmodel.structures.sparse_inverse import SparseInverse

if TYPE_CHECKING:
    from scipy import sparse


class PrecisionChart(SparseInverse):
    """K^-1(phi) = sum of a_c(phi) M_c, with coordinates phi (m,) for parameters.

    The equations never see K: scores and curvature come from a_c, log|K| and the selected inverses of K^-1 and of the equations.
    """

    @property
    @abstractmethod
    def size(self) -> int:
        """m, the number of coordinates."""

    @abstractmethod
    def second(self, phi: Array, weights: Array) -> Array:
        """Sum over c of weights_c d2 a_c / d phi d phi, (m, m)."""


@dataclass(frozen=True, eq=False)
class PrecisionPoint:
    """The K of a structure at one point: each number is made once, when it is first asked for.

    Attributes
    ----------
    chart : Chart
        phi to the reported parameters theta.
    inverse : SparseInverse
        theta to K^-1.
    phi : (m,) array
        The working coordinates.
    """

    chart: Chart
    inverse: SparseInverse
    phi: Array

    @cached_property
    def theta(self) -> Array:
        """The reported parameters."""
        return self.chart.reported(self.phi)

    @cached_property
    def _transposed_jacobian(self) -> Array:
        """Derivative of the reported parameters by phi, (m, number of them)."""
        return self.chart.jacobian(self.phi).T

    @cached_property
    def coefficients(self) -> Array:
        """A (number of matrices,)."""
        return self.inverse.coefficients(self.theta)

    @cached_property
    def derivative(self) -> Array:
        """Derivative of a by phi, (m, number of matrices)."""
        return self._transposed_jacobian @ self.inverse.derivative(self.theta)

    @cached_property
    def logdet(self) -> float:
        """log|K|."""
        return self.inverse.logdet(self.theta)

    @cached_property
    def logdet_derivative(self) -> Array:
        """Derivative of log|K| by phi, (m,)."""
        return self._transposed_jacobian @ self.inverse.logdet_derivative(self.theta)


@dataclass(frozen=True, eq=False)
class StructurePrecision(PrecisionChart):
    """The K of a structure, in the working coordinates of its chart.

    Attributes
    ----------
    chart : Chart
        phi to the reported parameters theta.
    inverse : SparseInverse
        theta to K^-1.
    """

    chart: Chart
    inverse: SparseInverse

    @property
    def size(self) -> int:
        """Those of the chart."""
        return self.chart.size

    @property
    def order(self) -> int:
        """Number of levels, q."""
        return self.inverse.order

    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """Those of the inverse."""
        return self.inverse.matrices()

    def at(self, phi: Array) -> PrecisionPoint:
        """Where the coordinates stand."""
        return PrecisionPoint(self.chart, self.inverse, phi)

    def coefficients(self, phi: Array) -> Array:
        """At the reported parameters."""
        return self.at(phi).coefficients

    def derivative(self, phi: Array) -> Array:
        """Chain rule, (m, number of matrices)."""
        return self.at(phi).derivative

    def second(self, phi: Array, weights: Array) -> Array:
        """Central differences of the derivative, exact enough for what it adds to the average information."""
        return differences(lambda point: self.derivative(point) @ weights, phi)

    def logdet(self, phi: Array) -> float:
        """log|K| at the reported parameters."""
        return self.at(phi).logdet

    def logdet_derivative(self, phi: Array) -> Array:
        """Chain rule, (m,)."""
        return self.at(phi).logdet_derivative


@dataclass(frozen=True, eq=False)
class KroneckerPrecision(PrecisionChart):
    """The product of charts, their coordinates one after the other: products of the coefficients. Of none, a single level."""

    parts: tuple[PrecisionChart, ...]

    @cached_property
    def size(self) -> int:
        """Coordinates of all parts."""
        return sum(self._sizes)

    @cached_property
    def order(self) -> int:
        """Product of the orders, q."""
        return prod(part.order for part in self.parts)

    @cached_property
    def _sizes(self) -> list[int]:
        return [part.size for part in self.parts]

    def split(self, phi: Array) -> list[Array]:
        """The coordinates of each part."""
        return split(phi, self._sizes)

    def _zip(self, phi: Array) -> list[tuple[PrecisionChart, Array]]:
        return list(zip(self.parts, self.split(phi), strict=True))

    def matrices(self) -> tuple[sparse.csc_matrix, ...]:
        """The products of one matrix of each part, the last part's fastest."""
        return sparse_products([part.matrices() for part in self.parts])

    def coefficients(self, phi: Array) -> Array:
        """Products of the coefficients."""
        return kronecker_vector([part.coefficients(own) for part, own in self._zip(phi)])

    def derivative(self, phi: Array) -> Array:
        """Product rule."""
        pieces = self._zip(phi)
        values, slopes = [part.coefficients(own) for part, own in pieces], [part.derivative(own) for part, own in pieces]
        return kronecker_vector_derivative(values, slopes)

    def second(self, phi: Array, weights: Array) -> Array:
        """Product rule, cross blocks included."""
        pieces = self._zip(phi)
        values = [part.coefficients(own) for part, own in pieces]
        slopes = [part.derivative(own) for part, own in pieces]
        table = np.reshape(weights, [value.size for value in values])
        blocks = [
            [self._block(i, j, pieces, _summed(table, values, (i, j)), slopes) for j in range(len(pieces))] for i in range(len(pieces))
        ]
        return np.block(blocks) if blocks else np.zeros((0, 0))

    @staticmethod
    def _block(i: int, j: int, pieces: list[tuple[PrecisionChart, Array]], table: Array, slopes: list[Array]) -> Array:
        if i == j:
            part, own = pieces[i]
            return part.second(own, table)
        return np.asarray(slopes[i] @ (table if i < j else table.T) @ slopes[j].T)

    def logdet(self, phi: Array) -> float:
        """Sum over the parts of q / q_part log|K_part|."""
        return float(sum(self.order / part.order * part.logdet(own) for part, own in self._zip(phi)))

    def logdet_derivative(self, phi: Array) -> Array:
        """Of all parts, each times the orders of the others."""
        pieces = [self.order / part.order * part.logdet_derivative(own) for part, own in self._zip(phi)]
        return np.concatenate([np.zeros(0), *pieces])


def _summed(table: Array, values: list[Array], kept: tuple[int, int]) -> Array:
    """`table`, one axis for each vector of `values`, summed over all axes but those `kept` with these weights."""
    for axis in reversed(range(len(values))):
        if axis not in kept:
            table = np.tensordot(table, values[axis], axes=(axis, 0))
    return table
