"""The end of a constrained search: onto the boundary it approached, and off a stationary point that is no maximum.

At a zero scale the direction beside it has no derivative, and logL is even in an unbounded scale, so that only a look at logL tells whether
the scale should leave zero, and in which direction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.point import starting_point
from vcmodel.reml.step import SADDLE
from vcmodel.structures.scale_direction_chart import ScaleDirectionChart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from vcmodel.reml.constrained import ConstrainedSearch
    from vcmodel.reml.point import Point

    Array = NDArray[np.float64]

# scales and columns of a root below this fraction of the data's standard deviation are put to zero if logL agrees
ZERO = 1e-4
# a better point must raise logL by more than rounding
BETTER = 1e-8
# lengths of a step off a saddle, in standard deviations of the weakest direction, and of a scale off zero, in those of the data
JUMPS = (1.0, -1.0, 0.3, -0.3, 0.1, -0.1, 0.01, -0.01, 1e-3, -1e-3)
LENGTHS = (0.1, 0.01)
# correlations tried in place of one
INSIDE_ONE = (0.9, 0.99, 0.999)
# length of the curvature probe in standard deviations: logL's rounding (1e-13 of its terms) over its square stays below SADDLE
PROBE = 1e-2


def settle(search: ConstrainedSearch) -> bool:
    """Put small scales and columns to exactly zero; False when nothing changed or logL would fall."""
    here, before = search.point, search.equations.loglik
    random = [c for c in search.equalities.involved if here[c].component.is_random]
    trial = here.changed({c: here[c].chart.settled(here[c].phi, ZERO) for c in random})
    if all(old.chart.size == new.chart.size and np.array_equal(old.sigma, new.sigma) for old, new in zip(here, trial, strict=True)):
        return False
    if _try(search, trial, before - search.slack):
        return True
    search.evaluate(here)
    return False


def depart(search: ConstrainedSearch) -> bool:
    """Move to a better point along negative curvature or off zero scales; False, at the old point, where there is none."""
    search.differentiate()
    system, transform = search.system()
    here, before = search.point, search.equations.loglik
    if transform.shape[1]:
        search.weakest = _curvature(search, transform @ (system.scale * system.vectors[:, 0]))
        falling = int(np.sum(system.values < -SADDLE))
        for place in range(max(falling, 1 if search.weakest < -SADDLE else 0)):
            direction = transform @ (system.scale * system.vectors[:, place])
            for length in JUMPS:
                if _try(search, here.moved(here.vector() + length * direction), before + BETTER):
                    return True
    for trial in (*_opened(search, here), *_off_zero(search, here)):
        if _try(search, trial, before + BETTER):
            return True
    search.evaluate(here)
    return False


def _try(search: ConstrainedSearch, trial: Point, least: float) -> bool:
    """Move to the trial, retracted, if logL is above `least` there."""
    point = search.retracted(trial)
    if point is None or not search.evaluate(point) or search.equations.loglik < least:
        return False
    masks = [
        search.at_bound[old.where] if old.chart.size == new.chart.size else np.zeros(new.chart.size, dtype=bool)
        for old, new in zip(search.point, point, strict=True)
    ]
    search.point, search.at_bound = point, np.concatenate(masks)
    return True


def _curvature(search: ConstrainedSearch, direction: Array) -> float:
    """Exact curvature of -logL along the constraints, per square of `direction`; NaN where it cannot be computed."""
    here, before, values = search.point, search.equations.loglik, []
    for side in (PROBE, -PROBE):
        point = search.retracted(here.moved(here.vector() + side * direction))
        values.append(search.equations.loglik if point is not None and search.evaluate(point) else np.nan)
    search.evaluate(here)
    return float((2.0 * before - values[0] - values[1]) / PROBE**2)


def _opened(search: ConstrainedSearch, here: Point) -> Iterator[Point]:
    """Points with tied correlations of +-1 moved inside: at one the equations between them have no derivative."""
    constraints = search.constraints
    theta = [part.reported for part in here]
    at_one = []
    for c in search.equalities.involved:
        kinds = np.array([parameter.kind for parameter in search.components[c].structure.parameters])
        tied = (constraints.group[c] >= 0) & ~constraints.fixed[c] & (kinds == "correlation")
        at_one.append(tied & (np.abs(theta[c]) > 1.0 - ZERO**2))
    if not any(own.any() for own in at_one):
        return
    for inside in INSIDE_ONE:
        moved = list(constraints.theta)
        for c, own in zip(search.equalities.involved, at_one, strict=True):
            moved[c] = np.where(np.isnan(theta[c]), constraints.theta[c], np.where(own, inside * theta[c], theta[c]))
        fresh = starting_point(search.components, replace(constraints, theta=tuple(moved)))
        yield here.changed({c: (fresh[c].chart, fresh[c].phi) for c in search.equalities.involved})


def _off_zero(search: ConstrainedSearch, here: Point) -> Iterator[Point]:
    """Points with scales at zero made positive, one by one and then all of a component together, in several directions."""
    rng = np.random.default_rng(20)
    mobile = search.tangent().mobile
    for c in search.equalities.involved:
        part = here[c]
        if not part.component.is_random:
            continue
        zero = [
            scale
            for scale in part.chart.scale_coordinates(part.phi)
            if abs(part.phi[scale.coordinate]) < ZERO * scale.size and mobile[part.where.start + scale.coordinate]
        ]
        for chosen in [[scale] for scale in zero] + ([zero] if len(zero) > 1 else []):
            for kind in ("as it stands", "uphill", "downhill", "random"):
                chart, phi = part.chart, part.phi
                if kind != "as it stands":
                    if not isinstance(chart, ScaleDirectionChart) or not chart.turning:
                        continue
                    gradient, root = search.gradients[c], chart.loading(phi)
                    for scale in chosen:
                        level = chart.scale_of.index(scale.coordinate)
                        pull = root.T @ gradient[level] if gradient is not None and kind != "random" else rng.normal(size=chart.order)
                        chart, phi = chart.turned(phi, level, -pull if kind == "downhill" else pull)
                for length in LENGTHS:
                    moved = phi.copy()
                    moved[[scale.coordinate for scale in chosen]] = [length * scale.size for scale in chosen]
                    yield here.changed({c: (chart, moved)})
