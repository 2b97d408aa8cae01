"""K of a random term where the equations stand: products with K^-1 and K, their changes, and traces, factor by factor.

K = K_1 kron K_2 kron ... kron K_r: the sparse parts of the term's structure, then its relationship. The product itself is never
factorised: solves go along its axes, and traces are products of those of the factors.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.precision_factor import precision_factor
from vcmodel.structures.component_chart import ComponentChart
from vcmodel.structures.kronecker_algebra import kronecker_vector, kronecker_vector_derivative, sparse_products
from vcmodel.structures.precision_chart import KroneckerPrecision, PrecisionPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.relationship import Relationship
    from vcmodel.equations.base import Part
    from vcmodel.structures.sparse_inverse import SparseInverse

    Array = NDArray[np.float64]


def precision_chart(part: Part) -> tuple[KroneckerPrecision, Array]:
    """The chart of the sparse parts of a component where it stands, and its coordinates (m,), the last of the part; m = 0 without any."""
    if not isinstance(part.chart, ComponentChart):
        return KroneckerPrecision(()), np.zeros(0)
    chart = part.chart.precision
    return chart, part.phi[part.phi.size - part.chart.n_sparse :]


class TermPrecision:
    """K^-1 = sum of a_c M_c of one term.

    Parameters
    ----------
    inverses : sequence of SparseInverse
        Of the sparse parts.
    relationship : Relationship
        Its K is that of what the equations solve for, P^-1.

    Attributes
    ----------
    matrices : tuple of (q, q) csc
        M_c, the products of one matrix of each factor.
    coefficients : (number of matrices,) array
        a_c; without sparse parts there is one, 1.
    logdet : float
        log|K|.
    identity : bool
        Whether K = I, whatever the parameters.
    parametric : bool
        Whether there are sparse parts.
    """

    def __init__(self, inverses: Sequence[SparseInverse], relationship: Relationship) -> None:
        self._parts = [precision_factor(inverse.matrices()) for inverse in inverses]
        self._relationship = relationship
        self.parametric = bool(inverses)
        self.identity = not inverses and relationship.precision is None
        known = sparse.identity(relationship.n_columns, format="csc") if relationship.precision is None else relationship.precision
        self._factors = [*self._parts, precision_factor((known,), relationship.precision is None)]
        self._order = prod(factor.order for factor in self._parts)
        self._last: tuple[Part, list[PrecisionPoint]] | None = None
        orders = [factor.order for factor in self._factors]
        self._shapes = [(prod(orders[:place]), order) for place, order in enumerate(orders)]
        self.matrices = sparse_products([factor.matrices for factor in self._factors if factor.order > 1 or not factor.identity])
        self.coefficients = np.full(len(self.matrices), np.nan if inverses else 1.0)
        self.logdet = np.nan if inverses else relationship.logdet

    def update(self, part: Part) -> bool:
        """Move to where a part stands; False when a K_d^-1 is not positive definite there: nothing else may be called then."""
        if not self._parts:
            return True
        points = self._at(part)
        with np.errstate(invalid="ignore", over="ignore"):  # at the end of the domain
            coefficients = [point.coefficients for point in points]
            self.coefficients = kronecker_vector(coefficients)
        if not all(factor.update(own) for factor, own in zip(self._parts, coefficients, strict=True)):
            return False
        of_parts = sum(point.logdet / factor.order for point, factor in zip(points, self._parts, strict=True))
        known = self._relationship
        self.logdet = self._order * (known.n_columns * of_parts + known.logdet)
        return True

    def _at(self, part: Part) -> list[PrecisionPoint]:
        """The sparse parts where a part stands."""
        if self._last is None or self._last[0] is not part:
            self._last = part, part.chart.points(part.phi) if isinstance(part.chart, ComponentChart) else []
        return self._last[1]

    def derivative(self, part: Part) -> Array:
        """Derivative of a_c by the coordinates of the sparse parts, (m, number of matrices)."""
        points = self._at(part)
        return kronecker_vector_derivative([point.coefficients for point in points], [point.derivative for point in points])

    def logdet_derivative(self, part: Part) -> Array:
        """Derivative of log|K| by the coordinates of the sparse parts, (m,)."""
        every = self._order * self._relationship.n_columns
        pieces = zip(self._at(part), self._parts, strict=True)
        return np.concatenate([np.zeros(0), *(every / factor.order * point.logdet_derivative for point, factor in pieces)])

    def times(self, values: Array) -> Array:
        """K^-1 values (q, n)."""
        for place, factor in enumerate(self._factors):
            if not factor.identity:
                values = factor.times(self._cube(place, values)).reshape(values.shape)
        return values

    def solve(self, values: Array) -> Array:
        """K values (q, n)."""
        for place, factor in enumerate(self._factors):
            if not factor.identity:
                values = factor.solve(self._cube(place, values)).reshape(values.shape)
        return values

    def related_changes(self, part: Part, values: Array) -> Array:
        """K dK^-1 values (m, q, n) for values (q, n), by the coordinates of the sparse parts: K_d dK_d^-1 along the own axis of each."""
        images = [
            factor.related_change(slope, self._cube(place, values)).reshape(values.shape)
            for place, (point, factor) in enumerate(zip(self._at(part), self._parts, strict=True))
            for slope in point.derivative
        ]
        return np.stack(images) if images else np.zeros((0, *values.shape))

    def traces(self) -> Array:
        """tr(K M_c), (number of matrices,)."""
        return kronecker_vector([factor.traces() for factor in self._factors])

    def _cube(self, place: int, values: Array) -> Array:
        """Values (q, n) by the levels of the factors before one, of this one, and of those after it."""
        return values.reshape(*self._shapes[place], -1)
