"""The constant part of the mixed-model equations: blocks, the pattern of C, and the linear map that fills it.

C is filled in two steps. H = W0'R^-1W0, with W0 = [X, Z] unwhitened, is linear in the distinct entries rho of R^-1: its values are one
constant sparse matrix times rho. Then C = Lambda'H Lambda + blockdiag(0, K^-1), block by block: a *node* is one level of a term (or one
fixed coefficient), and each pair of nodes that meets in the data or in K^-1 carries a dense k x k piece of H and r x r piece of C, so
that the pattern holds the full r x r block of every level whatever Lambda is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.linalg.connected import connected_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.terms import DesignTerm

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """Equations of one term (or of the fixed effects) that share a loading.

    A term whose loading splits into unconnected parts (diag) gives one block per part.

    Attributes
    ----------
    term : int
        Index of the random term; -1 for the fixed effects.
    rows, columns : arrays
        The part of the term's loading: Sigma-levels (k,) and loading columns (r,).
    incidence : (N, q * k) csr or array
        Columns level by level: l * k + i.
    precision : csc or None
        P of K = F P^-1 F' (K^-1 without a root); None for the identity.
    equation, node, effect : int
        First equation (columns of C), node and column of W0.
    """

    term: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    n_levels: int
    incidence: sparse.csr_matrix | Array
    precision: sparse.csc_matrix | None
    equation: int
    node: int
    effect: int

    @property
    def k(self) -> int:
        """Sigma-levels."""
        return self.rows.size

    @property
    def r(self) -> int:
        """Loading columns."""
        return self.columns.size

    @property
    def equations(self) -> slice:
        """Columns of C."""
        return slice(self.equation, self.equation + self.n_levels * self.r)

    @property
    def effects(self) -> slice:
        """Columns of W0."""
        return slice(self.effect, self.effect + self.n_levels * self.k)


@dataclass(frozen=True)
class BlockPair:
    """All pairs of nodes of two blocks that meet, row block not before column block.

    Attributes
    ----------
    row, column : int
        Block numbers.
    values : slice
        Where the (n_pairs, k_row * k_column) pieces of H lie.
    inner : (n,) array
        Entries of the (n_pairs * r_row * r_column) pieces of C that lie on its lower triangle.
    target : (n,) array
        Their positions in C.data.
    mirror : (n_pairs, r_row * r_column) array
        Position in C.data of every entry of every piece, upper ones by symmetry.
    weight : (n_pairs,) array
        2, or 1 for the pieces on the diagonal: how often the piece stands in the full symmetric C.
    levels : (n_pairs, 2) array
        The two levels of each pair.
    """

    row: int
    column: int
    values: slice
    inner: NDArray[np.int64]
    target: NDArray[np.int64]
    mirror: NDArray[np.int64]
    weight: Array
    levels: NDArray[np.int64]


@dataclass(frozen=True)
class EquationLayout:
    """Blocks, the map rho -> H, and the lower-triangular pattern of C with the constant K^-1 in it."""

    blocks: tuple[Block, ...]
    block_pairs: tuple[BlockPair, ...]
    fill: sparse.csr_matrix
    pattern: sparse.csc_matrix
    constant: Array
    n_equations: int
    n_effects: int


def term_parts(term: DesignTerm) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Connected parts (rows, columns) of the loading's pattern."""
    return connected_parts(term.structure.root_pattern())


def _block_incidence(term: DesignTerm, rows: NDArray[np.int64]) -> sparse.csr_matrix | Array:
    """Columns l * k + i of the chosen Sigma-levels; times the root of K where it is dense."""
    root, q = term.relationship.dense_root, term.n_levels
    if root is None:
        columns = (rows[None, :] * term.n_columns + np.arange(term.n_columns)[:, None]).ravel()
        return sparse.csr_matrix(term.solved_incidence[:, columns])
    pieces = [term.incidence[:, i * q : (i + 1) * q] @ root for i in rows]
    return np.stack(pieces, axis=2).reshape(term.incidence.shape[0], -1)


