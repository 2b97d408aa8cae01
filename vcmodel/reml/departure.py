"""The end of a constrained search: onto the boundary it approached, and off a stationary point that is no maximum.

At a zero scale the direction beside it has no derivative, and logL is even in an unbounded scale, so that only a look at logL tells whether
the scale should leave zero, and in which direction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.point import starting_point
from vcmodel.reml.search import Departure
from vcmodel.reml.step import SADDLE
from vcmodel.structures.scale_direction_chart import ScaleDirectionChart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.equality import EqualityConstraints
    from vcmodel.reml.point import Part, Point
    from vcmodel.reml.search import Probe, Search

    Array = NDArray[np.float64]

# scales and columns of a root below this fraction of the data's standard deviation are put to zero if logL agrees
ZERO = 1e-4
# a better point must raise logL by more than rounding
BETTER = 1e-8
# lengths of a step off a saddle, in standard deviations of the weakest direction, and of a scale off zero, in those of the data
LENGTHS_OFF_SADDLE = (1.0, -1.0, 0.3, -0.3, 0.1, -0.1, 0.01, -0.01, 1e-3, -1e-3)
LENGTHS_OFF_ZERO = (0.1, 0.01)
# correlations tried in place of one
INSIDE_ONE = (0.9, 0.99, 0.999)
# length of the curvature probe in standard deviations: logL's rounding (1e-13 of its terms) over its square stays below SADDLE
CHORD = 1e-2


def settle(search: Search, equalities: EqualityConstraints) -> bool:
    """Put small scales and columns to exactly zero; False when nothing changed or logL would fall."""
    here = search.point
    random = [c for c in equalities.involved if here[c].component.is_random]
    trial = here.changed({c: here[c].chart.settled(here[c].phi, ZERO) for c in random})
    if all(_same(old, new) for old, new in zip(here, trial, strict=True)):
        return False
    with search.probe() as probe:
        return _kept(search, probe, trial, -search.slack)


def _same(old: Part, new: Part) -> bool:
    """Whether a part has the matrix it had, and as many zeros in its root: the square of a small entry may be lost beside others."""
    zeros = [np.count_nonzero(part.loading) for part in (old, new)]
    return old.chart.size == new.chart.size and zeros[0] == zeros[1] and np.array_equal(old.sigma, new.sigma)


def depart(search: Search, equalities: EqualityConstraints) -> Departure:
    """Move to a better point along negative curvature or off zero scales, if there is one."""
    here, transform, mobile = search.point, search.active_set.transform, search.active_set.mobile
    system, gradients = search.system(), tuple(search.gradients)
    weakest = float("nan")
    with search.probe() as probe:
        if transform.shape[1]:
            directions = transform @ (system.scale[:, None] * system.vectors)
            weakest = _curvature(search, probe, directions[:, 0])
            falling = max(int(np.sum(system.values < -SADDLE)), 1 if weakest < -SADDLE else 0)
            for direction in directions.T[:falling]:
                for length in LENGTHS_OFF_SADDLE:
                    if _kept(search, probe, here.moved(here.vector() + length * direction), BETTER):
                        return Departure(left=True, weakest=weakest)
        opened = _opened(search.constraints, equalities, here)
        for trial in (*opened, *_off_zero(equalities, here, mobile, gradients)):
            if _kept(search, probe, trial, BETTER):
                return Departure(left=True, weakest=weakest)
    return Departure(left=False, weakest=weakest)


def _kept(search: Search, probe: Probe, trial: Point, gain: float) -> bool:
    """Move to the trial, retracted, if it raises logL by at least `gain`."""
    point = search.retracted(trial)
    if point is None or not probe.at(point) or probe.loglik < search.loglik + gain:
        return False
    masks = [
        search.at_bound[old.where] if old.chart.size == new.chart.size else np.zeros(new.chart.size, dtype=bool)
        for old, new in zip(search.point, point, strict=True)
    ]
    probe.keep(np.concatenate(masks))
    return True


def _curvature(search: Search, probe: Probe, direction: Array) -> float:
    """Exact curvature of -logL along the constraints, per square of `direction`; NaN where it cannot be computed."""
    here, values = search.point, []
    for side in (CHORD, -CHORD):
        trial = search.retracted(here.moved(here.vector() + side * direction))
        values.append(probe.loglik if probe.at(trial) else np.nan)
    return float((2.0 * search.loglik - values[0] - values[1]) / CHORD**2)


def _opened(constraints: Constraints, equalities: EqualityConstraints, here: Point) -> Iterator[Point]:
    """Points with tied correlations of +-1 moved inside: at one the equations between them have no derivative."""
    theta = [part.reported for part in here]
    at_one = []
    for c in equalities.involved:
        kinds = np.array([parameter.kind for parameter in here[c].component.structure.parameters])
        tied = (constraints.group[c] >= 0) & ~constraints.fixed[c] & (kinds == "correlation")
        at_one.append(tied & (np.abs(theta[c]) > 1.0 - ZERO**2))
    if not any(own.any() for own in at_one):
        return
    for inside in INSIDE_ONE:
        moved = list(constraints.theta)
        for c, own in zip(equalities.involved, at_one, strict=True):
            moved[c] = np.where(np.isnan(theta[c]), constraints.theta[c], np.where(own, inside * theta[c], theta[c]))
        fresh = starting_point(here.components, replace(constraints, theta=tuple(moved)))
        yield here.changed({c: (fresh[c].chart, fresh[c].phi) for c in equalities.involved})


def _off_zero(
    equalities: EqualityConstraints, here: Point, mobile: NDArray[np.bool_], gradients: Sequence[Array | None]
) -> Iterator[Point]:
    """Points with scales at zero made positive, one by one and then all of a component together, in several directions."""
    rng = np.random.default_rng(20)
    for c in equalities.involved:
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
                    gradient, root = gradients[c], chart.loading(phi)
                    for scale in chosen:
                        level = chart.scale_of.index(scale.coordinate)
                        pull = root.T @ gradient[level] if gradient is not None and kind != "random" else rng.normal(size=chart.order)
                        chart, phi = chart.turned(phi, level, -pull if kind == "downhill" else pull)
                for length in LENGTHS_OFF_ZERO:
                    moved = phi.copy()
                    moved[[scale.coordinate for scale in chosen]] = [length * scale.size for scale in chosen]
                    yield here.changed({c: (chart, moved)})
