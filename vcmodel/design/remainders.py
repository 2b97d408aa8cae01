"""The two kinds of fixed columns, 0/1 and numeric, and what is left of the numeric ones beside the others.

With B the independent 0/1 columns at unit norm and M the numeric ones, M = B C + Q R: C by least squares, Q R by Gram-Schmidt on
what B leaves, each step done twice so that Q is orthogonal to working precision (Giraud, Langou and Rozloznik 2005). The diagonal of R is
the length that each column has beside all of B and the numeric columns before it. It is zero in exact arithmetic for a dependent column,
and in floating point a multiple of the rounding of the numbers it was computed from, which :attr:`Remainders.dependent` compares it with.

References
----------
Giraud, L., Langou, J. and Rozloznik, M. (2005). The loss of orthogonality in the Gram-Schmidt orthogonalization process. Computers and
Mathematics with Applications 50, 1069-1075.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.linalg.least_squares import regression

Array = NDArray[np.float64]
Index = NDArray[np.int64]

ROUNDING = 1e-13  # a remainder below this share of the numbers it was computed from is rounding: 450 times the unit roundoff


@dataclass(frozen=True, eq=False)
class Remainders:
    """Numeric columns M = B C + Q R, B independent 0/1 columns at unit norm, Q orthonormal and orthogonal to B.

    Attributes
    ----------
    coefficients : (b, q) array
        C.
    directions : (N, q) array
        Q; zero for a dependent column.
    triangle : (q, q) array
        R, upper triangular; the diagonal is the length of the remainder, one for a dependent column.
    dependent : (q,) bool array
        Columns of which only rounding is left.
    spread : (q,) array
        Length left beside B alone, relative to the length of the column.
    """

    coefficients: Array
    directions: Array
    triangle: Array
    dependent: NDArray[np.bool_]
    spread: Array

    @classmethod
    def of(cls, x: sparse.csc_matrix, indicator: Index, numeric: Index) -> Remainders:
        """The remainders of the columns `numeric` of x beside the independent 0/1 columns `indicator`."""
        values = np.asarray(x[:, numeric].todense(), dtype=np.float64)
        size = lengths(values)
        coefficients = _beside(unit_columns(x, indicator), values)
        spread = lengths(values) / np.where(size > 0, size, 1.0)
        triangle, dependent = _orthonormalise(values, size)
        return cls(coefficients, values, triangle, dependent, spread)


def _beside(base: sparse.csr_matrix, values: Array) -> Array:
    """C (b, q); `values` (N, q) become what the independent columns `base` leave of them."""
    solve = regression(base)
    coefficients = np.zeros((base.shape[1], values.shape[1]))
    for _ in range(2):  # the second pass removes what rounding left in the first
        step = solve(values)
        values -= base @ step
        coefficients += step
    return coefficients


def _orthonormalise(values: Array, size: Array) -> tuple[Array, NDArray[np.bool_]]:
    """R (q, q) and which columns are dependent; `values` (N, q), computed from numbers of length `size` (q,), become Q."""
    q = size.size
    triangle, dependent, length = np.zeros((q, q)), np.zeros(q, dtype=bool), np.ones(q)
    blur = size.copy()  # size of the numbers, and of the directions' own blur, that a remainder was computed from
    for j in range(q):
        before = values[:, :j]
        for _ in range(2):
            step = before.T @ values[:, j]
            values[:, j] -= before @ step
            triangle[:j, j] += step
        blur[j] += np.abs(triangle[:j, j]) @ (blur[:j] / length[:j])
        left = float(np.linalg.norm(values[:, j]))
        dependent[j] = left <= ROUNDING * blur[j]
        length[j] = 1.0 if dependent[j] else left
        values[:, j] = 0.0 if dependent[j] else values[:, j] / left
        triangle[j, j] = length[j]
    return triangle, dependent


def projection(base: sparse.csr_matrix, values: Array) -> Array:
    """The projection (N, q) of values on independent columns."""
    solve = regression(base)
    first = base @ solve(values)
    return np.asarray(first + base @ solve(values - first))


def column_kinds(x: sparse.csc_matrix) -> tuple[Index, Index]:
    """Positions of the 0/1 columns and of the numeric ones; columns of zeros are neither."""
    size = np.diff(x.indptr)
    column = np.repeat(np.arange(x.shape[1]), size)
    indicator = np.ones(x.shape[1], dtype=bool)
    indicator[column[x.data != 1.0]] = False
    return np.flatnonzero(indicator & (size > 0)), np.flatnonzero(~indicator & (size > 0))


def unit_columns(x: sparse.csc_matrix, columns: Index) -> sparse.csr_matrix:
    """The chosen columns of x at unit norm."""
    return sparse.csr_matrix(x[:, columns] @ sparse.diags(1.0 / norms(x)[columns]))


def norms(x: sparse.csc_matrix) -> Array:
    """Lengths (p,) of sparse columns."""
    return np.sqrt(np.asarray(x.multiply(x).sum(axis=0), dtype=np.float64)).ravel()


def lengths(values: Array) -> Array:
    """Lengths (q,) of dense columns."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->j", values, values)))
