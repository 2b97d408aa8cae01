"""Cholesky factorisation of a sparse positive definite matrix: one analysis, many sets of values."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from copy import copy

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.control import FACTORIZATIONS
from vcmodel.linalg._kernels import Symbolic
from vcmodel.linalg.cholmod import CholmodFactor
from vcmodel.linalg.ordering import analyse
from vcmodel.linalg.threads import limited_threads
from vcmodel.memory import require_memory

Array = NDArray[np.float64]

# positions in the matrix and rows are kept in 32 bits; positions in L in 64
LARGEST = 2**31 - 1


class KernelFactor:
    """P C P' = L L' by the compiled kernel: supernodal and multifrontal, with dense work in BLAS."""

    def __init__(self, symbolic: Symbolic, threads: int) -> None:
        self._symbolic, self._threads = symbolic, threads
        self._panels = np.empty(symbolic.panel_size)

    def twin(self) -> KernelFactor:
        """Another factor of the same pattern, with numbers of its own."""
        return KernelFactor(self._symbolic, self._threads)

    def refactor(self, data: Array) -> bool:
        """Whether the matrix is positive definite, False at the first pivot that is not."""
        return self._symbolic.factorize(data, self._panels, self._threads)

    def pivots(self) -> Array:
        """Diagonal of L (n,)."""
        return self._panels[self._symbolic.diagonal()]

    def panels(self) -> Array:
        """L as the kernel keeps it (panel_size,)."""
        return self._panels

    def forward(self, x: Array) -> Array:
        """L^-1 x (n, k), in place."""
        self._symbolic.forward(self._panels, x, self._threads)
        return x

    def backward(self, x: Array) -> Array:
        """L'^-1 x (n, k), in place."""
        self._symbolic.backward(self._panels, x, self._threads)
        return x


