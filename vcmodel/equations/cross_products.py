"""The products W0'A_c W0 of the columns of the effects with the matrices of R^-1 = sum of rho_c A_c."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.blocks import Effects

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]

# columns of all products together, for each nonzero of W0 that takes part, up to which they are numbered as they come
SPREAD = 4


class Entries(NamedTuple):
    """Entries of a sequence of matrices, of A_c or of W0'A_c W0: row, column, the number c of the matrix, and the value."""

    row: Index
    column: Index
    coefficient: Index
    value: Array

    @classmethod
    def together(cls, pieces: Sequence[Entries]) -> Entries:
        """All of them, one after the other."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(*(np.concatenate(arrays) for arrays in zip(cls(empty, empty, empty, np.zeros(0)), *pieces, strict=True)))

    def chosen(self, which: NDArray[np.bool_]) -> Entries:
        """Some of them."""
        return Entries(self.row[which], self.column[which], self.coefficient[which], self.value[which])


def cross_products(effects: Sequence[Effects], triangles: Entries) -> Entries:
    """The entries of all W0'A_c W0, both triangles, for symmetric A_c (N, N) of which the lower triangles are given."""
    columns = _Columns(effects)
    found: list[Entries] = []
    diagonal = triangles.row == triangles.column
    for part, off in ((triangles.chosen(diagonal), False), (triangles.chosen(~diagonal), True)):
        if part.row.size:
            for piece, twice in columns.products(part, off):
                found.append(piece)
                if twice:
                    found.append(Entries(piece.column, piece.row, piece.coefficient, piece.value))
    return Entries.together(found)


class _Columns:
    """W0, its sparse columns side by side."""

    def __init__(self, effects: Sequence[Effects]) -> None:
        thin = [item for item in effects if sparse.issparse(item.incidence)]
        self.thin = sparse.csr_matrix(sparse.hstack([item.incidence for item in thin], format="csr"))
        self.place = np.concatenate([np.arange(item.columns.start, item.columns.stop) for item in thin])
        self.dense = [
            (np.arange(item.columns.start, item.columns.stop), item.incidence) for item in effects if isinstance(item.incidence, np.ndarray)
        ]

    def products(self, entries: Entries, off: bool) -> Iterator[tuple[Entries, bool]]:
        """Pieces of W0'(B_c + B_c')W0, or of W0'B_c W0 for diagonal B_c, with these entries.

        The second item says whether a piece also stands transposed.
        """
        yield self._thin_products(entries), off
        if self.dense:
            for c in np.unique(entries.coefficient).tolist():
                yield from self._dense_products(c, entries.chosen(entries.coefficient == c), off)

    def _thin_products(self, entries: Entries) -> Entries:
        """Those of the sparse columns with each other, for all c in one product: its rows are the pairs of c and a column."""
        left = self.thin[entries.row]
        many, n = int(entries.coefficient.max()) + 1, self.thin.shape[1]
        pair = np.repeat(entries.coefficient, np.diff(left.indptr)) * n + left.indices
        if many * n <= max(n, SPREAD * pair.size):
            kept, rank = np.arange(many * n), pair
        else:
            kept, rank = np.unique(pair, return_inverse=True)
        spread = sparse.csr_matrix((left.data, rank, left.indptr), shape=(left.shape[0], kept.size))
        found = sparse.coo_matrix(spread.T @ _scaled(self.thin[entries.column], entries.value))
        c, column = np.divmod(kept[found.row], n)
        return Entries(self.place[column], self.place[found.col], c, found.data)

    def _dense_products(self, c: int, entries: Entries, off: bool) -> Iterator[tuple[Entries, bool]]:
        """Those of one matrix in which dense columns take part."""

        def piece(product: sparse.spmatrix | Array, row_place: Index, column_place: Index, twice: bool) -> tuple[Entries, bool]:
            found = sparse.coo_matrix(product)
            coefficient = np.full(found.nnz, c, dtype=np.int64)
            return Entries(row_place[found.row], column_place[found.col], coefficient, found.data), twice

        left, right, value = entries.row, entries.column, entries.value
        thin_left, thin_right = self.thin[left], _scaled(self.thin[right], value)
        for i, (place, incidence) in enumerate(self.dense):
            own_left, own_right = incidence[left], _scaled(incidence[right], value)
            yield piece((thin_right.T @ own_left).T, place, self.place, True)
            if off:
                yield piece((thin_left.T @ own_right).T, place, self.place, True)
            for j, (across, other) in enumerate(self.dense[: i + 1]):
                yield piece(own_left.T @ _scaled(other[right], value), place, across, off or i != j)
                if off and i != j:
                    yield piece(own_right.T @ other[left], place, across, True)


def _scaled(rows: sparse.csr_matrix | Array, value: Array) -> sparse.csr_matrix | Array:
    """Each row times a value."""
    if np.all(value == 1.0):
        return rows
    return rows * value[:, None] if isinstance(rows, np.ndarray) else sparse.diags(value) @ rows
