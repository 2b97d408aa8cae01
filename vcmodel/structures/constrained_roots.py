"""From starting values to a root whose constrained rows are scale times direction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Parameter
from vcmodel.structures.chart import Array
from vcmodel.structures.pivoting import pivoted_cholesky
from vcmodel.structures.ray import Ray
from vcmodel.structures.scale_direction_chart import Place, ScaleDirectionChart

# a start is drawn to this smallest eigenvalue of its correlations where it is not a matrix at all, and where a correlation that shall
# move stands at +-1: there it has no derivative
INTERIOR = 0.05
AT_ONE = 0.999


def places_of(
    parameters: Sequence[Parameter], rows: Iterable[int], columns: Iterable[int], constrained: NDArray[np.bool_]
) -> tuple[Place, ...]:
    """Each parameter with its row and column in the matrix."""
    return tuple(Place(*item) for item in zip(parameters, map(int, rows), map(int, columns), map(bool, constrained), strict=True))


def independent_root(
    places: tuple[Place, ...], scale_of: Sequence[int], deviations: Array, reference: Array
) -> tuple[ScaleDirectionChart, Array]:
    """The chart of independent levels; `deviations` are the scales, shared by levels with the same number in `scale_of`."""
    unit, nothing = np.eye(len(scale_of)), np.zeros((0, len(scale_of)))
    rays = tuple(Ray((level,), (1.0,), True, unit[level], nothing) for level in range(len(scale_of)))
    return ScaleDirectionChart(rays, tuple(scale_of), places, np.asarray(reference, dtype=float), turning=False), np.array(deviations)


def constrained_root(
    places: tuple[Place, ...], deviations: Array | None, correlation: Array, held_at_one: Sequence[tuple[int, int, float]], reference: Array
) -> tuple[ScaleDirectionChart, Array]:
    """The chart of a general matrix near the one given, and its coordinates.

    Parameters
    ----------
    deviations : (k,) array or None
        Standard deviations; None for a correlation matrix.
    correlation : (k, k) array
        Unit diagonal; drawn to the interior where it is not positive semi-definite.
    held_at_one : sequence of (level, level, sign)
        Pairs whose correlation is held at +-1: they share a direction.
    """
    k = len(correlation)
    members = _merged(k, held_at_one)
    leaders = list(members)
    polar = np.zeros(k, dtype=bool) if deviations is not None else np.ones(k, dtype=bool)
    bent = False
    for parameter, i, j, constrained in places:
        if constrained and parameter.kind in ("variance", "correlation"):
            polar[[i, j]] = True
            bent |= parameter.kind == "correlation" and abs(correlation[i, j]) > AT_ONE
    for leader in leaders:
        polar[leader] |= len(members[leader]) > 1
        polar[[level for level, _ in members[leader]]] |= polar[leader]
    scale_of = np.where(polar & (deviations is not None), np.cumsum(polar) - 1, -1)
    order, lower = pivoted_cholesky(_interior(correlation[np.ix_(leaders, leaders)], bent), np.ones(len(leaders)))
    size = np.ones(k) if deviations is None else np.asarray(deviations, dtype=float)
    rays, scales, pieces = [], size[scale_of >= 0], []
    for place, leader in enumerate(np.array(leaders)[list(order)].tolist()):
        row = np.zeros(k)
        row[: len(leaders)] = lower[place]
        if polar[leader]:
            levels, signs = zip(*members[leader], strict=True)
            rays.append(Ray.around(levels, signs, row, place))
            pieces.append(np.zeros(place))
        else:
            rays.append(Ray.free_row(leader, place, k))
            pieces.append(size[leader] * row[: place + 1])
    chart = ScaleDirectionChart(tuple(rays), tuple(scale_of.tolist()), places, np.asarray(reference, dtype=float))
    return chart, np.concatenate([scales, *pieces])


def _merged(order: int, held_at_one: Sequence[tuple[int, int, float]]) -> dict[int, list[tuple[int, float]]]:
    """The levels (with signs) that share a direction, by the first of them."""
    leader = {level: (level, 1.0) for level in range(order)}
    for i, j, sign in held_at_one:
        (one, a), (other, b) = sorted((leader[i], leader[j]))
        turn = sign * a * b
        for level, (head, side) in leader.items():
            if head == other:
                leader[level] = (one, side * turn)
    members: dict[int, list[tuple[int, float]]] = {}
    for level, (head, side) in leader.items():
        members.setdefault(head, []).append((level, side))
    return members


def _interior(correlation: Array, bent: bool) -> Array:
    """The correlations, drawn towards zero where they are not those of a matrix, or `bent`."""
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    if smallest >= (INTERIOR if bent else -1e-10):
        return correlation
    unit = np.eye(len(correlation))
    # on the ray I + c (C - I) the smallest eigenvalue is 1 - c (1 - lambda)
    return np.asarray(unit + (1.0 - INTERIOR) / (1.0 - smallest) * (correlation - unit))
