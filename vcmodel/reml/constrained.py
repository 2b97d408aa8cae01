"""Maximisation under constraints: every iterate meets the equations, Newton steps run along their tangent space.

The free coordinates are an orthonormal basis of the null space of the equations' derivative, in units of about one standard deviation of
each coordinate; the Hessian is that of the Lagrangian logL - lambda'c. A trial step is retracted to the constraints before logL is
computed, so that logL itself decides on it and never falls.

References
----------
Nocedal, J. & Wright, S. J. (2006). Numerical Optimization, 2nd ed., Springer, sections 15.3 and 18.1.
Absil, P.-A., Mahony, R. & Sepulchre, R. (2008). Optimization Algorithms on Matrix Manifolds, Princeton, chapters 4 and 6 (retractions).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import StructureError
from vcmodel.reml.boundary import release
from vcmodel.reml.bounds import RESIDUAL_BOUNDS
from vcmodel.reml.departure import depart, settle
from vcmodel.reml.equality import EqualityConstraints, null_space
from vcmodel.reml.retraction import retracted
from vcmodel.reml.search import Memory, Search
from vcmodel.reml.step import LEAST_INFORMATION, NewtonSystem
from vcmodel.structures.matrix_chart import MatrixChart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.control import Control
    from vcmodel.equations.base import Equations
    from vcmodel.reml.components import Component
    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.likelihood import Derivatives
    from vcmodel.reml.point import Point
    from vcmodel.structures.chart import Chart, Limit

    Array = NDArray[np.float64]

# a direction keeps at least this effect, in standard deviations of the data, however small its scale
LEAST_ANGLE = 1e-4
# a limited coordinate this near to its limit, in units of the data, stands at it; it stays unless logL rises by more than rounding
AT_LIMIT, RISING = 1e-9, 1e-9
# sweeps of the active set: coordinates at their limit are held or released as the multipliers of the equations change
SWEEPS = 3
# depths, in standard deviations of the data, from which D of a singular matrix is looked at before and after the iterations
OUTER_LOOK, INNER_LOOK = 0.05, 1e-3
# a gain that differs from the one promised by more than this share calls for another look
DISAGREEMENT = 0.1
# singular values of dSigma along the free directions, relative to the largest: below this nothing is estimated
NO_MOVE = 1e-8


@dataclass(frozen=True)
class Tangent:
    """The tangent space of the constraints at a point.

    Attributes
    ----------
    transform : (m, f) array
        From free directions to all coordinates.
    multipliers : (q,) array
        lambda of the equations: dlogL/db.
    held : (m,) bool array
        Coordinates at rest: at a boundary, at a lower bound or at a limit.
    mobile : (m,) bool array
        Coordinates that the equations alone let move.
    slopes : (m,) array
        Score of the Lagrangian.
    """

    transform: Array
    multipliers: Array
    held: NDArray[np.bool_]
    mobile: NDArray[np.bool_]
    slopes: Array


class ConstrainedSearch(Search):
    """A maximisation with held or tied parameters.

    Attributes
    ----------
    equalities : EqualityConstraints
    start : Point
        Where it began, on the constraints.
    settled : bool
        Whether the present end has been put onto its boundary and D looked at from inside.
    """

    def __init__(
        self, equations: Equations, components: tuple[Component, ...], constraints: Constraints, point: Point, control: Control
    ) -> None:
        super().__init__(equations, components, constraints, point, control)
        self.equalities = EqualityConstraints.of(components, constraints)
        self.settled = False
        self.start = point
        self._tangent: tuple[Derivatives, Tangent] | None = None

    def retracted(self, point: Point) -> Point | None:
        """The point on the constraints; None when they cannot be met nearby."""
        return retracted(self.equalities, point, self.residual_bound)

    def begin(self) -> bool:
        """Put the search onto its constraints; False when the equations cannot be evaluated there.

        Raises
        ------
        StructureError
            No matrices meet the constraints.
        """
        self.point = self.point.renormalised()
        start = self.retracted(self.point.moved(self.bounds().projected(self.point.vector(), self.at_bound)))
        if start is None:
            raise StructureError(self._contradiction())
        self.point = self.start = start
        found = self.evaluate(start)
        if found:
            self.look(OUTER_LOOK)
        return found

    def _contradiction(self) -> str:
        """Which constraints are not met."""
        off = np.abs(self.equalities.values(self.point)) > 1e-6 * self.equalities.units
        rows = [row for number in np.flatnonzero(off) for row in self.equalities.rows_of(int(number))]
        named = ", ".join(dict.fromkeys(rows or [row for k in range(off.size) for row in self.equalities.rows_of(k)]))
        return (
            f"bounds, equal: no positive (semi-)definite matrices have these held or equal parameters: {named}; "
            "release one of them, or hold it at another value"
        )

    def look(self, depth: float) -> bool:
        """Refresh D of the singular matrices from `depth` standard deviations inside; False when there is none."""
        singular: dict[int, tuple[Chart, Array]] = {}
        for c, part in enumerate(self.point):
            if not part.component.is_random or c not in self.equalities.involved or not part.chart.size:
                continue
            reference, pattern = part.component.reference, part.component.structure.root_pattern()
            if pattern.shape[0] != pattern.shape[1]:
                continue  # not any matrix inside has a root of this shape
            if np.linalg.svd(part.loading / reference[:, None], compute_uv=False)[-1] < depth:
                inside = part.sigma + np.diag((depth * reference) ** 2)
                singular[c] = MatrixChart(inside, np.where(pattern, np.linalg.cholesky(inside), 0.0)), np.zeros(0)
        if not singular:
            return False
        inner = self.point.changed(singular)
        if self.equations.update(inner.parts):
            for c in singular:
                self.gradients[c] = self.equations.derivatives(inner[c]).gradient
        self._known = None
        return self.evaluate(self.point)

    def tangent(self) -> Tangent:
        """The tangent space at the present point."""
        derivatives = self.differentiate()
        if self._tangent is None or self._tangent[0] is not derivatives:
            self._tangent = (derivatives, self._make_tangent(derivatives))
        return self._tangent[1]

    def _make_tangent(self, derivatives: Derivatives) -> Tangent:
        equalities, vector, bounds = self.equalities, self.point.vector(), self.bounds()
        jacobian = equalities.jacobian(self.point)
        scale = self._scale(derivatives)
        still = self.at_bound.copy()
        still |= (derivatives.natural == 0.0) & ~self._involved()
        basis, _ = null_space(jacobian, scale, ~still, equalities.units, derivatives.score)
        mobile = np.linalg.norm(basis, axis=1) > NO_MOVE * scale
        at_limit = [limit for limit in self._limits() if vector[limit.coordinate] <= limit.lower + AT_LIMIT * limit.size]
        held = still.copy()
        for _ in range(SWEEPS):
            basis, multipliers = null_space(jacobian, scale, ~held, equalities.units, derivatives.score)
            slopes = derivatives.score - jacobian.T @ multipliers
            now = still.copy()
            active = bounds.active(vector, slopes, self.at_bound)
            now[bounds.index[active]] = True
            now |= self.idle(bounds, active) & ~self._involved()
            for limit in at_limit:
                now[limit.coordinate] |= slopes[limit.coordinate] * scale[limit.coordinate] <= RISING
            if np.array_equal(now, held):
                break
            held = now
        else:
            basis, multipliers = null_space(jacobian, scale, ~held, equalities.units, derivatives.score)
            slopes = derivatives.score - jacobian.T @ multipliers
        return Tangent(basis, multipliers, held, mobile, slopes)

    def _limits(self) -> list[Limit]:
        """The limits at the present point."""
        return self.equalities.limits(self.point, self.residual_bound)

    def _involved(self) -> NDArray[np.bool_]:
        """Coordinates (m,) of the components with constraints."""
        result = np.zeros(self.at_bound.size, dtype=bool)
        for c in self.equalities.involved:
            result[self.point[c].where] = True
        return result

    def _natural(self, derivatives: Derivatives) -> Array:
        """The effect of each coordinate (m,); directions keep a least one."""
        natural = derivatives.natural.copy()
        for c in self.equalities.involved:
            where, angles = self.point[c].where, self.point[c].chart.angles()
            natural[where] = np.where(angles, np.maximum(natural[where], LEAST_ANGLE), natural[where])
        return natural

    def _scale(self, derivatives: Derivatives) -> Array:
        """About one standard deviation of each coordinate (m,)."""
        size = np.maximum(np.abs(np.diag(derivatives.hessian)), np.diag(derivatives.information))
        least = LEAST_INFORMATION * self._natural(derivatives) ** 2
        return np.asarray(1.0 / np.sqrt(np.maximum(np.maximum(size, least), 1e-300)))

    @property
    def moves(self) -> NDArray[np.bool_]:
        """Coordinates (m,) that the equations let move."""
        return self.tangent().mobile

    def active_residual(self) -> tuple[NDArray[np.intp], Array]:
        """Coordinates that hold a residual matrix at its bound or limit, and their distance from the boundary."""
        stuck, distance = super().active_residual()
        held, residual, moves = self.held(), self.equalities.residual(self.point), self.moves
        at = [limit for limit in self._limits() if residual[limit.coordinate] and held[limit.coordinate] and moves[limit.coordinate]]
        own, near = np.array([limit.coordinate for limit in at], dtype=np.intp), np.array([limit.distance for limit in at])
        return np.append(stuck, own), np.append(distance, near)

    def slopes(self) -> Array:
        """Slope of logL (m,) along each coordinate, what the constraints take up left out."""
        return self.tangent().slopes

    def held(self) -> NDArray[np.bool_]:
        """Coordinates (m,) at rest."""
        return self.tangent().held

    def free_transform(self) -> Array:
        """Map (m, f) from the directions along the constraints to all coordinates."""
        return self.tangent().transform

    def estimated_transform(self) -> Array:
        """The free directions that move some matrix, independent ones: a direction beside a zero scale is not estimated."""
        transform = self.tangent().transform
        moves = []
        for part in self.point:
            relative = part.derivative / part.unit
            moves.append(relative.reshape(part.chart.size, part.unit.size).T @ transform[part.where])
        if not transform.shape[1]:
            return transform
        stacked = np.vstack(moves)
        lengths = np.linalg.norm(stacked, axis=0)
        unit = np.where(lengths > 0.0, lengths, 1.0)
        _, singular, right = np.linalg.svd(stacked / unit, full_matrices=False)
        kept = singular > NO_MOVE * max(float(singular[0]), 1e-300)
        return (transform / unit) @ right[kept].T

    def system(self, memory: Memory | None = None) -> tuple[NewtonSystem, Array]:
        """The Newton system of the Lagrangian along the constraints, and the map from its directions to all coordinates."""
        if abs(self.agreement - 1.0) > DISAGREEMENT:  # what is remembered of D beside a singular matrix may have gone stale
            self.agreement = 1.0
            self.look(INNER_LOOK)
        derivatives, tangent = self.differentiate(), self.tangent()
        transform = tangent.transform
        hessian = transform.T @ (derivatives.hessian + self.equalities.curvature(self.point, tangent.multipliers)) @ transform
        natural = np.linalg.norm(self._natural(derivatives)[:, None] * transform, axis=0)
        information = transform.T @ derivatives.information @ transform
        return NewtonSystem.of(0.5 * (hessian + hessian.T), transform.T @ derivatives.score, information, natural), transform

    def constraint_slopes(self) -> dict[str, float]:
        """Slope of the maximum of logL per unit of each held or tied parameter, by row name.

        For a tied parameter, the slope that the tie takes up; NaN where a correlation beside a variance of zero leaves none.
        """
        weights = self.equalities.coefficients.T @ self.tangent().multipliers
        result: dict[str, float] = {}
        for c in self.equalities.involved:
            part, gradient = self.point[c], self.gradients[c]
            component, theta = part.component, part.reported
            slopes = weights[self.equalities.parameters[c]]
            variances = np.array([parameter.kind == "variance" for parameter in component.structure.parameters])
            at_zero = variances & (theta == 0.0)
            # an equation holds the standard deviation: dlogL/dv = dlogL/ds / 2s
            slopes = slopes / np.where(variances & ~at_zero, 2.0 * np.sqrt(np.maximum(theta, 1e-300)), 1.0)
            # where no coordinate moves the parameter: dlogL = tr(D dSigma)
            still = np.all(part.chart.constrained_jacobian(part.phi) == 0.0, axis=1) | at_zero
            if gradient is None:
                slopes[still] = np.nan
            else:
                with np.errstate(divide="ignore", invalid="ignore"):
                    slopes = np.where(still, np.tensordot(component.structure.derivative(theta), gradient, axes=2), slopes)
            finite = np.where(np.isfinite(slopes), slopes, np.nan)
            result |= {component.rows[i]: float(finite[i]) for i in np.flatnonzero(self.constraints.constrained(c))}
        return result

    def leave(self) -> bool:
        """At a stationary point: settle it on its boundary, then look for a better point nearby; False at a maximum."""
        if not self.settled:
            self.settled = True
            moved = settle(self)
            if self.look(INNER_LOOK) or moved:
                return True
        if release(self) or depart(self) or self._lowered():
            self.settled = False
            return True
        return False

    def _lowered(self) -> bool:
        """Go down to the next bound of residual matrices where one of the involved ones stands at its limit."""
        below = [bound for bound in RESIDUAL_BOUNDS if bound < self.residual_bound]
        stuck, _ = self.active_residual()
        if not below or not self.equalities.residual(self.point)[stuck].any():
            return False
        self.residual_bound = below[0]
        return True


def make_search(
    equations: Equations, components: tuple[Component, ...], constraints: Constraints, point: Point, control: Control
) -> Search:
    """The search that the constraints ask for: a free one where nothing is held or tied."""
    return (ConstrainedSearch if constraints.any else Search)(equations, components, constraints, point, control)
