"""The fixed columns as the equations take them: X' = X T, centred or orthogonal, so that neither units nor origin of a covariate matter.

The likelihood of X' differs from that of X by log|det T|, and beta = T beta'; everything that is reported is turned back.

- :func:`centre` takes from a numeric column x its mean on the 0/1 column z it lives on, x - (x'z / z'z) z, and scales every column to
  unit norm: T = (I + N) D, N with entries in the rows of 0/1 and the columns of numeric columns only, so that N N = 0 and |I + N| = 1.
- :func:`orthogonal` is for columns that stay nearly dependent (a year and its square): with M = B C + Q R
  (:mod:`vcmodel.design.remainders`) X' = [B, Q], B = Z D the 0/1 columns Z at unit norm, so that

      [Z, M] T = [B, Q]   with   T = [D, -D C R^-1; 0, R^-1]   and   log|det T| = log|D| - log|R|.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.fixed import FixedDesign
from vcmodel.design.remainders import Remainders, column_kinds, norms

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_SPARSE_SHARE = 0.25  # a column on less of an indicator's support has a cosine with it below 1/2: centring would only fill it in
_CONSTANT = 1e-11  # norm left after centring, relative to before, that is rounding: ten thousand times the unit roundoff and more
_SPARSE_ZERO = 1e-14  # entries below this share of the column's largest are what cancelling left


@dataclass(frozen=True, eq=False)
class Centred:
    """Columns centred and scaled to unit norm.

    Attributes
    ----------
    matrix : (N, p) csc
        X' = X T.
    transform : (p, p) csc
        T; coefficients are beta = T beta'.
    log_det : float
        log|det T|.
    """

    matrix: sparse.csc_matrix
    transform: sparse.csc_matrix
    log_det: float


def centre(design: FixedDesign, kept: Index | None = None) -> Centred:
    """The columns `kept` (default all) centred and scaled, so that the mixed-model equations are well conditioned in any units.

    A column that is not 0/1 loses its mean over the support of the 0/1 column with the smallest support that contains its own: the
    intercept, or ``trait_bden`` for ``trait_bden:x``. A column without variation there becomes exactly zero (it is aliased). Then
    every nonzero column is scaled to unit norm. T = (I + N) D with N nilpotent, so log|det T| is that of the scales D.
    """
    x = design.matrix if kept is None else sparse.csc_matrix(design.matrix[:, kept])
    n_columns = x.shape[1]
    size = np.diff(x.indptr)
    norm = norms(x)
    indicator, numeric = column_kinds(x)
    base = _smallest_support(x, size, numeric, indicator)
    centred = numeric[base >= 0]
    base = base[base >= 0]
    total = np.asarray(x[:, centred].sum(axis=0), dtype=np.float64).ravel()
    nilpotent = sparse.csc_matrix((-total / size[base], (base, centred)), shape=(n_columns, n_columns))
    shift = sparse.csc_matrix(sparse.identity(n_columns, format="csc") + nilpotent)
    shifted = sparse.csc_matrix(x @ shift)
    left = norms(shifted)
    constant = left <= _CONSTANT * norm
    scale = np.where(constant, 1.0, 1.0 / np.where(constant, 1.0, left))
    diagonal = sparse.diags(scale, format="csc")
    keep = sparse.diags((~constant).astype(np.float64), format="csc")
    matrix = sparse.csc_matrix(shifted @ diagonal @ keep)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return Centred(matrix, sparse.csc_matrix(shift @ diagonal), float(np.log(scale).sum()))


def orthogonal(design: FixedDesign, kept: Index) -> Centred:
    """The independent columns `kept`, those that are not 0/1 orthogonal to all 0/1 columns and, in formula order, to each other.

    With B the 0/1 columns at unit norm and M = BC + QR the others, X' = [B, Q]: T is triangular once the 0/1 columns stand first.
    """
    x = sparse.csc_matrix(design.matrix[:, kept])
    indicator, numeric = column_kinds(x)
    scale = 1.0 / norms(x)[indicator]
    rest = Remainders.of(x, indicator, numeric)
    inverse = np.linalg.inv(rest.triangle)  # q x q with the scales of the remainders, triangular
    on_base = -scale[:, None] * (rest.coefficients @ inverse)
    peak = np.abs(rest.directions).max(axis=0, initial=0.0)
    directions = np.where(np.abs(rest.directions) > _SPARSE_ZERO * peak, rest.directions, 0.0)
    place = np.argsort(np.concatenate([indicator, numeric]))
    unit = x[:, indicator] @ sparse.diags(scale)
    matrix = sparse.csc_matrix(sparse.csc_matrix(sparse.hstack([unit, sparse.csc_matrix(directions)]))[:, place])
    blocks = sparse.block_array([[sparse.diags_array(scale), sparse.csc_array(on_base)], [None, sparse.csc_array(inverse)]])
    transform = sparse.csc_matrix(sparse.csc_matrix(blocks)[place][:, place])
    matrix.sort_indices()
    transform.sort_indices()
    return Centred(matrix, transform, float(np.log(scale).sum() - np.log(np.diag(rest.triangle)).sum()))


def _smallest_support(
    x: sparse.csc_matrix, size: NDArray[np.int64], numeric: NDArray[np.int64], indicator: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each numeric column the 0/1 column to centre it on, or -1."""
    best = np.full(numeric.size, -1, dtype=np.int64)
    if numeric.size == 0 or indicator.size == 0:
        return best
    pattern = sparse.csc_matrix(x[:, numeric])
    pattern.data = np.ones_like(pattern.data)
    common = sparse.coo_matrix(x[:, indicator].T @ pattern)  # rows shared by each 0/1 and each numeric column
    contains = common.data == size[numeric][common.col]
    candidate, target = indicator[common.row[contains]], common.col[contains]
    near = size[numeric][target] >= _SPARSE_SHARE * size[candidate]
    candidate, target = candidate[near], target[near]
    order = np.lexsort((candidate, size[candidate], target))  # smallest support first, then formula order
    first = np.r_[True, np.diff(target[order]) != 0] if order.size else np.zeros(0, dtype=bool)
    best[target[order][first]] = candidate[order][first]
    return best
