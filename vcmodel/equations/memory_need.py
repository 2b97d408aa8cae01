"""The size of the mixed-model equations before they are made.

Their pattern is the pattern of W0'W0 and of the inverse relationships. How many products of incidences meet bounds the former; where that
bound is too large, the pattern is counted exactly, in slices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.blocks import loading_width
from vcmodel.memory import SMALL, available_memory, require_memory

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from vcmodel.design.design import Design

    Array = NDArray[np.float64]

# bytes per product and nonzero while the pattern is made, and per nonzero afterwards (measured on trials and animal models)
MAKING, KEPT = 200, 350
# rows of W0'W0 counted at a time
ROWS = 20_000


@dataclass(frozen=True)
class MemoryNeed:
    """What is known before the pattern.

    Attributes
    ----------
    equations : int
        Order of C, columns of cells that the data lack included.
    products : float
        Entries of W0'W0 with every pair of cells that share a residual unit; an upper bound unless `exact`.
    relationships : float
        Nonzeros of the inverses of K, blocks included.
    """

    equations: int
    products: float
    relationships: float
    exact: bool = False

    @property
    def bytes_making(self) -> float:
        """Peak memory while the pattern is made."""
        return MAKING * (self.products + self.relationships)


def memory_need(design: Design) -> MemoryNeed:
    """Order and an upper bound of the entries of the mixed-model equations, without making them.

    A node is a fixed coefficient or a level of a term; two nodes that meet in a residual unit carry a dense block.
    """
    unit = _units(design)
    parts, relationships = [_Part(design.x, design.x.shape[1], 1, unit)], 0.0
    for term in design.terms:
        if term.dense_root is None:
            parts.append(_Part(term.solved_incidence, term.n_columns, loading_width(term), unit))
        else:
            parts.append(_Part(term.incidence, term.n_levels, loading_width(term), unit, term.n_columns))
        known = term.relationship.precision
        nonzeros = float(term.relationship.n_columns if known is None else known.nnz)
        for inverse in term.inverses:
            nonzeros *= sum(matrix.nnz for matrix in inverse.matrices())
        relationships += nonzeros * loading_width(term) ** 2
    products, weight = 0.0, _neighbours(design, unit)
    for i, one in enumerate(parts):
        for j, two in enumerate(parts[: i + 1]):
            pairs = min(float((weight * one.nodes) @ two.nodes), float(one.levels) * two.levels)
            products += pairs * one.width * two.width * (1.0 if i == j else 2.0)
    absent = sum(section.n_absent for section in design.sections)
    return MemoryNeed(sum(part.levels * part.width for part in parts) + absent, products, relationships)


def _units(design: Design) -> NDArray[np.int64]:
    """The residual unit of each cell, (N,); on grids each cell."""
    unit = np.empty(design.y.size, dtype=np.int64)
    first = 0
    for section in design.sections:
        if not section.patterns:  # a cell of a grid meets its neighbours only
            unit[section.cells] = first + np.arange(section.cells.size)
            first += section.cells.size
        for pattern in section.patterns:
            unit[pattern.cells] = first + np.arange(pattern.cells.shape[0])[:, None]
            first += pattern.cells.shape[0]
    return unit


def _neighbours(design: Design, unit: NDArray[np.int64]) -> Array:
    """With how many cells each residual unit meets: on grids those of R^-1 in a row, elsewhere the unit itself."""
    result = np.ones(int(unit.max(initial=-1)) + 1)
    for section in design.sections:
        if not section.patterns:
            inverses = section.separable.inverses
            rows = [sum(matrix.nnz for matrix in inverse.matrices()) / inverse.order for inverse in inverses]
            result[unit[section.cells]] = section.structure.size * np.prod(rows)
    return result


class _Part:
    """Nodes of a term in every unit: `levels` of them in all, each of `width` equations."""

    def __init__(self, incidence: sparse.spmatrix, levels: int, width: int, unit: NDArray[np.int64], columns: int | None = None) -> None:
        self.levels, self.width = (levels, width) if columns is None else (columns, width)
        entries = sparse.coo_matrix(incidence)
        self.key = np.unique(unit[entries.row] * max(levels, 1) + entries.col % max(levels, 1))
        count = np.bincount(self.key // max(levels, 1), minlength=int(unit.max(initial=-1)) + 1)
        # a dense factor of the relationship joins every unit with all of its columns
        self.nodes = (count if columns is None else np.where(count > 0, columns, 0)).astype(np.float64)
        self.dense = columns is not None


def _counted(design: Design, size: MemoryNeed, rows_at_once: int = ROWS) -> MemoryNeed:
    """The size with the nodes that meet counted, in slices; only for sparse terms."""
    unit = _units(design)
    parts = [_Part(design.x, design.x.shape[1], 1, unit)]
    sparse_terms = [term for term in design.terms if term.dense_root is None]
    parts += [_Part(term.solved_incidence, term.n_columns, loading_width(term), unit) for term in sparse_terms]
    if len(parts) < 1 + len(design.terms):
        return size
    first = np.cumsum([0, *(part.levels for part in parts)])
    rows = np.concatenate([part.key // max(part.levels, 1) for part in parts])
    columns = np.concatenate([start + part.key % max(part.levels, 1) for start, part in zip(first, parts, strict=False)])
    shape = (int(unit.max()) + 1, int(first[-1]))
    met = sparse.csr_matrix((np.ones(rows.size, dtype=bool), (rows, columns)), shape=shape)
    by_node = sparse.csr_matrix(met.T)
    width = np.repeat([part.width for part in parts], [part.levels for part in parts]).astype(np.float64)
    entries = 0.0
    for start in range(0, by_node.shape[0], rows_at_once):
        block = sparse.coo_matrix(by_node[start : start + rows_at_once] @ met)
        entries += float(width[start + block.row] @ width[block.col])
    return MemoryNeed(size.equations, entries, size.relationships, exact=True)


def require_room(design: Design, absorbed: Collection[int] = ()) -> MemoryNeed:
    """The size of the equations, those of the terms `absorbed` left out, if there is memory to make their pattern.

    Raises
    ------
    VcmodelError
        With the number of equations and the memory they need.
    """
    if absorbed:
        design = replace(design, terms=tuple(term for t, term in enumerate(design.terms) if t not in absorbed))
    size = memory_need(design)
    if size.bytes_making > SMALL and size.bytes_making > available_memory():
        size = _counted(design, size)
    require_memory(
        size.bytes_making,
        f"the mixed-model equations, {size.equations:,} with about {size.products + size.relationships:.3g} nonzeros,",
        "leave out terms with many levels per observation or dense relationships, fit fewer traits together, or use a larger machine",
    )
    return size
