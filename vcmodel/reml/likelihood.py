"""logL, score, average information and curvature at a point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vcmodel.equations.chain_rule import recover_gradient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.base import Equations
    from vcmodel.reml.point import Part, Point

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Derivatives:
    """First and second-order quantities over all coordinates of a point (m of them).

    Attributes
    ----------
    score : (m,)
        dlogL/dphi.
    information : (m, m)
        Average information.
    curvature : (m, m)
        Sum of D_kl d2 Sigma_kl / dphi dphi, exact curvature of the parametrisation; H = information - curvature.
    gradients : tuple of (k, k) arrays or None
        D of every component, dlogL = tr(D dSigma); None where it could not be recovered yet.
    natural : (m,)
        As of :attr:`vcmodel.reml.point.Part.natural`: what a coordinate's information is measured against.
    """

    score: Array
    information: Array
    curvature: Array
    gradients: tuple[Array | None, ...]
    natural: Array

    @property
    def hessian(self) -> Array:
        """H (m, m)."""
        return self.information - self.curvature

    def refreshed(self, point: Point, estimated: Sequence[bool], gradients: Mapping[int, Array]) -> Derivatives:
        """The same derivatives with D of some random components known better where their matrices are singular.

        What the loading shows of D at the point itself stays; the score and the average information do not depend on D.
        """
        every, curvature = list(self.gradients), self.curvature.copy()
        for c, seen in gradients.items():
            part, former = point[c], every[c]
            by_loading = 2.0 * (seen if former is None else former) @ part.loading
            gradient = recover_gradient(part.loading, by_loading, part.component.reference, seen)
            every[c] = gradient
            if estimated[c] and gradient is not None:
                # that of sparse parts does not depend on D
                beyond = gradient if former is None else gradient - former
                curvature[part.where, part.where] += part.chart.curvature(part.phi, beyond)
        return replace(self, curvature=curvature, gradients=tuple(every))


class Slopes(NamedTuple):
    """First-order quantities: the score (m,) and D of every component, as of :class:`Derivatives`."""

    score: Array
    gradients: tuple[Array | None, ...]


def set_point(equations: Equations, point: Point) -> bool:
    """Put the equations at a point; False when it is not feasible."""
    return point.feasible() and equations.update(point.parts)


def slopes(equations: Equations, point: Point, estimated: Sequence[bool], remembered: Sequence[Array | None]) -> Slopes:
    """The score where the equations stand; parameters as of :func:`differentiate`."""
    score = np.zeros(point.size)
    gradients: list[Array | None] = []
    for part, moves, former in zip(point, estimated, remembered, strict=True):
        found = equations.derivatives(part, former)
        gradients.append(found.gradient)
        if moves:
            score[part.where] = found.score
    return Slopes(score, tuple(gradients))


def differentiate(equations: Equations, point: Point, estimated: Sequence[bool], remembered: Sequence[Array | None]) -> Derivatives:
    """The derivatives at the point the equations stand at.

    Parameters
    ----------
    estimated : sequence of bool
        Components with a free coordinate; the others are left at zero.
    remembered : sequence
        D of earlier points, used where the matrix is singular now.
    """
    m = point.size
    score, curvature = np.zeros(m), np.zeros((m, m))
    natural = np.ones(m)
    gradients: list[Array | None] = []
    moving: list[Part] = []
    for part, moves, former in zip(point, estimated, remembered, strict=True):
        found = equations.derivatives(part, former)
        gradients.append(found.gradient)
        if not moves or part.phi.size == 0:
            continue
        where = part.where
        natural[where], score[where], curvature[where, where] = part.natural, found.score, found.curvature
        moving.append(part)
    information = np.zeros((m, m))
    if moving:
        own = np.concatenate([np.arange(part.where.start, part.where.stop) for part in moving])
        information[np.ix_(own, own)] = equations.information(moving)
    return Derivatives(score, information, curvature, tuple(gradients), natural)
