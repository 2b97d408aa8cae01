"""The state of a maximisation: where it stands, what it holds at a boundary, what it has recorded."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.boundary import release
from vcmodel.reml.bounds import RESIDUAL_BOUNDS, LowerBounds
from vcmodel.reml.likelihood import Derivatives, differentiate, set_point
from vcmodel.reml.saddle import leave_saddle
from vcmodel.reml.step import NewtonSystem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.control import Control
    from vcmodel.equations.base import Equations
    from vcmodel.reml.components import Component
    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.point import Point

    Array = NDArray[np.float64]

# rounding of logL relative to the sum of the magnitudes of its terms
ROUNDING = 1e-13
# change of a residual matrix, in units of the data's variance and of its bound, by a coordinate that has no meaning at the bound
IDLE = 4.0


@dataclass(frozen=True)
class Record:
    """One accepted iteration."""

    loglik: float
    decrement: float
    score_norm: float
    shift: float
    step: float
    held: int
    seconds: float


@dataclass(frozen=True)
class Memory:
    """The score at the previous point, for a secant correction of H."""

    point: Point
    transform: Array
    score: Array

    def corrected(self, hessian: Array, point: Point, transform: Array, score: Array) -> Array:
        """H with the symmetric rank-one correction that makes it reproduce the last change of the score (Nocedal & Wright 2006, eq. 6.24).

        Average information is off by a constant factor along components with few levels, which leaves linear convergence; one secant
        pair removes most of it. Skipped when the chart or the free coordinates changed, or when the correction is ill defined.
        """
        same = all(a.chart is b.chart for a, b in zip(self.point, point, strict=True))
        if not same or not np.array_equal(self.transform, transform):
            return hessian
        move = np.linalg.lstsq(transform, point.vector() - self.point.vector(), rcond=None)[0]
        scale = np.sqrt(np.abs(np.diag(hessian)))
        rest = self.score - score - hessian @ move
        length, size = float(np.linalg.norm(move * scale)), float(np.linalg.norm(rest / np.where(scale > 0, scale, 1.0)))
        inner = float(rest @ move)
        # far from the optimum the score is not linear over a step; very close to it the difference is rounding
        if not 1e-5 < length < 0.5 or abs(inner) < 0.1 * size * length:
            return hessian
        return hessian + np.outer(rest, rest) / inner


class Search:
    """A maximisation under way.

    Attributes
    ----------
    point : Point
        Where it stands; the equations stand there too between the steps of the loop.
    at_bound : (m,) bool array
        Coordinates put to exactly zero on a boundary.
    shift : float
        Damping of the next step.
    agreement : float
        Gain of the last step as a multiple of the gain promised.
    history : list of Record
    previous : Point or None
        Before the last accepted step.
    weakest : float
        Exact curvature of -logL along the weakest direction at the end, in units of its average information.
    residual_bound : float
        At which fraction of the data's standard deviation residual matrices are held; lowered where one presses on it.
    certified : bool
        False where a multiplier says that logL rises off the boundary and no such step was found.
    """

    def __init__(
        self, equations: Equations, components: tuple[Component, ...], constraints: Constraints, point: Point, control: Control
    ) -> None:
        self.equations, self.components, self.constraints, self.control = equations, components, constraints, control
        self.point = point
        self.estimated = [not bool(fixed.all()) for fixed in constraints.fixed]
        self.at_bound: NDArray[np.bool_] = np.zeros(point.size, dtype=bool)
        self.gradients: list[Array | None] = [None] * len(components)
        self.residual_bound = RESIDUAL_BOUNDS[0]
        self.shift, self.agreement = 0.0, 1.0
        self.history: list[Record] = []
        self.previous: Point | None = None
        self.weakest = float("nan")
        self.certified = True
        self._known: tuple[Point, Derivatives] | None = None
        self._started = perf_counter()

    def evaluate(self, point: Point) -> bool:
        """Put the equations at `point`; False when it is not feasible."""
        return set_point(self.equations, point)

    def differentiate(self) -> Derivatives:
        """Derivatives at the current point, once per point; D is remembered for singular matrices."""
        if self._known is None or self._known[0] is not self.point:
            found = differentiate(self.equations, self.point, self.estimated, self.gradients)
            self.gradients = list(found.gradients)
            self._known = (self.point, found)
        return self._known[1]

    def recall(self, point: Point, derivatives: Derivatives) -> None:
        """Take derivatives found at a point earlier instead of making them again."""
        self._known = (point, derivatives)

    @property
    def slack(self) -> float:
        """What logL may fall by rounding alone."""
        return ROUNDING * self.equations.loglik_scale

    @property
    def moves(self) -> NDArray[np.bool_]:
        """Coordinates (m,) that the user leaves free."""
        return np.ones(self.at_bound.size, dtype=bool)

    def active_residual(self) -> tuple[NDArray[np.intp], Array]:
        """Coordinates that hold a residual matrix at its bound, and their distance from the boundary."""
        bounds = self.bounds()
        stuck = bounds.index[self.active(bounds) & bounds.residual]
        return stuck, self.point.vector()[stuck]

    def bounds(self) -> LowerBounds:
        """The bounds of the present charts."""
        return LowerBounds.of(self.point, self.residual_bound)

    def slopes(self) -> Array:
        """Slope of logL (m,) along each coordinate, what constraints take up left out."""
        return self.differentiate().score

    def active(self, bounds: LowerBounds) -> NDArray[np.bool_]:
        """Which edges press on their bound."""
        return bounds.active(self.point.vector(), self.slopes(), self.at_bound)

    def held(self) -> NDArray[np.bool_]:
        """Coordinates (m,) that are not free at this point: at a boundary, or active at their lower bound."""
        bounds = self.bounds()
        result = self.at_bound.copy()
        active = self.active(bounds)
        result[bounds.index[active]] = True
        result |= self.idle(bounds, active)
        result |= self.differentiate().natural == 0.0  # nothing moves: the correlation of levels whose variances are all zero
        return result

    def idle(self, bounds: LowerBounds, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Coordinates (m,) of a residual matrix at its bound by which it hardly changes there: correlations of what has no variance.

        What logL depends on them vanishes with the bound; moving them would follow rounding errors.
        """
        result = np.zeros_like(self.at_bound)
        edges = np.zeros_like(self.at_bound)
        edges[bounds.index] = self.point.vector()[bounds.index] < IDLE * bounds.lower
        own = bounds.index[active & bounds.residual]
        for part in self.point:
            if np.any((own >= part.where.start) & (own < part.where.stop)):
                change = np.abs(part.derivative) / part.unit
                result[part.where] = (change.max(axis=(1, 2)) < IDLE * self.residual_bound) & ~edges[part.where]
        return result

    def free_transform(self) -> Array:
        """Map (m, f) from the coordinates that are free at this point to all."""
        return np.eye(self.at_bound.size)[:, ~self.held()]

    def estimated_transform(self) -> Array:
        """Map (m, f) from the coordinates that are estimated at this point to all: no two of them move the matrices alike."""
        return self.free_transform()

    def system(self, memory: Memory | None = None) -> tuple[NewtonSystem, Array]:
        """The Newton system of the free coordinates, and the map from them to all."""
        derivatives, transform = self.differentiate(), self.free_transform()
        hessian, score = transform.T @ derivatives.hessian @ transform, transform.T @ derivatives.score
        if memory is not None:
            hessian = memory.corrected(hessian, self.point, transform, score)
        natural = derivatives.natural @ np.abs(transform)
        return NewtonSystem.of(hessian, score, transform.T @ derivatives.information @ transform, natural), transform

    def begin(self) -> bool:
        """Put the search inside its bounds; False when the equations cannot be evaluated there."""
        self.point = self.point.renormalised()
        self.point = self.point.moved(self.bounds().projected(self.point.vector(), self.at_bound))
        return self.evaluate(self.point)

    def retracted(self, point: Point) -> Point | None:
        """The point as constraints allow it; None when they cannot be met nearby."""
        return point

    def constraint_slopes(self) -> dict[str, float]:
        """Slope of the maximum of logL per unit of each held or tied parameter, by row name."""
        return {}

    def leave(self) -> bool:
        """At a stationary point: move to a better point off a boundary or a saddle, or return False at a maximum."""
        return release(self) or leave_saddle(self)

    def record(self, system: NewtonSystem) -> None:
        """Add the present point to the history."""
        loglik = self.equations.loglik
        gain = loglik - self.history[-1].loglik if self.history else np.nan
        norm = float(np.max(np.abs(system.gradient), initial=0.0))
        held = int(self.held().sum())
        self.history.append(Record(loglik, system.decrement, norm, self.shift, gain, held, perf_counter() - self._started))
        if self.control.verbose:
            print(f"{len(self.history) - 1:4d}  logL {loglik:16.6f}  gain left {system.decrement:9.2e}  held {held}")
