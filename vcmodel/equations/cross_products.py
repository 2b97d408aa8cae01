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


class Entries(NamedTuple):
    """Entries of all W0'A_c W0, both triangles: columns of W0, c, and the value."""

    row: Index
    column: Index
    coefficient: Index
    value: Array


def cross_products(effects: Sequence[Effects], matrices: Sequence[sparse.coo_matrix]) -> Entries:
    """The entries for symmetric A_c, of which the lower triangles (N, N) are given."""
    found: list[Entries] = []
    columns = _Columns(effects)
    for c, triangle in enumerate(matrices):
        diagonal = triangle.row == triangle.col
        for part, off in ((diagonal, False), (~diagonal, True)):
            if part.any():
                for row, column, value, twice in columns.products(triangle.row[part], triangle.col[part], triangle.data[part], off):
                    coefficient = np.full(row.size, c, dtype=np.int64)
                    found.append(Entries(row, column, coefficient, value))
                    if twice:
                        found.append(Entries(column, row, coefficient, value))
    empty = np.zeros(0, dtype=np.int64)
    found.append(Entries(empty, empty, empty, np.zeros(0)))
    return Entries(*(np.concatenate(pieces) for pieces in zip(*found, strict=True)))


class _Columns:
    """W0, its sparse columns side by side."""

    def __init__(self, effects: Sequence[Effects]) -> None:
        thin = [item for item in effects if sparse.issparse(item.incidence)]
        self.thin = sparse.csr_matrix(sparse.hstack([item.incidence for item in thin], format="csr"))
        self.place = np.concatenate([np.arange(item.columns.start, item.columns.stop) for item in thin])
        self.dense = [
            (np.arange(item.columns.start, item.columns.stop), item.incidence) for item in effects if isinstance(item.incidence, np.ndarray)
        ]

    def products(self, left: Index, right: Index, value: Array, off: bool) -> Iterator[tuple[Index, Index, Array, bool]]:
        """Pieces of W0'(B + B')W0, or of W0'B W0 for diagonal B, with entries `value` at (left, right).

        The last item says whether a piece also stands transposed.
        """
        scaled = None if np.all(value == 1.0) else value

        def rows(columns: sparse.csr_matrix | Array, which: Index, times: bool = False) -> sparse.csr_matrix | Array:
            chosen = columns[which]
            if not times or scaled is None:
                return chosen
            return chosen * scaled[:, None] if isinstance(chosen, np.ndarray) else sparse.diags(scaled) @ chosen

        def piece(product: sparse.spmatrix | Array, row_place: Index, column_place: Index, twice: bool) -> tuple[Index, Index, Array, bool]:
            entries = sparse.coo_matrix(product)
            return row_place[entries.row], column_place[entries.col], entries.data, twice

        # rows of the incidence that a matrix joins with themselves
        thin_left, thin_right = rows(self.thin, left), rows(self.thin, right, True)
        yield piece(thin_left.T @ thin_right, self.place, self.place, off)
        for i, (place, incidence) in enumerate(self.dense):
            own_left, own_right = rows(incidence, left), rows(incidence, right, True)
            yield piece((thin_right.T @ own_left).T, place, self.place, True)
            if off:
                yield piece((thin_left.T @ own_right).T, place, self.place, True)
            for j, (across, other) in enumerate(self.dense[: i + 1]):
                yield piece(own_left.T @ rows(other, right, True), place, across, off or i != j)
                if off and i != j:
                    yield piece(own_right.T @ rows(other, left), place, across, True)
