"""Weights of the mixture of chi-squares that the projection of a normal vector onto a convex cone follows.

For s ~ N(0, U) and a closed convex cone K the squared length of the projection of s onto K, both in the metric of U^-1, is distributed as a
mixture of chi-squares with 0, ..., d degrees of freedom. The weights depend on K and U alone. Here K is a product of half-lines (variances)
and of cones of positive semi-definite matrices, each matrix as its lower triangle with off-diagonal elements times sqrt(2).

References
----------
Shapiro, A. (1988). Towards a unified theory of inequality constrained testing in multivariate analysis. International Statistical Review
56, 49-62.
Silvapulle, M. J. & Sen, P. K. (2005). Constrained Statistical Inference, chapter 3. Wiley.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DRAWS = 4096  # half of them mirror images; the weights are found to 0.01, tail probabilities to a few per cent of themselves
SEED = 1988
STEPS = 2000
SOLVED = 1e-4  # largest change in a step, in standard deviations, at which a projection has converged
FLAT = 1e12  # curvature that stands for an edge: nothing moves along it
ANGLES, RADII = 192, 64  # nodes of the quadrature of a solid angle
ROUNDS = 12  # of looking for the levels in which a cone is seen nearly round


class Weights(NamedTuple):
    """Weights of chi-squares with 0, 1, ..., d degrees of freedom, and whether they were simulated."""

    values: Array
    simulated: bool


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


def mixture_weights(covariance: Array, orders: Sequence[int]) -> Weights:
    """The weights (d + 1) for a cone of positive semi-definite matrices of the given orders; order 1 is a half-line.

    Closed forms for up to three half-lines (Shapiro 1988, section 5), independent half-lines, and one 2 x 2 matrix (solid angles by
    quadrature); otherwise simulated.

    Parameters
    ----------
    covariance : (d, d) array
        U, positive definite, d the sum of r (r + 1) / 2.
    """
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    if all(order == 1 for order in orders):
        off = correlation - np.diag(np.diag(correlation))
        if np.all(np.abs(off) < 1e-9):
            return Weights(_binomial(len(orders)), False)
        if len(orders) <= 3:
            return Weights(_half_lines(correlation), False)
    elif list(orders) == [2]:
        return Weights(_two_by_two(covariance), False)
    return Weights(_simulated(covariance, orders), True)


def _binomial(count: int) -> Array:
    """Independent half-lines: binomial weights (Self & Liang 1987)."""
    result = np.ones(1)
    for _ in range(count):
        result = np.convolve(result, [0.5, 0.5])
    return result


def _orthant(correlation: Array) -> float:
    """P(all positive) of two or three normal variables."""
    angles = np.arcsin(correlation[np.tril_indices(len(correlation), -1)])
    return float(0.25 + angles.sum() / (2 * np.pi) if len(correlation) == 2 else 0.125 + angles.sum() / (4 * np.pi))


def _half_lines(correlation: Array) -> Array:
    """Two or three half-lines: all positive, or all zero where U^-1 s < 0; even and odd degrees of freedom have weight 1/2 each."""
    inverse = np.linalg.inv(correlation)
    scale = np.sqrt(np.diag(inverse))
    most, none = _orthant(correlation), _orthant(inverse / np.outer(scale, scale))
    return np.array([none, 0.5, most]) if len(correlation) == 2 else np.array([none, 0.5 - most, 0.5 - none, most])


def _two_by_two(covariance: Array) -> Array:
    """One 2 x 2 matrix: the shares of the sphere inside the cone and inside its polar cone."""
    transform = _rounding(covariance, 2)
    root = np.linalg.cholesky(transform @ covariance @ transform.T)
    most, none = _solid_angle(np.asarray(np.linalg.inv(root), dtype=float)), _solid_angle(np.asarray(root.T, dtype=float))
    return np.array([none, 0.5 - most, 0.5 - none, most])


def _rounding(covariance: Array, order: int) -> Array:
    """The map (d, d) of triangles that takes S to TST', T such that E S^2 is the identity: the cone stays, and is seen nearly round."""
    change = np.eye(order)
    mapped = np.eye(len(covariance))
    for _ in range(ROUNDS):
        roots = to_matrix(np.asarray(np.linalg.cholesky(mapped @ covariance @ mapped.T).T, dtype=float), order)
        values, axes = np.linalg.eigh(np.sum(roots @ roots, axis=0))
        change = (axes * values**-0.25) @ axes.T @ change
        mapped = to_vector(change @ to_matrix(np.eye(len(covariance)), order) @ change.T).T
    return mapped


def _solid_angle(transform: Array) -> float:
    """Share of the sphere in T times the cone of 2 x 2 positive semi-definite matrices, in the coordinates of :func:`to_vector`.

    The matrices of trace sqrt(2) are a disc, whose image is seen under the angle |det T| times the integral of |T k|^-3.
    """
    nodes, weights = np.polynomial.legendre.leggauss(RADII)
    radius = 0.5 * (nodes + 1.0)
    angle = 2 * np.pi * np.arange(ANGLES) / ANGLES
    half = radius[:, None] * np.cos(angle) / np.sqrt(2.0)
    k = np.stack([np.sqrt(0.5) + half, radius[:, None] * np.sin(angle), np.sqrt(0.5) - half], axis=-1)
    seen = np.linalg.norm(k @ transform.T, axis=-1) ** -3.0
    area = float(np.sum(0.5 * weights[:, None] * radius[:, None] * seen)) * 2 * np.pi / ANGLES
    return float(abs(np.linalg.det(transform)) * area / (4 * np.pi))


