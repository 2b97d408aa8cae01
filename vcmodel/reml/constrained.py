"""Maximisation under constraints: every iterate meets the equations, Newton steps run along their tangent space.

The Hessian is that of the Lagrangian logL - lambda'c. A trial step is retracted to the constraints before logL is computed, so that logL
itself decides on it and never falls.

References
----------
Nocedal, J. & Wright, S. J. (2006). Numerical Optimization, 2nd ed., Springer, sections 15.3 and 18.1.
Absil, P.-A., Mahony, R. & Sepulchre, R. (2008). Optimization Algorithms on Matrix Manifolds, Princeton, chapters 4 and 6 (retractions).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import StructureError
from vcmodel.reml.boundary import release
from vcmodel.reml.bounds import RESIDUAL_BOUNDS
from vcmodel.reml.departure import depart, settle
from vcmodel.reml.equality import EqualityConstraints
from vcmodel.reml.retraction import retracted
from vcmodel.reml.search import Departure, Search
from vcmodel.reml.step import NewtonSystem
from vcmodel.reml.tangent import Tangent, effects, moving_directions, tangent
from vcmodel.structures.separable import SeparableStructure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.control import Control
    from vcmodel.equations.base import Equations
    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.point import Part, Point
    from vcmodel.reml.secant import Memory
    from vcmodel.structures.chart import Chart

    Array = NDArray[np.float64]

# depths, in standard deviations of the data, from which D of a singular matrix is looked at before and after the iterations
OUTER_LOOK, INNER_LOOK = 0.05, 1e-3
# a gain that differs from the one promised by more than this share calls for another look
DISAGREEMENT = 0.1


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
        self, equations: Equations, constraints: Constraints, point: Point, control: Control, at_bound: NDArray[np.bool_] | None = None
    ) -> None:
        super().__init__(equations, constraints, point, control, at_bound)
        self.equalities = EqualityConstraints.of(self.components, constraints)
        self.settled = False
        self.start = point

    def begin(self) -> bool:
        """Put the search onto its constraints; False when the equations cannot be evaluated there.

        Raises
        ------
        StructureError
            No matrices meet the constraints.
        """
        found = super().begin()
        if found:
            self.start = self.point
            self.look(OUTER_LOOK)
        return found

    def retracted(self, point: Point) -> Point | None:
        """The point on the constraints; None when they cannot be met nearby."""
        return retracted(self.equalities, point, self.residual_bound)

    def _admitted(self, point: Point) -> Point:
        """The starting point retracted to the constraints.

        Raises
        ------
        StructureError
            No matrices near it meet them.
        """
        found = self.retracted(point)
        if found is None:
            raise StructureError(self._contradiction(point))
        return found

    def _contradiction(self, point: Point) -> str:
        """Which constraints are not met."""
        off = np.abs(self.equalities.values(point)) > 1e-6 * self.equalities.units
        rows = [row for number in np.flatnonzero(off) for row in self.equalities.rows_of(int(number))]
        named = ", ".join(dict.fromkeys(rows or [row for k in range(off.size) for row in self.equalities.rows_of(k)]))
        return (
            f"bounds, equal: no positive (semi-)definite matrices have these held or equal parameters: {named}; "
            "release one of them, or hold it at another value"
        )

    def look(self, depth: float) -> bool:
        """Refresh D of the singular matrices from `depth` standard deviations inside; False when there is none."""
        inside: dict[int, tuple[Chart, Array]] = {}
        for c in self.equalities.involved:
            part, reference = self.point[c], self.point[c].component.reference
            if not part.component.is_random or not part.chart.size:
                continue
            if np.linalg.svd(part.loading / reference[:, None], compute_uv=False)[-1] < depth:
                root = part.component.structure.regular_root(part.loading, depth * reference)
                inside[c] = part.with_sigma(root @ root.T, root)
        if not inside:
            return False
        with self.probe() as probe:
            if probe.at(self.point.changed(inside)):
                found = {c: probe.gradient(c) for c in inside}
                self.remember({c: gradient for c, gradient in found.items() if gradient is not None})
        return True

    def look_again(self) -> None:
        """Refresh D beside singular matrices where the last step did not gain what it promised: what is remembered may have gone stale."""
        if abs(self.agreement - 1.0) > DISAGREEMENT:
            self.agreement = 1.0
            self.look(INNER_LOOK)

    @property
    def tangent(self) -> Tangent:
        """The active set with the multipliers of the constraints."""
        found = self.active_set
        assert isinstance(found, Tangent)
        return found

    def _make_active_set(self) -> Tangent:
        """The tangent space at the point."""
        return tangent(self.equalities, self.point, self.derivatives, self.at_bound, self.residual_bound)

    def estimated_transform(self) -> Array:
        """The free directions that move some matrix."""
        return moving_directions(self.point, self.tangent.transform)

    def system(self, memory: Memory | None = None) -> NewtonSystem:
        """The Newton system of the Lagrangian along the constraints."""
        derivatives, transform = self.derivatives, self.tangent.transform
        hessian = transform.T @ (derivatives.hessian + self.equalities.curvature(self.point, self.tangent.multipliers)) @ transform
        natural = np.linalg.norm(effects(self.equalities, self.point, derivatives)[:, None] * transform, axis=0)
        information = transform.T @ derivatives.information @ transform
        return NewtonSystem.of(0.5 * (hessian + hessian.T), transform.T @ derivatives.score, information, natural)

    def constraint_slopes(self) -> dict[str, float]:
        """Slope of the maximum of logL per unit of each held or tied parameter, by row name.

        For a tied parameter, the slope that the tie takes up; NaN where a correlation beside a variance of zero leaves none.
        """
        weights = self.equalities.coefficients.T @ self.tangent.multipliers
        result: dict[str, float] = {}
        for c in self.equalities.involved:
            part, gradient = self.point[c], self.gradients[c]
            component, theta = part.component, part.reported
            slopes = weights[self.equalities.parameters[c]]
            parameters = component.structure.parameters
            at_zero = (theta == 0.0) & np.array([parameter.kind == "variance" for parameter in parameters])
            # an equation holds the standard deviation or the logarithm of a range: dlogL/dv = dlogL/ds ds/dv
            slopes = slopes * np.array([item.regular_slope(value) for item, value in zip(parameters, theta.tolist(), strict=True)])
            # where no coordinate moves the parameter: dlogL = tr(D dSigma)
            still = np.all(part.chart.constrained_jacobian(part.phi) == 0.0, axis=1) | at_zero
            if gradient is None:
                slopes[still] = np.nan
            else:
                moves = component.structure.derivative(theta)
                with np.errstate(divide="ignore", invalid="ignore"):
                    slopes = np.where(still, np.tensordot(moves, gradient, axes=2), slopes)
            if isinstance(component.structure, SeparableStructure):  # D says nothing of its sparse parts
                inner = component.structure.inner
                slopes[still & inner] = self._inner_slopes(part, component.structure)[(still & inner)[inner]]
            slopes = slopes / component.shown_slopes(theta)
            finite = np.where(np.isfinite(slopes), slopes, np.nan)
            result |= {component.rows[i]: float(finite[i]) for i in np.flatnonzero(self.constraints.constrained(c))}
        return result

    def _inner_slopes(self, part: Part, structure: SeparableStructure) -> Array:
        """The score by the parameters of the sparse parts of a component, as if all were free; NaN where its matrix is zero."""
        if not np.all(np.isfinite(part.reported)):
            return np.full(int(structure.inner.sum()), np.nan)
        chart, phi = structure.chart(part.reported, part.component.reference)
        score = self.equations.derivatives(replace(part, chart=chart, phi=phi)).score
        first = chart.size - chart.n_sparse
        jacobian = chart.jacobian(phi)[structure.inner][:, first:]
        return np.asarray(np.linalg.lstsq(jacobian.T, score[first:], rcond=None)[0])

    def leave(self) -> Departure:
        """Settle the point on its boundary, then look for a better point nearby."""
        if not self.settled:
            self.settled = True
            moved = settle(self, self.equalities)
            if self.look(INNER_LOOK) or moved:
                return Departure(left=True)
        found = release(self)
        if not found.left:
            departed = depart(self, self.equalities)
            found = departed if departed.left else departed._replace(left=self._lowered(), obstacle=found.obstacle)
        self.settled = not found.left
        return found

    def _lowered(self) -> bool:
        """Go down to the next bound of residual matrices where one of the involved ones stands at its limit."""
        below = [bound for bound in RESIDUAL_BOUNDS if bound < self.residual_bound]
        if not below or not self.equalities.residual(self.point)[self.active_set.inverse].any():
            return False
        self.lower_residual_bound(below[0])
        return True
