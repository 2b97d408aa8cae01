"""Random effects from the solution of the mixed-model equations, and the variances of their prediction errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.factored import factored_variances

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.terms import DesignTerm
    from vcmodel.equations.blocks import Block
    from vcmodel.equations.layout import BlockPair, EquationLayout
    from vcmodel.equations.solution import Solution

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TermEffects:
    """The effects u = (Lambda kron F) b of one term as written, b from groups of loading columns that may overlap in rows.

    Attributes
    ----------
    blocks : sequence of (number, Block)
    loadings : sequence of (k, r) arrays
        Lambda of the blocks, in the basis as written.
    """

    term: DesignTerm
    solution: Solution
    layout: EquationLayout
    blocks: Sequence[tuple[int, Block]]
    loadings: Sequence[Array]

    @classmethod
    def of(cls, index: int, term: DesignTerm, solution: Solution, layout: EquationLayout) -> TermEffects:
        """Those of the random term `index`."""
        blocks = list(layout.unknowns.of_term(index))
        loadings = [solution.loading(number) for number, _ in blocks]
        if term.basis is not None:
            loadings = [term.basis[np.ix_(block.rows, block.rows)] @ own for (_, block), own in zip(blocks, loadings, strict=True)]
        return cls(term, solution, layout, blocks, loadings)

    @property
    def root(self) -> Array | sparse.csr_matrix | None:
        """F."""
        return self.term.root

    def predicted(self) -> Array:
        """U (k, q)."""
        result = np.zeros((self.term.n_columns, self.term.structure.size))
        for (_, block), loading in zip(self.blocks, self.loadings, strict=True):
            result[:, block.rows] += block.by_level(self.solution.vector) @ loading.T
        return np.asarray(result if self.root is None else self.root @ result).T

    def variances(self, slice_size: int) -> Array:
        """Prediction error variances (k, q); where levels that do not meet are combined, solved with `slice_size` numbers at a time."""
        if self.root is None:
            every = np.arange(self.term.n_levels)
            return self._covariances(every, every).T
        return factored_variances(self.root, self.layout.n_equations, self._covariances, self._solved, slice_size).T

    def _pairs(self) -> Iterator[tuple[BlockPair, Index, Array, Array]]:
        """Pairs of blocks with rows in common: these rows, and their loadings in the row block and in the column block."""
        own = {number: (block, loading) for (number, block), loading in zip(self.blocks, self.loadings, strict=True)}
        for pair in self.layout.pairs:
            if pair.row in own and pair.column in own:
                (one, left), (two, right) = own[pair.row], own[pair.column]
                rows, i, j = np.intersect1d(one.rows, two.rows, return_indices=True)
                if rows.size:
                    yield pair, rows, left[i], right[j]

    def _covariances(self, first: Index, second: Index) -> Array:
        """Prediction error covariances (n, k) of (Lambda kron I) b at pairs of levels; NaN where they do not meet in the pattern.

        Of two groups in the same row, the two covariances of their parts at levels l, m and m, l are given as their mean, twice: the
        sum over both orders of the levels is what a variance needs.
        """
        result = np.zeros((first.size, self.term.structure.size))
        for pair, rows, left, right in self._pairs():
            key = pair.levels[:, 0] * self.term.n_columns + pair.levels[:, 1]
            if pair.row == pair.column:
                wanted, times = np.maximum(first, second) * self.term.n_columns + np.minimum(first, second), 1.0
            else:
                wanted, times = first * self.term.n_columns + second, 2.0
            place = np.minimum(np.searchsorted(key, wanted), key.size - 1)
            cube = self.solution.inverse[pair.mirror.reshape(left.shape[1], pair.n_pairs, -1)[:, place]]
            covariance = times * np.einsum("ia,alb,ib->li", left, cube, right)
            result[:, rows] += np.where((key[place] == wanted)[:, None], covariance, np.nan)
        return result

    def _solved(self, combined: Array) -> Array:
        """Prediction error variances (n, k) of (Lambda kron rows) b for rows `combined` (n, m), from triangular solves."""
        result = np.empty((combined.shape[0], self.term.structure.size))
        for i in range(self.term.structure.size):
            rhs = np.zeros((self.layout.n_equations, combined.shape[0]))
            for (_, block), loading in zip(self.blocks, self.loadings, strict=True):
                for place in np.flatnonzero(block.rows == i):
                    rhs[block.equations] = np.einsum("lm,r->mrl", combined, loading[place]).reshape(-1, combined.shape[0])
            half = self.solution.factor.half_solve(rhs)
            result[:, i] = np.einsum("nl,nl->l", half, half)
        return result

    def equations_of(self, rows: sparse.csr_matrix) -> sparse.csr_matrix:
        """Combinations of u, rows (n, k * q), as combinations of the equations (n, n_equations)."""
        q, m = self.term.n_levels, self.term.n_columns
        by_row = [sparse.csr_matrix(rows[:, i * q : (i + 1) * q]) for i in range(self.term.structure.size)]
        if self.root is not None:
            by_row = [sparse.csr_matrix(piece @ self.root) for piece in by_row]
        total = sparse.csr_matrix((rows.shape[0], self.layout.n_equations))
        for (_, block), loading in zip(self.blocks, self.loadings, strict=True):
            pieces = [sum((loading[j, a] * by_row[i] for j, i in enumerate(block.rows)), sparse.csr_matrix((rows.shape[0], m)))
                      for a in range(block.r)]  # fmt: skip
            for a, piece in enumerate(pieces):
                entries = sparse.coo_matrix(piece)
                place = (entries.row, block.first + entries.col.astype(np.int64) * block.r + a)
                total = total + sparse.csr_matrix((entries.data, place), shape=total.shape)
        return total