class SparseCholesky:
    """Factor P C P' = L L' of a symmetric positive definite matrix with a fixed pattern.

    The order is the cheapest found (``ordering.py``). The selected inverse is the kernel's (``multifrontal.hpp``) whatever makes L.

    Parameters
    ----------
    pattern : (n, n) csc_matrix
        Lower triangle including the whole diagonal, indices sorted. Only positions count: a stored zero is part of the pattern.
    factorization : str
        ``"own"``: L and the solves by the kernel; ``"cholmod"``: by CHOLMOD. They agree but for rounding.
    threads : int
        Threads of the kernel. L does not depend on their number, the inverse and many right-hand sides at once only by rounding. With
        more than one, BLAS is held at one thread meanwhile.
    leading : (n,) bool array, optional
        Columns worth trying to eliminate before all others, see :func:`.ordering.analyse`: work may depend on it, results do not.

    Attributes
    ----------
    size : int
        n.
    flops : float
        Floating-point operations of one factorisation.
    fill : int
        Nonzeros of L.
    memory : float
        Bytes of L, of the selected inverse, and of what the two are made in by one thread.
    permutation : (n,) array
        Row of C that stands at each row of L.

    Raises
    ------
    ValueError
        If the pattern is not a sorted lower triangle with a full diagonal, or has 2^31 nonzeros or more.

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

    def __init__(
        self, pattern: sparse.csc_matrix, *, factorization: str = "own", threads: int = 1, leading: NDArray[np.bool_] | None = None
    ) -> None:
        if factorization not in FACTORIZATIONS or threads < 1:
            raise ValueError(f"factorization={factorization!r}, threads={threads}: one of {FACTORIZATIONS}, and at least one thread")
        self._start, self._row = lower_triangle(pattern)
        self.size = int(pattern.shape[0])
        self._threads = threads
        self._symbolic = analyse(self._start, self._row, leading)
        self.flops: float = self._symbolic.flops
        self.fill: int = self._symbolic.fill
        self.permutation: NDArray[np.int32] = self._symbolic.order()
        work = max(self._symbolic.stack_size, self._symbolic.fronts_size)
        self.memory: float = 8.0 * (self._symbolic.panel_size + work + len(self._row))
        require_memory(
            self.memory,
            f"the factor of {self.size:,} equations, with {self.fill:,} nonzeros,",
            "fit fewer traits together or leave out terms, or use a larger machine",
        )
        self._numeric: KernelFactor | CholmodFactor
        # CHOLMOD knows no matrix without rows
        if factorization == "own" or self.size == 0:
            self._numeric = KernelFactor(self._symbolic, threads)
        else:
            self._numeric = CholmodFactor(self._start, self._row, self._symbolic)
        self._inverse: Array | None = None
        self._buffer: Array | None = None
        self._ready = False

    @classmethod
    def of(cls, matrix: sparse.spmatrix) -> SparseCholesky:
        """The factor of a symmetric positive definite matrix (n, n) given whole, for solves with its present values.

        Raises
        ------
        ValueError
            If it is not positive definite.
        """
        lower = sparse.csc_matrix(sparse.tril(matrix))
        lower.sort_indices()
        factor = cls(lower)
        if not factor.refactor(lower.data):
            raise ValueError("the matrix is not positive definite")
        return factor

    def costliest_front(self) -> NDArray[np.int32]:
        """The columns that are one dense matrix in the step of the factorisation with the most operations."""
        return self._symbolic.costliest_front()

    def twin(self) -> SparseCholesky:
        """Another factor of the same pattern: analysis and work space are shared, the numbers are its own."""
        other = copy(self)
        other._numeric = self._numeric.twin()
        other._inverse, other._buffer, other._ready = None, None, False
        return other

    def refactor(self, data: Array) -> bool:
        """Whether the matrix with these values (nnz,) at the pattern is positive definite; if so it is the one used from here on.

        False at the first pivot that is zero, negative or not a number; nothing is raised, so that a step can be halved cheaply.
        The object then holds no factor until the next success.
        """
        self._inverse, self._ready = None, False
        data = np.ascontiguousarray(data, dtype=np.float64)
        if data.shape != self._row.shape:
            raise ValueError(f"wrong length: {data.shape} values for a pattern of {len(self._row)} nonzeros")
        with self._one_blas_thread():
            self._ready = self._numeric.refactor(data)
        return self._ready

    def logdet(self) -> float:
        """log|C|."""
        return 2.0 * float(np.log(self._pivots()).sum())

    def pivot_ratio(self, data: Array) -> float:
        """Smallest squared pivot relative to its diagonal entry in `data`: near 1e-15 for a matrix that is singular but for rounding."""
        diagonal = np.asarray(data)[self._start[:-1]][self.permutation]
        # no ratio is above 1, so that a matrix without rows has that
        return float(np.min(self._pivots() ** 2 / diagonal, initial=1.0))

    def solve(self, rhs: Array) -> Array:
        """C^-1 rhs for (n,) or (n, k)."""
        x = self._permuted(rhs)
        with self._one_blas_thread():
            x = self._numeric.backward(self._numeric.forward(x))
        out = np.empty_like(x)
        out[self.permutation] = x
        return out.reshape(np.shape(rhs))

    def half_solve(self, rhs: Array) -> Array:
        """H = L^-1 P rhs for (n,) or (n, k), so that H'H = rhs' C^-1 rhs. Rows are in the order of `permutation`."""
        x = self._permuted(rhs)
        with self._one_blas_thread():
            x = self._numeric.forward(x)
        return x.reshape(np.shape(rhs))

    def selected_inverse(self) -> Array:
        """C^-1 at the positions of the pattern (nnz,); computed once per factorisation, read-only, overwritten by the next."""
        self._require()
        if self._inverse is None:
            if self._buffer is None:
                self._buffer = np.empty(len(self._row))
            with self._one_blas_thread():
                self._symbolic.selected_inverse(self._numeric.panels(), self._buffer, self._threads)
            self._inverse = self._buffer.view()
            self._inverse.flags.writeable = False
        return self._inverse

    def _require(self) -> None:
        if not self._ready:
            raise RuntimeError("there is no factor: call refactor() and check that it returns True")

    def _pivots(self) -> Array:
        self._require()
        return self._numeric.pivots()

    def _one_blas_thread(self) -> AbstractContextManager[object]:
        # with one thread of ours the caller decides: finding and setting BLAS's costs small problems more than the work
        return limited_threads(1) if self._threads > 1 else nullcontext()

    def _permuted(self, rhs: Array) -> Array:
        self._require()
        rhs = np.asarray(rhs, dtype=np.float64)
        if rhs.ndim not in (1, 2) or rhs.shape[0] != self.size:
            raise ValueError(f"right-hand sides have shape {rhs.shape}, the matrix has {self.size} rows")
        # indexing copies, row by row
        columns = 1 if rhs.ndim == 1 else rhs.shape[1]
        return np.ascontiguousarray(rhs.reshape(self.size, columns)[self.permutation])


def lower_triangle(pattern: sparse.csc_matrix) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Column starts (n + 1,) int64 and rows (nnz,) int32 of a lower triangle with full diagonal.

    Raises
    ------
    ValueError
        If `pattern` is not CSC, square, sorted, lower triangular with every diagonal entry stored, or too large for 32-bit positions.
    """
    if not sparse.issparse(pattern) or pattern.format != "csc" or pattern.shape[0] != pattern.shape[1]:
        raise ValueError("the pattern must be a square csc matrix")
    require_countable(pattern.shape[0], int(pattern.indptr[-1]))
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


def require_countable(rows: int, nonzeros: int) -> None:
    """Refuse a matrix whose positions do not fit into 32 bits.

    Raises
    ------
    ValueError
        Too many rows or nonzeros.
    """
    if max(rows, nonzeros) > LARGEST:
        raise ValueError(f"the matrix has {rows:,} rows and {nonzeros:,} nonzeros in its lower triangle, above the limit of {LARGEST:,}")
