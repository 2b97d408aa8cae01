"""One factor K_d of a Kronecker product, through K_d^-1 = sum of a_c M_c: products, solutions and traces.

Small factors are dense: a field of some hundred rows and columns is worked by products of small matrices along its axes, for which a sparse
factorisation would cost more in calls than in operations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.solution import multiplied
from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.linalg.definite import inverted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# levels up to which a factor with several matrices is dense
DENSE_LEVELS = 160


def precision_factor(matrices: tuple[sparse.csc_matrix, ...], identity: bool = False) -> PrecisionFactor:
    """The factor of these M_c (k, k), both triangles; the identity, with which nothing is done, is said to be so."""
    small = len(matrices) > 1 and matrices[0].shape[0] <= DENSE_LEVELS
    return DenseFactor(matrices) if small else SparseFactor(matrices, identity)


class PrecisionFactor(ABC):
    """K_d^-1 where it stands. Cubes (before, k, after) are values by the levels of other factors, of this one, and of others.

    Attributes
    ----------
    matrices : tuple of (k, k) csc
        Both triangles.
    order : int
        k.
    identity : bool
        Whether it is the identity, with which nothing is done.
    """

    identity = False

    def __init__(self, matrices: tuple[sparse.csc_matrix, ...]) -> None:
        self.matrices = matrices
        self.order = int(matrices[0].shape[0])

    @abstractmethod
    def update(self, coefficients: Array) -> bool:
        """Move to coefficients (number of matrices,); False when K_d^-1 is not positive definite there."""

    @abstractmethod
    def times(self, cube: Array) -> Array:
        """K_d^-1 times a cube (before, k, after), along its middle."""

    @abstractmethod
    def solve(self, cube: Array) -> Array:
        """K_d times a cube."""

    @abstractmethod
    def related_change(self, slope: Array, cube: Array) -> Array:
        """K_d (sum of slope_c M_c) times a cube."""

    @abstractmethod
    def traces(self) -> Array:
        """tr(K_d M_c), (number of matrices,)."""


class DenseFactor(PrecisionFactor):
    """K_d^-1 and K_d as dense matrices."""

    def __init__(self, matrices: tuple[sparse.csc_matrix, ...]) -> None:
        super().__init__(matrices)
        self._stacked = np.stack([matrix.toarray().ravel() for matrix in matrices])
        self._coefficients = np.full(len(matrices), np.nan)
        self._precision = self._covariance = np.full((self.order, self.order), np.nan)

    def update(self, coefficients: Array) -> bool:
        """Invert K_d^-1 through its Cholesky factor."""
        if np.array_equal(coefficients, self._coefficients):
            return True
        self._coefficients = np.full(coefficients.size, np.nan)
        if not np.isfinite(coefficients).all():
            return False
        precision = (coefficients @ self._stacked).reshape(self.order, self.order)
        found = inverted(precision)
        if found is None:
            return False
        self._precision, self._covariance, self._coefficients = precision, found[0], coefficients
        return True

    def times(self, cube: Array) -> Array:
        """A product along the middle."""
        return multiplied(self._precision, cube)

    def solve(self, cube: Array) -> Array:
        """A product along the middle."""
        return multiplied(self._covariance, cube)

    def related_change(self, slope: Array, cube: Array) -> Array:
        """A product along the middle."""
        return multiplied(self._covariance @ (slope @ self._stacked).reshape(self._covariance.shape), cube)

    def traces(self) -> Array:
        """Sums over the products of the entries."""
        return self._stacked @ self._covariance.ravel()


class SparseFactor(PrecisionFactor):
    """K_d^-1 sparse, factorised after its coefficients have moved; a given one only when K_d itself is first asked for."""

    def __init__(self, matrices: tuple[sparse.csc_matrix, ...], identity: bool = False) -> None:
        super().__init__(matrices)
        self.identity = identity
        # on one pattern, so that a sum of the matrices is a product of arrays
        self._value, self._stacked = _on_one_pattern(matrices)
        self._change = sparse.csc_matrix(self._value)
        self._coefficients = np.ones(len(matrices))
        self._factor: SparseCholesky | None = None
        self._current = False

    def update(self, coefficients: Array) -> bool:
        """Factorise K_d^-1."""
        if not np.all(np.isfinite(coefficients)):
            return False
        if not self._current or not np.array_equal(coefficients, self._coefficients):
            self._coefficients, self._current = coefficients, False
            self._value.data = coefficients @ self._stacked
        return self._current or self._refactored() is not None

    def times(self, cube: Array) -> Array:
        """A sparse product with the middle in front."""
        return _behind(np.asarray(self._value @ _in_front(cube)), cube)

    def solve(self, cube: Array) -> Array:
        """Two triangular solutions with the middle in front."""
        return _behind(self._here().solve(_in_front(cube)), cube)

    def related_change(self, slope: Array, cube: Array) -> Array:
        """A sparse product, then a solution."""
        self._change.data = slope @ self._stacked
        return _behind(self._here().solve(np.asarray(self._change @ _in_front(cube))), cube)

    def traces(self) -> Array:
        """Sums over the selected inverse of K_d^-1."""
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


def _in_front(cube: Array) -> Array:
    """A cube (before, k, after) as (k, before * after)."""
    return np.ascontiguousarray(cube.swapaxes(0, 1)).reshape(cube.shape[1], -1)


def _behind(values: Array, cube: Array) -> Array:
    """Values (k, before * after) as a cube of this shape."""
    before, order, after = cube.shape
    return np.ascontiguousarray(values.reshape(order, before, after).swapaxes(0, 1))


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
