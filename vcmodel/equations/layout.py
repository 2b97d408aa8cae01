"""The constant part of the mixed-model equations: the pattern of C, and the two linear maps that fill it.

H = W0'R^-1W0, with W0 = [X, Z] unwhitened, is linear in the coefficients rho of R^-1: its values are one constant sparse matrix times
rho. Likewise K^-1 in the coefficients of the relationships. Then C = Lambda'H Lambda + blockdiag(0, I kron K^-1), by pairs of blocks: each
pair of nodes that meets in the data or in K^-1 carries a dense k x k piece of H and an r x r piece of C, so that the pattern holds the
full r x r block of every level whatever Lambda is. Levels of groups that overlap in rows meet too, for prediction error variances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from vcmodel.equations.blocks import block_of_node
from vcmodel.equations.cross_products import cross_products

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.blocks import Unknowns
    from vcmodel.equations.cross_products import Entries

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BlockPair:
    """All pairs of nodes of two blocks that meet, row block not before column block.

    Pieces of a pair stand row of the piece by node pair by column, (k_row, n_pairs, k_column): Lambda'H Lambda then takes two matrix
    products for all of them.

    Attributes
    ----------
    row, column : int
        Block numbers.
    values : slice
        Where the pieces of H lie, (k_row, n_pairs, k_column).
    inner : (n,) array
        Entries of the pieces of C (r_row, n_pairs, r_column) that lie on its lower triangle.
    target : (n,) array
        Their positions in C.data.
    mirror : (r_row, n_pairs * r_column) array
        Position in C.data of every entry of every piece, upper ones by symmetry.
    weight : (n_pairs,) array
        2, or 1 for the pieces on the diagonal: how often the piece stands in the full symmetric C.
    levels : (n_pairs, 2) array
        The two levels of each pair, sorted by the first.
    """

    row: int
    column: int
    values: slice
    inner: Index
    target: Index
    mirror: Index
    weight: Array
    levels: Index

    @property
    def n_pairs(self) -> int:
        """Pairs of nodes."""
        return self.weight.size


@dataclass(frozen=True, eq=False)
class EquationLayout:
    """Unknowns, the maps from rho to H and from the coefficients of the relationships to C, and the lower triangle of C.

    Attributes
    ----------
    fill : (values of H, coefficients of R^-1) csr
    pattern : (n_equations, n_equations) csc
        Its data mean nothing.
    prior : (nonzeros, coefficients of all relationships) csr
        From the coefficients of K^-1, term after term, to blockdiag(0, I kron K^-1) at the pattern.
    """

    unknowns: Unknowns
    pairs: tuple[BlockPair, ...]
    fill: sparse.csr_matrix
    pattern: sparse.csc_matrix
    prior: sparse.csr_matrix

    @property
    def n_equations(self) -> int:
        """Order of C."""
        return self.unknowns.n_equations


def make_layout(
    unknowns: Unknowns, residual: Entries, n_coefficients: int, precisions: Sequence[Sequence[sparse.csc_matrix]]
) -> EquationLayout:
    """The layout of `unknowns` for R^-1 and for the K^-1 of each term as sums of coefficients times these matrices.

    Parameters
    ----------
    residual : Entries
        Lower triangles (N, N) of the symmetric matrices of R^-1, as many as there are coefficients.
    precisions : sequence of sequences of (m, m) csc
        Symmetric matrices, both triangles.
    """
    entries = _NodeEntries.of(unknowns, cross_products(unknowns.effects, residual))
    pairs = _pairs_that_meet(unknowns, entries, precisions)
    fill = _fill_matrix(unknowns, pairs, entries, n_coefficients)
    drafts = list(_pieces(unknowns, pairs))
    key, pattern = _pattern(drafts, unknowns.n_equations)
    return EquationLayout(
        unknowns,
        tuple(draft.located(key, unknowns.n_equations) for draft in drafts),
        fill,
        pattern,
        _prior(unknowns, precisions, key),
    )


class _NodeEntries(NamedTuple):
    """Entries of W0'A_c W0 by nodes, row not before column, and by places within them."""

    row: Index
    row_place: Index
    column: Index
    column_place: Index
    coefficient: Index
    value: Array

    @classmethod
    def of(cls, unknowns: Unknowns, entries: Entries) -> _NodeEntries:
        """Every column of W0 stands at the nodes of all blocks that load it."""
        start, node, place = _nodes_of_effects(unknowns)
        count = np.diff(start)
        rows, columns, coefficient, value = start[entries.row], start[entries.column], entries.coefficient, entries.value
        if np.any(count > 1):
            many = count[entries.row] * count[entries.column]
            which = np.repeat(np.arange(many.size), many)
            within = np.arange(which.size) - np.repeat(np.cumsum(many) - many, many)
            first, second = np.divmod(within, count[entries.column][which])
            rows, columns, coefficient, value = rows[which] + first, columns[which] + second, coefficient[which], value[which]
        lower = node[rows] >= node[columns]
        rows, columns = rows[lower], columns[lower]
        return cls(node[rows], place[rows], node[columns], place[columns], coefficient[lower], value[lower])


