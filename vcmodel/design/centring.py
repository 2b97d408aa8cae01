"""The fixed columns as the equations take them: the leftmost independent ones, centred so that the origin of a covariate does not matter.

A covariate far from zero (a year, a time stamp) is nearly a combination of the 0/1 columns before it, and its powers nearly combinations
of one another. What is *exactly* dependent is therefore decided on orthogonal remainders, each held against its own rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.fixed import FixedDesign
from vcmodel.linalg.cholesky import SparseCholesky
from vcmodel.linalg.rank import dependent_columns

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_SPARSE_SHARE = 0.25  # a column on less of an indicator's support has a cosine with it below 1/2: centring would only fill it in
_CONSTANT = 1e-11  # norm left after centring, relative to before, that is rounding: ten thousand times the unit roundoff and more
_SUSPECT = 1e-6  # squared share of a centred column not explained by the others; above it the equations lose six digits at most
_ROUNDING = 1e-13  # a remainder below this share of the numbers it was computed from is rounding: 450 times the unit roundoff
_FAR = 1e-3  # with a variation below this share of its size the fourth power of a column has its last curvature below _ROUNDING
_SPARSE_ZERO = 1e-14  # entries below this share of the column's largest are what cancelling left
_LARGEST = 2e7  # entries of the numeric columns as a dense array (160 MB) up to which they are made orthogonal
_WORK = 1e9  # multiplications of making them orthogonal to each other (about two seconds)


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

    Columns that are well apart once each is centred where it lives (:func:`centre`) are taken as they are. Otherwise the columns that are
    not 0/1 are made orthogonal to the 0/1 columns and to each other, and what is left of each decides; where that would take too much
    memory or time the tolerance of :func:`vcmodel.linalg.rank.dependent_columns` decides.
    """
    none = np.zeros(0, dtype=np.int64)
    simple = centre(design)
    if not _dependent(simple.matrix, _SUSPECT).any():
        return Independent(np.arange(len(design.names)), simple, none)
    indicator, numeric = _kinds(design.matrix)
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


def centre(design: FixedDesign, kept: Index | None = None) -> Centred:
    """The columns `kept` (default all) centred and scaled, so that the mixed-model equations are well conditioned in any units.

    A column that is not 0/1 loses its mean over the support of the 0/1 column with the smallest support that contains its own: the
    intercept, or ``trait_bden`` for ``trait_bden:x``. A column without variation there becomes exactly zero (it is aliased). Then
    every nonzero column is scaled to unit norm. T = (I + N) D with N nilpotent, so log|det T| is that of the scales D.
    """
    x = design.matrix if kept is None else sparse.csc_matrix(design.matrix[:, kept])
    n_columns = x.shape[1]
    size = np.diff(x.indptr)
    norm = _norms(x)
    indicator, numeric = _kinds(x)
    base = _smallest_support(x, size, numeric, indicator)
    centred = numeric[base >= 0]
    base = base[base >= 0]
    total = np.asarray(x[:, centred].sum(axis=0), dtype=np.float64).ravel()
    nilpotent = sparse.csc_matrix((-total / size[base], (base, centred)), shape=(n_columns, n_columns))
    shift = sparse.csc_matrix(sparse.identity(n_columns, format="csc") + nilpotent)
    shifted = sparse.csc_matrix(x @ shift)
    left = _norms(shifted)
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
    indicator, numeric = _kinds(x)
    scale = 1.0 / _norms(x)[indicator]
    rest = _Remainders.of(x, indicator, numeric)
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


@dataclass(frozen=True, eq=False)
class _Remainders:
    """Numeric columns M = B C + Q R, B independent 0/1 columns at unit norm, Q orthonormal and orthogonal to B.

    Attributes
    ----------
    coefficients : (b, q) array
        C.
    directions : (N, q) array
        Q; zero for a dependent column.
    triangle : (q, q) array
        R, upper triangular; the diagonal is the length of the remainder, one for a dependent column.
    dependent : (q,) bool array
        Columns of which only rounding is left.
    spread : (q,) array
        Length left beside B alone, relative to the length of the column.
    """

    coefficients: Array
    directions: Array
    triangle: Array
    dependent: NDArray[np.bool_]
    spread: Array

    @classmethod
    def of(cls, x: sparse.csc_matrix, indicator: Index, numeric: Index) -> _Remainders:
        """The remainders of the columns `numeric` of x beside the independent 0/1 columns `indicator`."""
        rest = np.asarray(x[:, numeric].todense(), dtype=np.float64)
        size = np.sqrt(np.einsum("ij,ij->j", rest, rest))
        base = sparse.csr_matrix(x[:, indicator] @ sparse.diags(1.0 / _norms(x)[indicator]))
        coefficients = np.zeros((indicator.size, numeric.size))
        solve = _least_squares(base)
        for _ in range(2):  # the second pass removes what rounding left in the first
            step = solve(rest)
            rest -= base @ step
            coefficients += step
        spread = np.sqrt(np.einsum("ij,ij->j", rest, rest)) / np.where(size > 0, size, 1.0)
        # the directions are built in place: a column becomes its direction once it is orthogonal to the earlier ones
        triangle = np.zeros((numeric.size, numeric.size))
        dependent = np.zeros(numeric.size, dtype=bool)
        blur = size.copy()  # size of the numbers, and of the directions' own blur, that a remainder was computed from
        length = np.ones(numeric.size)
        for j in range(numeric.size):
            before = rest[:, :j]
            for _ in range(2):
                step = before.T @ rest[:, j]
                rest[:, j] -= before @ step
                triangle[:j, j] += step
            blur[j] += np.abs(triangle[:j, j]) @ (blur[:j] / length[:j])
            left = float(np.linalg.norm(rest[:, j]))
            dependent[j] = left <= _ROUNDING * blur[j]
            length[j] = 1.0 if dependent[j] else left
            rest[:, j] = 0.0 if dependent[j] else rest[:, j] / left
            triangle[j, j] = length[j]
        return cls(coefficients, rest, triangle, dependent, spread)


