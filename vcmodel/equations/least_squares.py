"""Regressions on sparse columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.linalg.cholesky import factorised

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    Array = NDArray[np.float64]


def least_squares(x: sparse.csc_matrix, y: Array) -> Array:
    """Coefficients (p,) or (p, m) of the regressions of y (n,) or (n, m) on the independent columns x (n, p)."""
    if x.shape[1] == 0:
        return np.zeros((0, *y.shape[1:]))
    factor = factorised(x.T @ x)
    first = factor.solve(np.asarray(x.T @ y))
    return first + factor.solve(np.asarray(x.T @ (y - x @ first)))
