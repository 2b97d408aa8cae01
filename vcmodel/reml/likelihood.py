"""logL, score, average information and curvature at a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.base import Equations
    from vcmodel.reml.point import Point

    Array = NDArray[np.float64]

# below this relative singular value of a loading, D cannot be recovered from 2 D Lambda (its rounding is 1e-16 / 1e-6 of the scale)
SINGULAR = 1e-6


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
        Change of the loading, in standard deviations of the data, per unit of each coordinate: what a coordinate's information is
        measured against.
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


def set_point(equations: Equations, point: Point) -> bool:
    """Put the equations at a point; False when it is not feasible."""
    return point.feasible() and equations.update([part.loading for part in point.random], [part.sigma for part in point.residual])


def recover_gradient(loading: Array, by_loading: Array, reference: Array, remembered: Array | None) -> Array | None:
    """D (k, k) from dlogL/dLambda = 2 D Lambda.

    Where Lambda is singular, D is known on its range only: there it replaces the remembered D with the least change that keeps D
    symmetric; None when nothing is remembered.
    """
    left, singular, right = np.linalg.svd(loading / reference[:, None], full_matrices=False)
    known = singular > SINGULAR
    half = 0.5 * (by_loading * reference[:, None]) @ right[known].T / singular[known]
    basis = left[:, known]
    if np.count_nonzero(known) == len(loading):
        d = half @ basis.T
    elif remembered is None:
        return None
    else:
        d = remembered * np.outer(reference, reference)
        change = half - d @ basis
        d = d + change @ basis.T + basis @ change.T - basis @ (basis.T @ change) @ basis.T
    return 0.5 * (d + d.T) / np.outer(reference, reference)


def differentiate(
    equations: Equations,
    point: Point,
    estimated: Sequence[bool],
    remembered: Sequence[Array | None],
) -> Derivatives:
    """The derivatives at the point the equations stand at.

    Parameters
    ----------
    estimated : sequence of bool
        Components with a free coordinate; the others are left at zero.
    remembered : sequence
        D of earlier points, used where the matrix is singular now.
    """
    by_loading, by_residual = equations.gradients()
    m = point.size
    score, curvature = np.zeros(m), np.zeros((m, m))
    variates = np.zeros((equations.variate_size, m))
    natural = np.ones(m)
    gradients: list[Array | None] = []
    for c, part in enumerate(point):
        component, where = part.component, part.where
        d: Array | None
        if component.is_random:
            g = by_loading[component.index]
            d = recover_gradient(equations.loadings[component.index], g, component.reference, remembered[c])
        else:
            d = by_residual[component.index]
        gradients.append(d)
        if not estimated[c] or part.chart.size == 0:
            continue
        natural[where] = np.linalg.norm(part.loading_derivative / component.reference[:, None], axis=(1, 2))
        if component.is_random:
            score[where] = np.tensordot(part.loading_derivative, by_loading[component.index], axes=2)
            variates[:, where] = equations.term_variates(component.index, part.derivative)
        else:
            score[where] = np.tensordot(part.derivative, by_residual[component.index], axes=2)
            variates[:, where] = equations.section_variates(component.index, part.derivative)
        if d is not None:
            curvature[where, where] = part.chart.curvature(part.phi, d)
    information = equations.average_information(variates) if m else np.zeros((0, 0))
    return Derivatives(score, information, curvature, tuple(gradients), natural)
