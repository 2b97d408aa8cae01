"""The size of the mixed-model equations before they are made.

Their pattern is the pattern of W0'W0 and of the inverse relationships. How many products of incidences meet bounds the former; where that
bound is too large, the pattern is counted exactly, in slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.memory import available_memory, require_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.design import Design

# bytes per product and nonzero while the pattern is made, and per nonzero afterwards (measured on trials and animal models)
MAKING, KEPT = 200, 350
# rows of W0'W0 counted at a time
SLICE = 20_000


@dataclass(frozen=True)
class Size:
    """What is known before the pattern.

    Attributes
    ----------
    equations : int
        Order of C.
    products : float
        Entries of W0'W0 with every pair of cells that share a residual unit; an upper bound unless `exact`.
    relationships : float
        Nonzeros of the inverse relationships, blocks included.
    """

    equations: int
    products: float
    relationships: float
    exact: bool = False

    @property
    def bytes_making(self) -> float:
        """Peak memory while the pattern is made."""
        return MAKING * (self.products + self.relationships)


def size_of(design: Design) -> Size:
    """Order and an upper bound of the entries of the mixed-model equations, without making them."""
    n = design.y.size
    p = design.x.shape[1]
    counts: list[NDArray[np.float64]] = [np.diff(sparse.csr_matrix(design.x).indptr).astype(float)]
    columns, relationships = [float(p)], 0.0
    for term in design.terms:
        k = term.structure.size
        width = 1 if term.factor is None else term.factor.shape[1]
        counts.append(np.diff(term.incidence.indptr).astype(float) * width)
        columns.append(float(k * term.n_columns))
        nonzeros = float(term.n_columns) if term.precision is None else term.precision.nnz
        relationships += nonzeros * k * k
    products = 0.0
    for section in design.sections:
        for pattern in section.patterns:
            units = [count[pattern.cells].sum(axis=1) for count in counts]
            joined = float(pattern.levels.size) ** 2
            for i, one in enumerate(units):
                for j, two in enumerate(units[: i + 1]):
                    met = min(float(one @ two), joined * columns[i] * columns[j])
                    products += met if i == j else 2.0 * met
    # the dense columns themselves
    products += sum(float(n) * term.factor.shape[1] * term.structure.size for term in design.terms if term.factor is not None) / 10
    return Size(int(sum(columns)), products, relationships)


def _counted(design: Design, size: Size) -> Size:
    """The size with the entries of W0'W0 counted, in slices of its rows; only for sparse terms."""
    if any(term.factor is not None for term in design.terms):
        return size
    w = sparse.csr_matrix(sparse.hstack([design.x, *(term.incidence for term in design.terms)], format="csr"), dtype=bool)
    units = []
    first = 0
    row = np.empty(design.y.size, dtype=np.int64)
    for section in design.sections:
        for pattern in section.patterns:
            row[pattern.cells] = first + np.arange(pattern.cells.shape[0])[:, None]
            first += pattern.cells.shape[0]
            units.append(pattern.levels.size)
    cells = design.y.size
    by_unit = sparse.csr_matrix((np.ones(cells, dtype=bool), (row, np.arange(cells))), shape=(first, cells)) @ w
    by_column = sparse.csr_matrix(by_unit.T)
    entries = sum((by_column[start : start + SLICE] @ by_unit).nnz for start in range(0, by_column.shape[0], SLICE))
    return Size(size.equations, float(entries) * max(units) ** 2, size.relationships, exact=True)


def require_room(design: Design) -> Size:
    """The size of the equations, if there is memory to make their pattern.

    Raises
    ------
    VcmodelError
        With the number of equations and the memory they need.
    """
    size = size_of(design)
    if size.bytes_making > available_memory():
        size = _counted(design, size)
    require_memory(
        size.bytes_making,
        f"the mixed-model equations, {size.equations:,} with about {size.products + size.relationships:.3g} nonzeros,",
        "leave out terms with many levels per observation or dense relationships, fit fewer traits together, or use a larger machine",
    )
    return size
