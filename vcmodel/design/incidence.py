"""Incidence of random terms: what each factor contributes to a cell, and their row-wise products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.levels import Factor


@dataclass(frozen=True, eq=False)
class FactorColumns:
    """The columns of one factor: an indicator of its levels, or any values; a row without an entry has no effect from it.

    Attributes
    ----------
    values : (N, n) csr
        Sorted by column within each row.
    labels : tuple of str
        The n columns.
    """

    values: sparse.csr_matrix
    labels: tuple[str, ...]

    @classmethod
    def indicator(cls, factor: Factor) -> FactorColumns:
        """One where a cell has the level, zero elsewhere; nothing where the level is unknown (code -1)."""
        known = factor.codes >= 0
        start = np.concatenate([[0], np.cumsum(known)])
        values = sparse.csr_matrix((np.ones(int(start[-1])), factor.codes[known], start), shape=(known.size, len(factor.labels)))
        return cls(values, factor.labels)

    @classmethod
    def ones(cls, n_cells: int) -> FactorColumns:
        """A single column of ones without a label, which changes nothing in a product."""
        return cls(sparse.csr_matrix(np.ones((n_cells, 1))), ("",))

    def within(self, active: NDArray[np.bool_]) -> FactorColumns:
        """The same columns, with entries in the `active` rows (N,) only."""
        count = np.where(active, np.diff(self.values.indptr), 0)
        kept = np.repeat(active, np.diff(self.values.indptr))
        entries = (self.values.data[kept], self.values.indices[kept], np.concatenate([[0], np.cumsum(count)]))
        return FactorColumns(sparse.csr_matrix(entries, shape=self.values.shape), self.labels)

    def seen(self) -> FactorColumns:
        """Only the columns with an entry."""
        present = np.unique(self.values.indices)
        place = np.zeros(len(self.labels), dtype=np.int64)
        place[present] = np.arange(present.size)
        return self.among(place, [self.labels[i] for i in present])

    def among(self, place: NDArray[np.int64], labels: Sequence[str]) -> FactorColumns:
        """Column i as column place[i] of those with other `labels`."""
        values = sparse.csr_matrix(
            (self.values.data, place[self.values.indices], self.values.indptr), shape=(self.values.shape[0], len(labels))
        )
        values.sort_indices()
        return FactorColumns(values, tuple(labels))

    def joined(self, other: FactorColumns) -> FactorColumns:
        """The products that occur, labelled ``level:level``."""
        product = khatri_rao(self.values, other.values)
        present, place = np.unique(product.indices, return_inverse=True)
        first, second = np.divmod(present, len(other.labels))
        labels = tuple(f"{self.labels[i]}:{other.labels[j]}" for i, j in zip(first.tolist(), second.tolist(), strict=True))
        values = sparse.csr_matrix((product.data, place, product.indptr), shape=(product.shape[0], len(labels)))
        return FactorColumns(values, labels)


def khatri_rao(left: sparse.csr_matrix, right: sparse.csr_matrix) -> sparse.csr_matrix:
    """Row-wise Kronecker product (N, m n) of (N, m) and (N, n): column i n + j is column i of `left` times column j of `right`."""
    many = np.diff(right.indptr)
    size = np.diff(left.indptr) * many
    start = np.concatenate([[0], np.cumsum(size, dtype=np.int64)])
    row = np.repeat(np.arange(size.size), size)
    within, across = np.divmod(np.arange(start[-1]) - start[row], many[row])
    first, second = left.indptr[row] + within, right.indptr[row] + across
    indices = left.indices[first].astype(np.int64) * right.shape[1] + right.indices[second]
    shape = (left.shape[0], left.shape[1] * right.shape[1])
    return sparse.csr_matrix((left.data[first] * right.data[second], indices, start), shape=shape)
