"""The selected inverse in plain NumPy, column by column: the oracle of the compiled kernel.

Takahashi, K., Fagan, J., Chin, M. (1973). Formation of a sparse bus impedance matrix. Proc. 8th PICA Conference, 63-69.
"""

import numpy as np


def fill_pattern(pattern):
    """Nonzeros (n, n) of L, lower triangle, by elimination of a symmetric pattern."""
    filled = pattern.copy()
    for k in range(len(filled)):
        below = k + 1 + np.flatnonzero(filled[k + 1 :, k])
        filled[np.ix_(below, below)] = True
    return np.tril(filled)


def selected_inverse(matrix, pattern):
    """The inverse (n, n) on the pattern of L, NaN elsewhere: with y = l / l_jj below the diagonal of column j,
    z_Ij = -Z_II y and z_jj = 1 / l_jj^2 - y'z_Ij, from the last column to the first.
    """
    lower = np.linalg.cholesky(matrix)
    filled = fill_pattern(pattern)
    inverse = np.full(matrix.shape, np.nan)
    for j in range(len(matrix) - 1, -1, -1):
        below = j + 1 + np.flatnonzero(filled[j + 1 :, j])
        y = lower[below, j] / lower[j, j]
        inverse[below, j] = inverse[j, below] = -inverse[np.ix_(below, below)] @ y
        inverse[j, j] = lower[j, j] ** -2 - y @ inverse[below, j]
    return inverse
