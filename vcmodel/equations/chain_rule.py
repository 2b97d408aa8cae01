"""From derivatives by matrices to derivatives by working coordinates: one mechanism for all equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.equations.base import PartDerivatives
from vcmodel.errors import StructureError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.terms import DesignTerm
    from vcmodel.equations.base import Part

    Array = NDArray[np.float64]

# below this relative singular value of a loading, D cannot be recovered from 2 D Lambda (its rounding is 1e-16 / 1e-6 of the scale)
SINGULAR = 1e-6


def recover_gradient(loading: Array, by_loading: Array, reference: Array, remembered: Array | None) -> Array | None:
    """D (k, k) from dlogL/dLambda = 2 D Lambda (k, r).

    Where Sigma is singular, D is known on its range only: there it replaces the remembered D with the least change that keeps D
    symmetric; None when nothing is remembered.
    """
    left, singular, right = np.linalg.svd(loading / reference[:, None], full_matrices=False)
    known = singular > SINGULAR
    half = 0.5 * (by_loading * reference[:, None]) @ right[known].T / singular[known]
    basis = left[:, known]
    if basis.shape[1] == loading.shape[0]:
        d = half @ basis.T
    elif remembered is None:
        return None
    else:
        d = remembered * np.outer(reference, reference)
        change = half - d @ basis
        d = d + change @ basis.T + basis @ change.T - basis @ (basis.T @ change) @ basis.T
    return 0.5 * (d + d.T) / np.outer(reference, reference)


def loading_derivatives(part: Part, by_loading: Array, gradient: Array | None) -> PartDerivatives:
    """The derivatives of a part by dlogL/dLambda (k, r) and D."""
    m = part.phi.size
    score = np.tensordot(part.loading_derivative, by_loading, axes=2)
    return PartDerivatives(score, np.zeros((m, m)) if gradient is None else part.chart.curvature(part.phi, gradient), gradient)


def matrix_derivatives(part: Part, gradient: Array) -> PartDerivatives:
    """The derivatives of a part by D (k, k), known as a whole."""
    score = part.derivative.reshape(part.phi.size, gradient.size) @ gradient.ravel()
    return PartDerivatives(score, part.chart.curvature(part.phi, gradient), gradient)


def require_shape(term: DesignTerm, pattern: NDArray[np.bool_], loading: Array) -> None:
    """Refuse a loading that its structure did not announce by its `root_pattern()`, `pattern` (k, r).

    Raises
    ------
    StructureError
        Another shape than `root_pattern()`, or a nonzero entry outside of it.
    """
    what = f"{term.label}: the loading of {term.structure.name} "
    if loading.shape != pattern.shape:
        raise StructureError(
            f"{what}has shape {loading.shape}, but root_pattern() says {pattern.shape}; every chart of a structure must have the same shape"
        )
    if not pattern.all() and np.any(loading[~pattern]):
        row, column = np.argwhere((loading != 0.0) & ~pattern)[0]
        raise StructureError(f"{what}has an entry at row {row}, column {column}, where root_pattern() says that it is zero")
