"""The active set along held and tied parameters: the tangent space of their equations, and the equations' multipliers.

The free directions are an orthonormal basis of the null space of the equations' derivative, in units of about one standard deviation of
each coordinate (Nocedal & Wright 2006, section 15.3).

References
----------
Nocedal, J. & Wright, S. J. (2006). Numerical Optimization, 2nd ed., Springer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.active_set import ActiveSet, idle
from vcmodel.reml.bounds import LowerBounds
from vcmodel.reml.equality import null_space
from vcmodel.reml.step import LEAST_INFORMATION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.equality import EqualityConstraints
    from vcmodel.reml.likelihood import Derivatives
    from vcmodel.reml.point import Point

    Array = NDArray[np.float64]

# a direction keeps at least this effect, in standard deviations of the data, however small its scale
LEAST_ANGLE = 1e-4
# a limited coordinate this near to its limit, in units of the data, stands at it; it stays unless logL rises by more than rounding
AT_LIMIT, OFF_LIMIT = 1e-9, 1e-9
# sweeps of the active set: coordinates at their limit are held or released as the multipliers of the equations change
SWEEPS = 3
# singular values of dSigma along the free directions, relative to the largest: below this nothing is estimated
NO_MOVE = 1e-8


@dataclass(frozen=True, eq=False)
class Tangent(ActiveSet):
    """The active set under equality constraints; `slopes` are the score of the Lagrangian.

    Attributes
    ----------
    multipliers : (q,) array
        lambda of the equations: dlogL/db.
    """

    multipliers: Array


def tangent(
    equalities: EqualityConstraints, point: Point, derivatives: Derivatives, at_bound: NDArray[np.bool_], residual_bound: float
) -> Tangent:
    """The active set at a point; parameters as of :meth:`ActiveSet.of`."""
    vector, score, scale = point.vector(), derivatives.score, _scale(equalities, point, derivatives)
    jacobian = equalities.jacobian(point)
    bounds, limits = LowerBounds.of(point, residual_bound), equalities.limits(point, residual_bound)
    involved = equalities.coordinates(point)
    still = at_bound | ((derivatives.natural == 0.0) & ~involved)
    basis, _ = null_space(jacobian, scale, ~still, equalities.units, score)
    mobile = np.linalg.norm(basis, axis=1) > NO_MOVE * scale
    at_limit = [limit for limit in limits if vector[limit.coordinate] <= limit.lower + AT_LIMIT * limit.size]
    held = still.copy()
    for sweep in range(SWEEPS + 1):
        basis, multipliers = null_space(jacobian, scale, ~held, equalities.units, score)
        slopes = score - jacobian.T @ multipliers
        active = bounds.active(vector, slopes, at_bound)
        now = still | (idle(point, bounds, active, residual_bound) & ~involved)
        now[bounds.index[active]] = True
        for limit in at_limit:
            now[limit.coordinate] |= slopes[limit.coordinate] * scale[limit.coordinate] <= OFF_LIMIT
        if sweep == SWEEPS or np.array_equal(now, held):
            break
        held = now
    stuck, residual = bounds.index[active & bounds.inverse], equalities.residual(point)
    at = [limit for limit in limits if residual[limit.coordinate] and held[limit.coordinate] and mobile[limit.coordinate]]
    where = np.append(stuck, np.array([limit.coordinate for limit in at], dtype=np.intp))
    distance = np.append(vector[stuck], np.array([limit.distance for limit in at]))
    return Tangent(bounds, active, held, mobile, slopes, basis, where, distance, multipliers)


def effects(equalities: EqualityConstraints, point: Point, derivatives: Derivatives) -> Array:
    """The effect of each coordinate (m,), in standard deviations of the data; directions keep a least one."""
    natural = derivatives.natural.copy()
    for part in (point[c] for c in equalities.involved):
        own = natural[part.where]
        natural[part.where] = np.where(part.chart.angles(), np.maximum(own, LEAST_ANGLE), own)
    return natural


def _scale(equalities: EqualityConstraints, point: Point, derivatives: Derivatives) -> Array:
    """About one standard deviation of each coordinate (m,)."""
    size = np.maximum(np.abs(np.diag(derivatives.hessian)), np.diag(derivatives.information))
    least = LEAST_INFORMATION * effects(equalities, point, derivatives) ** 2
    return np.asarray(1.0 / np.sqrt(np.maximum(np.maximum(size, least), 1e-300)))


def moving_directions(point: Point, transform: Array) -> Array:
    """The directions among the columns of `transform` (m, f) that move some matrix, independent ones.

    A direction beside a zero scale moves nothing and is not estimated.
    """
    if not transform.shape[1]:
        return transform
    stacked = np.vstack([part.changes @ transform[part.where] for part in point])
    lengths = np.linalg.norm(stacked, axis=0)
    unit = np.where(lengths > 0.0, lengths, 1.0)
    _, singular, right = np.linalg.svd(stacked / unit, full_matrices=False)
    kept = singular > NO_MOVE * max(float(singular[0]), 1e-300)
    return (transform / unit) @ right[kept].T