@cache
def _draws(size: int) -> Array:
    half = np.random.default_rng(SEED).standard_normal((DRAWS // 2, size))
    return np.concatenate([half, -half])


def _simulated(covariance: Array, orders: Sequence[int]) -> Array:
    """Means over seeded draws of the weights given where the draw is projected.

    Where s is projected onto a curved face the volume element of the normals, prod(1 + k_i), k_i the principal curvatures times the length
    of the normal, splits into its terms of each degree: given s the degrees of freedom are a sum of independent 0/1 variables with
    probabilities 1 / (1 + k_i), the eigenvalues of the derivative of the projection. Even and odd degrees are then given weight 1/2 each.
    """
    precision = np.asarray(np.linalg.inv(covariance), dtype=float)
    s = _draws(len(covariance)) @ np.linalg.cholesky(covariance).T
    projected = project(s, precision, orders)
    moving = _moving(projected, (projected - s) @ precision, covariance, orders)
    counts = np.zeros((len(s), len(covariance) + 1))
    counts[:, 0] = 1.0
    for column in moving.T[:, :, None]:
        counts[:, 1:] = counts[:, 1:] * (1.0 - column) + counts[:, :-1] * column
        counts[:, 0] *= 1.0 - column[:, 0]
    weights = counts.mean(axis=0)
    for parity in (weights[::2], weights[1::2]):
        parity *= 0.5 / parity.sum()
    return weights


def project(s: Array, precision: Array, orders: Sequence[int]) -> Array:
    """Projections (n, d) of the rows of s onto the cone in the metric of `precision`: accelerated proximal gradient steps.

    They are taken in coordinates in which the metric is nearly the ordinary one.
    """
    change = np.zeros_like(precision)
    covariance = np.asarray(np.linalg.inv(precision), dtype=float)
    for part, order in zip(_parts(orders), orders, strict=True):
        change[part, part] = _rounding(covariance[part, part], order)
    back = np.linalg.inv(change)
    metric = back.T @ precision @ back
    target = s @ change.T
    length = 1.0 / np.linalg.eigvalsh(metric)[-1]
    x = ahead = _onto(target, orders)
    momentum = 1.0
    for _ in range(STEPS):
        new = _onto(ahead - length * (ahead - target) @ metric, orders)
        # momentum is dropped where it points uphill (O'Donoghue & Candes 2015)
        uphill = np.sum((ahead - new) * (new - x), axis=1, keepdims=True) > 0.0
        after = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = new + np.where(uphill, 0.0, (momentum - 1.0) / after) * (new - x)
        done = np.max(np.abs(new - x)) < SOLVED
        x, momentum = new, after
        if done:
            break
    return np.asarray(x @ back.T, dtype=float)


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


def _moving(x: Array, normal: Array, covariance: Array, orders: Sequence[int]) -> Array:
    """Eigenvalues (n, d) of the derivative of the projection at projected points x with normals U^-1 (x - s) in the dual cone.

    A matrix and its normal have common eigenvectors: between one with eigenvalue a > 0 of the matrix and one with eigenvalue b > 0 of the
    normal the face has curvature b / a, within the former none, and within the latter the face ends.
    """
    n, d = x.shape
    curvature = np.zeros((n, d))
    frames = np.zeros((n, d, d))
    for part, order in zip(_parts(orders), orders, strict=True):
        size = np.sqrt(np.trace(covariance[part, part]) / order)
        values, axes = np.linalg.eigh(to_matrix(x[:, part] / size - normal[:, part] * size, order))
        rows, columns = np.tril_indices(order)
        low, high = np.minimum(values[:, rows], values[:, columns]), np.maximum(values[:, rows], values[:, columns])
        # in the units of x and the normal
        between = np.where(low > 0.0, 0.0, -low / np.maximum(high, 1.0 / FLAT)) / size**2
        curvature[:, part] = np.minimum(np.where(high <= 0.0, FLAT, between), FLAT)
        products = axes.transpose(0, 2, 1)[:, rows, :, None] * axes.transpose(0, 2, 1)[:, columns, None, :]
        unit = 0.5 * (products + products.swapaxes(-1, -2)) * np.where(rows == columns, 1.0, np.sqrt(2.0))[:, None, None]
        frames[:, part, part] = to_vector(unit)
    # the derivative is (U^-1 + F'HF)^-1 U^-1 with the curvatures H along the rows of the frames F
    rotated = (frames * np.sqrt(curvature)[:, :, None]) @ np.linalg.cholesky(covariance)
    return 1.0 / (1.0 + np.maximum(np.linalg.eigvalsh(rotated @ rotated.transpose(0, 2, 1)), 0.0))
