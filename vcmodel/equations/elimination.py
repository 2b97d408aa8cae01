"""What the order of elimination is told about the equations.

A term whose K^-1 has parameters stands for places on a line or a plane: its equations have few neighbours among themselves, and other terms
join them all over the field (genotypes randomised over the plots). Eliminated first, by nested dissection, they leave one dense block of
the others; minimum degree mixes the two and takes up to 40 times the operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.blocks import Unknowns
    from vcmodel.equations.term_precision import TermPrecision


def leading_equations(unknowns: Unknowns, precisions: Sequence[TermPrecision]) -> NDArray[np.bool_] | None:
    """The equations of places (n_equations,), worth trying to eliminate before the others; None when there are none or no others."""
    result = np.zeros(unknowns.n_equations, dtype=bool)
    for block in unknowns.blocks:
        result[block.equations] = block.term >= 0 and precisions[block.term].parametric
    return result if result.any() and not result.all() else None
