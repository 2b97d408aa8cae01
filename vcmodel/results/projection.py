"""Projections of normal vectors onto cones of positive semi-definite matrices, and the weights they give.

A matrix is a vector of its lower triangle, off-diagonal elements times sqrt(2), so that lengths are kept.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DRAWS = 4096  # half of them mirror images; the weights are found to 0.01, tail probabilities to a few per cent of themselves
SEED = 1988
STEPS = 500
SOLVED = 1e-3  # largest change in a step, in standard deviations, at which a projection has converged
FLAT = 1e12  # curvature that stands for an edge: nothing moves along it
ROUNDS = 12  # of looking for the levels in which a cone is seen nearly round


def triangle_size(order: int) -> int:
    """Elements of a symmetric matrix of that order.

    >>> triangle_size(3)
    6
    """
    return order * (order + 1) // 2


def to_vector(matrices: Array) -> Array:
    """Lower triangles (..., r (r + 1) / 2) of symmetric matrices (..., r, r), off-diagonal elements times sqrt(2): lengths are kept."""
    rows, columns = np.tril_indices(matrices.shape[-1])
    return matrices[..., rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2.0))


def to_matrix(vectors: Array, order: int) -> Array:
    """The symmetric matrices of :func:`to_vector`."""
    rows, columns = np.tril_indices(order)
    result = np.zeros((*vectors.shape[:-1], order, order))
    values = vectors / np.where(rows == columns, 1.0, np.sqrt(2.0))
    result[..., rows, columns] = values
    result[..., columns, rows] = values
    return result


def rounding(root: Array, order: int) -> Array:
    """The map (d, d) of triangles that takes S to TST', T such that E S^2 is the identity: the cone stays, and is seen nearly round.

    Parameters
    ----------
    root : (d, q) array
        S is it times q independent standard normal variables.
    """
    change = np.eye(order)
    unit = to_matrix(np.eye(len(root)), order)
    mapped = np.eye(len(root))
    for _ in range(ROUNDS):
        columns = to_matrix((mapped @ root).T, order)
        values, axes = np.linalg.eigh(np.sum(columns @ columns, axis=0))
        change = (axes * np.maximum(values, 1.0 / FLAT) ** -0.25) @ axes.T @ change
        mapped = to_vector(change @ unit @ change.T).T
    return mapped


@cache
def _draws(size: int) -> Array:
    half = np.random.default_rng(SEED).standard_normal((DRAWS // 2, size))
    return np.concatenate([half, -half])


def simulated_weights(root: Array, orders: Sequence[int]) -> Array:
    """Means over seeded draws of the weights given where the draw is projected.

    Where a draw is projected onto a curved face the volume element of the normals, prod(1 + k_i), k_i the principal curvatures times the
    length of the normal, splits into its terms of each degree: given the draw the degrees of freedom are a sum of independent 0/1 variables
    with probabilities 1 / (1 + k_i), the eigenvalues of the derivative of the projection. Even and odd degrees are then given weight 1/2
    each.

    Parameters
    ----------
    root : (d, q) array
        The matrices are it times w, w ~ N(0, I), and the cone is that of the w for which they are positive semi-definite.
    """
    rounded = np.concatenate([rounding(root[part], order) @ root[part] for part, order in zip(_parts(orders), orders, strict=True)])
    moving = _moving(split(_draws(root.shape[1]), rounded, orders), rounded, orders)
    counts = np.zeros((len(moving), root.shape[1] + 1))
    counts[:, 0] = 1.0
    for column in moving.T[:, :, None]:
        counts[:, 1:] = counts[:, 1:] * (1.0 - column) + counts[:, :-1] * column
        counts[:, 0] *= 1.0 - column[:, 0]
    weights = counts.mean(axis=0)
    for parity in (weights[::2], weights[1::2]):
        parity *= 0.5 / parity.sum()
    return np.asarray(weights, dtype=float)


def split(w: Array, root: Array, orders: Sequence[int]) -> Array:
    """The matrices Fx of the projections x of the rows of w onto {x: Fx positive semi-definite}, less their multipliers Y, (n, d).

    Fx and Y are positive semi-definite with product zero, so that the positive and the negative part tell them apart, and x = w + F'Y.
    Alternating directions: x solves a least-squares problem, its matrices are projected, their difference is added up.
    """
    inverse = np.linalg.inv(np.eye(root.shape[1]) + root.T @ root)
    at, back = w @ inverse @ root.T, root @ inverse @ root.T
    # the sum of Fx and of what was added up before it
    total = w @ root.T
    moving = np.arange(len(w))
    for _ in range(STEPS):
        here = total[moving]
        matrices = _onto(here, orders)
        change = at[moving] + (2.0 * matrices - here) @ back - matrices
        total[moving] = here + change
        moving = moving[np.max(np.abs(change), axis=1) > SOLVED]
        if not moving.size:
            break
    return total


def _parts(orders: Sequence[int]) -> list[slice]:
    return [slice(a, b) for a, b in pairwise(np.cumsum([0, *map(triangle_size, orders)]).tolist())]


def _onto(vectors: Array, orders: Sequence[int]) -> Array:
    """The nearest elements of the cone in the ordinary metric."""
    result = np.empty_like(vectors)
    for part, order in zip(_parts(orders), orders, strict=True):
        if order == 1:
            result[:, part] = np.maximum(vectors[:, part], 0.0)
        else:
            values, axes = np.linalg.eigh(to_matrix(vectors[:, part], order))
            result[:, part] = to_vector((axes * np.maximum(values, 0.0)[:, None, :]) @ axes.transpose(0, 2, 1))
    return result


def _moving(parts: Array, root: Array, orders: Sequence[int]) -> Array:
    """Eigenvalues (n, q) of the derivative of the projection, from what :func:`split` gave.

    A matrix and its multiplier have common eigenvectors: between one with eigenvalue a > 0 of the matrix and one with eigenvalue b > 0 of
    the multiplier the face has curvature b / a, within the former none, and within the latter the face ends.
    """
    n, d = parts.shape
    curvature = np.zeros((n, d))
    frames = np.zeros((n, d, d))
    for part, order in zip(_parts(orders), orders, strict=True):
        values, axes = np.linalg.eigh(to_matrix(parts[:, part], order))
        rows, columns = np.tril_indices(order)
        low, high = np.minimum(values[:, rows], values[:, columns]), np.maximum(values[:, rows], values[:, columns])
        between = np.where(low > 0.0, 0.0, -low / np.maximum(high, 1.0 / FLAT))
        curvature[:, part] = np.minimum(np.where(high <= 0.0, FLAT, between), FLAT)
        products = axes.transpose(0, 2, 1)[:, rows, :, None] * axes.transpose(0, 2, 1)[:, columns, None, :]
        unit = 0.5 * (products + products.swapaxes(-1, -2)) * np.where(rows == columns, 1.0, np.sqrt(2.0))[:, None, None]
        frames[:, part, part] = to_vector(unit)
    # the derivative is (I + F'QHQ'F)^-1 with the curvatures H along the rows of the frames Q
    rotated = (frames * np.sqrt(curvature)[:, :, None]) @ root
    return np.asarray(1.0 / (1.0 + np.maximum(np.linalg.eigvalsh(rotated.transpose(0, 2, 1) @ rotated), 0.0)), dtype=float)
