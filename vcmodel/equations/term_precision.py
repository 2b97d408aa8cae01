"""K of a random term where the equations stand: products with K^-1 and K, their changes, and traces, factor by factor.

K = K_1 kron K_2 kron ... kron K_r: the sparse parts of the term's structure, then its relationship. The product itself is never
factorised: solves go along its axes, and traces are products of those of the factors.
"""

from __future__ import annotations

from functools import cached_property, partial, reduce
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.structures.component_chart import ComponentChart
from vcmodel.structures.precision_chart import KroneckerPrecision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        self._parts = [_Factor(inverse.matrices()) for inverse in inverses]
        self._relationship = relationship
        self.parametric = bool(inverses)
        self.identity = not inverses and relationship.precision is None
        known = sparse.identity(relationship.n_columns, format="csc") if relationship.precision is None else relationship.precision
        self._factors = [*self._parts, _Factor((known,), relationship.precision is None)]
        self.matrices = reduce(_products, [factor.matrices for factor in self._factors])
        self.coefficients = np.full(len(self.matrices), np.nan if inverses else 1.0)
        self.logdet = np.nan if inverses else relationship.logdet

    def update(self, part: Part) -> bool:
        """Move to where a part stands; False when a K_d^-1 is not positive definite there: nothing else may be called then."""
        if not self._parts:
            return True
        chart, phi = precision_chart(part)
        with np.errstate(invalid="ignore", over="ignore"):  # at the end of the domain
            coefficients = [one.coefficients(own) for one, own in zip(chart.parts, chart.split(phi), strict=True)]
            self.coefficients = _outer(coefficients)
        if not all(factor.update(own) for factor, own in zip(self._parts, coefficients, strict=True)):
            return False
        self.logdet = self._relationship.n_columns * chart.logdet(phi) + chart.order * self._relationship.logdet
        return True

    def logdet_derivative(self, part: Part) -> Array:
        """Derivative of log|K| by the coordinates of the sparse parts, (m,)."""
        chart, phi = precision_chart(part)
        return self._relationship.n_columns * chart.logdet_derivative(phi)

    def times(self, values: Array) -> Array:
        """K^-1 values (q, n)."""
        for place, factor in enumerate(self._factors):
            values = values if factor.identity else self._along(place, factor.times, values)
        return values

    def solve(self, values: Array) -> Array:
        """K values (q, n)."""
        for place, factor in enumerate(self._factors):
            values = values if factor.identity else self._along(place, factor.solve, values)
        return values

    def related_changes(self, part: Part, values: Array) -> Array:
        """K dK^-1 values (m, q, n) for values (q, n), by the coordinates of the sparse parts: K_d dK_d^-1 along the own axis of each."""
        chart, phi = precision_chart(part)
        images = [
            self._along(place, partial(factor.related_change, slope), values)
            for place, (one, own, factor) in enumerate(zip(chart.parts, chart.split(phi), self._parts, strict=True))
            for slope in one.derivative(own)
        ]
        return np.stack(images) if images else np.zeros((0, *values.shape))

    def traces(self) -> Array:
        """tr(K M_c), (number of matrices,)."""
        return _outer([factor.traces() for factor in self._factors])

    def _along(self, place: int, function: Callable[[Array], Array], values: Array) -> Array:
        """A linear function of the levels of one factor, applied to values (q, n)."""
        orders = [factor.order for factor in self._factors]
        cube = values.reshape(prod(orders[:place]), orders[place], -1)
        moved = np.ascontiguousarray(cube.swapaxes(0, 1)).reshape(orders[place], -1)
        result = function(moved).reshape(orders[place], cube.shape[0], -1)
        return np.ascontiguousarray(result.swapaxes(0, 1)).reshape(values.shape)


def _outer(vectors: Sequence[Array]) -> Array:
    """All products of one entry of each vector, the last one's fastest."""
    return reduce(lambda one, other: np.multiply.outer(one, other).ravel(), vectors, np.ones(1))


def _products(left: tuple[sparse.csc_matrix, ...], right: tuple[sparse.csc_matrix, ...]) -> tuple[sparse.csc_matrix, ...]:
    """The Kronecker products of one matrix of each, the right one's fastest."""
    return tuple(sparse.kron(one, two, format="csc") for one in left for two in right)


