"""The state of a maximisation: where it stands, what it rests on, what it has recorded; and probes of other points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vcmodel.reml.bounds import RESIDUAL_BOUNDS, LowerBounds
from vcmodel.reml.likelihood import Derivatives, Slopes, differentiate, set_point, slopes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from vcmodel.control import Control
    from vcmodel.equations.base import Equations
    from vcmodel.reml.active_set import ActiveSet
    from vcmodel.reml.components import Component
    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.point import Point
    from vcmodel.reml.secant import Memory
    from vcmodel.reml.status import Status
    from vcmodel.reml.step import NewtonSystem

    Array = NDArray[np.float64]

# rounding of logL relative to the sum of the magnitudes of its terms
ROUNDING = 1e-13


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


class Departure(NamedTuple):
    """What became of a stationary point.

    Attributes
    ----------
    left : bool
        The search moved to a better point.
    obstacle : Status or None
        The status of a point that is left standing and is no certified maximum.
    weakest : float
        Exact curvature of -logL along the weakest direction, in units of its average information; NaN where it was not looked at.
    """

    left: bool
    obstacle: Status | None = None
    weakest: float = float("nan")


class Search(ABC):
    """A maximisation under way. Others read it; it changes by :meth:`begin`, kept probes, and the methods that say so.

    Attributes
    ----------
    point : Point
        Where it stands; outside of a probe the equations stand there too.
    loglik, slack : float
        There, and what logL may fall by rounding alone.
    at_bound : (m,) bool array
        Coordinates put to exactly zero on a boundary.
    residual_bound : float
        At which fraction of the data's standard deviation residual matrices are held; lowered where one presses on it.
    gradients : list of (k, k) arrays or None
        D of every component, remembered where the matrix is singular now.
    shift : float
        Damping of the next step.
    agreement : float
        Gain of the last step as a multiple of the gain promised.
    history : list of Record
    previous : Point or None
        Before the last accepted step.
    """

    def __init__(
        self, equations: Equations, constraints: Constraints, point: Point, control: Control, at_bound: NDArray[np.bool_] | None = None
    ) -> None:
        self.equations, self.constraints, self.control = equations, constraints, control
        self.estimated = [not bool(fixed.all()) for fixed in constraints.fixed]
        self.point = point
        self.loglik, self.slack = -np.inf, 0.0
        self.at_bound: NDArray[np.bool_] = np.zeros(point.size, dtype=bool) if at_bound is None else at_bound
        self.residual_bound = RESIDUAL_BOUNDS[0]
        self.gradients: list[Array | None] = [None] * len(point)
        self.shift, self.agreement = 0.0, 1.0
        self.history: list[Record] = []
        self.previous: Point | None = None
        self._derivatives: Derivatives | None = None
        self._active_set: ActiveSet | None = None
        self._started = perf_counter()

    @property
    def components(self) -> tuple[Component, ...]:
        """Random terms, then residual sections."""
        return self.point.components

    # --- once per point -----------------------------------------------------------------------------------------------------------------

    @property
    def derivatives(self) -> Derivatives:
        """Derivatives at the point, made once; D is remembered for singular matrices."""
        if self._derivatives is None:
            self._derivatives = differentiate(self.equations, self.point, self.estimated, self.gradients)
            self.gradients = list(self._derivatives.gradients)
        return self._derivatives

    @property
    def active_set(self) -> ActiveSet:
        """What rests at the point and what is free, made once."""
        if self._active_set is None:
            self._active_set = self._make_active_set()
        return self._active_set

    @abstractmethod
    def _make_active_set(self) -> ActiveSet:
        """The active set at the point."""

    @abstractmethod
    def system(self, memory: Memory | None = None) -> NewtonSystem:
        """The Newton system of the free directions."""

    @abstractmethod
    def estimated_transform(self) -> Array:
        """Map (m, f) from the directions that are estimated at this point to all: no two of them move the matrices alike."""

    # --- changes ------------------------------------------------------------------------------------------------------------------------

    def begin(self) -> bool:
        """Put the search inside its bounds and constraints; False when the equations cannot be evaluated there."""
        point = self.point.renormalised()
        bounds = LowerBounds.of(point, self.residual_bound)
        return self._stand(self._admitted(point.moved(bounds.projected(point.vector(), self.at_bound))))

    @abstractmethod
    def _admitted(self, point: Point) -> Point:
        """A starting point on the constraints."""

    def _stand(self, point: Point, at_bound: NDArray[np.bool_] | None = None) -> bool:
        """Stand at a point, the equations too; False where they cannot be evaluated."""
        found = set_point(self.equations, point)
        if found:
            self._move(point, at_bound)
        return found

    def _move(self, point: Point, at_bound: NDArray[np.bool_] | None = None) -> None:
        """Stand at a point where the equations stand already."""
        self.point, self.loglik, self.slack = point, self.equations.loglik, ROUNDING * self.equations.loglik_scale
        self.at_bound = self.at_bound if at_bound is None else at_bound
        self._derivatives = self._active_set = None

    def restore(self) -> None:
        """Put the equations where the search stands."""
        set_point(self.equations, self.point)

    def probe(self) -> Probe:
        """``with search.probe() as probe``: other points, from which the equations return unless one of them is kept."""
        return Probe(self)

    def follow(self, previous: Point, shift: float, agreement: float) -> None:
        """After a step from `previous`: take over what it taught, and write the point in its best chart."""
        self.previous, self.shift, self.agreement = previous, shift, agreement
        point = self.point.renormalised()
        if any(not np.array_equal(old.loading, new.loading) for old, new in zip(self.point.random, point.random, strict=True)):
            self._stand(point)  # another root of the same matrix
        else:
            self._move(point)

    def remember(self, gradients: Mapping[int, Array]) -> None:
        """Take over D of some components, seen from inside their boundary; derivatives at the point follow."""
        for c, gradient in gradients.items():
            self.gradients[c] = gradient
        if self._derivatives is not None:
            self._derivatives = self._derivatives.refreshed(self.point, self.estimated, gradients)
            self.gradients = list(self._derivatives.gradients)
            self._active_set = None

    def lower_residual_bound(self, bound: float) -> None:
        """Hold residual matrices nearer to their boundary."""
        self.residual_bound, self._active_set = bound, None

    @abstractmethod
    def retracted(self, point: Point) -> Point | None:
        """The point as constraints allow it; None when they cannot be met nearby."""

    def look_again(self) -> None:  # noqa: B027
        """Before the next step: refresh what went stale where the last one did not gain what it promised."""

    @abstractmethod
    def leave(self) -> Departure:
        """At a stationary point: move to a better point off a boundary or a saddle, if there is one."""

    def constraint_slopes(self) -> dict[str, float]:
        """Slope of the maximum of logL per unit of each held or tied parameter, by row name."""
        return {}

    def record(self, system: NewtonSystem) -> None:
        """Add the present point to the history."""
        gain = self.loglik - self.history[-1].loglik if self.history else np.nan
        norm = float(np.max(np.abs(system.gradient), initial=0.0))
        held = int(self.active_set.held.sum())
        self.history.append(Record(self.loglik, system.decrement, norm, self.shift, gain, held, perf_counter() - self._started))
        if self.control.verbose:
            print(f"{len(self.history) - 1:4d}  logL {self.loglik:16.6f}  gain left {system.decrement:9.2e}  held {held}")

    def resume(self, history: Sequence[Record]) -> None:
        """Count the records of an earlier search as this one's, whose last record alone is kept."""
        self.history = [*history, self.history[-1]]
        self.previous = self.previous or self.point


class Probe:
    """Trial points of a search; see :meth:`Search.probe`."""

    def __init__(self, search: Search) -> None:
        self._search, self._point, self._away = search, search.point, False

    def __enter__(self) -> Probe:
        """The probe, still where the search stands."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """The equations stand where the search does."""
        if self._away:
            self._search.restore()

    def at(self, point: Point | None) -> bool:
        """Look at a point; False when there is none or it is not feasible."""
        if point is None:
            return False
        self._point, self._away = point, True
        return set_point(self._search.equations, point)

    @property
    def loglik(self) -> float:
        """LogL of the point looked at."""
        return self._search.equations.loglik

    def slopes(self) -> Slopes:
        """The score and D of every component at the point looked at."""
        return slopes(self._search.equations, self._point, self._search.estimated, self._search.gradients)

    def gradient(self, index: int) -> Array | None:
        """D of a component at the point looked at, as far as that shows it."""
        return self._search.equations.derivatives(self._point[index], None).gradient

    def keep(self, at_bound: NDArray[np.bool_] | None = None) -> None:
        """Move the search to the point looked at, with the coordinates `at_bound` on their boundary (by default those that are now)."""
        self._search._move(self._point, at_bound)
        self._away = False