def _nodes_of_effects(unknowns: Unknowns) -> tuple[Index, Index, Index]:
    """The nodes at which each column of W0 stands, and its places within them: start (columns + 1,), node, place."""
    owner, node, place = [], [], []
    for block in unknowns.blocks:
        level = np.repeat(np.arange(block.n_levels), block.k)
        owner.append(block.effects.first + level * block.effects.k + np.tile(block.places, block.n_levels))
        node.append(block.node + level)
        place.append(np.tile(np.arange(block.k), block.n_levels))
    owners = np.concatenate(owner)
    order = np.argsort(owners, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=unknowns.n_effects))])
    return start, np.concatenate(node)[order], np.concatenate(place)[order]


class _NodePairs(NamedTuple):
    """Pairs of nodes that meet, sorted by pair of blocks.

    Attributes
    ----------
    key, rank : arrays
        Sorted row * n_nodes + column of all pairs, and the place of each of these here.
    bounds : list of (row block, column block, slice)
    start : list of int
        Where the pieces of H of each pair of blocks begin, and their end.
    """

    key: Index
    rank: Index
    row: Index
    column: Index
    bounds: list[tuple[int, int, slice]]
    start: list[int]


def _pairs_that_meet(unknowns: Unknowns, entries: _NodeEntries, precisions: Sequence[Sequence[sparse.csc_matrix]]) -> _NodePairs:
    """Pairs that meet in the data, in a relationship, or at one level of groups that overlap in rows."""
    n, blocks = unknowns.n_nodes, unknowns.blocks
    found = [entries.row * n + entries.column]
    for block in blocks:
        found.append((block.node + np.arange(block.n_levels)) * (n + 1))
        for matrix in precisions[block.term] if block.term >= 0 else ():
            lower = sparse.coo_matrix(sparse.tril(matrix, -1))
            found.append((block.node + lower.row.astype(np.int64)) * n + block.node + lower.col)
    for later, earlier in unknowns.overlapping():
        level = np.arange(later.n_levels)
        found.append((later.node + level) * n + earlier.node + level)
    key = _distinct(np.concatenate(found))
    row, column = np.divmod(key, n)
    owner = block_of_node(blocks)
    kind = owner[row] * len(blocks) + owner[column]
    order = np.argsort(kind, kind="stable")
    rank = np.empty(key.size, dtype=np.int64)
    rank[order] = np.arange(key.size)
    kinds, first = np.unique(kind[order], return_index=True)
    bounds, start = [], [0]
    for a, z, code in zip(first.tolist(), np.r_[first, key.size][1:].tolist(), kinds.tolist(), strict=True):
        i, j = divmod(code, len(blocks))
        bounds.append((i, j, slice(a, z)))
        start.append(start[-1] + (z - a) * blocks[i].k * blocks[j].k)
    return _NodePairs(key, rank, row[order], column[order], bounds, start)


def _distinct(values: Index) -> Index:
    """Sorted distinct values; sorting beats the hash table of np.unique on long integer keys."""
    ordered = np.sort(values)
    return ordered[np.r_[np.ones(min(1, ordered.size), dtype=bool), ordered[1:] != ordered[:-1]]]


