"""Cholesky factors with the levels in greedy order, exact for singular matrices.

References
----------
Higham, N. J. (2002). Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM, section 10.3 (semi-definite matrices with
complete pivoting).
"""

from __future__ import annotations

import numpy as np

from vcmodel.structures.chart import Array

ZERO = 1e-14  # a remainder below this fraction of what the level started with is rounding, a few dozen units in the last place
TIE = 1e-8  # levels whose remainders agree so far keep their present order, so that rounding does not re-pivot


def pivoted_cholesky(sigma: Array, scale: Array) -> tuple[tuple[int, ...], Array]:
    """Order of the levels and lower triangular L (k, k) with sigma[order][:, order] = L L'.

    Parameters
    ----------
    sigma : (k, k) array
        Positive semi-definite.
    scale : (k,) array
        The level with the largest remaining variance *relative to scale squared* comes next. Once all remainders are rounding the
        columns of L are exactly zero.
    """
    size = len(sigma)
    remainder = sigma / scale[:, None] / scale
    floor = ZERO * np.diagonal(remainder)
    columns = np.zeros((size, size))
    order: list[int] = []
    waiting = list(range(size))
    while waiting:
        variances = np.diagonal(remainder)
        left = [i for i in waiting if variances[i] > floor[i]]
        if not left:
            break
        largest = max(variances[i] for i in left)
        chosen = next(i for i in left if variances[i] >= (1.0 - TIE) * largest)
        column = np.zeros(size)
        column[left] = remainder[left, chosen] / np.sqrt(variances[chosen])
        columns[:, len(order)] = column
        remainder = remainder - np.outer(column, column)
        order.append(chosen)
        waiting.remove(chosen)
    order += waiting
    return tuple(order), (columns * scale[:, None])[order]


def pivoted_root(root: Array, scale: Array) -> tuple[tuple[int, ...], Array]:
    """Order of the rows and lower triangular L (k, k) with root[order] root[order]' = L L'.

    Orthogonalises the rows of the root instead of forming the matrix, so that small columns keep their relative accuracy.
    Ties are resolved in favour of the earlier row.
    """
    size = len(root)
    remainder = root / scale[:, None]
    floor = ZERO * np.linalg.norm(remainder, axis=1)
    columns = np.zeros((size, size))
    order: list[int] = []
    waiting = list(range(size))
    while waiting:
        norms = np.linalg.norm(remainder, axis=1)
        left = [i for i in waiting if norms[i] > floor[i]]
        if not left:
            break
        largest = max(norms[i] for i in left)
        chosen = next(i for i in left if norms[i] >= (1.0 - TIE) * largest)
        direction = remainder[chosen] / norms[chosen]
        column = np.zeros(size)
        column[left] = remainder[left] @ direction
        columns[:, len(order)] = column
        remainder = remainder - np.outer(column, direction)
        order.append(chosen)
        waiting.remove(chosen)
    order += waiting
    return tuple(order), (columns * scale[:, None])[order]
