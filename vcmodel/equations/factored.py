"""Prediction error variances of levels that are combinations of what the equations solve for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.design.incidence import khatri_rao

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

# numbers in a dense block of right-hand sides, and pairs of elements at a time
SLICE, PAIRS = 4_000_000, 1_000_000


def factored_variances(
    factor: Array | sparse.csr_matrix, n_equations: int, covariances: Callable[[Codes, Codes], Array], solve: Callable[[Array], Array]
) -> Array:
    """Variances (q, k) of u = F b for a factor F (q, m), k matrix levels for each.

    Parameters
    ----------
    n_equations : int
        Length of a right-hand side: combinations are solved in slices.
    covariances : callable
        From pairs of elements of b to their covariances (n, k) in the selected inverse, NaN where they do not meet in it.
    solve : callable
        From rows of F (n, m) to their variances (n, k).
    """
    if isinstance(factor, np.ndarray):
        return _solved(factor, n_equations, solve)
    count = np.diff(factor.indptr).astype(np.int64)
    slices = np.cumsum(count**2) // PAIRS
    pieces = []
    for rows in np.split(np.arange(count.size), np.flatnonzero(np.diff(slices)) + 1):
        pairs = khatri_rao(factor[rows], factor[rows])
        distinct, place = np.unique(pairs.indices, return_inverse=True)
        first, second = np.divmod(distinct.astype(np.int64), factor.shape[1])
        pieces.append(sparse.csr_matrix((pairs.data, place, pairs.indptr), shape=(rows.size, distinct.size)) @ covariances(first, second))
    result: Array = np.concatenate(pieces)
    apart = np.flatnonzero(np.isnan(result).any(axis=1))
    if apart.size:
        result[apart] = _solved(factor[apart], n_equations, solve)
    return result


def _solved(factor: Array | sparse.csr_matrix, n_equations: int, solve: Callable[[Array], Array]) -> Array:
    """The variances from solutions, a slice of rows at a time."""
    step = max(1, SLICE // max(1, n_equations))
    slices = [factor[start : start + step] for start in range(0, factor.shape[0], step)]
    return np.concatenate([solve(rows if isinstance(rows, np.ndarray) else rows.toarray()) for rows in slices])
