"""Maximisation where nothing is held or tied: the coordinates that rest at a bound stay, all others are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.reml.active_set import ActiveSet
from vcmodel.reml.boundary import release
from vcmodel.reml.saddle import leave_saddle
from vcmodel.reml.search import Departure, Search
from vcmodel.reml.step import NewtonSystem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vcmodel.reml.point import Point
    from vcmodel.reml.secant import Memory

    Array = NDArray[np.float64]


class FreeSearch(Search):
    """A maximisation without held or tied parameters."""

    def _make_active_set(self) -> ActiveSet:
        """The active set at the point."""
        return ActiveSet.of(self.point, self.derivatives, self.at_bound, self.residual_bound)

    def _admitted(self, point: Point) -> Point:
        """Any starting point."""
        return point

    def retracted(self, point: Point) -> Point | None:
        """The point itself."""
        return point

    def estimated_transform(self) -> Array:
        """The free coordinates: each of them moves its matrix in its own way."""
        return self.active_set.transform

    def system(self, memory: Memory | None = None) -> NewtonSystem:
        """The Newton system of the free coordinates."""
        derivatives, free = self.derivatives, ~self.active_set.held
        hessian, score = derivatives.hessian[free][:, free], derivatives.score[free]
        if memory is not None:
            hessian = memory.corrected(hessian, self.point, self.active_set.transform, score)
        return NewtonSystem.of(hessian, score, derivatives.information[free][:, free], derivatives.natural[free])

    def leave(self) -> Departure:
        """Off the boundary if logL rises there, else off a saddle if the point is one."""
        released = release(self)
        if released.left:
            return released
        saddle = leave_saddle(self)
        return saddle if saddle.left else saddle._replace(obstacle=released.obstacle)
