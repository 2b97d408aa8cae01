"""Regressions on sparse columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.linalg.cholesky import SparseCholesky

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def least_squares(x: sparse.csc_matrix, y: Array) -> Array:
    """Coefficients (p,) or (p, m) of the regressions of y (n,) or (n, m) on the independent columns x (n, p)."""
    if x.shape[1] == 0:
        return np.zeros((0, *y.shape[1:]))
    gram = sparse.csc_matrix(sparse.tril(x.T @ x))
    gram.sort_indices()
    factor = SparseCholesky(gram)
    factor.refactor(gram.data)
    first = factor.solve(np.asarray(x.T @ y))
    return first + factor.solve(np.asarray(x.T @ (y - x @ first)))
