"""Back to the constraints: the least change of the coordinates, in standard deviations of the data, that meets the equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.equality import DEPENDENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.equality import EqualityConstraints
    from vcmodel.reml.point import Point

    Array = NDArray[np.float64]

# Gauss-Newton rounds: two or three near the optimum, a few dozen from a start that contradicts the constraints
ROUNDS = 60
# distance from the constraints in standard deviations of the data: reached, and good enough where rounding stops earlier
MET, CLOSE = 1e-12, 1e-8
# longest move of a coordinate in one round, and the least effect of a coordinate, in the same unit
LONGEST, LEAST_EFFECT = 0.7, 1e-3
# an equation whose derivative is smaller, in its own unit, cannot be met by moving
IMMOVABLE = 1e-12


def retracted(equalities: EqualityConstraints, point: Point, residual_bound: float) -> Point | None:
    """A point near `point` that meets the equations; None when none is found."""
    best, distance = point, np.inf
    for round_ in range(ROUNDS):
        point = _clipped(equalities, point, residual_bound)
        values, jacobian = equalities.values(point), equalities.jacobian(point)
        weights = 1.0 / np.maximum(effects(equalities, point), LEAST_EFFECT / np.maximum(_units(equalities, point), 1e-300))
        scaled = jacobian * weights
        norms = np.linalg.norm(scaled, axis=1)
        norms = np.where(norms > IMMOVABLE * equalities.units, norms, equalities.units)
        off = float(np.max(np.abs(values / norms), initial=0.0))
        if off < MET:
            return point
        if off < distance:
            best, distance = point, off
        elif off > 0.9 * distance and round_ > 10:
            break
        left, singular, right = np.linalg.svd(scaled / norms[:, None], full_matrices=False)
        used = singular > DEPENDENT * max(singular[0], DEPENDENT)
        move = -right[used].T @ ((left[:, used].T @ (values / norms)) / singular[used])
        longest = float(np.max(np.abs(move), initial=0.0))
        move *= min(1.0, LONGEST / longest) if longest > 0.0 else 1.0
        point = point.moved(point.vector() + weights * move)
    return best if distance < CLOSE else None


def effects(equalities: EqualityConstraints, point: Point) -> Array:
    """Standard deviations of the data that a unit of each coordinate of the involved components moves the loading (m,); 1 elsewhere."""
    result = np.ones(point.size)
    for part in (point[c] for c in equalities.involved):
        result[part.where] = part.natural
    return result


def _units(equalities: EqualityConstraints, point: Point) -> Array:
    """The size of a unit move of each coordinate: that of the data for scales and free rows, 1 for angles."""
    result = np.ones(point.size)
    for part in (point[c] for c in equalities.involved):
        component = part.component
        size = float(np.sqrt(np.mean(component.reference**2))) if component.structure.carries_variance else 1.0
        result[part.where] = np.where(part.chart.angles(), 1.0, size)
    return result


def _clipped(equalities: EqualityConstraints, point: Point, residual_bound: float) -> Point:
    """The point within the limits, the involved charts centred at it."""
    vector = point.vector()
    for limit in equalities.limits(point, residual_bound):
        vector[limit.coordinate] = max(vector[limit.coordinate], limit.lower)
    point = point.moved(vector)
    return point.changed({c: point[c].renormalised() for c in equalities.involved})
