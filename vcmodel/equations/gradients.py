"""dlogL by the loadings of the random terms and by the coefficients of R^-1, from the selected inverse of C."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.coefficient_matrix import CoefficientMatrix
    from vcmodel.equations.solution import Solution

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gradients:
    """The score in matrix form.

    Attributes
    ----------
    by_loading : sequence of (k, r) arrays
        dlogL/dLambda = 2 D Lambda of each random term, at the entries of its groups; zero elsewhere.
    by_coefficient : (n_coefficients,) array
        dlog|C|/drho.
    """

    by_loading: Sequence[Array]
    by_coefficient: Array

    @classmethod
    def at(cls, solution: Solution, matrix: CoefficientMatrix, shapes: Sequence[tuple[int, int]]) -> Gradients:
        """Where the equations stand, for loadings of these shapes."""
        by_loading = [np.zeros(shape) for shape in shapes]
        blocks, loadings = solution.columns.unknowns.blocks, solution.columns.loadings
        for pair in matrix.layout.pairs:
            found = matrix.collect(pair, matrix.inverse(solution.inverse, pair), loadings[pair.row], loadings[pair.column])
            for block, own in zip((blocks[pair.row], blocks[pair.column]), found, strict=True):
                if block.term >= 0:
                    by_loading[block.term][block.entries] -= 0.5 * own
        for block in blocks[1:]:
            s, b = solution.by_level(block)
            by_loading[block.term][block.entries] += s.T @ b
        return cls(by_loading, matrix.by_coefficient())
