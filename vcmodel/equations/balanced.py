"""Designs in which every trait (or environment) of a unit has the same model: Y (n, T) = X0 B + Z0 U + E.

Then V = Sigma kron Z0 K Z0' + R0 kron I over the T columns, and Sigma and R0 can be diagonalised together. The columns are the levels of
the one random term's matrix: the traits of a unit, or the environments in which the same lines stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.linalg.least_squares import least_squares
from vcmodel.linalg.rank import dependent_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.terms import DesignTerm

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

# columns of unit norm that agree to this are the same: centring and scaling leave rounding of a few units in the last place
SAME = 1e-10


class NotBalancedError(Exception):
    """A design that has no balanced form; the message says why."""


@dataclass(frozen=True)
class BalancedForm:
    """Y = X0 B + Z0 U + E with rows ~ N(0, R0) independent and U ~ N(0, Sigma kron K). All on the weighted scale.

    Attributes
    ----------
    cells : (n, T) array
        The cell of the design at each row and column.
    section, level : (T,) arrays
        Residual section of each column, and its level there.
    joint : bool
        Whether the columns of a row share a residual unit; otherwise R0 is diagonal.
    incidence : (n, q) csr
        Z0.
    x : (n, p0) csc
        X0.
    to_design : (p, T * p0) sparse or array
        Coefficients of the design's columns from those of X0, column by column of Y: the inverse of A in X = (I kron X0) A.
    log_det : float
        log|det A|.
    """

    term: DesignTerm
    cells: Codes
    section: Codes
    level: Codes
    joint: bool
    incidence: sparse.csr_matrix
    x: sparse.csc_matrix
    to_design: sparse.csc_matrix | Array
    log_det: float

    @property
    def n_columns(self) -> int:
        """T."""
        return self.cells.shape[1]

    def residual(self, sections: list[Array]) -> Array:
        """R0 (T, T) from the matrices of the sections."""
        size = self.n_columns
        if self.joint:
            return sections[0][np.ix_(self.level, self.level)]
        return np.diag([sections[self.section[t]][self.level[t], self.level[t]] for t in range(size)])


def balanced_form(design: Design) -> BalancedForm:
    """The balanced form of a design.

    Raises
    ------
    NotBalancedError
        There is none.
    """
    if len(design.terms) != 1:
        raise NotBalancedError(f"the model has {len(design.terms)} random terms, not one")
    term = design.terms[0]
    if term.inverses:
        raise NotBalancedError(f"{term.label} has factors that enter through sparse inverses")
    if any(section.n_places > 1 for section in design.sections):
        raise NotBalancedError("the residual is not one of independent units")
    column = _columns(term)
    cells, section, level, joint = _cells(design, term, column)
    z = _incidence(term, cells)
    x, to_design, log_det = _fixed(design.x, cells)
    return BalancedForm(term, cells, section, level, joint, z, x, to_design, log_det)


def _columns(term: DesignTerm) -> Codes:
    """The level of the term's matrix at which each cell stands, (N,)."""
    z = term.incidence
    if term.structure.size == 1:
        return np.zeros(z.shape[0], dtype=np.int64)
    if np.any(np.diff(z.indptr) != 1):
        raise NotBalancedError(f"not every observation has exactly one effect of {term.label}")
    return z.indices.astype(np.int64) // term.n_levels


