"""What happens at a boundary: putting coordinates onto it, certifying that they belong there, and residuals that run into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.status import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.parameters import Component
    from vcmodel.reml.search import Search

    Array = NDArray[np.float64]

# logL grows by at least half a unit per e-fold of a residual coordinate that the data do not keep from zero
UNBOUNDED_SLOPE = 0.25
# where a singular matrix is looked at from inside, as a multiple of the floor
INSIDE = 10.0
# scaled eigenvalues of Sigma below this are its null space; the square of what INSIDE floors leave is 1e-6
NULL = 1e-11


def snap(search: Search, refused: NDArray[np.bool_]) -> bool:
    """Set the random coordinates that press on their floor to exactly zero; False when there are none or logL would fall."""
    floors, vector = search.floors(), search.point.vector()
    pressing = search.pressing(floors) & ~floors.residual & ~refused[floors.index]
    if not pressing.any():
        return False
    mask = search.snapped.copy()
    for i in np.flatnonzero(pressing):
        mask[floors.groups[i]] = True
    before = search.equations.loglik
    trial = search.point.moved(np.where(mask, 0.0, vector))
    if search.evaluate(trial) and search.equations.loglik >= before - search.slack:
        search.point, search.snapped = trial, mask
        return True
    refused[floors.index[pressing]] = True
    search.evaluate(search.point)
    return False


def multipliers(component: Component, sigma: Array, gradient: Array | None) -> Array:
    """Eigenvalues of D on the null space of Sigma, in units of the data's variance: all <= 0 at a constrained maximum."""
    scale = component.reference
    values, vectors = np.linalg.eigh(sigma / np.outer(scale, scale))
    null = vectors[:, values < NULL]
    if gradient is None or null.shape[1] == 0:
        return np.zeros(0)
    return np.linalg.eigvalsh(null.T @ (gradient * np.outer(scale, scale)) @ null)


def release(search: Search) -> bool:
    """Look at the boundary from slightly inside; free the components whose multipliers are not all negative, or return False.

    The point just inside also refreshes D on the null space of every singular matrix.
    """
    if not search.snapped.any():
        return False
    here, vector, floors = search.point, search.point.vector(), search.floors()
    at_zero = search.snapped[floors.index]
    zero, inside = floors.index[at_zero], INSIDE * floors.floor[at_zero]
    moved = vector.copy()
    moved[zero] = inside
    search.point = here.moved(moved)
    seen = search.evaluate(search.point)
    if seen:
        search.differentiate()
    search.point = here
    free = np.zeros_like(search.snapped)
    for component, chart, phi, part, d in zip(search.components, here.charts, here.phi, here.slices, search.gradients, strict=True):
        if seen and search.snapped[part].any():
            found = multipliers(component, chart.value(phi), d)
            free[part] = bool(found.size and found.max() > 1e-6)
    if free.any():
        vector[zero[free[zero]]] = INSIDE * inside[free[zero]]
        trial = here.moved(vector)
        if search.evaluate(trial):
            search.point, search.snapped = trial, search.snapped & ~free
            return True
    search.evaluate(here)
    return False


def residual_slope(search: Search) -> float:
    """The largest -dlogL/dlog(lambda) of the residual coordinates that press on their floor; 0 when none does.

    Near a singular residual logL behaves like -c log(lambda) + O(lambda^2): with c > 0 it is unbounded, with c = 0 it has a supremum.
    """
    floors, vector, score = search.floors(), search.point.vector(), search.differentiate().score
    stuck = floors.index[search.pressing(floors) & floors.residual]
    return float(np.max(-score[stuck] * vector[stuck], initial=0.0))


def residual_status(search: Search) -> Status:
    """Converged, or what became of a residual matrix that ran to its floor."""
    slope = residual_slope(search)
    if slope == 0.0:
        return Status.CONVERGED
    return Status.UNBOUNDED if slope > UNBOUNDED_SLOPE else Status.RESIDUAL_BOUNDARY
