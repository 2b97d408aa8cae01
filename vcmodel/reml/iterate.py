"""The maximisation: damped Newton steps with average information plus exact curvature, an active set at the boundaries, a certificate.

A variance-like coordinate is held at a small floor while iterating, because dlogL/dSigma on a null space of Sigma can only be seen from
slightly inside. Once converged, the coordinates that still press on their floor are set to exactly zero, logL is evaluated there, and the
rest is polished; the multipliers of the null space certify the boundary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.likelihood import Derivatives, differentiate, place
from vcmodel.reml.parameters import Point, free_map
from vcmodel.reml.status import Status
from vcmodel.reml.step import NewtonSystem, next_shift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.control import Control
    from vcmodel.equations.mixed_model import MixedModelEquations
    from vcmodel.reml.parameters import Component
    from vcmodel.reml.wishes import Wishes

    Array = NDArray[np.float64]

# a square-root coordinate is held at this fraction of the data's standard deviation while iterating: 1e-8 of the variance
FLOOR = 1e-4
# rounding of logL relative to the sum of the magnitudes of its terms
ROUNDING = 1e-13
# least change of logL per relative change of a coordinate at its floor that counts as pressing: FLOOR^2 times a thousandth of a level
PRESSURE = 1e-11
MAX_REJECTIONS = 30
# logL grows by at least half a unit per e-fold of a residual coordinate that the data do not keep from zero
UNBOUNDED_SLOPE = 0.25
# iterations a residual coordinate presses on its floor before the likelihood is called unbounded
PATIENCE = 6
# length of the curvature probe in standard deviations of the weakest direction
PROBE = 1e-3


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


@dataclass
class Search:
    """The state of the maximisation."""

    equations: MixedModelEquations
    components: tuple[Component, ...]
    wishes: Wishes
    point: Point
    control: Control
    shift: float = 0.0
    snapped: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    gradients: list[Array | None] = field(default_factory=list)
    history: list[Record] = field(default_factory=list)
    previous: Point | None = None
    weakest: float = float("nan")
    started: float = field(default_factory=perf_counter)

    @property
    def moving(self) -> list[bool]:
        """Components with at least one free coordinate."""
        return [not bool(self.wishes.fixed[c].all()) for c in range(len(self.components))]

    def evaluate(self, point: Point) -> bool:
        """Put the equations at `point`."""
        return place(self.equations, self.components, point)

    def differentiate(self) -> Derivatives:
        """Derivatives at the current point; D is remembered for singular matrices."""
        result = differentiate(self.equations, self.components, self.point, self.moving, self.gradients)
        self.gradients = list(result.gradients)
        return result


@dataclass(frozen=True)
class Floors:
    """Lower bounds of coordinates that become zero on a boundary, in the concatenated vector."""

    index: NDArray[np.int64]
    floor: Array
    groups: tuple[NDArray[np.int64], ...]
    residual: NDArray[np.bool_]

    @classmethod
    def of(cls, components: Sequence[Component], point: Point) -> Floors:
        """The floors of every chart's edges."""
        index, floor, groups, residual = [], [], [], []
        for component, chart, phi, part in zip(components, point.charts, point.phi, point.slices, strict=True):
            for edge in chart.edges(phi):
                index.append(part.start + edge.coordinate)
                floor.append(FLOOR * edge.scale)
                groups.append(part.start + np.array(edge.group, dtype=np.int64))
                residual.append(component.kind == "residual")
        return cls(np.array(index, dtype=np.int64), np.array(floor), tuple(groups), np.array(residual, dtype=bool))

    def raised(self, vector: Array, snapped: NDArray[np.bool_]) -> Array:
        """The vector with its edge coordinates at or above their floors."""
        result = vector.copy()
        live = ~snapped[self.index]
        result[self.index[live]] = np.maximum(result[self.index[live]], self.floor[live])
        return result

    def pressing(self, vector: Array, score: Array, snapped: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which edges stand at their floor with a score that pushes further down, by more than rounding."""
        down = score[self.index] * self.floor < -PRESSURE
        return (vector[self.index] <= self.floor * (1 + 1e-6)) & down & ~snapped[self.index]


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
        same = all(a is b for a, b in zip(self.point.charts, point.charts, strict=True))
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


def _free_columns(transform: Array, held: NDArray[np.bool_]) -> Array:
    """Columns of the free map that move no held coordinate."""
    return transform[:, ~np.any(transform[held] != 0.0, axis=0)] if held.any() else transform


def maximise(search: Search) -> Status:
    """Run to a certified maximum or to a status that says why not; the search is left at the best point found."""
    search.snapped = np.zeros(sum(chart.size for chart in search.point.charts), dtype=bool)
    search.gradients = [None] * len(search.components)
    search.point = search.point.renormalised()
    floors = Floors.of(search.components, search.point)
    search.point = search.point.moved(floors.raised(search.point.vector(), search.snapped))
    if not search.evaluate(search.point):
        return Status.START_INFEASIBLE
    status = _climb(search)
    while status is Status.CONVERGED and (_release(search) or _leave_saddle(search)):
        status = _climb(search)
    return _residual_status(search) if status is Status.CONVERGED else status


def _climb(search: Search) -> Status:
    """Newton steps until the decrement is below the tolerance."""
    refused = np.zeros_like(search.snapped)
    memory: Memory | None = None
    pressed = 0
    while True:
        # 1) derivatives; what presses on the boundary is put onto it
        derivatives = search.differentiate()
        if _snap(search, derivatives, refused):
            continue
        system, transform, held = _system(search, derivatives, memory)
        memory = Memory(search.point, transform, transform.T @ derivatives.score)
        _record(search, system, int(held.sum()))
        pressed = pressed + 1 if _residual_slope(search, derivatives) > UNBOUNDED_SLOPE else 0
        if pressed > PATIENCE:
            return Status.UNBOUNDED
        if system.positive and system.decrement < search.control.tolerance:
            return Status.CONVERGED
        if len(search.history) > search.control.max_iterations:
            return Status.ITERATION_LIMIT
        # 2) the step, shortened until logL does not fall
        accepted = _line(search, system, transform)
        if accepted is None:
            return Status.CONVERGED if _is_rounding(search, system) else Status.STALLED
        # 3) the new point in its best chart
        search.previous = search.point
        search.point = accepted.renormalised()
        if _turned(accepted, search.point):
            search.evaluate(search.point)


def _system(search: Search, derivatives: Derivatives, memory: Memory | None = None) -> tuple[NewtonSystem, Array, NDArray[np.bool_]]:
    """The Newton system of the coordinates that are free here, the map from them to all, and which ones are held."""
    floors = Floors.of(search.components, search.point)
    held = search.snapped.copy()
    held[floors.index[floors.pressing(search.point.vector(), derivatives.score, search.snapped)]] = True
    transform = _free_columns(free_map(search.wishes, search.point), held)
    hessian, score = transform.T @ derivatives.hessian @ transform, transform.T @ derivatives.score
    if memory is not None:
        hessian = memory.corrected(hessian, search.point, transform, score)
    system = NewtonSystem.of(hessian, score, transform.T @ derivatives.information @ transform, derivatives.natural @ np.abs(transform))
    return system, transform, held


def _turned(before: Point, after: Point) -> bool:
    """Whether a better chart changed a root (not the matrix), so that the equations must be made anew."""
    pairs = zip(before.charts, before.phi, after.charts, after.phi, strict=True)
    return any(not np.array_equal(a.loading(p), b.loading(q)) for a, p, b, q in pairs)


def _is_rounding(search: Search, system: NewtonSystem) -> bool:
    """Whether the gain still promised is smaller than logL can be computed."""
    return system.positive and system.decrement < 10 * ROUNDING * search.equations.loglik_scale + search.control.tolerance


def _line(search: Search, system: NewtonSystem, transform: Array) -> Point | None:
    """The first shifted step that does not lower logL; None, at the old point, when there is none."""
    before, vector = search.equations.loglik, search.point.vector()
    floors = Floors.of(search.components, search.point)
    slack = ROUNDING * search.equations.loglik_scale
    shift = search.shift
    for _ in range(MAX_REJECTIONS):
        trial = search.point.moved(floors.raised(vector + transform @ system.step(shift), search.snapped))
        if search.evaluate(trial) and search.equations.loglik >= before - slack:
            search.shift = next_shift(shift, search.equations.loglik - before, system.predicted(shift))
            return trial
        shift = max(4.0 * shift, 1e-2)
    search.evaluate(search.point)
    return None


def _record(search: Search, system: NewtonSystem, held: int) -> None:
    loglik = search.equations.loglik
    step = loglik - search.history[-1].loglik if search.history else np.nan
    norm = float(np.max(np.abs(system.gradient), initial=0.0))
    search.history.append(Record(loglik, system.decrement, norm, search.shift, step, held, perf_counter() - search.started))
    if search.control.verbose:
        print(f"{len(search.history) - 1:4d}  logL {loglik:16.6f}  gain left {system.decrement:9.2e}  held {held}")


def _snap(search: Search, derivatives: Derivatives, refused: NDArray[np.bool_]) -> bool:
    """Set the random coordinates that press on their floor to exactly zero; False when there are none or logL would fall."""
    floors = Floors.of(search.components, search.point)
    vector = search.point.vector()
    pressing = floors.pressing(vector, derivatives.score, search.snapped) & ~floors.residual & ~refused[floors.index]
    if not pressing.any():
        return False
    mask = search.snapped.copy()
    for i in np.flatnonzero(pressing):
        mask[floors.groups[i]] = True
    before = search.equations.loglik
    trial = search.point.moved(np.where(mask, 0.0, vector))
    if search.evaluate(trial) and search.equations.loglik >= before - ROUNDING * search.equations.loglik_scale:
        search.point, search.snapped = trial, mask
        return True
    refused[floors.index[pressing]] = True
    search.evaluate(search.point)
    return False


def multipliers(component: Component, sigma: Array, gradient: Array | None) -> Array:
    """Eigenvalues of D on the null space of Sigma, in units of the data's variance: all <= 0 at a constrained maximum."""
    scale = component.reference
    values, vectors = np.linalg.eigh(sigma / np.outer(scale, scale))
    null = vectors[:, values < 1e-11]
    if gradient is None or null.shape[1] == 0:
        return np.zeros(0)
    return np.linalg.eigvalsh(null.T @ (gradient * np.outer(scale, scale)) @ null)


def _release(search: Search) -> bool:
    """Look at the boundary from slightly inside; free the components whose multipliers are not all negative, or return False.

    The point just inside also refreshes D on the null space of every singular matrix.
    """
    if not search.snapped.any():
        return False
    here, vector, floors = search.point, search.point.vector(), Floors.of(search.components, search.point)
    zero = floors.index[search.snapped[floors.index]]
    inside = vector.copy()
    inside[zero] = 10 * floors.floor[search.snapped[floors.index]]
    search.point = here.moved(inside)
    if not search.evaluate(search.point):
        search.point = here
        search.evaluate(here)
        return False
    search.differentiate()
    search.point = here
    free = np.zeros_like(search.snapped)
    for component, chart, phi, part, d in zip(search.components, here.charts, here.phi, here.slices, search.gradients, strict=True):
        if search.snapped[part].any():
            found = multipliers(component, chart.value(phi), d)
            free[part] = bool(found.size and found.max() > 1e-6)
    if free.any():
        search.snapped &= ~free
        vector[zero[free[zero]]] = 10 * inside[zero[free[zero]]]
        trial = here.moved(vector)
        if search.evaluate(trial):
            search.point = trial
            return True
        search.snapped |= free & (here.vector() == 0.0)
    search.evaluate(here)
    return False


def _leave_saddle(search: Search) -> bool:
    """Look at the exact curvature of logL along the weakest direction of H; move off a saddle, or return False at a maximum.

    Average information is positive by construction, so that it cannot tell a saddle (a correlation that sits on a symmetric point)
    from a maximum. The curvature is a difference of scores over a thousandth of a standard error.
    """
    derivatives, here, vector = search.differentiate(), search.point, search.point.vector()
    system, transform, _ = _system(search, derivatives)
    if transform.shape[1] == 0:
        return False
    direction = transform @ (system.scale * system.vectors[:, 0])
    before, floors = search.equations.loglik, Floors.of(search.components, here)
    search.point = here.moved(vector + PROBE * direction)
    if search.evaluate(search.point):
        ahead = search.differentiate()
        search.weakest = -float(direction @ (ahead.score - derivatives.score)) / PROBE
    search.point, search.gradients = here, list(derivatives.gradients)
    if search.weakest < -1e-4 and len(search.history) <= search.control.max_iterations:
        for size in (1.0, -1.0, 0.3, -0.3, 0.1, -0.1):
            trial = here.moved(floors.raised(vector + size * direction, search.snapped))
            if search.evaluate(trial) and search.equations.loglik > before + 1e-9:
                search.point = trial
                return True
    search.evaluate(here)
    return False


def _residual_slope(search: Search, derivatives: Derivatives) -> float:
    """The largest -dlogL/dlog(lambda) of the residual coordinates that press on their floor; 0 when none does.

    Near a singular residual logL behaves like -c log(lambda) + O(lambda^2): with c > 0 it is unbounded, with c = 0 it has a supremum.
    """
    vector = search.point.vector()
    floors = Floors.of(search.components, search.point)
    stuck = floors.pressing(vector, derivatives.score, search.snapped) & floors.residual
    return float(np.max(-derivatives.score[floors.index[stuck]] * vector[floors.index[stuck]], initial=0.0))


def _residual_status(search: Search) -> Status:
    """Converged, or what became of a residual matrix that ran to its floor."""
    slope = _residual_slope(search, search.differentiate())
    if slope == 0.0:
        return Status.CONVERGED
    return Status.UNBOUNDED if slope > UNBOUNDED_SLOPE else Status.RESIDUAL_BOUNDARY
