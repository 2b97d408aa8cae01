"""Incidence of random terms: what each factor contributes to a cell, and their row-wise products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Position = tuple[float, ...]


@dataclass(frozen=True, eq=False)
class FactorColumns:
    """The columns of one factor: an indicator of its levels, or any values; a row without an entry has no effect from it.

    Attributes
    ----------
    values : (N, n) csr
        Sorted by column within each row.
    labels : tuple of str
        The n columns.
    positions : tuple of tuple of float
        The coordinates of each of them, for structures of distances; empty for other factors.
    """

    values: sparse.csr_matrix
    labels: tuple[str, ...]
    positions: tuple[Position, ...] = ()

    @classmethod
    def indicator(cls, codes: NDArray[np.int64], labels: tuple[str, ...]) -> FactorColumns:
        """One where a cell has the level, zero elsewhere; nothing where the level is unknown (code -1)."""
        known = codes >= 0
        start = np.concatenate([[0], np.cumsum(known)])
        values = sparse.csr_matrix((np.ones(int(start[-1])), codes[known], start), shape=(known.size, len(labels)))
        return cls(values, labels)

    @classmethod
    def ones(cls, n_cells: int) -> FactorColumns:
        """A single column of ones without a label, which changes nothing in a product."""
        return cls(sparse.csr_matrix(np.ones((n_cells, 1))), ("",))

    def within(self, active: NDArray[np.bool_]) -> FactorColumns:
        """The same columns, with entries in the `active` rows (N,) only."""
        count = np.where(active, np.diff(self.values.indptr), 0)
        kept = np.repeat(active, np.diff(self.values.indptr))
        entries = (self.values.data[kept], self.values.indices[kept], np.concatenate([[0], np.cumsum(count)]))
        return replace(self, values=sparse.csr_matrix(entries, shape=self.values.shape))

    def seen(self) -> FactorColumns:
        """Only the columns with an entry."""
        present = np.unique(self.values.indices)
        place = np.zeros(len(self.labels), dtype=np.int64)
        place[present] = np.arange(present.size)
        found = self.among(place, [self.labels[i] for i in present])
        return replace(found, positions=tuple(self.positions[i] for i in present)) if self.positions else found

    def among(self, place: NDArray[np.int64], labels: Sequence[str]) -> FactorColumns:
        """Column i as column place[i] of those with other `labels`, which have no positions."""
        return FactorColumns(columns_at(self.values, place, len(labels)), tuple(labels))

    def joined(self, other: FactorColumns) -> FactorColumns:
        """The products that occur, labelled ``level:level``."""
        product = khatri_rao(self.values, other.values)
        present, place = np.unique(product.indices, return_inverse=True)
        first, second = (places.tolist() for places in np.divmod(present, len(other.labels)))
        labels = tuple(f"{self.labels[i]}:{other.labels[j]}" for i, j in zip(first, second, strict=True))
        return FactorColumns(sparse.csr_matrix((product.data, place, product.indptr), shape=(product.shape[0], len(labels))), labels)

    def located(self, coordinates: NDArray[np.float64], name: str) -> FactorColumns:
        """The columns with the `coordinates` (N, d) of the cells as positions; `name` is what the factor is called.

        Raises
        ------
        DataError
            A level at several places, or two levels at one.
        """
        row = np.repeat(np.arange(self.values.shape[0]), np.diff(self.values.indptr))
        present, first = np.unique(self.values.indices, return_index=True)
        place = np.full((len(self.labels), coordinates.shape[1]), np.nan)
        place[present] = coordinates[row[first]]
        astray = np.flatnonzero(np.any(coordinates[row] != place[self.values.indices], axis=1))
        if astray.size:
            level = self.values.indices[astray[0]]
            both = f"{_written(place[level])} and at {_written(coordinates[row[astray[0]]])}"
            raise DataError(f"{name}: level {self.labels[level]!r} stands at {both}: a level has one place, correct the coordinates")
        positions = tuple(tuple(item) for item in place.tolist())
        taken: dict[Position, str] = {}
        for level in present.tolist():
            twin = taken.setdefault(positions[level], self.labels[level])
            if twin != self.labels[level]:
                both = f"{twin!r} and {self.labels[level]!r} both stand at {_written(place[level])}"
                raise DataError(f"{name}: levels {both}: spell them alike if they are one place")
        return replace(self, positions=positions)


def _written(place: NDArray[np.float64]) -> str:
    return f"({', '.join(f'{value:g}' for value in place)})"


def columns_at(values: sparse.csr_matrix, place: NDArray[np.int64], n: int | None = None) -> sparse.csr_matrix:
    """Column i of `values` as column place[i] of n, by default as many as there are."""
    result = sparse.csr_matrix(
        (values.data, place[values.indices], values.indptr), shape=(values.shape[0], values.shape[1] if n is None else n)
    )
    result.sort_indices()
    return result


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
