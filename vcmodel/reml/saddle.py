"""Telling a maximum from a saddle, and leaving the latter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.reml.search import Departure
from vcmodel.reml.step import SADDLE

if TYPE_CHECKING:
    from vcmodel.reml.search import Search

# length of the curvature probe in standard deviations of the weakest direction
PROBE = 1e-3
# how far to look for a better point along a direction of positive curvature, in the same unit
JUMPS = (1.0, -1.0, 0.3, -0.3, 0.1, -0.1)
# gain of logL that counts as having left it
HIGHER = 1e-9


def leave_saddle(search: Search) -> Departure:
    """Look at the exact curvature of logL along the weakest direction of H; move off a saddle.

    Average information is positive by construction, so that it cannot tell a saddle (a correlation that sits on a symmetric point)
    from a maximum. The curvature is a difference of scores over a thousandth of a standard error.
    """
    here, vector, score = search.point, search.point.vector(), search.derivatives.score
    system, transform = search.system(), search.active_set.transform
    if transform.shape[1] == 0:
        return Departure(left=False)
    direction = transform @ (system.scale * system.vectors[:, 0])
    weakest = float("nan")
    with search.probe() as probe:
        if probe.at(here.moved(vector + PROBE * direction)):
            weakest = -float(direction @ (probe.slopes().score - score)) / PROBE
        if weakest < -SADDLE and len(search.history) <= search.control.max_iterations:
            bounds = search.active_set.bounds
            for size in JUMPS:
                trial = here.moved(bounds.projected(vector + size * direction, search.at_bound, vector))
                if probe.at(trial) and probe.loglik > search.loglik + HIGHER:
                    probe.keep()
                    return Departure(left=True, weakest=weakest)
    return Departure(left=False, weakest=weakest)
