"""The information on the entries of the covariance matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.likelihood import set_point
from vcmodel.reml.point import Point
from vcmodel.structures.matrix_chart import MatrixChart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.base import Equations
    from vcmodel.reml.components import Component
    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]

# observations times directions up to which the expected information is computed; with more the average information is near it
EXPECTED = 100_000
# in standard errors of a variance: how far inside a singular matrix is looked at, and the step of differences of the score
INSIDE, STEP = 0.02, 1e-3
# times the standard errors are found anew where they were less than half of what was thought
PASSES = 4
# eigenvalues of a matrix below this many standard errors call for looking from inside
NEAR = 0.05


def information(estimate: Estimate, directions: Sequence[Array]) -> Array:
    """Information (m, m) on Sigma + sum of x_j E_j at the estimate, for the matrices E (m_c, k, k) of each component.

    The expected information 1/2 tr(P V_i P V_j), which is twice the average information less the observed one, the latter by differences
    of the score; the average information where the data are many.
    """
    equations, components, point = estimate.equations, estimate.components, estimate.point
    sigmas = [part.sigma for part in point]
    average = _average(equations, _moving(components, sigmas, directions, [part.loading for part in point]))
    # not every matrix has a root of another shape than its own
    square = all(part.loading.shape == part.sigma.shape for part in point.random)
    if equations.y.size * len(average) > EXPECTED or not len(average) or not square:
        return average
    # the average information on a variance may be zero by accident
    largest = np.concatenate([_sizes(component.reference, own) for component, own in zip(components, directions, strict=True)])
    errors = 1.0 / np.sqrt(np.maximum(np.diag(average), largest**-2))
    try:
        for _ in range(PASSES):
            moves = np.split(errors, np.cumsum([len(own) for own in directions])[:-1])
            inside = [_inside(sigma, own, size) for sigma, own, size in zip(sigmas, directions, moves, strict=True)]
            expected = _expected(equations, components, directions, inside, errors)
            former, errors = errors, 1.0 / np.sqrt(np.maximum(np.diag(expected), largest**-2))
            if np.all(errors > 0.5 * former):
                break
        return expected
    except FloatingPointError:
        return average
    finally:
        # the equations stand at the estimate for all who ask them
        set_point(equations, point)


def _sizes(reference: Array, directions: Array) -> Array:
    """Variance of the data (m,) where each direction moves the matrix."""
    return np.asarray(np.tensordot(directions, np.outer(reference, reference), 2) / directions.sum(axis=(1, 2)))


def _moving(components: Sequence[Component], sigmas: Sequence[Array], directions: Sequence[Array], roots: Sequence[Array | None]) -> Point:
    """The matrices `sigmas`, with the directions as coordinates."""
    charts = [MatrixChart(sigma, root, own) for sigma, root, own in zip(sigmas, roots, directions, strict=True)]
    return Point.of((component, chart, np.zeros(chart.size)) for component, chart in zip(components, charts, strict=True))


def _average(equations: Equations, point: Point) -> Array:
    """Average information where the equations stand."""
    return equations.information(point.parts)


def _inside(sigma: Array, directions: Array, errors: Array) -> Array:
    """The matrix, moved inside by a fraction of its standard errors where it is singular."""
    diagonal = np.einsum("mkk,m->k", directions, errors)
    scale = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    if np.linalg.eigvalsh(sigma / np.outer(scale, scale))[0] >= NEAR:
        return sigma
    return sigma + INSIDE * np.diag(diagonal)


def _expected(
    equations: Equations, components: Sequence[Component], directions: Sequence[Array], sigmas: Sequence[Array], errors: Array
) -> Array:
    """Expected information at the matrices `sigmas`, all positive definite."""
    none = [None] * len(components)
    base = _score(equations, _moving(components, sigmas, directions, none))
    average = _average(equations, _moving(components, sigmas, directions, none))
    observed = np.zeros_like(average)
    row = 0
    for c, own in enumerate(directions):
        for direction in own:
            step = STEP * errors[row]
            moved = [sigma + step * direction if i == c else sigma for i, sigma in enumerate(sigmas)]
            observed[row] = (base - _score(equations, _moving(components, moved, directions, none))) / step
            row += 1
    expected = 2.0 * average - 0.5 * (observed + observed.T)
    values, vectors = np.linalg.eigh(expected * np.outer(errors, errors))
    root = vectors * np.sqrt(np.maximum(values, 0.0)) / errors[:, None]
    return root @ root.T


def _score(equations: Equations, point: Point) -> Array:
    """dlogL/dx (m,) at positive definite matrices, where the equations are left."""
    if not equations.update(point.parts):
        raise FloatingPointError("the equations are singular inside their boundary")
    return np.concatenate([equations.derivatives(part).score for part in point])
