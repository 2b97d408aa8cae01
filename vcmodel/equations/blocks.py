"""The unknowns: effects, the columns of W0 = [X, Z], and the blocks of equations that stand for them in C.

A term whose loading splits into unconnected parts (diag) has unconnected effects. The loading columns of a part form groups, each a block
of equations over the rows that it loads; groups may overlap in rows. Small overlapping groups are joined: their block of C is dense then,
but dlogL/dLambda is known for the whole part, so that D can be recovered from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.errors import StructureError
from vcmodel.linalg.connected import connected_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.design.terms import DesignTerm
    from vcmodel.structures.base import Structure

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]

# columns of a part of the loading up to which groups that overlap in rows are one block of equations
JOINED = 48


@dataclass(frozen=True, eq=False)
class Effects:
    """Columns of W0: of the fixed effects, or of a part of a term, level by level: first + l * k + i.

    Attributes
    ----------
    term : int
        Index of the random term; -1 for the fixed effects.
    rows : (k,) array
        Sigma-levels of the part.
    n_levels : int
        Levels of what the equations solve for; the fixed coefficients of the fixed effects.
    incidence : (N, n_levels * k) csr or array
    first : int
        First column of W0.
    """

    term: int
    rows: Index
    n_levels: int
    incidence: sparse.csr_matrix | Array
    first: int

    @property
    def k(self) -> int:
        """Sigma-levels."""
        return self.rows.size

    @property
    def columns(self) -> slice:
        """Columns of W0."""
        return slice(self.first, self.first + self.n_levels * self.k)

    @cached_property
    def transposed(self) -> sparse.csc_matrix | Array:
        """The incidence transposed, made once: each time it takes as long as a product with a vector."""
        return self.incidence.T

    def by_level(self, values: Array) -> Array:
        """Values (n, ...) of the columns of W0 as (n_levels, k, ...)."""
        return values[self.columns].reshape(self.n_levels, self.k, *values.shape[1:])


@dataclass(frozen=True, eq=False)
class Block:
    """Equations of one group of loading columns, level by level: first + l * r + a. A level of a block is a *node* of C.

    Attributes
    ----------
    effects : Effects
        What the group loads.
    places : (k,) array
        The rows of the group within those of the effects.
    loaded : (r,) array
        Loading columns.
    first, node : int
        First equation, and first node.
    """

    effects: Effects
    places: Index
    loaded: Index
    first: int
    node: int

    @property
    def term(self) -> int:
        """Index of the random term; -1 for the fixed effects."""
        return self.effects.term

    @property
    def n_levels(self) -> int:
        """Nodes."""
        return self.effects.n_levels

    @property
    def rows(self) -> Index:
        """Sigma-levels (k,)."""
        return self.effects.rows[self.places]

    @property
    def k(self) -> int:
        """Rows of the group."""
        return self.places.size

    @property
    def r(self) -> int:
        """Columns of the group."""
        return self.loaded.size

    @property
    def whole(self) -> bool:
        """Whether the group loads all rows of its part."""
        return self.k == self.effects.k

    @property
    def equations(self) -> slice:
        """Columns of C."""
        return slice(self.first, self.first + self.n_levels * self.r)

    @cached_property
    def entries(self) -> tuple[Index, Index]:
        """Where the group stands in the loading of the term, as an index."""
        return np.ix_(self.rows, self.loaded)  # type: ignore[return-value]

    def by_level(self, solution: Array) -> Array:
        """Values (n, ...) of the equations as (n_levels, r, ...)."""
        return solution[self.equations].reshape(self.n_levels, self.r, *solution.shape[1:])


@dataclass(frozen=True, eq=False)
class Unknowns:
    """All effects and blocks of a design: fixed effects, then the terms as written."""

    effects: tuple[Effects, ...]
    blocks: tuple[Block, ...]

    @property
    def n_effects(self) -> int:
        """Columns of W0."""
        return self.effects[-1].columns.stop

    @property
    def n_equations(self) -> int:
        """Order of C."""
        return self.blocks[-1].equations.stop

    @property
    def n_nodes(self) -> int:
        """Nodes of C."""
        return self.blocks[-1].node + self.blocks[-1].n_levels

    def of_term(self, term: int) -> Iterator[tuple[int, Block]]:
        """The blocks of a term and their numbers."""
        return ((i, block) for i, block in enumerate(self.blocks) if block.term == term)

    def overlapping(self) -> Iterator[tuple[Block, Block]]:
        """Pairs of blocks that load a row in common, the later one first."""
        for one, two in combinations(self.blocks, 2):
            if one.effects is two.effects and np.intersect1d(one.places, two.places).size:
                yield two, one


def loading_groups(structure: Structure, joined: int = JOINED) -> list[tuple[Index, list[tuple[Index, Index]]]]:
    """The unconnected parts of a loading: the rows of each, and its groups as (places within these rows, loading columns).

    Raises
    ------
    StructureError
        The structure's groups are no partition of the columns of its root, or join columns of unconnected parts.
    """
    pattern = structure.root_pattern()
    rows, columns = (np.arange(size) for size in pattern.shape)
    if pattern.all() and columns.size <= joined:
        return [(rows, [(rows, columns)])]
    groups = [np.array(group, dtype=np.int64) for group in structure.root_groups()]
    listed = np.sort(np.concatenate(groups)) if groups else columns[:0]
    if not np.array_equal(listed, columns):
        raise StructureError(
            f"{type(structure).__name__}.root_groups() has the columns {listed.tolist()}: it must have each of the {columns.size} columns "
            "of root_pattern() once"
        )
    result = []
    for rows, columns in connected_parts(pattern):
        own = [group for group in groups if np.isin(group, columns).any()]
        if sum(group.size for group in own) != columns.size:
            raise StructureError(f"{type(structure).__name__}.root_groups() joins columns of root_pattern() that share no row")
        if len(own) > 1 and columns.size <= joined:
            own = [columns]
        result.append((rows, [(np.flatnonzero(pattern[np.ix_(rows, group)].any(axis=1)), group) for group in own]))
    return result


def loading_width(term: DesignTerm) -> int:
    """Columns r of a term's loading: equations per level."""
    return int(term.structure.root_pattern().shape[1])


