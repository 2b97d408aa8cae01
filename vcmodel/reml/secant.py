"""A secant correction of the average information from the last change of the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.point import Point

    Array = NDArray[np.float64]

# lengths of a move, in standard deviations, over which a change of the score tells of its curvature: it is not linear over a longer one,
# and rounding over a shorter one
SHORTEST_MOVE, LONGEST_MOVE = 1e-5, 0.5
# least cosine between what the model left out and the move
LEAST_COSINE = 0.1


@dataclass(frozen=True, eq=False)
class Memory:
    """The score at the previous point along its free directions.

    Attributes
    ----------
    point : Point
    transform : (m, f) array
        From the free directions to all coordinates.
    score : (f,) array
    """

    point: Point
    transform: Array
    score: Array

    def corrected(self, hessian: Array, point: Point, transform: Array, score: Array) -> Array:
        """H with the symmetric rank-one correction that makes it reproduce the last change of the score (Nocedal & Wright 2006, eq. 6.24).

        Average information is off by a constant factor along components with few levels, which leaves linear convergence; one secant
        pair removes most of it. Left out when the chart or the free coordinates changed, or when the correction is ill defined.
        """
        same = all(a.chart is b.chart for a, b in zip(self.point, point, strict=True))
        if not same or not np.array_equal(self.transform, transform):
            return hessian
        move = np.linalg.lstsq(transform, point.vector() - self.point.vector(), rcond=None)[0]
        scale = np.sqrt(np.abs(np.diag(hessian)))
        rest = self.score - score - hessian @ move
        length, size = float(np.linalg.norm(move * scale)), float(np.linalg.norm(rest / np.where(scale > 0, scale, 1.0)))
        inner = float(rest @ move)
        if not SHORTEST_MOVE < length < LONGEST_MOVE or abs(inner) < LEAST_COSINE * size * length:
            return hessian
        return hessian + np.outer(rest, rest) / inner
