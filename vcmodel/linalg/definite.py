"""Whether a symmetric matrix is positive (semi-)definite, whatever the units of its levels; the inverse of one that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri

Array = NDArray[np.float64]

# negative eigenvalues up to this share of the largest, on the correlation scale, are rounding of a correlation of exactly one
ROUNDING = 1e-12
# eigenvalues on the correlation scale from this on leave the inverse enough digits
REGULAR = 1e-10


def is_positive_semidefinite(matrix: Array) -> bool:
    """Whether no eigenvalue is negative beyond rounding; beside a zero variance every covariance must be exactly zero.

    Eigenvalues are those of the correlations, so that the answer does not depend on the units of the levels.
    """
    values = _eigenvalues(matrix)
    return values is not None and (values.size == 0 or bool(values[0] >= -ROUNDING * values[-1]))


def is_positive_definite(matrix: Array) -> bool:
    """Whether every variance is positive and every eigenvalue of the correlations is beyond rounding."""
    values = _eigenvalues(matrix)
    return values is not None and values.size == len(matrix) and (values.size == 0 or bool(values[0] >= REGULAR))


def inverted(matrix: Array) -> tuple[Array, float] | None:
    """Inverse (k, k) and log-determinant; None when the Cholesky factorisation of the matrix breaks down."""
    if len(matrix) == 1:
        value = matrix[0, 0]
        return (1.0 / matrix, float(np.log(value))) if 0.0 < value < np.inf else None
    root, failed = dpotrf(matrix, lower=True)
    diagonal = np.diagonal(root)
    if failed or not 0.0 < diagonal.min() <= diagonal.max() < np.inf:
        return None
    logdet = 2.0 * float(np.log(diagonal).sum())
    lower, _ = dpotri(root, lower=True)  # zero above the diagonal, as the root is
    result = lower + lower.T
    result.ravel(order="K")[:: len(result) + 1] *= 0.5
    return result, logdet


def _eigenvalues(matrix: Array) -> Array | None:
    """Eigenvalues of the correlations of the levels with a variance, ascending; None where the diagonal alone says no."""
    variances = np.diagonal(matrix)
    if not np.all(np.isfinite(matrix)) or np.any(variances < 0.0) or np.any(matrix[variances == 0.0] != 0.0):
        return None
    kept = variances > 0.0
    scale = np.sqrt(variances[kept])
    return np.asarray(np.linalg.eigvalsh(matrix[np.ix_(kept, kept)] / scale[:, None] / scale)) if kept.any() else np.zeros(0)
