"""The numerator relationship matrix by its recursive rules."""

import numpy as np


def tabular(parents):
    """A (n, n) of individuals whose parents (n, 2), -1 for unknown, stand before them."""
    n = len(parents)
    a = np.zeros((n, n))
    for i, (sire, dam) in enumerate(parents):
        for j in range(i):
            a[i, j] = a[j, i] = 0.5 * sum(a[j, p] for p in (sire, dam) if p >= 0)
        a[i, i] = 1.0 + (0.5 * a[sire, dam] if min(sire, dam) >= 0 else 0.0)
    return a
