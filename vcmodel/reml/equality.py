"""Held and tied parameters as equations A f(phi) = b on the coordinates of a point.

f are the reported parameters on the scale on which constraints are regular (:meth:`Chart.constrained`): standard deviations, correlations,
covariances. A held parameter is a row with a single one; each further member of a group of equal parameters a row with 1 and -1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.structures.chart import Limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.reml.components import Component
    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.point import Point

    Array = NDArray[np.float64]


# singular values of the equations scaled to unit rows below this are dependent equations
DEPENDENT = 1e-7
# an equation whose derivative per unit of scale of the coordinates is below this, in its own unit, restrains nothing
NO_RESTRAINT = 1e-10


@dataclass(frozen=True, eq=False)
class EqualityConstraints:
    """The equations of a model's held and tied parameters.

    Attributes
    ----------
    components : tuple of Component
    involved : tuple of int
        Components with a constrained parameter.
    coefficients : (q, n) array
        A, over the reported parameters of all components.
    target : (q,) array
        b.
    units : (q,) array
        Size of each equation in units of the data.
    """

    components: tuple[Component, ...]
    involved: tuple[int, ...]
    coefficients: Array
    target: Array
    units: Array

    @classmethod
    def of(cls, components: Sequence[Component], constraints: Constraints) -> EqualityConstraints:
        """The equations of the constraints."""
        starts = np.cumsum([0, *(len(component.rows) for component in components)]).tolist()
        involved = tuple(c for c in range(len(components)) if constraints.constrained(c).any())
        rows: list[dict[int, float]] = []
        target, units = [], []
        first: dict[int, int] = {}
        for c in involved:
            for i in np.flatnonzero(constraints.constrained(c)):
                place, group = starts[c] + int(i), int(constraints.group[c][i])
                if constraints.fixed[c][i]:
                    rows.append({place: 1.0})
                    target.append(components[c].structure.parameters[int(i)].regular(float(constraints.theta[c][i])))
                elif group in first:
                    rows.append({first[group]: 1.0, place: -1.0})
                    target.append(0.0)
                else:
                    first[group] = place
                    continue
                units.append(_unit(components[c], int(i)))
        coefficients = np.zeros((len(rows), starts[-1]))
        for number, row in enumerate(rows):
            coefficients[number, list(row)] = list(row.values())
        return cls(tuple(components), involved, coefficients, np.array(target), np.array(units))

    @cached_property
    def parameters(self) -> list[slice]:
        """Where the reported parameters of each component stand."""
        ends = np.cumsum([0, *(len(component.rows) for component in self.components)]).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]

    def rows_of(self, equation: int) -> list[str]:
        """Row names of the parameters in an equation."""
        names = [row for component in self.components for row in component.rows]
        return [names[n] for n in np.flatnonzero(self.coefficients[equation])]

    def values(self, point: Point) -> Array:
        """A f - b (q,)."""
        result = -self.target
        for c in self.involved:
            result = result + self.coefficients[:, self.parameters[c]] @ point[c].chart.constrained(point[c].phi)
        return result

    def jacobian(self, point: Point) -> Array:
        """Derivative of :meth:`values` by all coordinates (q, m)."""
        result = np.zeros((len(self.target), point.size))
        for c in self.involved:
            part = point[c]
            result[:, part.where] = self.coefficients[:, self.parameters[c]] @ part.chart.constrained_jacobian(part.phi)
        return result

    def curvature(self, point: Point, multipliers: Array) -> Array:
        """Sum over the equations of multipliers times the second derivative (m, m)."""
        result = np.zeros((point.size,) * 2)
        weights = self.coefficients.T @ multipliers
        for c in self.involved:
            part = point[c]
            result[part.where, part.where] = part.chart.constrained_curvature(part.phi, weights[self.parameters[c]])
        return result

    def held(self, point: Point) -> NDArray[np.bool_]:
        """Coordinates (m,) that an equation holds by itself."""
        single = np.count_nonzero(self.coefficients, axis=1) == 1
        jacobian = self.jacobian(point)[single]
        jacobian = jacobian[np.count_nonzero(jacobian, axis=1) == 1]
        return np.asarray(np.any(jacobian != 0.0, axis=0))

    def directions(self, point: Point) -> Array:
        """Directions (m, f) of the coordinates along which the equations hold to first order."""
        m = point.size
        jacobian = self.jacobian(point) if m else np.zeros((len(self.target), 0))
        return null_space(jacobian, np.ones(m), np.ones(m, dtype=bool), self.units, np.zeros(m))[0]

    def limits(self, point: Point, residual_bound: float) -> list[Limit]:
        """Lower limits of the coordinates of the involved components, counted in the concatenated vector.

        A scale beside a constrained correlation stays at or above zero; a residual matrix stays `residual_bound` standard deviations of
        the data away from singular.
        """
        found = []
        for c in self.involved:
            chart, phi, start = point[c].chart, point[c].phi, point[c].where.start
            residual = not self.components[c].is_random
            for scale in chart.scale_coordinates(phi):
                if residual or scale.bounded:
                    lower = residual_bound * scale.size if residual else 0.0
                    found.append(Limit(start + scale.coordinate, lower, scale.size, lower))
            for limit in chart.pivots(phi, residual_bound) if residual else ():
                found.append(limit._replace(coordinate=start + limit.coordinate))
        return found

    def coordinates(self, point: Point) -> NDArray[np.bool_]:
        """Coordinates (m,) of the involved components."""
        result = np.zeros(point.size, dtype=bool)
        for c in self.involved:
            result[point[c].where] = True
        return result

    def residual(self, point: Point) -> NDArray[np.bool_]:
        """Coordinates (m,) of the involved residual matrices."""
        result = np.zeros(point.size, dtype=bool)
        for c in self.involved:
            result[point[c].where] = not self.components[c].is_random
        return result


def null_space(jacobian: Array, scale: Array, free: NDArray[np.bool_], units: Array, score: Array) -> tuple[Array, Array]:
    """Directions (m, f) along which the equations do not change to first order, and their multipliers (q,).

    Coordinates in no equation stay as they are; of the others an orthonormal basis in units of `scale`. The multipliers are the least
    squares solution of jacobian' lambda = score.
    """
    touched = free & np.any(jacobian != 0.0, axis=0)
    alone, joined = np.flatnonzero(free & ~touched), np.flatnonzero(touched)
    unit = np.zeros((scale.size, alone.size))
    unit[alone, np.arange(alone.size)] = scale[alone]
    multipliers = np.zeros(len(jacobian))
    scaled = jacobian[:, joined] * scale[joined]
    norms = np.linalg.norm(scaled, axis=1)
    used = np.flatnonzero(norms > NO_RESTRAINT * units)
    left, singular, right = np.linalg.svd(scaled[used] / norms[used, None])
    rank = int(np.sum(singular > DEPENDENT))
    along = np.zeros((scale.size, joined.size - rank))
    along[joined] = scale[joined, None] * right[rank:].T
    taken = right[:rank] @ (score[joined] * scale[joined]) / singular[:rank]
    multipliers[used] = (left[:, :rank] @ taken) / norms[used]
    return np.hstack([unit, along]), multipliers


def _unit(component: Component, i: int) -> float:
    """The size of a parameter of the data's size, on the scale of the equations."""
    power = {"variance": 1, "precision": 1, "covariance": 2}.get(component.structure.parameters[i].kind, 0)
    return float(np.sqrt(np.mean(component.reference**2))) ** power if component.structure.carries_variance else 1.0
