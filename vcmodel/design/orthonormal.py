"""Terms over several columns of the same levels, such as an intercept and the slopes of a random regression, in orthonormal columns.

Where Sigma over the columns [1, x, ...] may be any covariance matrix, the model does not depend on which basis of these columns is
written: u = (M kron I) u' has Sigma = M Sigma' M'. An origin of x far from the data (calendar years) makes the written columns nearly
dependent; in the orthonormal basis of the same columns the fit is the same whatever the origin and the unit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.terms import DesignTerm

    Array = NDArray[np.float64]

# length left of a column beside the others, relative to its own, below which it depends on them
DEPENDENT = 1e-13


def orthonormalised(term: DesignTerm) -> DesignTerm:
    """The term with orthonormal columns wherever several Sigma-levels meet the same levels of the same cells, and its `basis` M (k, k).

    The term itself where there are no such columns or they depend on each other. Sigma must be free: any covariance matrix.
    """
    k, q, z = term.structure.size, term.n_levels, term.incidence
    if k == 1 or np.diff(z.indptr).max(initial=0) < 2:
        return term
    pieces = [sparse.csr_matrix(z[:, i * q : (i + 1) * q]) for i in range(k)]
    basis = np.eye(k)
    for group in _groups(pieces):
        if len(group) < 2:
            continue
        found = _orthonormal(np.column_stack([pieces[i].data for i in group]))
        if found is None:
            return term
        columns, own = found
        basis[np.ix_(group, group)] = own
        for i, values in zip(group, columns.T, strict=True):
            pieces[i] = sparse.csr_matrix((values, pieces[i].indices, pieces[i].indptr), shape=pieces[i].shape)
    if np.array_equal(basis, np.eye(k)):
        return term
    return replace(term, incidence=sparse.csr_matrix(sparse.hstack(pieces, format="csr")), basis=basis)


def _groups(pieces: list[sparse.csr_matrix]) -> list[list[int]]:
    """Positions of the pieces with entries at the same places."""
    groups: list[list[int]] = []
    for i, piece in enumerate(pieces):
        piece.sort_indices()
        for group in groups:
            first = pieces[group[0]]
            if np.array_equal(first.indptr, piece.indptr) and np.array_equal(first.indices, piece.indices):
                group.append(i)
                break
        else:
            groups.append([i])
    return groups


def _orthonormal(columns: Array) -> tuple[Array, Array] | None:
    """Q = V M (n, k) of mean square one and orthogonal, M (k, k) upper triangular; None where the columns V depend on each other."""
    result, basis = columns.copy(), np.eye(columns.shape[1])
    for j in range(columns.shape[1]):
        whole = np.sqrt(np.mean(result[:, j] ** 2))
        for _ in range(2):  # the second pass removes what rounding left in the first
            shares = result[:, :j].T @ result[:, j] / len(result)
            result[:, j] -= result[:, :j] @ shares
            basis[:, j] -= basis[:, :j] @ shares
        left = np.sqrt(np.mean(result[:, j] ** 2))
        if not left > DEPENDENT * whole:
            return None
        result[:, j] /= left
        basis[:, j] /= left
    return result, basis
