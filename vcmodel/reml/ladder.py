"""Further starts of a constrained fit on small data.

A correlation held or tied at a value that the data contradict is met by sending one variance of the pair to zero, and each choice can be
a maximum of its own: one start per scale at zero, and restarts of a found maximum with another scale at zero in place of its own.
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.reml.constrained import ConstrainedSearch
from vcmodel.reml.further_starts import SMALL
from vcmodel.structures.separable import SeparableStructure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vcmodel.reml.constraints import Constraints
    from vcmodel.reml.point import Point
    from vcmodel.reml.search import Search
    from vcmodel.structures.base import Structure
    from vcmodel.structures.chart import Scale

# a scale that ended at zero starts anew at this many standard deviations of the data
RAISED = 0.3
# starts with a scale at zero, those that ended smallest first: matrices of many levels have as many scales
RUNGS = 8


def turned_groups(search: Search) -> Iterator[Constraints]:
    """On small data, the constraints with other starting values of constrained components.

    Those of the structures beside what is held or tied, and the other sign of each group of equal correlations.
    """
    components, constraints = search.components, search.constraints
    if search.equations.y.size > SMALL:
        return
    for c, component in enumerate(components):
        kept = constraints.constrained(c)
        for theta in component.structure.alternatives(constraints.theta[c]) if kept.any() else ():
            mixed = np.where(kept, constraints.theta[c], theta)
            if not np.array_equal(mixed, constraints.theta[c]):
                yield replace(constraints, theta=(*constraints.theta[:c], mixed, *constraints.theta[c + 1 :]))
    for members in constraints.groups():
        c, place = members[0]
        if components[c].structure.parameters[place].kind == "correlation" and not constraints.fixed[c][place]:
            largest = max(_all_levels(components[c].structure) for c, _ in members)
            value = -0.5 / (largest - 1) if constraints.theta[c][place] > 0.0 else 0.5
            turned = [theta.copy() for theta in constraints.theta]
            for c, place in members:
                turned[c][place] = value
            yield replace(constraints, theta=tuple(turned))


def _all_levels(structure: Structure) -> int:
    """Levels of a matrix, those of sparse parts among them."""
    return structure.whole.size if isinstance(structure, SeparableStructure) else structure.size


def ladder(search: Search) -> Iterator[Point]:
    """On small data, starts with one scale at zero each, which it leaves if it should; then the end with another scale at zero."""
    if not isinstance(search, ConstrainedSearch) or search.equations.y.size > SMALL:
        return
    end = search.point
    rungs = [(abs(end[c].phi[scale.coordinate]) / scale.size, c, scale) for c, scales in _bounded(search, search.start) for scale in scales]
    for _, c, scale in sorted(rungs, key=itemgetter(0))[:RUNGS]:
        yield _with_scales(search.start, c, {scale.coordinate: 0.0})
    for c, scales in _bounded(search, end):
        for zero in (scale for scale in scales if end[c].phi[scale.coordinate] == 0.0):
            for other in (scale for scale in scales if end[c].phi[scale.coordinate] > 0.0):
                yield _with_scales(end, c, {zero.coordinate: RAISED * zero.size, other.coordinate: 0.0})


def _bounded(search: ConstrainedSearch, point: Point) -> Iterator[tuple[int, list[Scale]]]:
    """Per random component, the scales beside constrained correlations that are not held."""
    held = search.equalities.held(point)
    for c in search.equalities.involved:
        scales = [scale for scale in point[c].chart.scale_coordinates(point[c].phi) if scale.bounded]
        free = [scale for scale in scales if not held[point[c].where.start + scale.coordinate]]
        if search.components[c].is_random and free:
            yield c, free


def _with_scales(point: Point, c: int, values: dict[int, float]) -> Point:
    phi = point[c].phi.copy()
    phi[list(values)] = list(values.values())
    return point.changed({c: (point[c].chart, phi)})
