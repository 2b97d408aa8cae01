"""Which columns of a sparse design depend on columns to their left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.linalg import _kernels
from vcmodel.linalg.cholesky import require_countable
from vcmodel.linalg.ordering import fill_reducing_order

# A coefficient of a null vector below this share of the largest is rounding. Pivots above the default tolerance leave errors of at most
# 1e-16 / 1e-10 in the coefficients, and a dummy of one record among a million has a coefficient of 1e-3 in columns of unit norm.
NEGLIGIBLE = 1e-6


def dependent_columns(gram: sparse.sparray | sparse.spmatrix, tolerance: float = 1e-10) -> NDArray[np.bool_]:
    """Mask (p,) of the columns to drop, so that the leftmost independent set in column order is kept.

    The Gram matrix is factorised in a fill-reducing order, where any member of an aliased set may show as a zero pivot; each gives a
    vector of the null space. Column j depends on the columns to its left exactly when j is the last nonzero of some null vector, which
    the trailing echelon form of the null vectors shows. An intercept with tens of thousands of dummies so costs no fill.

    Parameters
    ----------
    gram : (p, p) sparse
        X'X of columns scaled to unit norm (zero columns stay zero); both triangles or the lower one.
    tolerance : float
        A squared pivot (share of a column's squared length that is not explained by the others) up to this is zero.
    """
    lower = sparse.csc_matrix(sparse.tril(gram, format="csc"))
    lower.sum_duplicates()
    size = lower.shape[0]
    require_countable(size, lower.nnz)
    start = lower.indptr.astype(np.int64)
    row = lower.indices.astype(np.int32)
    if lower.nnz == 0:
        return np.ones(size, dtype=bool)
    # a zero column may have no stored diagonal: the kernel takes it as zero
    order = fill_reducing_order(start, row)
    value = np.ascontiguousarray(lower.data, dtype=np.float64)
    return _kernels.dependent_columns(start, row, value, np.ascontiguousarray(order), tolerance, NEGLIGIBLE)
