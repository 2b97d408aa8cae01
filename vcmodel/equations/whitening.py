"""Coefficients in the scale of their own covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Array = NDArray[np.float64]


def whitened_by(covariance: Array, coefficients: Array) -> tuple[Array, Array]:
    """Root L (p, p) of a positive definite `covariance` (p, p) and w = L^-1 `coefficients` (p,), whose covariance is I.

    The variances may differ by any factor: the factorisation is that of the correlations.
    """
    if not coefficients.size:
        return np.zeros((0, 0)), np.zeros(0)
    scale = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(scale, scale))
    return scale[:, None] * root, solve_triangular(root, coefficients / scale, lower=True)