def _fill_matrix(unknowns: Unknowns, pairs: _NodePairs, entries: _NodeEntries, n_coefficients: int) -> sparse.csr_matrix:
    """The map from rho to the values of H."""
    pair = pairs.rank[np.searchsorted(pairs.key, entries.row * unknowns.n_nodes + entries.column)]
    first = np.array([part.start for _, _, part in pairs.bounds], dtype=np.int64)
    count = np.array([part.stop - part.start for _, _, part in pairs.bounds], dtype=np.int64)
    width = np.array([unknowns.blocks[j].k for _, j, _ in pairs.bounds], dtype=np.int64)
    kind = np.searchsorted(first, pair, side="right") - 1
    within = entries.row_place * count[kind] + pair - first[kind]
    position = np.array(pairs.start)[kind] + within * width[kind] + entries.column_place
    return sparse.csr_matrix((entries.value, (position, entries.coefficient)), shape=(pairs.start[-1], n_coefficients))


class _Pieces(NamedTuple):
    """The pieces of C of a pair of blocks: rows and columns of C (r_row, n_pairs, r_column), and the two levels of each node pair."""

    row: int
    column: int
    values: slice
    levels: Index
    rows: Index
    columns: Index

    def located(self, key: Index, n_equations: int) -> BlockPair:
        """With the positions in C.data, whose entries have the sorted `key` column * n + row."""
        mirror = np.searchsorted(key, np.minimum(self.rows, self.columns) * n_equations + np.maximum(self.rows, self.columns))
        inner = np.flatnonzero((self.rows >= self.columns).ravel())
        same = (self.row == self.column) & (self.levels[:, 0] == self.levels[:, 1])
        target, weight = mirror.ravel()[inner], np.where(same, 1.0, 2.0)
        return BlockPair(self.row, self.column, self.values, inner, target, mirror.reshape(mirror.shape[0], -1), weight, self.levels)


def _pieces(unknowns: Unknowns, pairs: _NodePairs) -> Iterator[_Pieces]:
    """For every pair of blocks."""
    for (i, j, part), a, z in zip(pairs.bounds, pairs.start, pairs.start[1:], strict=False):
        row, column = unknowns.blocks[i], unknowns.blocks[j]
        levels = np.stack([pairs.row[part] - row.node, pairs.column[part] - column.node], axis=1)
        r = row.first + levels[None, :, :1] * row.r + np.arange(row.r)[:, None, None]
        c = column.first + levels[None, :, 1:] * column.r + np.arange(column.r)
        rows, columns = np.broadcast_arrays(r, c)
        yield _Pieces(i, j, slice(a, z), levels, rows, columns)


def _pattern(pieces: Sequence[_Pieces], n_equations: int) -> tuple[Index, sparse.csc_matrix]:
    """Sorted keys column * n + row of the lower triangle of C, and the triangle."""
    found = [np.zeros(0, dtype=np.int64)]
    for piece in pieces:
        lower = piece.rows >= piece.columns
        found.append(piece.columns[lower] * n_equations + piece.rows[lower])
    key = np.sort(np.concatenate(found))
    start = np.searchsorted(key, np.arange(n_equations + 1) * n_equations)
    rows = key % n_equations if n_equations else key
    return key, sparse.csc_matrix((np.ones(key.size), rows, start), shape=(n_equations, n_equations))


def _prior(unknowns: Unknowns, precisions: Sequence[Sequence[sparse.csc_matrix]], key: Index) -> sparse.csr_matrix:
    """The map from the coefficients of the relationships to blockdiag(0, I kron K^-1) at the pattern."""
    n = unknowns.n_equations
    before = np.concatenate([[0], np.cumsum([len(matrices) for matrices in precisions])]).astype(np.int64)
    position, coefficient, value = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for block in unknowns.blocks:
        for c, matrix in enumerate(precisions[block.term] if block.term >= 0 else ()):
            lower = sparse.coo_matrix(sparse.tril(matrix))
            for a in range(block.r):
                rows, columns = (block.first + index.astype(np.int64) * block.r + a for index in (lower.row, lower.col))
                position.append(np.searchsorted(key, columns * n + rows))
                coefficient.append(np.full(lower.nnz, before[block.term] + c))
                value.append(lower.data)
    entries = (np.concatenate(value), (np.concatenate(position), np.concatenate(coefficient)))
    return sparse.csr_matrix(entries, shape=(key.size, int(before[-1])))
