"""Telling a maximum from a saddle, and leaving the latter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.reml.step import SADDLE

if TYPE_CHECKING:
    from vcmodel.reml.search import Search

# length of the curvature probe in standard deviations of the weakest direction
PROBE = 1e-3
# how far to look for a better point along a direction of positive curvature, in the same unit
JUMPS = (1.0, -1.0, 0.3, -0.3, 0.1, -0.1)
# gain of logL that counts as having left it
HIGHER = 1e-9


def leave_saddle(search: Search) -> bool:
    """Look at the exact curvature of logL along the weakest direction of H; move off a saddle, or return False at a maximum.

    Average information is positive by construction, so that it cannot tell a saddle (a correlation that sits on a symmetric point)
    from a maximum. The curvature is a difference of scores over a thousandth of a standard error.
    """
    derivatives, here, vector = search.differentiate(), search.point, search.point.vector()
    system, transform = search.system()
    if transform.shape[1] == 0:
        return False
    direction = transform @ (system.scale * system.vectors[:, 0])
    before, bounds, gradients = search.equations.loglik, search.bounds(), search.gradients
    search.point = here.moved(vector + PROBE * direction)
    if search.evaluate(search.point):
        ahead = search.differentiate()
        search.weakest = -float(direction @ (ahead.score - derivatives.score)) / PROBE
    search.point, search.gradients = here, gradients
    search.recall(here, derivatives)
    if search.weakest < -SADDLE and len(search.history) <= search.control.max_iterations:
        for size in JUMPS:
            trial = here.moved(bounds.projected(vector + size * direction, search.at_bound, vector))
            if search.evaluate(trial) and search.equations.loglik > before + HIGHER:
                search.point = trial
                return True
    search.evaluate(here)
    return False
