"""Prediction error variances of levels that are combinations of what the equations solve for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.combinations import slices
from vcmodel.incidence import khatri_rao

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]


def factored_variances(
    root: Array | sparse.csr_matrix,
    n_equations: int,
    covariances: Callable[[Codes, Codes], Array],
    solve: Callable[[Array], Array],
    slice_size: int,
) -> Array:
    """Variances (q, k) of u = F b for a root F (q, m), k matrix levels for each.

    Parameters
    ----------
    n_equations : int
        Length of a right-hand side: combinations are solved in slices.
    covariances : callable
        From pairs of elements of b to their covariances (n, k) in the selected inverse, NaN where they do not meet in it.
    solve : callable
        From rows of F (n, m) to their variances (n, k).
    slice_size : int
        Numbers in a dense block of right-hand sides; a quarter as many pairs of elements at a time.
    """
    if isinstance(root, np.ndarray):
        return _solved(root, n_equations, solve, slice_size)
    count = np.diff(root.indptr).astype(np.int64)
    group = np.cumsum(count**2) // max(1, slice_size // 4)
    pieces = []
    for rows in np.split(np.arange(count.size), np.flatnonzero(np.diff(group)) + 1):
        pairs = khatri_rao(root[rows], root[rows])
        distinct, place = np.unique(pairs.indices, return_inverse=True)
        first, second = np.divmod(distinct.astype(np.int64), root.shape[1])
        pieces.append(sparse.csr_matrix((pairs.data, place, pairs.indptr), shape=(rows.size, distinct.size)) @ covariances(first, second))
    result: Array = np.concatenate(pieces)
    apart = np.flatnonzero(np.isnan(result).any(axis=1))
    if apart.size:
        result[apart] = _solved(root[apart], n_equations, solve, slice_size)
    return result


def _solved(root: Array | sparse.csr_matrix, n_equations: int, solve: Callable[[Array], Array], slice_size: int) -> Array:
    """The variances from solutions, a slice of rows at a time."""
    parts = [root[part] for part in slices(root.shape[0], n_equations, slice_size)]
    return np.concatenate([solve(rows if isinstance(rows, np.ndarray) else rows.toarray()) for rows in parts])
