"""Average information 1/2 Q'PQ of working variates Q, a column for each coordinate, without holding Q.

A variate of a residual section is zero outside its rows. Those of all sections stand side by side in as many columns as the widest of them
needs, so that R^-1 and the incidences meet them once, however many sections and coordinates there are.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.blocks import Effects

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]


class SideBySide:
    """Values of the sections of a residual side by side, (N, width): column j of a section's rows is a variate of its own.

    Parameters
    ----------
    rows : sequence of arrays
        The rows of each section, all N in all.
    effects : sequence of Effects
    """

    def __init__(self, rows: Sequence[Index], effects: Sequence[Effects]) -> None:
        self._rows = rows
        self._order = np.concatenate(rows)
        self._parts = [slice(int(a), int(b)) for a, b in pairwise(np.cumsum([0, *(one.size for one in rows)]))]
        owner = np.empty(self._order.size, dtype=np.int64)
        owner[self._order] = np.repeat(np.arange(len(rows)), [one.size for one in rows])
        self._meetings = [_Meetings.of(item, owner) for item in effects] if len(rows) > 1 else []
        self._effects = effects

    def squares(self, values: Array, others: Array) -> list[Array]:
        """For each section its part of values' others, (width, other columns)."""
        if len(self._rows) == 1:
            return [values.T @ others]
        left, right = values[self._order], others[self._order]
        return [left[part].T @ right[part] for part in self._parts]

    def by_effect(self, values: Array, columns: Index, m: int) -> Array:
        """W0' values as (n_effects, m): column j of section s becomes column `columns[s, j]`; m where there is none."""
        result = np.zeros((self._effects[-1].columns.stop, m + 1))
        for number, item in enumerate(self._effects):
            own = result[item.columns]
            if not self._meetings:
                own[:, columns[0]] = item.transposed @ values
            elif isinstance(item.incidence, np.ndarray):
                for rows, place in zip(self._rows, columns, strict=True):
                    own[:, place] = item.incidence[rows].T @ values[rows]
            else:
                met = self._meetings[number]
                own[met.column[:, None], columns[met.section]] = met.matrix @ values
        return result[:, :m]


class _Meetings(NamedTuple):
    """Pairs of a section and a column of W0 that meet, and the incidence by these pairs (pairs, N)."""

    section: Index
    column: Index
    matrix: sparse.csr_matrix

    @classmethod
    def of(cls, effects: Effects, owner: Index) -> _Meetings:
        """Those of some columns, none where these are dense; `owner` (N,) is the section of each row."""
        entries = sparse.coo_matrix(effects.incidence if sparse.issparse(effects.incidence) else (owner.size, 1))
        n = effects.n_levels * effects.k
        kept, rank = np.unique(owner[entries.row] * n + entries.col, return_inverse=True)
        section, column = np.divmod(kept, n)
        return cls(section, column, sparse.csr_matrix((entries.data, (rank, entries.row)), shape=(kept.size, owner.size)))
