"""Regressions on sparse independent columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.linalg.cholesky import SparseCholesky

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    Array = NDArray[np.float64]


def regression(x: sparse.csc_matrix | sparse.csr_matrix) -> Callable[[Array], Array]:
    """The function that gives the coefficients (p, m) of the regressions of (n, m) on the independent columns x (n, p).

    They carry the rounding of the normal equations (X'X) b = X'y; the regression of what they leave takes it away.
    """
    if x.shape[1] == 0:
        return lambda values: np.zeros((0, *values.shape[1:]))
    factor = SparseCholesky.of(x.T @ x)
    return lambda values: factor.solve(np.asarray(x.T @ values))


def least_squares(x: sparse.csc_matrix | sparse.csr_matrix, y: Array) -> Array:
    """Coefficients (p,) or (p, m) of the regressions of y (n,) or (n, m) on the independent columns x (n, p)."""
    solve = regression(x)
    first = solve(y)
    return first + solve(y - x @ first)
