"""The maximisation: damped Newton steps with average information plus exact curvature, an active set at the boundaries, a certificate.

A variance-like coordinate is held at a small lower bound while iterating, because dlogL/dSigma on a null space of Sigma can only be seen
from slightly inside. A coordinate that presses on its bound is put to exactly zero if logL agrees; at convergence the multipliers of the
null space certify the boundary, and a probe along the weakest direction certifies that the point is no saddle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.boundary import activate
from vcmodel.reml.search import Departure
from vcmodel.reml.secant import Memory
from vcmodel.reml.status import Status
from vcmodel.reml.step import next_shift
from vcmodel.reml.supremum import UNBOUNDED_SLOPE, Supremum, relax_residual_bound, residual_slope, residual_status, supremum

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


@dataclass(frozen=True)
class End:
    """How a maximisation ended.

    Attributes
    ----------
    status : Status
    weakest : float
        Exact curvature of -logL along the weakest direction, in units of its average information; NaN where it was not looked at.
    supremum : Supremum or None
        What logL tends to, where a matrix that enters through its inverse is at its boundary and the status says that it converged.
    """

    status: Status
    weakest: float
    supremum: Supremum | None


def maximise(search: Search) -> End | None:
    """Run to a certified maximum or to a status that says why not; None when the starting point itself cannot be evaluated.

    The search is left at the best point found.
    """
    if not search.begin():
        return None
    weakest, seen = float("nan"), None
    while True:
        # 1) climb to a stationary point
        status = _climb(search)
        if status not in AT_AN_END:
            break
        # 2) go on where it is no maximum: off a boundary or a saddle
        departure = search.leave() if status is Status.CONVERGED else Departure(left=False)
        weakest = weakest if np.isnan(departure.weakest) else departure.weakest
        if departure.left:
            continue
        # 3) or where a residual matrix is held too far from its boundary to say what logL tends to
        seen = supremum(search)
        if relax_residual_bound(search, seen):
            continue
        # 4) the status that the end deserves
        if status is Status.CONVERGED and not search.active_set.mobile.any():
            status = Status.FIXED
        else:
            status = residual_status(departure.obstacle or status, residual_slope(search), seen)
        break
    return End(status, weakest, seen if status.converged else None)


def _climb(search: Search) -> Status:
    """Newton steps until the decrement is below the tolerance; a maximum is certified only below the certificate's own."""
    refused = np.zeros_like(search.at_bound)
    memory: Memory | None = None
    pressed, idle, second_chance = 0, 0, True
    while True:
        # 1) the derivatives, once per point
        score = search.derivatives.score
        # 2) what presses on the boundary is put onto it
        if activate(search, refused):
            continue
        # 3) the Newton system of what is free
        search.look_again()
        system, transform = search.system(memory), search.active_set.transform
        memory = Memory(search.point, transform, transform.T @ score)
        search.record(system)
        # 4) stop?
        pressed = pressed + 1 if residual_slope(search) > UNBOUNDED_SLOPE else 0
        if pressed > PATIENCE:
            return Status.UNBOUNDED
        if system.decrement < search.control.tolerance:  # a stationary point; whether it is a maximum is asked when it is left
            if not (second_chance and refused.any()):
                return Status.CONVERGED if system.decrement < CERTIFIED else Status.TOLERANCE
            second_chance, refused[:] = False, False  # what could not be put onto the boundary far from the optimum may go now
            continue
        # steps that gain rounding only; close to a singular residual matrix the score keeps fewer digits
        if idle > PATIENCE and (_is_rounding(search, system) or (system.decrement < NEARLY and residual_slope(search) > 0.0)):
            return Status.CONVERGED
        if len(search.history) > search.control.max_iterations:
            return Status.ITERATION_LIMIT
        # 5) the step, shortened until logL does not fall
        if not _line(search, system):
            return Status.CONVERGED if _is_rounding(search, system) else Status.STALLED
        idle = idle + 1 if search.loglik - search.history[-1].loglik <= search.slack else 0


def _is_rounding(search: Search, system: NewtonSystem) -> bool:
    """Whether the gain still promised is smaller than logL can be computed."""
    return system.decrement < 10 * search.slack + min(search.control.tolerance, CERTIFIED)


def _line(search: Search, system: NewtonSystem) -> bool:
    """Take the first damped step that does not lower logL; False when there is none."""
    here, vector, transform, bounds = search.point, search.point.vector(), search.active_set.transform, search.active_set.bounds
    shift = search.shift
    with search.probe() as probe:
        for _ in range(MAX_REJECTIONS):
            trial = search.retracted(here.moved(bounds.projected(vector + transform @ system.step(shift), search.at_bound, vector)))
            gain = probe.loglik - search.loglik if probe.at(trial) else -np.inf
            if gain > search.slack or (gain >= -search.slack and system.decrement < NEARLY):
                predicted = system.predicted(shift)
                probe.keep()
                search.follow(here, next_shift(shift, gain, predicted), gain / predicted if predicted > 0.0 else 1.0)
                return True
            shift = max(4.0 * shift, 1e-2)
    return False
