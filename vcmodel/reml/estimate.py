"""From a design to its REML estimate: starts, maximisation, and the covariance of what was estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.equations.cost import cost_caution
from vcmodel.equations.method import choose
from vcmodel.equations.rebased import RebasedEquations
from vcmodel.errors import CostWarning, StructureError, warn
from vcmodel.linalg.threads import limited_threads
from vcmodel.reml.boundary import multipliers
from vcmodel.reml.components import Component, make_components, random_labels, residual_labels
from vcmodel.reml.confounding import Ridge, find_ridge
from vcmodel.reml.constraint_reader import read_constraints
from vcmodel.reml.constraints import Constraints
from vcmodel.reml.further_starts import further_starts
from vcmodel.reml.identifiability import Freedom, Identifiability, freedom_of_terms, identifiability_of
from vcmodel.reml.iterate import End, maximise
from vcmodel.reml.ladder import ladder, turned_groups
from vcmodel.reml.make_search import make_search
from vcmodel.reml.point import Point, starting_point
from vcmodel.reml.range_starts import best_ranges
from vcmodel.reml.recentre import centred
from vcmodel.reml.search import Record, Search
from vcmodel.reml.start import covariances, defaults, refuse_exact_fit
from vcmodel.reml.status import Status
from vcmodel.reml.written_basis import in_orthonormal_columns, worked_constraints, written_point, written_theta
from vcmodel.structures.rebased_chart import RebasedChart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from vcmodel.control import Control
    from vcmodel.design.design import Design
    from vcmodel.equations.base import Equations

    Array = NDArray[np.float64]


# by how much another maximum must be higher to replace the first
HIGHER_MAXIMUM = 1e-6

# eigenvalues of the scaled average information above this are no rounding
WELL_DETERMINED = 1e-6


@dataclass(frozen=True)
class Estimate:
    """A REML estimate with all that the results are made of.

    The equations stand at the estimate; where that has a singular residual matrix, which has no inverse, just inside its boundary.

    Attributes
    ----------
    method : str
        How the equations are solved, a sentence for the report.
    point : Point
        The components as written, at the estimate.
    theta, jacobians : tuples
        Reported parameters of each component, and their derivatives with respect to all coordinates (n parameters, m).
    covariance : (m, m) array
        Covariance of the coordinates: inverse average information over the free ones, 0 elsewhere.
    identifiability : Identifiability
        Which coordinates and reported rows carry no information.
    freedom : tuple of Freedom
        Degrees of freedom of each random term beside the fixed effects.
    multipliers : tuple of arrays
        Per component, eigenvalues of dlogL/dSigma on its null space in units of the data's variance (empty when Sigma is regular).
    constraint_slopes : mapping of str to float
        Slope of the maximum of logL per unit of each held or tied parameter.
    n_free : int
        Free working parameters at the estimate that the data determine.
    score_norm, decrement : float
        Largest score in standard deviations, and the gain of one more Newton step.
    """

    design: Design
    control: Control
    equations: Equations
    method: str
    constraints: Constraints
    point: Point
    theta: tuple[Array, ...]
    jacobians: tuple[Array, ...]
    covariance: Array
    identifiability: Identifiability
    freedom: tuple[Freedom, ...]
    multipliers: tuple[Array, ...]
    constraint_slopes: Mapping[str, float]
    n_free: int
    score_norm: float
    decrement: float
    loglik: float
    status: Status
    history: tuple[Record, ...]
    previous_theta: tuple[Array, ...] | None
    weakest_curvature: float
    start_theta: tuple[Array, ...]

    @property
    def components(self) -> tuple[Component, ...]:
        """Random terms, then residual sections."""
        return tuple(part.component for part in self.point)

    @property
    def random_labels(self) -> list[str]:
        """Labels of the random terms."""
        return random_labels(self.components)

    @property
    def residual_labels(self) -> list[str]:
        """Labels of the residual sections."""
        return residual_labels(self.components)

    def sigma(self, index: int) -> Array:
        """Sigma (k, k) of a component."""
        return self.point[index].sigma

    def worked_matrix(self, index: int) -> tuple[Array, Array]:
        """Sigma (k, k) of a component in the basis it was worked in, and the standard deviations (k,) of the data at its levels there."""
        part = self.point[index]
        if isinstance(part.chart, RebasedChart):
            return part.chart.worked.value(part.phi), part.chart.worked.reference
        return part.sigma, part.component.reference

    def regular_by_basis(self, index: int) -> bool:
        """Whether a matrix is regular in the orthonormal basis it was worked in; as written it may be singular by rounding."""
        part = self.point[index]
        return isinstance(part.chart, RebasedChart) and part.chart.regular(part.phi)


def estimate(
    design: Design,
    control: Control,
    *,
    start: Mapping[str, float] | None = None,
    bounds: Mapping[str, str] | None = None,
    equal: Sequence[Sequence[str]] | None = None,
) -> Estimate:
    """Fit a design.

    Raises
    ------
    StructureError
        Starting values, bounds or equalities that cannot be had, or that leave the equations singular.
    """
    with limited_threads(control.granted_threads):
        written, design = design, in_orthonormal_columns(design, bounds, equal)
        chosen = choose(design, control)
        cost = cost_caution(design, chosen)
        if cost is not None:
            warn(cost.text, CostWarning)
            written = replace(written, cautions=(*written.cautions, cost))
        equations, method = chosen.build(), chosen.describe()
        refuse_exact_fit(design, equations.y)
        references, starts = covariances(design, equations.y, control.start_scale)
        components = make_components(design, references)
        own = defaults(design, components, equations.y, starts)
        shown = [written_theta(design, component, theta) for component, theta in zip(components, own, strict=True)]
        constraints = worked_constraints(design, components, read_constraints(components, shown, start, bounds, equal), own)
        constraints = best_ranges(equations, components, constraints, own)
        search, end = _best(equations, constraints, starting_point(components, constraints), control)
        ridge = None if _all_seen(search, end.status) else find_ridge(design, constraints, search.point)
        if ridge is not None and end.status is Status.CONVERGED:
            search, end = centred(search, ridge) or (search, end)
        return _collect(written, search, end, method, ridge)


def _best(equations: Equations, constraints: Constraints, start: Point, control: Control) -> tuple[Search, End]:
    """The search from the starting values; on small data the best of those from further starts too."""
    first = make_search(equations, constraints, start, control)
    best, end = first, maximise(first)
    if end is None:
        raise StructureError(
            "start: the mixed-model equations are not positive definite at the starting values; give larger residual variances with start="
        )
    last = best
    for last in _further(first):
        other = maximise(last)
        needed = best.loglik + HIGHER_MAXIMUM if end.status.converged else best.loglik - HIGHER_MAXIMUM
        if other is not None and other.status.converged and last.loglik > needed:
            best, end = last, other
    if last is not best:
        best.restore()
    return best, end


def _further(first: Search) -> Iterator[Search]:
    """Searches from further starts on small data."""
    equations, constraints, control = first.equations, first.constraints, first.control
    for other in (*further_starts(first), *turned_groups(first)):
        yield make_search(equations, other, starting_point(first.components, other), control)
    for point in ladder(first):
        yield make_search(equations, constraints, point, control)


def _all_seen(search: Search, status: Status) -> bool:
    """Whether the average information at the end of a fit shows by itself that every parameter is determined."""
    if status is not Status.CONVERGED or search.active_set.held.any():
        return False
    transform = search.estimated_transform()
    information = transform.T @ search.derivatives.information @ transform
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    return bool(np.all(size > 0.0)) and bool(np.linalg.eigvalsh(information / np.outer(size, size))[0] > WELL_DETERMINED)


def _collect(design: Design, search: Search, end: End, method: str, ridge: Ridge | None) -> Estimate:
    """The estimate at the point where the search ended."""
    worked = search.equations.design
    loglik, reached = (search.loglik, search.point) if end.supremum is None else (end.supremum.loglik, end.supremum.point)
    point = written_point(worked, reached)
    theta = search.constraints.exact([part.reported for part in point], [part.component.structure.parameters for part in point])
    jacobians = []
    for part, fixed in zip(point, search.constraints.fixed, strict=True):
        full = np.zeros((part.reported.size, point.size))
        full[:, part.where] = part.chart.jacobian(part.phi)
        full[fixed] = 0.0  # but for rounding
        jacobians.append(full)
    equations: Equations = search.equations if worked is design else RebasedEquations(search.equations, design)
    derivatives, transform = search.derivatives, search.estimated_transform()
    identifiability = identifiability_of(
        transform.T @ derivatives.information @ transform,
        derivatives.natural @ np.abs(transform),
        transform,
        jacobians,
        None if ridge is None else ridge.moved,
    )
    found = tuple(multipliers(part, search.at_bound[part.where], d) for part, d in zip(reached, search.gradients, strict=True))
    last = search.history[-1]
    previous = None if search.previous is None else written_point(worked, search.previous)
    return Estimate(
        design=design,
        control=search.control,
        equations=equations,
        method=method,
        constraints=search.constraints,
        point=point,
        theta=theta,
        jacobians=tuple(jacobians),
        covariance=identifiability.covariance,
        identifiability=identifiability,
        freedom=freedom_of_terms(design),
        multipliers=found,
        constraint_slopes=search.constraint_slopes(),
        n_free=transform.shape[1] - identifiability.n_empty,
        score_norm=last.score_norm,
        decrement=last.decrement,
        loglik=loglik,
        status=end.status,
        history=tuple(search.history),
        previous_theta=None if previous is None else tuple(part.reported for part in previous),
        weakest_curvature=end.weakest,
        start_theta=tuple(written_theta(worked, c, theta) for c, theta in zip(search.components, search.constraints.theta, strict=True)),
    )
