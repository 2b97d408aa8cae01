"""What the data can separate: degrees of freedom before a fit, the null space of the information after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.reml.start import term_cells
from vcmodel.reml.step import LEAST_INFORMATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.terms import DesignTerm

    Array = NDArray[np.float64]

# eigenvalues of the information scaled to unit diagonal: below this a direction carries no information
NO_INFORMATION = 1e-9
# share of its largest possible move by which a parameter takes part in a direction without information
MOVES = 1e-4
# terms with more levels than this are only probed for total confounding, not ranked
RANKED_LEVELS = 60
# squared length of a column beside the fixed effects, relative to its whole, below which it is confounded with them
CONFOUNDED = 1e-10


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
    x = design.x
    factor = SparseCholesky.of(x.T @ x) if x.shape[1] else None
    return tuple(_freedom(term, x, factor) for term in design.terms)


def _freedom(term: DesignTerm, x: sparse.csc_matrix, factor: SparseCholesky | None) -> Freedom:
    k, q = term.structure.size, term.n_levels
    _, sigma, level, _ = term_cells(term)
    pairs = np.unique(sigma * q + level)
    levels = np.bincount(pairs // q, minlength=k)
    degrees = np.zeros(k, dtype=np.int64)
    rng = np.random.default_rng(20)
    for i in np.flatnonzero(levels):
        own = pairs[pairs // q == i]
        ranked = own.size <= RANKED_LEVELS
        z = term.incidence[:, own] if ranked else sparse.csr_matrix(term.incidence[:, own] @ rng.standard_normal((own.size, 2)))
        whole = (z.T @ z).toarray()
        rest = whole if factor is None else whole - _explained(factor, (x.T @ z).toarray())
        # squares of singular values: what is left of a confounded column is rounding, 1e-16 of the whole
        values = np.linalg.eigvalsh(0.5 * (rest + rest.T))
        independent = int(np.sum(values > CONFOUNDED * np.trace(whole) / whole.shape[0]))
        degrees[i] = independent if ranked or independent == 0 else -1
    return Freedom(levels, degrees)


def _explained(factor: SparseCholesky, cross: Array) -> Array:
    """The part of Z'Z that lies in the fixed effects: Z'X (X'X)^-1 X'Z."""
    half = factor.half_solve(cross)
    return half.T @ half


@dataclass(frozen=True)
class Identifiability:
    """How well the free coordinates are determined.

    Attributes
    ----------
    covariance : (m, m) array
        Over all coordinates; zero for held ones and along directions without information.
    confounded : tuple of tuple of (component, parameter)
        For each direction without information, the reported parameters that move along it.
    n_empty : int
        Directions of the free coordinates without information.
    """

    covariance: Array
    confounded: tuple[tuple[tuple[int, int], ...], ...]
    n_empty: int

    def unknown(self, component: int, parameter: int) -> bool:
        """Whether a reported parameter takes part in a direction without information."""
        return any((component, parameter) in group for group in self.confounded)


def identifiability_of(
    information: Array, natural: Array, transform: Array, jacobians: Sequence[Array], confounded: Array | None = None
) -> Identifiability:
    """The covariance of the coordinates and the parameters that the data cannot separate.

    Parameters
    ----------
    information : (f, f) array
        Average information of the free coordinates.
    natural : (f,) array
        Size of a unit of each free coordinate in standard deviations of the data.
    transform : (m, f) array
        From free to all coordinates.
    jacobians : sequence of (n parameters, m) arrays
    confounded : (n parameters, r) array, optional
        Moves of the reported parameters along directions known to carry no information, as fractions of what each moves at most; they
        count where the information shows fewer than r, because the estimate lies on a boundary across them.
    """
    f = information.shape[0]
    place = [(c, i) for c, jacobian in enumerate(jacobians) for i in range(jacobian.shape[0])]
    if f == 0:
        return Identifiability(np.zeros((transform.shape[0],) * 2), (), 0)
    scale = 1.0 / np.sqrt(np.maximum(np.diag(information), LEAST_INFORMATION * natural**2))
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    empty = values < NO_INFORMATION
    inverse = np.where(empty, 0.0, 1.0 / np.where(empty, 1.0, values))
    root = transform @ (scale[:, None] * vectors * np.sqrt(inverse))
    stacked = np.nan_to_num(np.vstack([np.zeros((0, transform.shape[0])), *jacobians])) @ transform
    size = np.linalg.norm(stacked / natural, axis=1)
    directions = scale[:, None] * vectors[:, empty]
    directions /= np.linalg.norm(natural[:, None] * directions, axis=0)
    moved = stacked @ directions / np.where(size > 0, size, 1.0)[:, None]
    found = separate(moved)
    if confounded is not None and confounded.shape[1] > len(found):
        known = {i for rows in separate(confounded) for i in rows}
        found = separate(confounded) + [rows for rows in found if not known.intersection(rows)]
    groups = tuple(tuple(place[i] for i in rows) for rows in found)
    return Identifiability(root @ root.T, groups, int(empty.sum()))


def separate(moved: Array) -> list[list[int]]:
    """The rows that move along each of the columns' directions, told apart as far as possible.

    Entries are fractions of what a row moves at most; below MOVES they are rounding. The columns span a space of directions without
    information; the reduced echelon form (largest entry as pivot) gives the directions in which the fewest parameters move together.
    """
    rest = moved.T.copy()
    done: list[int] = []
    for _ in range(rest.shape[0]):
        left = np.abs(rest)
        left[done] = 0.0
        row, column = np.unravel_index(int(np.argmax(left)), left.shape) if left.size else (0, 0)
        if not left.size or left[row, column] <= MOVES:
            break
        rest[row] /= rest[row, column]
        others = np.arange(rest.shape[0]) != row
        rest[others] -= np.outer(rest[others, column], rest[row])
        done.append(int(row))
    return [np.flatnonzero(np.abs(rest[row]) > MOVES).tolist() for row in done]
