"""Whether a symmetric matrix is positive (semi-)definite: one answer for the whole package, whatever the units of its levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def _eigenvalues(matrix: Array) -> Array | None:
    """Eigenvalues of the correlations of the levels with a variance, ascending; None where the diagonal alone says no."""
    variances = np.diagonal(matrix)
    if not np.all(np.isfinite(matrix)) or np.any(variances < 0.0) or np.any(matrix[variances == 0.0] != 0.0):
        return None
    kept = variances > 0.0
    scale = np.sqrt(variances[kept])
    return np.asarray(np.linalg.eigvalsh(matrix[np.ix_(kept, kept)] / scale[:, None] / scale)) if kept.any() else np.zeros(0)