def _cells(design: Design, term: DesignTerm, column: Codes) -> tuple[Codes, Codes, Codes, bool]:
    """The table of cells, the section and level of each column, and whether rows are residual units."""
    size = term.structure.size
    count = np.bincount(column, minlength=size)
    if np.any(count != count[0]):
        raise NotBalancedError(f"the levels of {term.structure.factor or term.label} do not have the same number of observations")
    section = np.empty(column.size, dtype=np.int64)
    level, unit = section.copy(), section.copy()
    for s, part in enumerate(design.sections):
        section[part.cells], level[part.cells], unit[part.cells] = s, part.level, part.unit
    joint = len(design.sections) == 1 and design.sections[0].structure.size == size and size > 1
    if not joint and any(part.structure.size > 1 for part in design.sections):
        raise NotBalancedError("the residual matrix is not one over the levels of the random term")
    # the rows: residual units, or (independent residuals) successive records of the same line
    row = unit if joint or size == 1 else term.incidence.indices.astype(np.int64) % term.n_levels
    order = np.lexsort((np.arange(column.size), row, column))
    cells = order.reshape(size, -1).T
    if np.any(row[cells] != row[cells[:, :1]]):
        what = "units" if joint else "levels"
        raise NotBalancedError(f"not all {what} are observed at every level of {term.structure.factor or term.label}")
    if np.any(section[cells] != section[cells[:1]]) or np.any(level[cells] != level[cells[:1]]):
        raise NotBalancedError("the residual sections do not follow the levels of the random term")
    return cells, section[cells[0]], level[cells[0]], joint


def _incidence(term: DesignTerm, cells: Codes) -> sparse.csr_matrix:
    """Z0, the same for every column."""
    q = term.n_levels
    first = sparse.csr_matrix(term.incidence[cells[:, 0]][:, :q])
    first.sort_indices()
    for t in range(1, cells.shape[1]):
        other = sparse.csr_matrix(term.incidence[cells[:, t]][:, t * q : (t + 1) * q])
        other.sort_indices()
        if not np.array_equal(first.indices, other.indices) or not np.array_equal(first.data, other.data):
            raise NotBalancedError("levels or weights differ within a unit")
    return first


def _fixed(x: sparse.csc_matrix, cells: Codes) -> tuple[sparse.csc_matrix, sparse.csc_matrix | Array, float]:
    """X0, the inverse of A and log|det A| with X = (I kron X0) A."""
    p, size = x.shape[1], cells.shape[1]
    if p % size:
        raise NotBalancedError("the fixed effects are not the same for every level of the random term")
    by_row = sparse.csr_matrix(x)
    parts = [sparse.csc_matrix(by_row[cells[:, t]]) for t in range(size)]
    own = [np.flatnonzero(np.diff(part.indptr)) for part in parts]
    if all(columns.size == p // size for columns in own):
        blocks = [sparse.csc_matrix(part[:, columns]) for part, columns in zip(parts, own, strict=True)]
        if all(_equal(blocks[0], block) for block in blocks[1:]):
            place = np.concatenate(own)
            return blocks[0], sparse.csc_matrix((np.ones(p), (place, np.arange(p))), shape=(p, p)), 0.0
    return _regressed(parts, p // size)


def _equal(one: sparse.csc_matrix, two: sparse.csc_matrix) -> bool:
    difference = one - two
    return difference.nnz == 0 or float(np.abs(difference.data).max()) <= SAME * float(np.abs(one.data).max())


def _regressed(parts: list[sparse.csc_matrix], rank: int) -> tuple[sparse.csc_matrix, Array, float]:
    """X0 and A when the columns of X mix the columns of Y (contrasts between environments)."""
    first = parts[0]
    norm = np.sqrt(np.asarray(first.multiply(first).sum(axis=0))).ravel()
    candidate = np.flatnonzero(norm > SAME)
    scaled = sparse.csc_matrix(first[:, candidate] @ sparse.diags(1.0 / norm[candidate]))
    x0 = sparse.csc_matrix(scaled[:, ~dependent_columns(sparse.csc_matrix(scaled.T @ scaled))]) if candidate.size else scaled
    different = NotBalancedError("the fixed effects are not the same for every level of the random term")
    if x0.shape[1] != rank:
        raise different
    if rank == 0:
        return x0, np.zeros((0, 0)), 0.0
    a = []
    for part in parts:
        own = least_squares(x0, part.toarray())
        if np.abs(x0 @ own - part).max() > SAME:
            raise different
        a.append(own)
    mix = np.vstack(a)
    _, log_det = np.linalg.slogdet(mix)
    return x0, np.asarray(np.linalg.inv(mix), dtype=np.float64), float(log_det)
