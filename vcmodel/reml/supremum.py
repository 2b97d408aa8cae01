"""Residual matrices that run into their boundary: what logL tends to, and where.

A residual matrix enters through its inverse and cannot be put onto the boundary itself; it is held at a floor instead. Near the boundary,
lambda the distance from it,

    logL = L0 - c log(lambda) - a lambda^p - b lambda^2p - ...,

p = 2 for a square root and 1 where Sigma has a slope. With c > 0 logL is unbounded. With c = 0 it has the supremum L0, which follows from
logL and its derivative at the floor, L0 = logL + s / p + O(lambda^2p) with s = -dlogL/dlog(lambda); the other estimates move linearly in
lambda^p (Richardson's extrapolation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.floors import RESIDUAL_FLOORS
from vcmodel.reml.status import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.parameters import Point
    from vcmodel.reml.search import Search

    Array = NDArray[np.float64]

# logL grows by at least half a unit per e-fold of a residual coordinate that the data do not keep from zero
UNBOUNDED_SLOPE = 0.25
# what the terms left out of L0 may add up to
ACCURATE = 1e-6


@dataclass(frozen=True)
class Limit:
    """The boundary that a residual matrix presses on.

    Attributes
    ----------
    loglik : float
        L0.
    point : Point
        The estimates there; pressing coordinates are exactly zero.
    error : float
        Size of the next terms of the expansion of logL.
    """

    loglik: float
    point: Point
    error: float


def residual_slope(search: Search) -> float:
    """The largest s = -dlogL/dlog(lambda) of the residual coordinates that press on their floor; 0 when none does."""
    stuck, distance = search.residual_pressing()
    return float(np.max(-search.slopes()[stuck] * distance, initial=0.0))


def limit(search: Search) -> Limit | None:
    """The boundary that the residual presses on, seen from the floor and from twice the floor; None when nothing presses."""
    floors, derivatives, here, vector = search.floors(), search.differentiate(), search.point, search.point.vector()
    which = search.pressing(floors) & floors.residual
    if not which.any():
        return None
    stuck, order = floors.index[which], floors.order[which]
    system, transform = search.system()
    before, gradients = search.equations.loglik, search.gradients
    doubled = vector.copy()
    doubled[stuck] *= 2.0
    search.point = here.moved(doubled)
    placed = search.evaluate(search.point)
    score = search.differentiate().score if placed else derivatives.score
    search.point, search.gradients = here, gradients
    search.recall(here, derivatives)
    search.evaluate(here)
    slope, further = -derivatives.score[stuck] * vector[stuck], -score[stuck] * doubled[stuck]
    growth = 2.0**order
    left_out = (growth * slope - further) / (2.0 * order * growth * (growth - 1.0))
    change = (transform.T @ (score - derivatives.score)) * system.scale / (growth.max() - 1.0)
    move = -system.scale * (system.vectors @ ((system.vectors.T @ change) / system.divisors(0.0)))
    error = float(np.sum(np.abs(left_out)) + 0.5 * abs(move @ (change / system.scale))) if placed else np.inf
    vector = vector + transform @ move
    for edge in np.flatnonzero(which):
        vector[floors.groups[edge]] = 0.0
    return Limit(before + float(np.sum(slope / order)), here.moved(vector), error)


def lower_floor(search: Search) -> bool:
    """Go down to the next floor where the limit cannot be told from this one; False where it can, or where nothing presses."""
    below = [floor for floor in RESIDUAL_FLOORS if floor < search.residual_floor]
    seen = limit(search) if below else None
    if seen is None or seen.error < ACCURATE:
        return False
    here, before, floors = search.point, search.equations.loglik, search.floors()
    stuck = floors.index[search.pressing(floors) & floors.residual]
    search.residual_floor = below[0]
    floors, vector = search.floors(), here.vector()
    at = np.isin(floors.index, stuck)
    vector[floors.index[at]] = floors.floor[at]
    trial = here.moved(vector)
    if search.evaluate(trial) and search.equations.loglik >= before - search.slack:
        search.point = trial
    else:  # the maximum lies between the two floors, or the other coordinates must move too
        search.evaluate(here)
    return True


def residual_status(search: Search, status: Status) -> Status:
    """The status of the end of a climb, or what became of a residual matrix that ran to its last floor."""
    slope = residual_slope(search)
    if slope > UNBOUNDED_SLOPE:
        return Status.UNBOUNDED
    if status is not Status.CONVERGED or not search.certified:
        return Status.STALLED
    return Status.CONVERGED if slope == 0.0 else Status.RESIDUAL_BOUNDARY
