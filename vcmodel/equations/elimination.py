"""What the order of elimination is told about the equations.

Places on a line or a plane have few neighbours among themselves, and other terms join them all over the field (genotypes randomised over
the plots): the levels of a term whose K^-1 has parameters; under a residual on a grid the cells that the data lack, and an effect of every
plot (a nugget). Eliminated first, by nested dissection, they leave one dense block of the others; minimum degree mixes the two and takes up
to 40 times the operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.blocks import Effects, Unknowns
    from vcmodel.equations.term_precision import TermPrecision


def leading_equations(
    unknowns: Unknowns, precisions: Sequence[TermPrecision], on_grid: NDArray[np.bool_], n_absent: int
) -> NDArray[np.bool_] | None:
    """The equations of places (n_equations,), worth trying to eliminate before the others; None when there are none or no others.

    Parameters
    ----------
    unknowns : Unknowns
    precisions : sequence of TermPrecision
    on_grid : (N,) bool array
        The rows of W0 whose residual has neighbours.
    n_absent : int
        How many of the fixed effects, the last ones, stand for cells that the data lack.
    """
    result = np.zeros(unknowns.n_equations, dtype=bool)
    fixed = unknowns.blocks[0].equations
    result[fixed.stop - n_absent : fixed.stop] = True
    for block in unknowns.blocks[1:]:
        result[block.equations] = precisions[block.term].parametric or _is_one_cell_each(block.effects, on_grid)
    return result if result.any() and not result.all() else None


def _is_one_cell_each(effects: Effects, on_grid: NDArray[np.bool_]) -> bool:
    """Whether every column of the incidence is one cell of a grid, at most."""
    if not on_grid.any() or not sparse.issparse(effects.incidence):
        return False
    cells = sparse.csc_matrix(effects.incidence)
    return bool(np.all(np.diff(cells.indptr) <= 1) and on_grid[cells.indices].all())
