"""Connected parts of patterns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Index = NDArray[np.int64]


def connected_levels(pattern: ArrayLike) -> Index:
    """For each level (k,) the number of its part, where entries of a symmetric pattern (k, k) join levels.

    >>> connected_levels([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    array([0, 1, 0])
    """
    if not sparse.issparse(pattern) and np.all(pattern):
        return np.zeros(len(np.asarray(pattern)), dtype=np.int64)
    return connected_components(sparse.csr_matrix(pattern), directed=False)[1].astype(np.int64)


def connected_parts(pattern: ArrayLike) -> list[tuple[Index, Index]]:
    """Rows and columns of the parts of a pattern (k, r) that no entry joins; empty rows and columns are parts of their own.

    >>> connected_parts([[1, 0, 1], [0, 1, 0]])
    [(array([0]), array([0, 2])), (array([1]), array([1]))]
    """
    full = np.asarray(pattern, dtype=bool)
    k, r = full.shape
    if full.size and full.all():
        return [(np.arange(k), np.arange(r))]
    entries = sparse.csr_matrix(full)
    n, part = connected_components(sparse.bmat([[None, entries], [entries.T, None]]), directed=False)
    return [(np.flatnonzero(part[:k] == i), np.flatnonzero(part[k:] == i)) for i in range(n)]
