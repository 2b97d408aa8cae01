"""What the data can separate: degrees of freedom before a fit, the null space of the information after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.reml.start import term_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.terms import DesignTerm
    from vcmodel.reml.parameters import Component

    Array = NDArray[np.float64]

# eigenvalues of the information scaled to unit diagonal: below this a direction carries no information
NO_INFORMATION = 1e-9
# terms with more levels than this are only probed for total confounding, not ranked
RANKED_LEVELS = 60


@dataclass(frozen=True)
class Freedom:
    """Degrees of freedom of a random term.

    Attributes
    ----------
    levels : (k,) array
        Levels with records at each Sigma-level.
    degrees : (k,) array
        Of these, independent ones beside the fixed effects; -1 where the term has too many levels to need counting.
    """

    levels: NDArray[np.int64]
    degrees: NDArray[np.int64]


def freedom_of_terms(design: Design) -> tuple[Freedom, ...]:
    """The freedom of every random term."""
    project = _projector(design)
    return tuple(_freedom(term, project) for term in design.terms)


def _projector(design: Design):  # noqa: ANN202
    """Function taking columns (N, m) to their residuals from the fixed effects."""
    x = design.x
    if x.shape[1] == 0:
        return lambda columns: columns
    gram = sparse.csc_matrix(sparse.tril(x.T @ x))
    gram.sort_indices()
    factor = SparseCholesky(gram)
    factor.refactor(gram.data)

    def project(columns: Array) -> Array:
        once = columns - x @ factor.solve(np.asarray(x.T @ columns))
        return once - x @ factor.solve(np.asarray(x.T @ once))

    return project


def _freedom(term: DesignTerm, project) -> Freedom:  # noqa: ANN001
    k, q = term.structure.size, term.n_levels
    _, sigma, level, _ = term_cells(term)
    pairs = np.unique(sigma * q + level)
    levels = np.bincount(pairs // q, minlength=k)
    degrees = np.full(k, -1, dtype=np.int64)
    rng = np.random.default_rng(20260101)
    for i in range(k):
        own = pairs[pairs // q == i]
        if own.size == 0:
            degrees[i] = 0
            continue
        ranked = own.size <= RANKED_LEVELS
        columns = term.incidence[:, own].toarray() if ranked else term.incidence[:, own] @ rng.standard_normal((own.size, 2))
        size = np.linalg.norm(columns)
        rest = project(columns)
        if not ranked:
            degrees[i] = 0 if np.linalg.norm(rest) < 1e-8 * size else -1
        else:
            degrees[i] = int(np.sum(np.linalg.svd(rest, compute_uv=False) > 1e-8 * size))
    return Freedom(levels, degrees)


@dataclass(frozen=True)
class Precision:
    """How well the free coordinates are determined.

    Attributes
    ----------
    covariance : (m, m) array
        Over all coordinates; zero for held ones and along directions without information.
    confounded : tuple of tuple of (component, parameter)
        For each direction without information, the reported parameters that move along it.
    """

    covariance: Array
    confounded: tuple[tuple[tuple[int, int], ...], ...]

    def unknown(self, component: int, parameter: int) -> bool:
        """Whether a reported parameter takes part in a direction without information."""
        return any((component, parameter) in group for group in self.confounded)


def precision_of(information: Array, transform: Array, components: Sequence[Component], jacobians: Sequence[Array]) -> Precision:
    """The covariance of the coordinates and the parameters that the data cannot separate.

    Parameters
    ----------
    information : (f, f) array
        Average information of the free coordinates.
    transform : (m, f) array
        From free to all coordinates.
    jacobians : sequence of (n parameters, m) arrays
    """
    f = information.shape[0]
    if f == 0:
        return Precision(np.zeros((transform.shape[0],) * 2), ())
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    scale = 1.0 / np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    empty = values < NO_INFORMATION
    inverse = np.where(empty, 0.0, 1.0 / np.where(empty, 1.0, values))
    root = transform @ (scale[:, None] * vectors * np.sqrt(inverse))
    groups = []
    for v in np.flatnonzero(empty):
        direction = transform @ (scale * vectors[:, v])
        group = []
        for c, jacobian in enumerate(jacobians):
            moved = np.abs(np.nan_to_num(jacobian @ direction))
            spread = np.nan_to_num(np.sqrt(np.einsum("ij,ij->i", jacobian * np.abs(direction), jacobian * np.abs(direction))))
            own = np.linalg.norm(direction[np.any(jacobian != 0.0, axis=0)]) > 1e-6 * np.linalg.norm(direction)
            group += [(c, i) for i in range(moved.size) if own and moved[i] > 1e-6 * max(float(spread.max()), 1e-300)]
        groups.append(tuple(group))
    return Precision(root @ root.T, tuple(groups))