class _Factor:
    """K_d^-1 = sum of a_c M_c over the levels of one factor, factorised when K_d itself is first asked for and after a_c has moved.

    Attributes
    ----------
    matrices : tuple of (k, k) csc
        Both triangles.
    order : int
        k.
    identity : bool
        Whether it is the identity, with which nothing is done.
    """

    def __init__(self, matrices: tuple[sparse.csc_matrix, ...], identity: bool = False) -> None:
        self.matrices, self.identity = matrices, identity
        self.order = int(matrices[0].shape[0])
        # on one pattern, so that a sum of the matrices is a product of arrays
        self._value, self._stacked = _on_one_pattern(matrices)
        self._change = sparse.csc_matrix(self._value)
        self._coefficients = np.ones(len(matrices))
        self._factor: SparseCholesky | None = None
        self._current = False

    def update(self, coefficients: Array) -> bool:
        """Move to coefficients (number of matrices,); False when K_d^-1 is not positive definite there."""
        if not np.all(np.isfinite(coefficients)):
            return False
        if not self._current or not np.array_equal(coefficients, self._coefficients):
            self._coefficients, self._current = coefficients, False
            self._value.data = coefficients @ self._stacked
        return self._current or self._refactored() is not None

    def times(self, values: Array) -> Array:
        """K_d^-1 values (k, n)."""
        return np.asarray(self._value @ values)

    def solve(self, values: Array) -> Array:
        """K_d values (k, n)."""
        return self._here().solve(values)

    def related_change(self, slope: Array, values: Array) -> Array:
        """K_d (sum of slope_c M_c) values (k, n)."""
        self._change.data = slope @ self._stacked
        return self.solve(np.asarray(self._change @ values))

    def traces(self) -> Array:
        """tr(K_d M_c), (number of matrices,): sums over the selected inverse of K_d^-1."""
        return np.array([float(self.order)]) if self.identity else self._twice @ self._here().selected_inverse()

    @cached_property
    def _lower(self) -> NDArray[np.int64]:
        """The entries of the pattern in the lower triangle."""
        return np.flatnonzero(self._value.indices >= self._column)

    @cached_property
    def _twice(self) -> Array:
        """Every M_c on the lower triangle, off-diagonal entries doubled."""
        diagonal = self._value.indices[self._lower] == self._column[self._lower]
        return self._stacked[:, self._lower] * np.where(diagonal, 1.0, 2.0)

    @property
    def _column(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(self.order), np.diff(self._value.indptr))

    def _refactored(self) -> SparseCholesky | None:
        """The factor of K_d^-1; None where that is not positive definite."""
        if self._factor is None:
            start = np.searchsorted(self._column[self._lower], np.arange(self.order + 1))
            entries = (np.ones(self._lower.size), self._value.indices[self._lower], start)
            self._factor = SparseCholesky(sparse.csc_matrix(entries, shape=self._value.shape))
        self._current = self._factor.refactor(self._value.data[self._lower])
        return self._factor if self._current else None

    def _here(self) -> SparseCholesky:
        factor = self._factor if self._current else self._refactored()
        if factor is None:
            raise ValueError("the matrix is not positive definite")
        return factor


def _on_one_pattern(matrices: tuple[sparse.csc_matrix, ...]) -> tuple[sparse.csc_matrix, Array]:
    """A matrix with the joint pattern of symmetric matrices and the values of the first, and the values of all (number, nnz)."""
    if len(matrices) == 1:
        only = matrices[0] if matrices[0].has_sorted_indices else matrices[0].sorted_indices()
        return sparse.csc_matrix(only), only.data[None, :]
    n = matrices[0].shape[0]
    entries = [sparse.coo_matrix(matrix) for matrix in matrices]
    keys = [one.col.astype(np.int64) * n + one.row for one in entries]
    joint = np.unique(np.concatenate([*keys, np.arange(n, dtype=np.int64) * (n + 1)]))
    stacked = np.zeros((len(matrices), joint.size))
    for values, key, one in zip(stacked, keys, entries, strict=True):
        values[np.searchsorted(joint, key)] = one.data
    column, row = np.divmod(joint, n)
    start = np.searchsorted(column, np.arange(n + 1))
    return sparse.csc_matrix((stacked[0].copy(), row, start), shape=(n, n)), stacked
