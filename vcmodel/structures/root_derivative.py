"""How the Cholesky factor moves with its matrix.

References
----------
Smith, S. P. (1995). Differentiation of the Cholesky algorithm. Journal of Computational and Graphical Statistics 4, 134-147.
"""

from __future__ import annotations

import numpy as np

from vcmodel.structures.chart import Array


def root_derivative(root: Array, moves: Array) -> Array:
    """Lambda Phi(Lambda^-1 E Lambda^-T) for moves E (m, k, k) of Sigma, Phi the lower triangle with half the diagonal, (m, k, k).

    The derivative of the Cholesky factor; for another regular root (k, k), one that gives the moves of Sigma.
    """
    half = np.linalg.solve(root, moves)
    inner = np.tril(np.linalg.solve(root, half.transpose(0, 2, 1)))
    diagonal = np.arange(len(root))
    inner[:, diagonal, diagonal] *= 0.5
    return np.asarray(root @ inner)
