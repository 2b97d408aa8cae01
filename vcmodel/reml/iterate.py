"""The maximisation: damped Newton steps with average information plus exact curvature, an active set at the boundaries, a certificate.

A variance-like coordinate is held at a small lower bound while iterating, because dlogL/dSigma on a null space of Sigma can only be seen
from slightly inside. A coordinate that presses on its bound is put to exactly zero if logL agrees; at convergence the multipliers of the
null space certify the boundary, and a probe along the weakest direction certifies that the point is no saddle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.boundary import activate
from vcmodel.reml.search import ROUNDING, Memory
from vcmodel.reml.status import Status
from vcmodel.reml.step import next_shift
from vcmodel.reml.supremum import UNBOUNDED_SLOPE, relax_residual_bound, residual_slope, residual_status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.point import Point
    from vcmodel.reml.search import Search
    from vcmodel.reml.step import NewtonSystem

    Array = NDArray[np.float64]

MAX_REJECTIONS = 30
# promised gain below which a step that changes logL by rounding only still counts: elsewhere it would be a step of no length
NEARLY = 1e-6
# gain still promised above which no point is certified, whatever the tolerance asked for
CERTIFIED = 1e-8
# iterations a residual coordinate presses on its bound before the likelihood is called unbounded there, or that gain rounding only
PATIENCE = 6
# ends of a climb at which a residual matrix may stand at its bound
AT_AN_END = (Status.CONVERGED, Status.UNBOUNDED, Status.STALLED)


def maximise(search: Search) -> Status | None:
    """Run to a certified maximum or to a status that says why not; None when the starting point itself cannot be evaluated.

    The search is left at the best point found.
    """
    if not search.begin():
        return None
    status = _climb(search)
    while _goes_on(search, status):
        status = _climb(search)
    if status is Status.CONVERGED and not search.moves.any():
        return Status.FIXED
    return residual_status(search, status) if status in AT_AN_END else status


def _goes_on(search: Search, status: Status) -> bool:
    """Whether the end of a climb was no maximum and the search stands where it can be left."""
    if status is Status.CONVERGED and search.leave():
        return True
    return status in AT_AN_END and relax_residual_bound(search)


def _climb(search: Search) -> Status:
    """Newton steps until the decrement is below the tolerance; a maximum is certified only below the certificate's own."""
    refused = np.zeros_like(search.at_bound)
    memory: Memory | None = None
    pressed, idle, second_chance = 0, 0, True
    while True:
        # 1) derivatives; what presses on the boundary is put onto it
        if activate(search, refused):
            continue
        system, transform = search.system(memory)
        memory = Memory(search.point, transform, transform.T @ search.differentiate().score)
        search.record(system)
        # 2) stop?
        pressed = pressed + 1 if residual_slope(search) > UNBOUNDED_SLOPE else 0
        if pressed > PATIENCE:
            return Status.UNBOUNDED
        if system.decrement < search.control.tolerance:  # a stationary point; whether it is a maximum is leave_saddle's question
            if not (second_chance and refused.any()):
                return Status.CONVERGED if system.decrement < CERTIFIED else Status.TOLERANCE
            second_chance, refused[:] = False, False  # what could not be put onto the boundary far from the optimum may go now
            continue
        if len(search.history) > search.control.max_iterations:
            return Status.ITERATION_LIMIT
        # 3) the step, shortened until logL does not fall
        accepted = _line(search, system, transform)
        if accepted is None:
            return Status.CONVERGED if _is_rounding(search, system) else Status.STALLED
        idle = idle + 1 if search.equations.loglik - search.history[-1].loglik <= search.slack else 0
        # close to a singular residual matrix the score keeps fewer digits
        if idle > PATIENCE and (_is_rounding(search, system) or (system.decrement < NEARLY and residual_slope(search) > 0.0)):
            return Status.CONVERGED
        # 4) the new point in its best chart
        search.previous, search.point = search.point, accepted.renormalised()
        if _turned(accepted, search.point):
            search.evaluate(search.point)


def _turned(before: Point, after: Point) -> bool:
    """Whether a better chart changed a root (not the matrix), so that the equations must be made anew."""
    return any(not np.array_equal(a.loading, b.loading) for a, b in zip(before, after, strict=True))


def _is_rounding(search: Search, system: NewtonSystem) -> bool:
    """Whether the gain still promised is smaller than logL can be computed."""
    return system.decrement < 10 * ROUNDING * search.equations.loglik_scale + min(search.control.tolerance, CERTIFIED)


def _line(search: Search, system: NewtonSystem, transform: Array) -> Point | None:
    """The first damped step that does not lower logL; None, at the old point, when there is none."""
    before, vector, slack = search.equations.loglik, search.point.vector(), search.slack
    bounds = search.bounds()
    shift = search.shift
    for _ in range(MAX_REJECTIONS):
        trial = search.retracted(search.point.moved(bounds.projected(vector + transform @ system.step(shift), search.at_bound, vector)))
        if trial is None or not search.evaluate(trial):
            shift = max(4.0 * shift, 1e-2)
            continue
        gain = search.equations.loglik - before
        if gain > slack or (gain >= -slack and system.decrement < NEARLY):
            predicted = system.predicted(shift)
            search.shift, search.agreement = next_shift(shift, gain, predicted), gain / predicted if predicted > 0.0 else 1.0
            return trial
        shift = max(4.0 * shift, 1e-2)
    search.evaluate(search.point)
    return None
