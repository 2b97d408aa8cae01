"""Cholesky factorisation of a sparse positive definite matrix: one analysis, many sets of values."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.linalg._kernels import Symbolic
from vcmodel.linalg.ordering import fill_reducing_order
from vcmodel.memory import require_memory

Array = NDArray[np.float64]


class SparseCholesky:
    """Factor P C P' = L L' of a symmetric positive definite matrix with a fixed pattern.

    The order comes from AMD; the factorisation is supernodal and multifrontal (``multifrontal.hpp``), with dense work in BLAS.

    Parameters
    ----------
    pattern : (n, n) csc_matrix
        Lower triangle including the whole diagonal, indices sorted. Only positions count: a stored zero is part of the pattern.

    Attributes
    ----------
    size : int
        n.
    flops : float
        Floating-point operations of one factorisation.
    fill : int
        Nonzeros of L.
    permutation : (n,) array
        Row of C that stands at each row of L.

    Raises
    ------
    ValueError
        If the pattern is not a sorted lower triangle with a full diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> lower = sparse.csc_matrix(np.array([[2.0, 0.0], [1.0, 3.0]]))
    >>> factor = SparseCholesky(lower)
    >>> factor.refactor(lower.data)
    True
    >>> round(float(np.exp(factor.logdet())), 12)
    5.0
    >>> factor.selected_inverse().round(12)
    array([ 0.6, -0.2,  0.4])
    """

    def __init__(self, pattern: sparse.csc_matrix) -> None:
        self._start, self._row = lower_triangle(pattern)
        self.size = int(pattern.shape[0])
        order = fill_reducing_order(self._start, self._row)
        self._symbolic = Symbolic(self._start, self._row, order)
        self.flops: float = self._symbolic.flops
        self.fill: int = self._symbolic.fill
        self.permutation: NDArray[np.int32] = self._symbolic.order()
        self._diagonal = self._symbolic.diagonal()
        require_memory(
            8.0 * (self._symbolic.panel_size + self._symbolic.stack_size + len(self._row)),
            f"the factor of {self.size:,} equations, with {self.fill:,} nonzeros,",
            "fit fewer traits together or leave out terms, or use a larger machine",
        )
        self._factor = np.empty(self._symbolic.panel_size)
        self._work = np.empty(self._symbolic.stack_size)
        self._inverse: Array | None = None
        self._ready = False

    def twin(self) -> SparseCholesky:
        """Another factor of the same pattern: analysis and work space are shared, the numbers are its own."""
        other = copy(self)
        other._factor = np.empty_like(self._factor)
        other._inverse, other._ready = None, False
        return other

    def refactor(self, data: Array) -> bool:
        """Whether the matrix with these values (nnz,) at the pattern is positive definite; if so it is the one used from here on.

        False at the first pivot that is zero, negative or not a number; nothing is raised, so that a step can be halved cheaply.
        The object then holds no factor until the next success.
        """
        self._inverse = None
        self._ready = self._symbolic.factorize(np.ascontiguousarray(data, dtype=np.float64), self._factor, self._work)
        return self._ready

    def logdet(self) -> float:
        """log|C|."""
        return 2.0 * float(np.log(self._pivots()).sum())

    def pivot_ratio(self, data: Array) -> float:
        """Smallest squared pivot relative to its diagonal entry in `data`: near 1e-15 for a matrix that is singular but for rounding."""
        diagonal = np.asarray(data)[self._start[:-1]][self.permutation]
        return float(np.min(self._pivots() ** 2 / diagonal))

    def solve(self, rhs: Array) -> Array:
        """C^-1 rhs for (n,) or (n, k)."""
        x = self._permuted(rhs)
        self._symbolic.forward(self._factor, x)
        self._symbolic.backward(self._factor, x)
        out = np.empty_like(x)
        out[self.permutation] = x
        return out.reshape(np.shape(rhs))

    def half_solve(self, rhs: Array) -> Array:
        """H = L^-1 P rhs for (n,) or (n, k), so that H'H = rhs' C^-1 rhs. Rows are in the order of `permutation`."""
        x = self._permuted(rhs)
        self._symbolic.forward(self._factor, x)
        return x.reshape(np.shape(rhs))

    def selected_inverse(self) -> Array:
        """C^-1 at the positions of the pattern (nnz,); computed once per factorisation, read-only."""
        self._require()
        if self._inverse is None:
            self._inverse = np.empty(len(self._row))
            self._symbolic.selected_inverse(self._factor, self._inverse)
            self._inverse.flags.writeable = False
        return self._inverse

    def _require(self) -> None:
        if not self._ready:
            raise RuntimeError("there is no factor: call refactor() and check that it returns True")

    def _pivots(self) -> Array:
        self._require()
        return self._factor[self._diagonal]

    def _permuted(self, rhs: Array) -> Array:
        self._require()
        rhs = np.asarray(rhs, dtype=np.float64)
        if rhs.ndim not in (1, 2) or rhs.shape[0] != self.size:
            raise ValueError(f"right-hand sides have shape {rhs.shape}, the matrix has {self.size} rows")
        # indexing copies, row by row
        return np.ascontiguousarray(rhs.reshape(self.size, -1)[self.permutation])


def lower_triangle(pattern: sparse.csc_matrix) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Column starts (n + 1,) int64 and rows (nnz,) int32 of a lower triangle with full diagonal.

    Raises
    ------
    ValueError
        If `pattern` is not CSC, square, sorted, lower triangular with every diagonal entry stored.
    """
    if not sparse.issparse(pattern) or pattern.format != "csc" or pattern.shape[0] != pattern.shape[1] or pattern.shape[0] == 0:
        raise ValueError("the pattern must be a square csc matrix with at least one row")
    start = np.ascontiguousarray(pattern.indptr, dtype=np.int64)
    row = np.ascontiguousarray(pattern.indices, dtype=np.int32)
    n = pattern.shape[0]
    column = np.repeat(np.arange(n, dtype=np.int32), np.diff(start))
    same = column[1:] == column[:-1]
    if np.any(row < column) or np.any(row[1:][same] <= row[:-1][same]):
        raise ValueError("the pattern must be a lower triangle with sorted rows")
    if np.any(np.diff(start) == 0) or np.any(row[start[:-1]] != np.arange(n)):
        raise ValueError("the pattern must hold the whole diagonal")
    return start, row