def _incidence(term: DesignTerm, rows: Index) -> sparse.csr_matrix | Array:
    """Columns l * k + i of the chosen Sigma-levels; times the root of a singular K."""
    root, q = term.dense_root, term.n_levels
    if root is None:
        columns = (rows[None, :] * term.n_columns + np.arange(term.n_columns)[:, None]).ravel()
        return sparse.csr_matrix(term.solved_incidence[:, columns])
    pieces = [term.incidence[:, i * q : (i + 1) * q] @ root for i in rows]
    return np.stack(pieces, axis=2).reshape(term.incidence.shape[0], -1)


def make_unknowns(design: Design, joined: int = JOINED, absorbed: Collection[int] = ()) -> Unknowns:
    """The effects and blocks of a design, without those of the terms `absorbed`."""
    one = np.zeros(1, dtype=np.int64)
    effects = [Effects(-1, one, design.x.shape[1], sparse.csr_matrix(design.x), 0)]
    blocks = [Block(effects[0], one, one, 0, 0)]
    for t, term in enumerate(design.terms):
        for rows, groups in loading_groups(term.structure, joined) if t not in absorbed else ():
            effects.append(Effects(t, rows, term.n_columns, _incidence(term, rows), effects[-1].columns.stop))
            for places, loaded in groups:
                last = blocks[-1]
                blocks.append(Block(effects[-1], places, loaded, last.equations.stop, last.node + last.n_levels))
    return Unknowns(tuple(effects), tuple(blocks))


def block_of_node(blocks: Sequence[Block]) -> Index:
    """For every node the number of its block."""
    return np.repeat(np.arange(len(blocks)), [block.n_levels for block in blocks])