def make_blocks(design: Design) -> tuple[Block, ...]:
    """The blocks of a design: fixed effects, then the terms as written."""
    one = np.zeros(1, dtype=np.int64)
    p = design.x.shape[1]
    blocks = [Block(-1, one, one, p, sparse.csr_matrix(design.x), None, 0, 0, 0)]
    for t, term in enumerate(design.terms):
        for rows, columns in term_parts(term):
            last = blocks[-1]
            q = term.n_columns
            blocks.append(
                Block(
                    t, rows, columns, q, _block_incidence(term, rows), term.relationship.precision,
                    last.equations.stop, last.node + last.n_levels, last.effects.stop,
                )
            )  # fmt: skip
    return tuple(blocks)


def _products(
    blocks: Sequence[Block], pairs: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Array]:
    """Entries (effect, effect, coefficient, value) of W0'A_c W0 for every coefficient c, both triangles."""
    thin = [b for b in blocks if sparse.issparse(b.incidence)]
    dense = [b for b in blocks if not sparse.issparse(b.incidence)]
    thin_effects = np.concatenate([np.arange(b.effects.start, b.effects.stop) for b in thin])
    everything = sparse.csr_matrix(sparse.hstack([b.incidence for b in thin], format="csr"))
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], int, Array]] = []

    def keep(
        product: sparse.spmatrix | Array, row_effects: NDArray[np.int64], column_effects: NDArray[np.int64], c: int, twice: bool
    ) -> None:
        entries = sparse.coo_matrix(product)
        rows, columns = row_effects[entries.row], column_effects[entries.col]
        found.append((rows, columns, c, entries.data))
        if twice:
            found.append((columns, rows, c, entries.data))

    for c, (left, right) in enumerate(pairs):
        off = not np.array_equal(left, right)
        keep(everything[left].T @ everything[right], thin_effects, thin_effects, c, off)
        for i, block in enumerate(dense):
            effects = np.arange(block.effects.start, block.effects.stop)
            keep((everything[right].T @ block.incidence[left]).T, effects, thin_effects, c, True)
            if off:
                keep((everything[left].T @ block.incidence[right]).T, effects, thin_effects, c, True)
            for other in dense[: i + 1]:
                across = np.arange(other.effects.start, other.effects.stop)
                same = other is block
                keep(block.incidence[left].T @ other.incidence[right], effects, across, c, off or not same)
                if off and not same:
                    keep(block.incidence[right].T @ other.incidence[left], effects, across, c, True)
    rows, columns = (np.concatenate([item[i] for item in found]) for i in (0, 1))
    coefficient = np.concatenate([np.full(item[0].size, item[2], dtype=np.int64) for item in found])
    return rows.astype(np.int64), columns.astype(np.int64), coefficient, np.concatenate([item[3] for item in found])


