"""Lower bounds of the coordinates that cannot become negative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.point import Part, Point
    from vcmodel.structures.chart import Edge

    Array = NDArray[np.float64]

# a square-root coordinate is held at this fraction of the data's standard deviation while iterating: 1e-8 of the variance
BOUND = 1e-4
# a residual matrix or a sparse part enters through its inverse, so that its bounds come down one by one, as far as they are needed: nearer
# to singular than the last, R^-1 e would keep fewer than six digits
RESIDUAL_BOUNDS = (1e-3, 1e-4, 1e-5)
# smallest eigenvalue of a singular matrix in units of the data's variance: that of the nearest bound is its square
SINGULAR = 1e-10
# least change of logL per relative change of a coordinate at its bound that counts as active: BOUND^2 times a thousandth of a level
PRESSURE = 1e-11


@dataclass(frozen=True)
class LowerBounds:
    """Lower bounds of coordinates that become zero on a boundary, in the concatenated vector.

    Attributes
    ----------
    index : int array
        The coordinates.
    lower : array
    groups : tuple of int arrays
        What is zero together with each of them.
    inverse : bool array
        Which make a matrix singular that enters through its inverse, of a residual or a sparse part: they cannot be put there.
    order : int array
        Lowest power of the coordinate in which Sigma changes: 2 for a square root, 1 where Sigma has a slope at the edge.
    """

    index: NDArray[np.int64]
    lower: Array
    groups: tuple[NDArray[np.int64], ...]
    inverse: NDArray[np.bool_]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, point: Point, residual_bound: float) -> LowerBounds:
        """The bounds of every chart's edges.

        Parameters
        ----------
        residual_bound : float
            The one of RESIDUAL_BOUNDS in use.
        """
        index, lower, groups, inverse, orders = [], [], [], [], []
        for part in point:
            for edge in part.edges:
                index.append(part.where.start + edge.coordinate)
                inverted = _inverted_at(part, edge)
                lower.append((residual_bound if inverted else BOUND) * edge.scale)
                groups.append(part.where.start + np.array(edge.group, dtype=np.int64))
                inverse.append(inverted)
                orders.append(1 if edge.one_sided else 2)
        return cls(
            np.array(index, dtype=np.int64),
            np.array(lower),
            tuple(groups),
            np.array(inverse, dtype=bool),
            np.array(orders, dtype=np.int64),
        )

    def projected(self, vector: Array, at_bound: NDArray[np.bool_], present: Array | None = None) -> Array:
        """The vector with its edge coordinates at or above their bounds, or where they are `present` already if that is below.

        Another order of levels leaves a residual matrix unchanged, but not its distances from the boundary: what then lies below a bound
        stays there, because logL would fall by raising it.
        """
        result = vector.copy()
        lower = self.lower if present is None else np.where(self.inverse, np.minimum(self.lower, present[self.index]), self.lower)
        live = ~at_bound[self.index]
        result[self.index[live]] = np.maximum(result[self.index[live]], lower[live])
        return result

    def active(self, vector: Array, score: Array, at_bound: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which edges stand at their bound with a score that pushes further down, by more than rounding."""
        down = score[self.index] * self.lower < -PRESSURE
        return (vector[self.index] <= self.lower * (1 + 1e-6)) & down & ~at_bound[self.index]


def _inverted_at(part: Part, edge: Edge) -> bool:
    """Whether a matrix of a part that enters through its inverse is singular with the coordinates of an edge at zero."""
    if edge.coordinate >= part.chart.size - part.chart.n_sparse:
        return True
    if part.component.is_random:
        return False
    if edge.singular:
        return True
    phi = part.phi.copy()
    phi[list(edge.group)] = 0.0
    return bool(np.linalg.eigvalsh(part.chart.value(phi) / part.unit)[0] < SINGULAR)
