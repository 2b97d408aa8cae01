"""Weights of the mixture of chi-squares that the projection of a normal vector onto a convex cone follows.

For s ~ N(0, U) and a closed convex cone K the squared length of the projection of s onto K, both in the metric of U^-1, is distributed as a
mixture of chi-squares with 0, ..., q degrees of freedom, q the rank of U. The weights depend on K and U alone. Here K is a product of
half-lines (variances) and of cones of positive semi-definite matrices, each matrix as a vector of its triangle.

References
----------
Shapiro, A. (1988). Towards a unified theory of inequality constrained testing in multivariate analysis. International Statistical Review
56, 49-62.
Silvapulle, M. J. & Sen, P. K. (2005). Constrained Statistical Inference, chapter 3. Wiley.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vcmodel.results.projection import rounding, simulated_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ANGLES, RADII = 192, 64  # nodes of the quadrature of a solid angle
RANK = 1e-8  # eigenvalues of a correlation matrix below this are zero


class Weights(NamedTuple):
    """Weights of chi-squares with 0, 1, ..., q degrees of freedom, and whether they were simulated."""

    values: Array
    simulated: bool


def mixture_weights(covariance: Array, orders: Sequence[int]) -> Weights:
    """The weights (q + 1) for a cone of positive semi-definite matrices of the given orders; order 1 is a half-line.

    Closed forms for up to three half-lines (Shapiro 1988, section 5), independent half-lines, and one 2 x 2 matrix (solid angles by
    quadrature); otherwise simulated. Where U is singular the cone is the part of K in its range.

    Parameters
    ----------
    covariance : (d, d) array
        U, d the sum of r (r + 1) / 2.
    """
    scale = np.sqrt(np.diag(covariance))
    scale = np.where(scale > 0.0, scale, 1.0)
    correlation = covariance / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlation)
    if values[0] > RANK:
        if all(order == 1 for order in orders):
            if np.all(np.abs(correlation - np.diag(np.diag(correlation))) < 1e-9):
                return Weights(_binomial(len(orders)), False)
            if len(orders) <= 3:
                return Weights(_half_lines(correlation), False)
        elif list(orders) == [2]:
            return Weights(_two_by_two(covariance), False)
    kept = values > RANK
    return Weights(simulated_weights(scale[:, None] * vectors[:, kept] * np.sqrt(values[kept]), orders), True)


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
    root = np.asarray(np.linalg.cholesky(covariance), dtype=float)
    root = rounding(root, 2) @ root
    most, none = _solid_angle(np.asarray(np.linalg.inv(root), dtype=float)), _solid_angle(np.asarray(root.T, dtype=float))
    return np.array([none, 0.5 - most, 0.5 - none, most])


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
