"""Which fixed columns are independent of those to their left, whatever the origin of a covariate.

A covariate far from zero (a year, a time stamp) is nearly a combination of the 0/1 columns before it, and its powers nearly combinations
of one another. What is *exactly* dependent is therefore decided on orthogonal remainders, each held against its own rounding.

A column is dropped if it is the last of a dependent set. With M = B C + Q R (:mod:`vcmodel.design.remainders`; B the 0/1 columns, M the
numeric ones):

- A numeric column with a remainder, R_jj above rounding, is no combination of all of B and the numeric columns before it, so it is the
  last of no dependent set: it stays.
- A numeric column m_j without one is a combination of B and of those that stay: m_j - M s = B c, with s from R s = R_j. Where c needs no
  0/1 column to the right of m_j, it is dropped. Otherwise one of these 0/1 columns is the last of the set, or m_j is the last of
  another; which it is depends only on B c, so that the question is left to columns that are combinations of 0/1 columns, small whole
  numbers for which a Gram matrix is exact enough (:func:`vcmodel.linalg.rank.dependent_columns`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.centring import Centred, centre, orthogonal
from vcmodel.design.fixed import FixedDesign
from vcmodel.design.remainders import ROUNDING, Remainders, column_kinds, projection, unit_columns
from vcmodel.linalg.rank import dependent_columns

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_SUSPECT = 1e-6  # squared share of a centred column not explained by the others; above it the equations lose six digits at most
_FAR = 1e-3  # with a variation below this share of its size the fourth power of a column has its last curvature below ROUNDING
_LARGEST = 2e7  # entries of the numeric columns as a dense array (160 MB) up to which they are made orthogonal
_WORK = 1e9  # multiplications of making them orthogonal to each other (about two seconds)


@dataclass(frozen=True, eq=False)
class Independent:
    """What is left of the fixed columns.

    Attributes
    ----------
    kept : (p,) int array
        The leftmost independent columns.
    centred : Centred
        These columns.
    blurred : int array
        Dropped columns that differ from a combination of earlier ones by no more than the rounding of their own numbers, and lie so far
        from zero that this rounding may be all that is left of them.
    """

    kept: Index
    centred: Centred
    blurred: Index


def independent(design: FixedDesign) -> Independent:
    """The leftmost independent columns of a design, centred.

    Columns that are well apart once each is centred where it lives (:func:`vcmodel.design.centring.centre`) are taken as they are.
    Otherwise the remainders of the numeric columns decide, as told above; where these would take too much memory or time the tolerance of
    :func:`vcmodel.linalg.rank.dependent_columns` on the centred columns does.
    """
    none = np.zeros(0, dtype=np.int64)
    simple = centre(design)
    if not _dependent(simple.matrix, _SUSPECT).any():
        return Independent(np.arange(len(design.names)), simple, none)
    indicator, numeric = column_kinds(design.matrix)
    if numeric.size == 0 or _too_large(design.matrix.shape[0], numeric.size):
        kept = np.flatnonzero(~_dependent(simple.matrix))
        return Independent(kept, centre(design, kept), none)
    kept, blurred = _leftmost(design.matrix, indicator, numeric)
    again = centre(design, kept)
    if _dependent(again.matrix, _SUSPECT).any():
        again = orthogonal(design, kept)
        zero = np.diff(again.matrix.indptr) == 0
        if zero.any():  # independent only together with a 0/1 column that is gone, by less than the rounding of the numbers
            blurred = np.union1d(blurred, kept[zero])
            kept = kept[~zero]
            again = orthogonal(design, kept)
    return Independent(kept, again, blurred)


def _leftmost(x: sparse.csc_matrix, indicator: Index, numeric: Index) -> tuple[Index, Index]:
    """The leftmost independent columns of x, and the dropped ones that are blurred (see :class:`Independent`)."""
    unit = unit_columns(x, indicator)
    base = indicator[~_dependent(unit)]
    rest = Remainders.of(x, base, numeric)
    if not rest.dependent.any():
        return np.sort(np.concatenate([base, numeric])), np.zeros(0, dtype=np.int64)
    stay, dependent = numeric[~rest.dependent], numeric[rest.dependent]
    last = np.array([_depends_on_earlier(x, base, numeric, column) for column in dependent])
    spread = rest.spread[rest.dependent]
    blurred = dependent[last & (spread < _FAR) & (spread > ROUNDING)]
    undecided = dependent[~last]
    rows = rest.triangle[~rest.dependent]
    shares = np.linalg.solve(rows[:, ~rest.dependent], rows[:, np.isin(numeric, undecided)])
    combinations = np.asarray(x[:, undecided].todense()) - x[:, stay] @ shares
    for j, column in enumerate(undecided):
        before = sparse.csr_matrix(unit[:, np.isin(indicator, base[base < column])])
        _later_part(combinations[:, : j + 1], before)
    columns = np.concatenate([indicator, undecided])
    order = np.argsort(columns)
    both = sparse.csc_matrix(sparse.hstack([unit, sparse.csc_matrix(combinations)]))[:, order]
    kept = columns[order][~_dependent(both)]
    return np.sort(np.concatenate([kept, stay])), blurred


def _later_part(combinations: Array, before: sparse.csr_matrix) -> None:
    """The last column becomes what the others, less their part in the 0/1 columns `before` it, leave of it, at unit norm.

    So a far origin does not hide in which later 0/1 column a combination ends.
    """
    combinations -= projection(before, combinations)
    last = combinations[:, [-1]]
    last -= projection(sparse.csr_matrix(combinations[:, :-1]), last)
    combinations[:, [-1]] = last / np.linalg.norm(last)


def _depends_on_earlier(x: sparse.csc_matrix, base: Index, numeric: Index, column: int) -> bool:
    """Whether a numeric column that depends on `base` and numeric columns before it does so without a 0/1 column to its right."""
    earlier = base[base < column]
    return earlier.size == base.size or bool(Remainders.of(x, earlier, numeric[numeric <= column]).dependent[-1])


def _too_large(n_cells: int, n_numeric: int) -> bool:
    return n_cells * n_numeric > _LARGEST or n_cells * n_numeric**2 > _WORK


def _dependent(x: sparse.csc_matrix | sparse.csr_matrix, tolerance: float = 1e-10) -> NDArray[np.bool_]:
    """Mask of the columns of x, of unit norm, that depend on columns to their left."""
    if x.shape[1] == 0:
        return np.zeros(0, dtype=bool)
    return dependent_columns(sparse.csc_matrix(x.T @ x), tolerance)
