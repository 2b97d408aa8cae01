"""A canonical point of a likelihood that is constant along a ridge: where the end of the fit does not depend on the start.

A climb ends anywhere on the ridge, also where it meets the boundary of a matrix; there the matrix would look singular, and the average
information regular. The estimate is moved to the point of the same V that is farthest from all boundaries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.confounding import INTERIOR, lifted
from vcmodel.reml.iterate import End, maximise
from vcmodel.reml.make_search import make_search
from vcmodel.reml.status import Status
from vcmodel.structures.cholesky_chart import CholeskyChart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.confounding import Ridge
    from vcmodel.reml.point import Point
    from vcmodel.reml.search import Search
    from vcmodel.structures.chart import Chart

    Array = NDArray[np.float64]

# eigenvalues of Sigma in units of the data's variance down to which the centre of the confounded changes is told from the boundary
DEPTH = 1e-7
CENTRE_STEPS = 100
# distance, in units of the data's variance, within which a matrix is one of a structure's
REACHED = 1e-9
# coordinates below this share of the data's standard deviation are on their edge: the square root of DEPTH and a little more
ON_EDGE = 1e-3
# moves of a component below this share of the largest are rounding
STILL = 1e-8
# by how much logL may differ along a ridge
SAME = 1e-7


def centred(search: Search, ridge: Ridge) -> tuple[Search, End] | None:
    """A search that ended at the centre of the ridge through the end of `search`, and its end; None where that cannot be reached.

    Parameters that the user fixed or tied, and structures that the ridge leaves, stay where they are.
    """
    point = search.point
    sigmas = centre(point, ridge)
    inside = lifted(point, INTERIOR[0])
    positions = {}
    for c in _involved(point, ridge):
        made = None
        if not search.constraints.constrained(c).any():
            made = represented(point[c].chart, inside[c].phi, sigmas[c], search.components[c].reference)
        if made is None:
            return None
        positions[c] = made
    start = point.changed(positions)
    at_bound = np.zeros(start.size, dtype=bool)
    for part in start:
        for edge in part.edges:
            if part.phi[edge.coordinate] == 0.0:
                at_bound[part.where.start + np.array(edge.group)] = True
    other = make_search(search.equations, search.constraints, start, search.control, at_bound)
    end = maximise(other)
    if end is not None and end.status is Status.CONVERGED and abs(other.loglik - search.loglik) < SAME:
        other.resume(search.history[:-1])
        return other, end
    search.restore()
    return None


def _involved(point: Point, ridge: Ridge) -> list[int]:
    """The components that the ridge moves."""
    scaled = [float(np.max(np.abs(change) / part.unit, initial=0.0)) for part, change in zip(point, ridge.changes, strict=True)]
    return [c for c, size in enumerate(scaled) if size > STILL * max(scaled)]


def centre(point: Point, ridge: Ridge) -> list[Array]:
    """Sigma of every component where the ridge through `point` is farthest from the boundary.

    The sum of log|Sigma_c + DEPTH| over the components that the ridge moves, in units of the data, is concave along the ridge and has one
    maximum: damped Newton steps.
    """
    scaled, moves = [], []
    for part, change in zip(point, ridge.changes, strict=True):
        scaled.append(part.sigma / part.unit)
        moves.append(change / part.unit)
    involved = _involved(point, ridge)

    def depth(t: Array) -> float:
        total = 0.0
        for c in involved:
            values = np.linalg.eigvalsh(scaled[c] + np.tensordot(t, moves[c], axes=1))
            if values[0] <= -DEPTH:
                return -np.inf
            total += float(np.log(values + DEPTH).sum())
        return total

    t = np.zeros(ridge.dimension)
    best = depth(t)
    for _ in range(CENTRE_STEPS):
        gradient, hessian = np.zeros(t.size), np.zeros((t.size, t.size))
        for c in involved:
            inverse = np.linalg.inv(scaled[c] + np.tensordot(t, moves[c], axes=1) + DEPTH * np.eye(scaled[c].shape[0]))
            half = inverse @ moves[c]
            gradient += np.trace(half, axis1=1, axis2=2)
            hessian += np.einsum("aij,bji->ab", half, half)
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        gain = float(step @ gradient)
        length = 1.0 / (1.0 + np.sqrt(max(gain, 0.0)))  # stays inside: the damped Newton step of a self-concordant function
        t = t + length * step
        if gain < 1e-16:
            break
    if not depth(t) >= best:
        t = np.zeros(ridge.dimension)
    result = []
    for part, sigma, move in zip(point, scaled, moves, strict=True):
        values, vectors = np.linalg.eigh(sigma + np.tensordot(t, move, axes=1))
        whole = (vectors * np.maximum(values, 0.0)) @ vectors.T
        result.append(whole * part.unit)
    return result


def represented(chart: Chart, phi: Array, sigma: Array, reference: Array) -> tuple[Chart, Array] | None:
    """A chart of the same structure with the coordinates of `sigma` (k, k); None where it is no matrix of this structure.

    Coordinates that are zero but for rounding are exactly zero, with their groups.
    """
    if isinstance(chart, CholeskyChart):
        chart, phi = chart.of(sigma, reference)
    else:
        unit = np.outer(reference, reference)
        for _ in range(CENTRE_STEPS):  # Gauss-Newton
            left = (sigma - chart.value(phi)) / unit
            if np.linalg.norm(left) < 1e-13:
                break
            columns = (chart.derivative(phi) / unit).reshape(phi.size, -1)
            phi = phi + np.linalg.lstsq(columns.T, left.ravel(), rcond=None)[0]
            if not np.all(np.isfinite(phi)):
                return None
        chart, phi = chart.renormalise(phi)
        if not chart.feasible(phi) or np.linalg.norm((sigma - chart.value(phi)) / unit) > REACHED:
            return None
    for edge in chart.edges(phi):
        if abs(phi[edge.coordinate]) < ON_EDGE * edge.scale:
            phi[list(edge.group)] = 0.0
    return chart, phi