def _node_tables(blocks: Sequence[Block]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For every effect its node and its place i in the node; for every node its block."""
    node = np.concatenate([b.node + np.repeat(np.arange(b.n_levels), b.k) for b in blocks])
    place = np.concatenate([np.tile(np.arange(b.k), b.n_levels) for b in blocks])
    owner = np.repeat(np.arange(len(blocks)), [b.n_levels for b in blocks])
    return node.astype(np.int64), place.astype(np.int64), owner


def _precision_pairs(blocks: Sequence[Block]) -> NDArray[np.int64]:
    """Node pairs (2, n), row not before column, of every K^-1 and of every diagonal."""
    found = []
    for b in blocks:
        diagonal = b.node + np.arange(b.n_levels)
        found.append(np.stack([diagonal, diagonal]))
        if b.precision is not None:
            entries = sparse.coo_matrix(sparse.tril(b.precision, -1))
            found.append(b.node + np.stack([entries.row, entries.col]))
    return np.concatenate(found, axis=1).astype(np.int64)


def _distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted distinct values; sorting beats the hash table of np.unique on long integer keys."""
    ordered = np.sort(values)
    return ordered[np.r_[np.ones(min(1, ordered.size), dtype=bool), ordered[1:] != ordered[:-1]]]


def make_layout(design: Design, pairs: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> EquationLayout:
    """The layout of a design, `pairs` being the cells joined by each coefficient of R^-1."""
    blocks = make_blocks(design)
    effect_row, effect_column, coefficient, value = _products(blocks, pairs)
    node_of, place_of, owner = _node_tables(blocks)
    node_row, node_column = node_of[effect_row], node_of[effect_column]
    lower = node_row >= node_column
    effect_row, effect_column, coefficient, value = effect_row[lower], effect_column[lower], coefficient[lower], value[lower]
    node_row, node_column = node_row[lower], node_column[lower]
    n_nodes = owner.size
    n_effects = blocks[-1].effects.stop
    n_equations = blocks[-1].equations.stop

    extra = _precision_pairs(blocks)
    entry_key = node_row * n_nodes + node_column
    key = _distinct(np.concatenate([entry_key, extra[0] * n_nodes + extra[1]]))
    pair_row, pair_column = np.divmod(key, n_nodes)
    kind = owner[pair_row] * len(blocks) + owner[pair_column]
    order = np.argsort(kind, kind="stable")
    rank = np.empty(key.size, dtype=np.int64)
    rank[order] = np.arange(key.size)
    pair_row, pair_column, kind = pair_row[order], pair_column[order], kind[order]
    kinds, first = np.unique(kind, return_index=True)
    last = np.r_[first, key.size][1:]

    widths = np.array([b.k for b in blocks])
    size = widths[owner[pair_row]] * widths[owner[pair_column]]
    start = np.concatenate([[0], np.cumsum(size)])
    pair = rank[np.searchsorted(key, entry_key)]
    position = start[pair] + place_of[effect_row] * widths[owner[node_column]] + place_of[effect_column]
    fill = sparse.csr_matrix((value, (position, coefficient)), shape=(int(start[-1]), len(pairs)))

    drafts, rows, columns = [], [], []
    for a, z, code in zip(first, last, kinds, strict=True):
        i, j = (int(v) for v in np.divmod(code, len(blocks)))
        row, column = blocks[i], blocks[j]
        levels = np.stack([pair_row[a:z] - row.node, pair_column[a:z] - column.node], axis=1)
        r = row.equation + levels[:, :1] * row.r + np.arange(row.r)
        c = column.equation + levels[:, 1:] * column.r + np.arange(column.r)
        r, c = np.broadcast_arrays(r[:, :, None], c[:, None, :])
        r, c = r.reshape(z - a, -1), c.reshape(z - a, -1)
        drafts.append((i, j, slice(int(start[a]), int(start[z])), levels, r, c))
        keep = r >= c
        rows.append(r[keep])
        columns.append(c[keep])
    # a model without any equations has no pairs
    none = [np.zeros(0, dtype=np.int64)]
    row_index, column_index = np.concatenate(none + rows), np.concatenate(none + columns)
    code = column_index * n_equations + row_index
    sort = np.argsort(code, kind="stable")
    sorted_code = code[sort]
    indptr = np.searchsorted(sorted_code, np.arange(n_equations + 1) * n_equations)
    pattern = sparse.csc_matrix((np.ones(code.size), row_index[sort], indptr), shape=(n_equations, n_equations))

    block_pairs = []
    for i, j, values, levels, r, c in drafts:
        mirror = np.searchsorted(sorted_code, np.minimum(r, c) * n_equations + np.maximum(r, c))
        inner = np.flatnonzero((r >= c).ravel())
        weight = np.where((i == j) & (levels[:, 0] == levels[:, 1]), 1.0, 2.0)
        block_pairs.append(BlockPair(i, j, values, inner, mirror.ravel()[inner], mirror, weight, levels))
    return EquationLayout(blocks, tuple(block_pairs), fill, pattern, _constant(blocks, sorted_code, n_equations), n_equations, n_effects)


def _constant(blocks: Sequence[Block], sorted_code: NDArray[np.int64], n_equations: int) -> Array:
    """C.data of blockdiag(0, I kron K^-1)."""
    data = np.zeros(sorted_code.size)
    for b in blocks:
        if b.term < 0:
            continue
        k_inverse = sparse.identity(b.n_levels, format="coo") if b.precision is None else sparse.coo_matrix(sparse.tril(b.precision))
        for a in range(b.r):
            row, column = b.equation + k_inverse.row * b.r + a, b.equation + k_inverse.col * b.r + a
            data[np.searchsorted(sorted_code, column.astype(np.int64) * n_equations + row)] = k_inverse.data
    return data
