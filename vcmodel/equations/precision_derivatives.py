"""Scores, curvature and working variates by the coordinates of a relationship whose K^-1 has parameters.

With b ~ N(0, I kron K), Q = K^-1 = sum of a_c M_c and T_c = sum over levels l, m of (M_c)_lm [C^lm + b_l b_m'] (r, r),

    dlogL/dphi_i = -1/2 [sum_c da_c tr T_c + r dlog|K|]
    q_i = -Z (Lambda kron I) vec(K dQ_i B).

The average information falls short by the second derivatives of K. Of these, what dQ_i K dQ_j gives has expectation zero and is left out;
what d2Q gives is -1/2 sum_c d2a_c [tr T_c - r tr(K M_c)]. (The second derivative of log|K| in place of the trace would count the
information twice.) The cross derivatives with a loading are exact: 2 tr(E_i Lambda dLambda'), Lambda'E_i Lambda = -1/2 sum_c da_c
[T_c - tr(K M_c) I].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.base import Part
    from vcmodel.equations.blocks import Block
    from vcmodel.equations.layout import EquationLayout
    from vcmodel.equations.solution import Solution
    from vcmodel.equations.term_precision import TermPrecision

    Array = NDArray[np.float64]


def precision_derivatives(
    part: Part, precision: TermPrecision, blocks: Sequence[tuple[int, Block]], solution: Solution, layout: EquationLayout
) -> tuple[Array, Array, Array]:
    """Score (m,) and curvature (m, m) by the coordinates of a precision, the last of its part, and their curvature (all, m) with all.

    Parameters
    ----------
    blocks : sequence of (number, Block)
        Those of the term.
    """
    chart = precision.chart
    phi = part.phi[part.phi.size - chart.size :]
    slopes, by_coordinate = chart.derivative(phi), part.loading_derivative
    traces, total = precision.traces(), np.zeros(len(precision.matrices))
    cross = np.zeros((by_coordinate.shape[0], chart.size))
    for number, block in blocks:
        moments = _moments(number, block, precision, solution, layout)
        total += np.trace(moments, axis1=1, axis2=2)
        if block.whole:
            beyond = -0.5 * np.tensordot(slopes, moments - traces[:, None, None] * np.eye(block.r), axes=1)
            image = np.linalg.pinv(solution.loading(number).T) @ beyond
            cross += 2.0 * np.einsum("aij,mij->am", by_coordinate[:, block.rows[:, None], block.loaded], image)
    r = sum(block.r for _, block in blocks)
    score = -0.5 * (slopes @ total + r * chart.logdet_derivative(phi))
    return score, -0.5 * chart.second(phi, total - r * traces), cross


def _moments(number: int, block: Block, precision: TermPrecision, solution: Solution, layout: EquationLayout) -> Array:
    """T_c of a block for every matrix, (number of matrices, r, r)."""
    pair = next(pair for pair in layout.pairs if pair.row == pair.column == number)
    inverse = solution.inverse[pair.mirror].reshape(block.r, pair.n_pairs, block.r)
    b = block.by_level(solution.vector)
    result = np.empty((len(precision.matrices), block.r, block.r))
    for c, matrix in enumerate(precision.matrices):
        at_pairs = np.asarray(matrix[pair.levels[:, 0], pair.levels[:, 1]]).ravel()
        half = np.einsum("n,anb->ab", at_pairs * pair.weight, inverse)
        result[c] = 0.5 * (half + half.T) + b.T @ (matrix @ b)
    return result


def precision_variates(phi: Array, precision: TermPrecision, blocks: Sequence[tuple[int, Block]], solution: Solution, n_rows: int) -> Array:
    """Working variates (n_rows, m) of the coordinates phi."""
    result = np.zeros((n_rows, phi.size))
    for number, block in blocks:
        changes = precision.changes(phi, block.by_level(solution.vector))
        solved = precision.solve(np.moveaxis(changes, 0, 2).reshape(block.n_levels, -1)).reshape(block.n_levels, block.r, phi.size)
        effects = np.zeros((block.n_levels, block.effects.k, phi.size))
        effects[:, block.places] = np.einsum("lrm,kr->lkm", solved, solution.loading(number))
        result -= block.effects.incidence @ effects.reshape(-1, phi.size)
    return result