def _leftmost(x: sparse.csc_matrix, indicator: Index, numeric: Index) -> tuple[Index, Index]:
    """The leftmost independent columns of x, and the dropped ones that are blurred (see :class:`Independent`).

    A numeric column with a remainder beside all 0/1 columns and the numeric ones before it is never the last of a dependent set. So the
    question is left to the 0/1 columns and to the dependent numeric ones, less their part in the former: a combination of 0/1 columns.
    """
    unit = x[:, indicator] @ sparse.diags(1.0 / _norms(x)[indicator])
    base = indicator[~_dependent(sparse.csc_matrix(unit))]
    rest = _Remainders.of(x, base, numeric)
    if not rest.dependent.any():
        return np.sort(np.concatenate([base, numeric])), np.zeros(0, dtype=np.int64)
    free, bound = numeric[~rest.dependent], numeric[rest.dependent]
    alone = np.array([_depends_on_earlier(x, base, numeric, column) for column in bound])
    spread = rest.spread[rest.dependent]
    blurred = bound[alone & (spread < _FAR) & (spread > _ROUNDING)]
    open_ones = bound[~alone]
    rows = rest.triangle[~rest.dependent]
    shares = np.linalg.solve(rows[:, ~rest.dependent], rows[:, np.isin(numeric, open_ones)])
    combinations = np.asarray(x[:, open_ones].todense()) - x[:, free] @ shares
    for j, column in enumerate(open_ones):
        # less their part in earlier columns, so that a far origin does not hide in which later column they end
        own = combinations[:, : j + 1]
        own -= _projection(sparse.csr_matrix(unit[:, np.isin(indicator, base[base < column])]), own)
        own[:, j] -= _projection(sparse.csr_matrix(own[:, :j]), own[:, [j]])[:, 0]
        own[:, j] /= np.linalg.norm(own[:, j])
    columns = np.concatenate([indicator, open_ones])
    order = np.argsort(columns)
    both = sparse.csc_matrix(sparse.hstack([unit, sparse.csc_matrix(combinations)]))[:, order]
    kept = columns[order][~_dependent(sparse.csc_matrix(both))]
    return np.sort(np.concatenate([kept, free])), blurred


def _depends_on_earlier(x: sparse.csc_matrix, base: Index, numeric: Index, column: int) -> bool:
    """Whether a numeric column that depends on `base` and numeric columns before it does so without a 0/1 column to its right."""
    earlier = base[base < column]
    return earlier.size == base.size or bool(_Remainders.of(x, earlier, numeric[numeric <= column]).dependent[-1])


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


def _projection(base: sparse.csr_matrix, values: Array) -> Array:
    """The projection (N, q) of values on independent columns."""
    solve = _least_squares(base)
    first = base @ solve(values)
    return np.asarray(first + base @ solve(values - first))


def _least_squares(base: sparse.csr_matrix) -> Callable[[Array], Array]:
    """The function that gives the coefficients (b, q) of the projection of (N, q) on independent columns."""
    if base.shape[1] == 0:
        return lambda values: np.zeros((0, values.shape[1]))
    gram = sparse.csc_matrix(sparse.tril(base.T @ base, format="csc"))
    gram.sort_indices()
    factor = SparseCholesky(gram)
    assert factor.refactor(gram.data)  # the columns are independent
    return lambda values: factor.solve(base.T @ values)


def _too_large(n_cells: int, n_numeric: int) -> bool:
    return n_cells * n_numeric > _LARGEST or n_cells * n_numeric**2 > _WORK


def _kinds(x: sparse.csc_matrix) -> tuple[Index, Index]:
    """Positions of the 0/1 columns and of the others; columns of zeros are neither."""
    size = np.diff(x.indptr)
    column = np.repeat(np.arange(x.shape[1]), size)
    indicator = np.ones(x.shape[1], dtype=bool)
    indicator[column[x.data != 1.0]] = False
    return np.flatnonzero(indicator & (size > 0)), np.flatnonzero(~indicator & (size > 0))


def _norms(x: sparse.csc_matrix) -> Array:
    return np.sqrt(np.asarray(x.multiply(x).sum(axis=0), dtype=np.float64)).ravel()


def _dependent(x: sparse.csc_matrix, tolerance: float = 1e-10) -> NDArray[np.bool_]:
    """Mask of the columns of x, of unit norm, that depend on columns to their left."""
    if x.shape[1] == 0:
        return np.zeros(0, dtype=bool)
    return dependent_columns(sparse.csc_matrix(x.T @ x), tolerance)
