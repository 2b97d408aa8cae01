"""The active set of a point: which coordinates rest there, and along which directions the others move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.bounds import LowerBounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.likelihood import Derivatives
    from vcmodel.reml.point import Point

    Array = NDArray[np.float64]

# change of a matrix at its bound, in units of the data's variance and of the bound, by a coordinate that has no meaning there
IDLE = 4.0


@dataclass(frozen=True, eq=False)
class ActiveSet:
    """The coordinates (m of them) at a point, by what they may do.

    Attributes
    ----------
    bounds : LowerBounds
        Of the charts of the point.
    active : bool array
        Which of the bounds are active: the coordinate stands there and logL falls off it.
    held : (m,) bool array
        Coordinates at rest: at a boundary, at an active bound, or without any effect.
    mobile : (m,) bool array
        Coordinates that the user's constraints alone let move.
    slopes : (m,) array
        Slope of logL along each coordinate, what constraints take up left out.
    transform : (m, f) array
        From the free directions to all coordinates.
    inverse : int array
        Coordinates that hold a matrix that enters through its inverse at its bound.
    distance : array
        How far each of them is from the boundary.
    """

    bounds: LowerBounds
    active: NDArray[np.bool_]
    held: NDArray[np.bool_]
    mobile: NDArray[np.bool_]
    slopes: Array
    transform: Array
    inverse: NDArray[np.intp]
    distance: Array

    @classmethod
    def of(cls, point: Point, derivatives: Derivatives, at_bound: NDArray[np.bool_], residual_bound: float) -> ActiveSet:
        """The active set where nothing is held or tied.

        Parameters
        ----------
        at_bound : (m,) bool array
            Coordinates put to exactly zero on a boundary.
        residual_bound : float
            The one of RESIDUAL_BOUNDS in use.
        """
        bounds, vector = LowerBounds.of(point, residual_bound), point.vector()
        active = bounds.active(vector, derivatives.score, at_bound)
        held = at_bound | (derivatives.natural == 0.0)  # nothing moves: the correlation of levels whose variances are all zero
        held[bounds.index[active]] = True
        held |= idle(point, bounds, active, residual_bound)
        stuck = bounds.index[active & bounds.inverse]
        everything = np.ones(point.size, dtype=bool)
        return cls(bounds, active, held, everything, derivatives.score, np.eye(point.size)[:, ~held], stuck, vector[stuck])


def idle(point: Point, bounds: LowerBounds, active: NDArray[np.bool_], residual_bound: float) -> NDArray[np.bool_]:
    """Coordinates (m,) by which a matrix at its bound hardly changes: correlations of what has no variance in a residual.

    What logL depends on them vanishes with the bound; moving them would follow rounding errors.
    """
    result = np.zeros(point.size, dtype=bool)
    own = bounds.index[active & bounds.inverse]
    if not own.size:
        return result
    near_edge = np.zeros_like(result)
    near_edge[bounds.index] = point.vector()[bounds.index] < IDLE * bounds.lower
    for part in point:
        if np.any((own >= part.where.start) & (own < part.where.stop)):
            result[part.where] = (np.abs(part.changes).max(axis=0) < IDLE * residual_bound) & ~near_edge[part.where]
    return result
