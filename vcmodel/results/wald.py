"""Wald tests of the fixed terms.

With the coefficients beta = B w, Cov(w) = I, in an order, and the rows of B from last to first LQ', L lower triangular and Q'Q = I, the
squares of Q'w, from last to first, add up to the Wald statistic of all coefficients, and those of one term are its statistic given the
terms before it. Cov(beta) is never formed, so that coefficients may be correlated to the last digit.

A column of the fixed part that was dropped as a combination of earlier ones still belongs to its term: what a term adds to others is the
space of all its columns beyond the space of all of theirs, so that neither the order of the terms nor the choice of the dropped columns
matters. In the kept coefficients a dropped column is the vector a with d = X a.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import solve_triangular

from vcmodel.design.fixed import FixedDesign
from vcmodel.design.independent import independent
from vcmodel.linalg.least_squares import least_squares
from vcmodel.results.distributions import chi_square_tail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]

COLUMNS = ("df", "df_conditional", "chi2_incremental", "p_incremental", "chi2_conditional", "p_conditional")


def sequential(root: Array, whitened: Array) -> Array:
    """Contribution (r,) of each coefficient, given those before it, to the Wald statistic of all.

    Parameters
    ----------
    root : (r, p) array
        The rows B of the coefficients in their order.
    whitened : (p,) array
        w of covariance I, the coefficients being B w.
    """
    basis = np.linalg.qr(root[::-1].T)[0]
    return np.asarray((basis.T @ whitened)[::-1] ** 2, dtype=float)


@dataclass(frozen=True)
class _Columns:
    """The fixed columns of a design as directions in the space of the kept coefficients."""

    design: Design

    @cached_property
    def place(self) -> Index:
        """Position of every column among the kept ones, -1 for a dropped one, (all columns,)."""
        result = np.full(len(self.design.fixed.names), -1, dtype=np.int64)
        result[self.design.kept] = np.arange(self.design.kept.size)
        return result

    @cached_property
    def aliased(self) -> bool:
        """Whether a dropped column is more than zeros."""
        return bool(np.any(np.diff(self.design.fixed.matrix.indptr)[self.place < 0] > 0))

    def leftmost(self, order: Index) -> Index:
        """Of the columns in `order`, those that do not depend on the ones before them there."""
        if not self.aliased:
            return order[self.place[order] >= 0]
        fixed = self.design.fixed
        names = tuple(fixed.names[i] for i in order)
        return order[independent(FixedDesign(sparse.csc_matrix(fixed.matrix[:, order]), names, ())).kept]

    def directions(self, columns: Index) -> Array:
        """The columns as combinations of the kept ones, (p, number of columns)."""
        result = np.zeros((self.design.kept.size, columns.size))
        at, dropped = self.place[columns], columns[self.place[columns] < 0]
        result[at[at >= 0], np.flatnonzero(at >= 0)] = 1.0
        if dropped.size:
            weighted = self.design.fixed.matrix[:, dropped].toarray() * self.design.weight_root[:, None]
            result[:, at < 0] = self.design.transform @ least_squares(self.design.x, weighted)
        return result


def wald(estimate: Estimate) -> pd.DataFrame:
    """One row per fixed term: ``df df_conditional chi2_incremental p_incremental chi2_conditional p_conditional``.

    Incremental: each term given those before it in the formula, on ``df`` degrees of freedom. Conditional: each term given all others that
    do not contain it (``site`` is tested without ``site:variety``), on ``df_conditional``. Every term contains the intercept, so that its
    conditional test is the incremental one: the mean against zero with no other fixed effect in the model. Probabilities are of the
    chi-square distribution: the denominator is taken as known, which makes them too small in small trials.

    Degrees of freedom count what the term adds. A term whose columns the others span has 0 of them and no test: nothing of it can be told
    from the others.
    """
    columns = _Columns(estimate.design)
    terms = estimate.design.fixed.terms
    root, whitened = estimate.equations.whitened_coefficients()
    incremental = sequential(root, whitened)
    rows = []
    for i, term in enumerate(terms):
        own = term.columns
        kept = columns.place[own][columns.place[own] >= 0]
        first = (kept.size, float(incremental[kept].sum()))
        after = [k for k, other in enumerate(terms) if term.within(other)]
        before = [k for k in range(len(terms)) if k != i and k not in after]
        second = first if before == list(range(i)) else _given(columns, _joined(terms[k].columns for k in before), own, root, whitened)
        values = [statistic if df else np.nan for df, statistic in (first, second)]
        tails = [chi_square_tail(value, df) for value, df in zip(values, (first[0], second[0]), strict=True)]
        rows.append((first[0], second[0], values[0], tails[0], values[1], tails[1]))
    return pd.DataFrame(rows, columns=list(COLUMNS), index=["Intercept" if term.text == "1" else term.text for term in terms])


def _joined(groups: Iterable[Index]) -> Index:
    return np.concatenate([np.zeros(0, dtype=np.int64), *groups])


def _given(columns: _Columns, before: Index, own: Index, root: Array, whitened: Array) -> tuple[int, float]:
    """Degrees of freedom and statistic of the columns `own` given the columns `before`, without any others.

    Coefficients of kept columns in `before` are free; with LQ' the rows of B of the others, z = Q'w is the part that they explain, and the
    statistic is the squared length of z in the space of `own` beyond that of `before`.
    """
    leftmost = columns.leftmost(np.concatenate([before, own]))
    base, added = leftmost[np.isin(leftmost, before)], leftmost[~np.isin(leftmost, before)]
    if not added.size:
        return 0, 0.0
    rest = np.setdiff1d(np.arange(root.shape[0]), columns.place[base])
    if np.all(columns.place[leftmost] >= 0):
        order = np.concatenate([columns.place[added], np.setdiff1d(rest, columns.place[added])])
        return added.size, float(sequential(root[order], whitened)[: added.size].sum())
    basis, lower = np.linalg.qr(root[rest].T)
    space = columns.directions(np.concatenate([base[columns.place[base] < 0], added]))[rest]
    solved = solve_triangular(lower, space, trans="T")
    within = np.linalg.qr(solved)[0][:, -added.size :]
    return added.size, float(np.sum((within.T @ (basis.T @ whitened)) ** 2))
