"""What happens at the boundary of a random matrix: putting coordinates onto it, and certifying that they belong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.point import Part
    from vcmodel.reml.search import Search

    Array = NDArray[np.float64]

# where a singular matrix is looked at from inside, as a multiple of the bound
INSIDE = 10.0
# scaled eigenvalues of Sigma below this are its null space; they are exact zeros but for rounding
NULL = 1e-11
# multipliers below this are rounding
RISING = 1e-6
# how far a released component moves from the boundary, in standard deviations of the data
LENGTHS = (0.1, 0.03, 0.01, 1e-3)


def activate(search: Search, refused: NDArray[np.bool_]) -> bool:
    """Set the random coordinates that press on their bound to exactly zero; False when there are none or logL would fall."""
    bounds, vector = search.bounds(), search.point.vector()
    active = search.active(bounds) & ~bounds.residual & ~refused[bounds.index]
    if not active.any():
        return False
    mask = search.at_bound.copy()
    for i in np.flatnonzero(active):
        mask[bounds.groups[i]] = True
    before = search.equations.loglik
    trial = search.retracted(search.point.moved(np.where(mask, 0.0, vector)))
    if trial is not None and search.evaluate(trial) and search.equations.loglik >= before - search.slack:
        search.point, search.at_bound = trial, mask
        return True
    refused[bounds.index[active]] = True
    search.evaluate(search.point)
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
        size = np.linalg.norm(part.loading_derivative / part.component.reference[:, None], axis=(1, 2))
        size = np.where(size > 0.0, size, 1.0)
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
    coordinates at their bound, see :class:`EdgeModel`.
    """
    if gradient is None or not at_bound.any():
        return np.zeros(0)
    if part.chart.whole_cone:
        values, vectors = np.linalg.eigh(part.sigma / part.unit)
        null = vectors[:, values < NULL]
        return np.linalg.eigvalsh(null.T @ (gradient * part.unit) @ null)
    return EdgeModel.of(part, at_bound, gradient).multipliers


def release(search: Search) -> bool:
    """Look at the boundary from slightly inside; free the components whose multipliers are not all negative, or return False.

    The point just inside also refreshes D on the null space of every singular matrix.
    """
    if not search.at_bound.any():
        return False
    here, bounds, before = search.point, search.bounds(), search.equations.loglik
    at_zero = bounds.index[search.at_bound[bounds.index]]
    inside = here.vector()
    inside[at_zero] = INSIDE * bounds.lower[search.at_bound[bounds.index]]
    search.point = here.moved(inside)
    if not search.evaluate(search.point):
        search.point = here
        search.evaluate(here)
        return False
    search.differentiate()
    move, free = np.zeros(inside.size), np.zeros_like(search.at_bound)
    rising = False
    for at, near, d in zip(here, search.point, search.gradients, strict=True):
        own = at.where
        if d is not None and search.at_bound[own].any():
            move[own] = EdgeModel.of(near, search.at_bound[own], d).ascent(1.0)
            free[own] = np.abs(move[own]) > 1e-3 * np.max(np.abs(move[own]))
            rising |= bool(np.any(EdgeModel.of(at, search.at_bound[own], d).multipliers > RISING))
    search.point = here
    for length in LENGTHS if free.any() else ():
        trial = search.retracted(here.moved(here.vector() + length * move))
        if trial is not None and search.evaluate(trial) and search.equations.loglik >= before - search.slack:
            search.point, search.at_bound = trial, search.at_bound & ~free
            return True
    # a slope seen from inside may be that of a product of coordinates, which logL does not follow: the boundary's own slopes decide
    search.certified = not (free.any() and rising)
    search.evaluate(here)
    return False
