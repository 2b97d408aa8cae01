"""The numeric factorisation by CHOLMOD, in the order of the compiled kernel and for its panels."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sksparse.cholmod import CholmodNotPositiveDefiniteError, analyze

from vcmodel.linalg._kernels import Symbolic

Array = NDArray[np.float64]


class CholmodFactor:
    """P C P' = L L' by CHOLMOD's supernodal method, with the interface of :class:`vcmodel.linalg.cholesky.KernelFactor`.

    Parameters
    ----------
    start : (n + 1,) array
    row : (nnz,) array
        Lower triangle with diagonal, by columns.
    symbolic : Symbolic
        Its analysis by the kernel, which gives the order and the panels that L is copied to when the inverse is wanted.

    References
    ----------
    Chen, Y., Davis, T. A., Hager, W. W., Rajamanickam, S. (2008). Algorithm 887: CHOLMOD, supernodal sparse Cholesky factorization and
    update/downdate. ACM Trans. Math. Softw. 35, 22.
    """

    def __init__(self, start: NDArray[np.int64], row: NDArray[np.int32], symbolic: Symbolic) -> None:
        n = len(start) - 1
        self._symbolic = symbolic
        position = np.empty(n, dtype=np.int32)
        position[symbolic.order()] = np.arange(n, dtype=np.int32)
        column = np.repeat(np.arange(n), np.diff(start))
        low, high = np.minimum(position[row], position[column]), np.maximum(position[row], position[column])
        self._entry = np.lexsort((high, low))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(low, minlength=n))]).astype(np.int32)
        self._matrix = sparse.csc_matrix((np.ones(len(row)), high[self._entry], indptr), shape=(n, n))
        # supernodal, because the simplicial method may choose LDL', which accepts an indefinite matrix
        self._factor = analyze(self._matrix, mode="supernodal", ordering_method="natural")

    def twin(self) -> CholmodFactor:
        """Another factor of the same pattern, with numbers of its own."""
        other = copy(self)
        other._factor = self._factor.copy()
        return other

    def refactor(self, data: Array) -> bool:
        """Whether the matrix is positive definite, False at the first pivot that is not."""
        np.take(data, self._entry, out=self._matrix.data)
        try:
            self._factor.cholesky_inplace(self._matrix)
        except CholmodNotPositiveDefiniteError:
            return False
        # NaN passes CHOLMOD's test of the pivots
        return bool(np.all(np.isfinite(self._factor.D())))

    def pivots(self) -> Array:
        """Diagonal of L (n,)."""
        return np.sqrt(self._factor.D())

    def panels(self) -> Array:
        """L as the kernel keeps it (panel_size,)."""
        lower = self._factor.L()
        panels = np.empty(self._symbolic.panel_size)
        if not self._symbolic.pack(lower.indptr.astype(np.int32), lower.indices.astype(np.int32), lower.data, panels):
            raise RuntimeError("the factor of CHOLMOD has entries outside the pattern of the analysis")
        return panels

    def forward(self, x: Array) -> Array:
        """L^-1 x (n, k)."""
        return np.ascontiguousarray(self._factor.solve_L(x, use_LDLt_decomposition=False))

    def backward(self, x: Array) -> Array:
        """L'^-1 x (n, k)."""
        return np.ascontiguousarray(self._factor.solve_Lt(x, use_LDLt_decomposition=False))
