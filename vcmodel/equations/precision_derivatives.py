"""Scores, curvature and working variates by the coordinates of a K whose inverse has parameters.

With b ~ N(0, I kron K), Q = K^-1 = sum of a_c M_c and T_c = sum over levels l, m of (M_c)_lm [C^lm + b_l b_m'] (r, r),

    dlogL/dphi_i = -1/2 [sum_c da_c tr T_c + r dlog|K|]
    q_i = -Z (Lambda kron I) vec(K dQ_i B).

The average information falls short by the second derivatives of K. Of these, what dQ_i K dQ_j gives has expectation zero and is left out;
what d2Q gives is -1/2 sum_c d2a_c [tr T_c - r tr(K M_c)]. (The second derivative of log|K| in place of the trace would count the
information twice.) The cross derivatives with a loading are exact: 2 tr(E_i Lambda dLambda'), Lambda'E_i Lambda = -1/2 sum_c da_c
[T_c - tr(K M_c) I].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from vcmodel.equations.term_precision import precision_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.equations.base import Part
    from vcmodel.equations.blocks import Block
    from vcmodel.equations.layout import EquationLayout
    from vcmodel.equations.solution import Solution
    from vcmodel.equations.term_precision import TermPrecision

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BlockMoments:
    """Where the matrices M_c of a term meet C^-1 and b of one of its blocks: T_c is one sparse product for all c.

    Attributes
    ----------
    number : int
    block : Block
    levels : (n, 2) array
        Pairs of levels, the later one first, at which some M_c is not zero.
    mirror : (r, n, r) array
        Position in C.data of every entry of the piece of each pair.
    weights : (number of matrices, n) csr
        M_c at the pairs, times how often each stands in the full matrix.
    """

    number: int
    block: Block
    levels: Index
    mirror: Index
    weights: sparse.csr_matrix

    @classmethod
    def of(cls, number: int, block: Block, matrices: Sequence[sparse.csc_matrix], layout: EquationLayout) -> BlockMoments:
        """Those of the block `number` for symmetric M_c (q, q)."""
        pair = next(pair for pair in layout.pairs if pair.row == pair.column == number)
        key = pair.levels[:, 0] * block.n_levels + pair.levels[:, 1]  # sorted
        lower = [sparse.coo_matrix(sparse.tril(matrix)) for matrix in matrices]
        place = [np.searchsorted(key, one.row.astype(np.int64) * block.n_levels + one.col) for one in lower]
        met, column = np.unique(np.concatenate(place), return_inverse=True)
        row = np.repeat(np.arange(len(lower)), [one.nnz for one in lower])
        values = np.concatenate([one.data for one in lower]) * pair.weight[met][column]
        mirror = pair.mirror.reshape(block.r, pair.n_pairs, block.r)[:, met]
        weights = sparse.csr_matrix((values, (row, column)), shape=(len(lower), met.size))
        return cls(number, block, pair.levels[met], mirror, weights)

    def at(self, solution: Solution) -> Array:
        """T_c (number of matrices, r, r)."""
        b = self.block.by_level(solution.vector)
        first, second = b[self.levels[:, 0]], b[self.levels[:, 1]]
        pieces = solution.inverse[self.mirror].swapaxes(0, 1) + first[:, :, None] * second[:, None, :]
        half = (self.weights @ pieces.reshape(len(pieces), -1)).reshape(-1, self.block.r, self.block.r)
        return np.asarray(0.5 * (half + half.swapaxes(1, 2)))


def precision_derivatives(
    part: Part, precision: TermPrecision, moments: Sequence[BlockMoments], solution: Solution
) -> tuple[Array, Array, Array]:
    """Score (m,) and curvature (m, m) by the coordinates of K, the last of its part, and their curvature (all, m) with all.

    Parameters
    ----------
    moments : sequence of BlockMoments
        Of all blocks of the term.
    """
    chart, phi = precision_chart(part)
    slopes, by_coordinate = precision.derivative(part), part.loading_derivative
    traces, total = precision.traces(), np.zeros(len(precision.matrices))
    cross = np.zeros((by_coordinate.shape[0], chart.size))
    for item in moments:
        block, own = item.block, item.at(solution)
        total += np.trace(own, axis1=1, axis2=2)
        if block.whole:
            beyond = -0.5 * np.tensordot(slopes, own - traces[:, None, None] * np.eye(block.r), axes=1)
            image = _left_inverse(solution.loading(item.number)).T @ beyond
            cross += 2.0 * np.tensordot(by_coordinate[:, block.rows[:, None], block.loaded], image, axes=((1, 2), (1, 2)))
    r = sum(item.block.r for item in moments)
    score = -0.5 * (slopes @ total + r * precision.logdet_derivative(part))
    return score, -0.5 * chart.second(phi, total - r * traces), cross


def _left_inverse(loading: Array) -> Array:
    """The pseudo-inverse (r, k) of a loading."""
    if loading.size == 1:
        return np.where(loading != 0.0, 1.0 / np.where(loading != 0.0, loading, 1.0), 0.0)
    return np.asarray(np.linalg.pinv(loading))


def precision_variates(part: Part, precision: TermPrecision, blocks: Sequence[tuple[int, Block]], solution: Solution) -> Array:
    """Working variates (N, m) of the coordinates of K."""
    result = np.zeros((solution.residual.size, precision_chart(part)[0].size))
    for number, block in blocks:
        related = precision.related_changes(part, block.by_level(solution.vector))
        effects = np.zeros((block.n_levels, block.effects.k, len(related)))
        effects[:, block.places] = np.einsum("mlr,kr->lkm", related, solution.loading(number))
        result -= block.effects.incidence @ effects.reshape(-1, len(related))
    return result
