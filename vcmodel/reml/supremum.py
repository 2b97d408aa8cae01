"""Matrices that enter through their inverse and run into their boundary, of a residual or a sparse part: what logL tends to, and where.

They cannot be put onto the boundary itself, and are held at a lower bound. With R0 singular, logL at R0 + delta R1 is
-c log(delta) + L0 - a delta - b delta^2 - ...: with c > 0 it is unbounded, with c = 0 it has the supremum L0, which follows from three
values of delta (Richardson's extrapolation). The other estimates move linearly in the same way. A sparse part of a random term has c = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.bounds import RESIDUAL_BOUNDS, LowerBounds
from vcmodel.reml.status import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.point import Part, Point
    from vcmodel.reml.search import Probe, Search
    from vcmodel.structures.chart import Chart

    Array = NDArray[np.float64]

# logL grows by at least half a unit per e-fold of a residual coordinate that the data do not keep from zero
UNBOUNDED_SLOPE = 0.25
# eigenvalues of a residual matrix, in units of the data's variance, below which R^-1 e keeps fewer than five digits; a correlation near one
# between variances near zero gets there before its bound
LEAST_EIGENVALUE = 1e-11
# error of L0 at which the next bound is tried, and up to which it is reported
ACCURATE, REPORTED = 1e-6, 1e-5


@dataclass(frozen=True)
class Supremum:
    """What logL tends to at the boundary that a matrix presses on.

    Attributes
    ----------
    loglik : float
        L0.
    point : Point
        The estimates there; active coordinates are exactly zero.
    error : float
        What the last term of the expansion of logL contributes.
    residual : bool
        Whether one of the matrices is that of a residual.
    """

    loglik: float
    point: Point
    error: float
    residual: bool = True


def residual_slope(search: Search) -> float:
    """The largest s = -dlogL/dlog(lambda) of the coordinates that press on the bound of a residual or sparse part; 0 when none does."""
    active_set = search.active_set
    return float(np.max(-active_set.slopes[active_set.inverse] * active_set.distance, initial=0.0))


def supremum(search: Search) -> Supremum | None:
    """What logL tends to at the boundary that a residual matrix or a sparse part presses on; None when nothing presses.

    The other coordinates are taken there from what their score says at the bound and at twice the bound.
    """
    bounds, score, vector = search.active_set.bounds, search.derivatives.score, search.point.vector()
    which = np.flatnonzero(search.active_set.active & bounds.inverse)
    if not which.size:
        return None
    stuck = np.unique(np.concatenate([bounds.groups[edge] for edge in which]))
    system, transform = search.system(), search.active_set.transform
    doubled = vector.copy()
    doubled[stuck] *= 2.0
    with search.probe() as probe:
        further = probe.slopes().score if probe.at(search.point.moved(doubled)) else score
        growth = 2.0 ** bounds.order[which].max()
        change = (transform.T @ (further - score)) * system.scale / (growth - 1.0)
        vector = vector - transform @ (system.scale * (system.vectors @ ((system.vectors.T @ change) / system.divisors(0.0))))
        vector[stuck] = 0.0
        point = search.point.moved(vector)
        loglik, error = _extrapolated(probe, point, search.residual_bound)
    residual = any(np.any((stuck >= part.where.start) & (stuck < part.where.stop)) for part in point.residual)
    return Supremum(loglik, point, error, residual)


def _extrapolated(probe: Probe, point: Point, residual_bound: float) -> tuple[float, float]:
    """L0 at a point with singular matrices, and how far the last term has moved it; delta is the square of the bound."""
    values = []
    for delta in residual_bound**2 * np.array([1.0, 2.0, 4.0]):
        if not probe.at(point.changed({c: _inside(part, delta) for c, part in enumerate(point)})):
            return -np.inf, np.inf
        values.append(probe.loglik)
    one, two, four = values
    linear, quadratic = 2.0 * one - two, (8.0 * one - 6.0 * two + four) / 3.0
    return quadratic, abs(quadratic - linear)


def _inside(part: Part, delta: float) -> tuple[Chart, Array]:
    """Chart and coordinates of a part whose residual matrix and sparse parts are moved off their boundary by delta."""
    chart, phi = part.chart, part.phi
    if not part.component.is_random:
        chart, phi = part.with_sigma(part.sigma + delta * np.diag(part.component.reference**2))
    phi, first = phi.copy(), chart.size - chart.n_sparse
    for edge in chart.edges(phi) if chart.n_sparse else ():
        if edge.coordinate >= first and phi[edge.coordinate] == 0.0:
            phi[edge.coordinate] = np.sqrt(delta) * edge.scale
    return chart, phi


def relax_residual_bound(search: Search, seen: Supremum | None) -> bool:
    """Go down to the next bound where the supremum cannot be told from this one; False where it can, or where nothing presses.

    Parameters
    ----------
    seen : Supremum or None
        Of the point where the search stands.
    """
    below = [bound for bound in RESIDUAL_BOUNDS if bound < search.residual_bound]
    if not below or seen is None or seen.error < ACCURATE:
        return False
    active_set, bounds, vector = search.active_set, LowerBounds.of(search.point, below[0]), search.point.vector()
    at = active_set.active & bounds.inverse
    vector[bounds.index[at]] = bounds.lower[at]
    trial = search.point.moved(vector)
    if _smallest_eigenvalue(trial) < LEAST_EIGENVALUE:
        return False
    with search.probe() as probe:
        if probe.at(trial) and probe.loglik >= search.loglik - search.slack:
            probe.keep()  # elsewhere the maximum lies between the two bounds, or the other coordinates must move too
    search.lower_residual_bound(below[0])
    return True


def _smallest_eigenvalue(point: Point) -> float:
    """The smallest eigenvalue of all residual matrices at a point, in units of the data's variance."""
    return min(float(np.linalg.eigvalsh(part.sigma / part.unit)[0]) for part in point.residual)


def residual_status(status: Status, slope: float, seen: Supremum | None) -> Status:
    """The status of the end of a climb, or what became of a matrix that ran to its last bound.

    Parameters
    ----------
    status : Status
        Of the end, were there no residual matrix at its bound.
    slope : float
        As of :func:`residual_slope`.
    seen : Supremum or None
    """
    if slope > UNBOUNDED_SLOPE:
        return Status.UNBOUNDED
    if status is not Status.CONVERGED or slope == 0.0:
        return Status.STALLED if status is Status.UNBOUNDED else status
    if seen is None or seen.error > REPORTED:
        return Status.STALLED
    return Status.RESIDUAL_BOUNDARY if seen.residual else Status.CONVERGED
