"""The nearest positive semi-definite matrix in a norm with a weight for every entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import VcmodelError

Array = NDArray[np.float64]

TOLERANCE = 1e-11  # change of a projected gradient step, relative to the largest entry
STEPS = 200_000  # hundreds suffice unless weights differ by orders of magnitude within a row


def project(matrix: Array) -> Array:
    """The nearest positive semi-definite matrix in the Frobenius norm: negative eigenvalues become zero."""
    values, vectors = np.linalg.eigh(matrix)
    keep = values > 0.0
    return (vectors[:, keep] * values[keep]) @ vectors[:, keep].T


def nearest_psd(matrix: Array, weight: Array) -> Array:
    """The positive semi-definite S (q, q) with the smallest sum over i >= j of weight_ij (S_ij - matrix_ij)^2.

    Accelerated projected gradients with restarts, on a scale where the weights of the diagonal are one. The problem is convex: a point that
    a projected gradient step leaves unchanged is the minimum.

    Parameters
    ----------
    matrix : (q, q) array
        Symmetric.
    weight : (q, q) array
        Symmetric and positive.

    Raises
    ------
    VcmodelError
        Weights so different that the steps do not settle.

    References
    ----------
    Higham, N. J. (2002). IMA Journal of Numerical Analysis 22, 329-343 (the problem and its optimality conditions).
    Beck, A. & Teboulle, M. (2009). SIAM Journal on Imaging Sciences 2, 183-202 (the steps).
    O'Donoghue, B. & Candes, E. (2015). Foundations of Computational Mathematics 15, 715-732 (the restarts).
    """
    scale = np.diag(weight) ** 0.25
    outer = np.outer(scale, scale)
    target = matrix * outer
    # the Frobenius product counts an entry off the diagonal twice
    load = weight / outer**2 * (0.5 + 0.5 * np.eye(len(matrix)))
    step, size = 1.0 / load.max(), max(float(np.abs(target).max()), np.finfo(float).tiny)
    point = ahead = project(target)
    momentum = 1.0
    for _ in range(STEPS):
        proposed = project(ahead - step * load * (ahead - target))
        moved = proposed - point
        # `ahead` at `point`: this was a plain projected gradient step, whose fixed points are the minima
        if momentum == 1.0 and float(np.abs(moved).max()) <= TOLERANCE * size:
            result = proposed / outer
            return 0.5 * (result + result.T)
        if float(np.sum((ahead - proposed) * moved)) > 0.0 or float(np.abs(moved).max()) <= TOLERANCE * size:
            momentum, ahead = 1.0, proposed
        else:
            following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
            ahead = proposed + (momentum - 1.0) / following * moved
            momentum = following
        point = proposed
    raise VcmodelError("pairs: the weights differ too much between traits for a common matrix; fit fewer traits, or all together")
