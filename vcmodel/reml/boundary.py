"""What happens at the boundary of a random matrix: putting coordinates onto it, and certifying that they belong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.search import Departure
from vcmodel.reml.status import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.point import Part, Point
    from vcmodel.reml.search import Search

    Array = NDArray[np.float64]

# where a singular matrix is looked at from inside, as a multiple of the bound
NEARBY = 10.0
# scaled eigenvalues of Sigma below this are its null space; they are exact zeros but for rounding
NULL = 1e-11
# multipliers below this are rounding
RISING = 1e-6
# how far a released component moves from the boundary, in standard deviations of the data
LENGTHS = (0.1, 0.03, 0.01, 1e-3)


def activate(search: Search, refused: NDArray[np.bool_]) -> bool:
    """Set the random coordinates whose bound is active to exactly zero; False when there are none or logL would fall.

    Parameters
    ----------
    refused : (m,) bool array
        Coordinates not to be tried, to which those are added with which logL would fall.
    """
    active_set, bounds = search.active_set, search.active_set.bounds
    active = active_set.active & ~bounds.inverse & ~refused[bounds.index]
    if not active.any():
        return False
    mask = search.at_bound.copy()
    for i in np.flatnonzero(active):
        mask[bounds.groups[i]] = True
    with search.probe() as probe:
        trial = search.retracted(search.point.moved(np.where(mask, 0.0, search.point.vector())))
        if probe.at(trial) and probe.loglik >= search.loglik - search.slack:
            probe.keep(mask)
            return True
    refused[bounds.index[active]] = True
    return False


@dataclass(frozen=True)
class EdgeModel:
    """How logL changes as the coordinates of a component at their bound leave zero.

    Sigma is even in a square-root coordinate, so that logL = logL0 + 1/2 phi'M phi near zero, M the curvature that D gives these
    coordinates; where Sigma has a slope at the edge, logL0 + slope phi with phi >= 0. Units are those of the data's variance.

    Attributes
    ----------
    even, sided : int arrays
        Snapped coordinates of the two kinds.
    values, vectors : arrays
        Eigenvalues of M / 2 and its eigenvectors: for a single variance dlogL/dvariance.
    slopes : array
    size : (m,) array
        Standard deviations of the data that a unit of each coordinate moves the loading.
    """

    even: NDArray[np.intp]
    sided: NDArray[np.intp]
    values: Array
    vectors: Array
    slopes: Array
    size: Array

    @classmethod
    def of(cls, part: Part, at_bound: NDArray[np.bool_], gradient: Array) -> EdgeModel:
        """The model of a component at its coordinates, for D = `gradient`."""
        chart = part.chart
        one_sided = np.zeros(chart.size, dtype=bool)
        for edge in part.edges:
            one_sided[edge.coordinate] = edge.one_sided
        size = np.where(part.natural > 0.0, part.natural, 1.0)
        even, sided = np.flatnonzero(at_bound & ~one_sided), np.flatnonzero(at_bound & one_sided)
        half = 0.5 * chart.curvature(part.phi, gradient)[np.ix_(even, even)] / np.outer(size[even], size[even])
        values, vectors = np.linalg.eigh(half) if even.size else (np.zeros(0), np.zeros((0, 0)))
        at_edge = np.isin(even, [edge.coordinate for edge in part.edges])
        vectors = vectors * np.where(vectors[at_edge].sum(axis=0) < 0.0, -1.0, 1.0)  # into the side the bounds keep
        slopes = np.tensordot(part.derivative[sided], gradient, axes=2) / size[sided]
        return cls(even, sided, values, vectors, slopes, size)

    @property
    def multipliers(self) -> Array:
        """All of them, ascending: <= 0 at a constrained maximum."""
        return np.sort(np.concatenate([self.values, self.slopes]))

    def ascent(self, length: float) -> Array:
        """A move (m,) of the given length, in standard deviations of the data, along everything that raises logL; 0 if nothing does."""
        move = np.zeros(self.size.size)
        rising = self.vectors[:, self.values > RISING].sum(axis=1)
        move[self.even] = length * rising / self.size[self.even]
        move[self.sided] = np.where(self.slopes > RISING, length / self.size[self.sided], 0.0)
        return move


def multipliers(part: Part, at_bound: NDArray[np.bool_], gradient: Array | None) -> Array:
    """The multipliers of a component at its boundary, all <= 0 at a constrained maximum; empty where nothing is at its bound.

    For an unstructured matrix the eigenvalues of D on the null space of Sigma, in units of the data's variance; otherwise those of the
    coordinates at their bound, see :class:`EdgeModel`. NaN where D is not known: one for each coordinate at its bound.
    """
    if not at_bound.any():
        return np.zeros(0)
    if gradient is None:
        return np.full(int(at_bound.sum()), np.nan)
    if part.chart.whole_cone:
        values, vectors = np.linalg.eigh(part.sigma / part.unit)
        null = vectors[:, values < NULL]
        return np.linalg.eigvalsh(null.T @ (gradient * part.unit) @ null)
    return EdgeModel.of(part, at_bound, gradient).multipliers


def release(search: Search) -> Departure:
    """Look at the boundary from slightly inside; free the components whose multipliers are not all negative, if logL agrees.

    The point just inside also shows D on the null space of every singular matrix. Without D of a component at its boundary there are no
    multipliers, and without multipliers there is no certificate.
    """
    if not search.at_bound.any():
        return Departure(left=False)
    with search.probe() as probe:
        inside = _inside(search, search.point)
        if not probe.at(inside):
            return Departure(left=False, obstacle=Status.UNCERTIFIED)
        gradients = probe.slopes().gradients
        search.remember({c: d for c, d in enumerate(gradients) if d is not None and inside[c].component.is_random})
        known = [(c, at, d) for c, (at, d) in enumerate(zip(search.point, gradients, strict=True)) if d is not None]
        point = search.point.changed({c: at.chart.leaving(at.phi, d) for c, at, d in known if search.at_bound[at.where].any()})
        move, rises, unknown = np.zeros(point.size), False, False
        for at, near, d in zip(point, _inside(search, point), gradients, strict=True):
            own = search.at_bound[at.where]
            if not own.any():
                continue
            if d is None:
                unknown = True
                continue
            move[at.where] = EdgeModel.of(near, own, d).ascent(1.0)
            rises |= bool(np.any(EdgeModel.of(at, own, d).multipliers > RISING))
        for length in LENGTHS if move.any() else ():
            trial = search.retracted(point.moved(point.vector() + length * move))
            if probe.at(trial) and probe.loglik >= search.loglik - search.slack:
                probe.keep(search.at_bound & ~_moved(point, move))
                return Departure(left=True)
    if unknown:
        return Departure(left=False, obstacle=Status.UNCERTIFIED)
    # a slope seen from inside may be that of a product of coordinates, which logL does not follow: the boundary's own slopes decide
    return Departure(left=False, obstacle=Status.STALLED if rises and move.any() else None)


def _inside(search: Search, point: Point) -> Point:
    """The point, which is the search's but for coordinates without effect, with those at their bound slightly inside."""
    bounds, vector = search.active_set.bounds, point.vector()
    at_zero = search.at_bound[bounds.index]
    vector[bounds.index[at_zero]] = NEARBY * bounds.lower[at_zero]
    return point.moved(vector)


def _moved(point: Point, move: Array) -> NDArray[np.bool_]:
    """Coordinates (m,) that a move takes off the boundary, by more than rounding beside the others of their component."""
    result = np.zeros(move.size, dtype=bool)
    for part in point:
        own = np.abs(move[part.where])
        result[part.where] = own > 1e-3 * np.max(own, initial=0.0)
    return result
