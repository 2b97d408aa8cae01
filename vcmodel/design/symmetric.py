"""Labelled symmetric matrices as they are given: what is symmetric enough, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.matching import Directory, matched, spelled
from vcmodel.errors import RelationshipError

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]

# largest difference of the triangles, relative to the largest entry: single precision or five digits, not another matrix
ASYMMETRY = 1e-5
# entries beyond it are no relationships, and their products overflow
LARGEST = 1e100
# up to here it is the rounding of double precision, which nobody needs to know
ROUNDING = 1e-12


def labels_of(items: Sequence[object] | pd.Index, what: str) -> tuple[str, ...]:
    """The labels of a matrix.

    Raises
    ------
    RelationshipError
        A label that is missing, occurs twice, or is neither text nor number.
    """
    if not isinstance(items, Iterable):
        raise RelationshipError(f"{what}: the labels must be a list, not {type(items).__name__}")
    codes, labels = spelled(items if isinstance(items, pd.Index) else pd.Index(list(items), dtype=object, tupleize_cols=False), what)
    if np.any(codes < 0):
        raise RelationshipError(f"{what}: a label is missing; name every level")
    if len(labels) < len(codes):
        twice = labels[int(np.argmax(np.bincount(codes) > 1))]
        raise RelationshipError(f"{what}: label {twice!r} occurs more than once; keep one row and column per level")
    return tuple(labels)


def refuse_no_numbers(matrix: pd.DataFrame, what: str) -> None:
    """Refuses complex numbers and times, which would become floats without a word.

    Raises
    ------
    RelationshipError
        Naming the column.
    """
    for place, (name, dtype) in enumerate(zip(matrix.columns, matrix.dtypes, strict=True)):
        entries = matrix.iloc[:, place] if pd.api.types.is_object_dtype(dtype) else ()
        if pd.api.types.is_complex_dtype(dtype) or any(isinstance(entry, complex | np.complexfloating) for entry in entries):
            raise RelationshipError(f"{what}: column {name!r} holds complex numbers; give real ones")
        if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
            raise RelationshipError(f"{what}: column {name!r} holds times; give numbers")


def real_numbers(matrix: pd.DataFrame, what: str) -> Array:
    """The entries as floats, NaN where missing.

    Raises
    ------
    RelationshipError
        Complex numbers or times.
    TypeError, ValueError
        Other entries that are not numbers.
    """
    refuse_no_numbers(matrix, what)
    return matrix.to_numpy(dtype=np.float64, na_value=np.nan)


def symmetric(matrix: pd.DataFrame, what: str) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    """Symmetric values (q, q) in the order of the rows, their labels, and notes.

    Raises
    ------
    RelationshipError
        Rows and columns of different labels, entries that are missing, not finite or not numbers, triangles that differ.
    """
    if not isinstance(matrix, pd.DataFrame):
        raise RelationshipError(f"{what}: give a DataFrame with the levels as index and columns, not {type(matrix).__name__}")
    if matrix.shape[0] == 0:
        raise RelationshipError(f"{what}: the matrix has no rows")
    try:
        rows, columns = labels_of(matrix.index, f"{what} rows"), labels_of(matrix.columns, f"{what} columns")
    except RelationshipError as problem:
        raise RelationshipError(f"{problem}{_triplet_hint(matrix)}") from None
    order = matched(Directory(columns), rows)
    odd = [(name, "rows") for name, place in zip(rows, order, strict=True) if place < 0]
    odd += [(columns[place], "columns") for place in np.setdiff1d(np.arange(len(columns)), order)]
    if odd:
        name, side = odd[0]
        raise RelationshipError(
            f"{what}: rows and columns have different labels ({name!r} is only in the {side}, {len(odd)} such in all); "
            "read the file with its first column as index (index_col=0), and give both sides the same levels" + _triplet_hint(matrix)
        )
    try:
        values = real_numbers(matrix, what)[:, order]
    except (TypeError, ValueError):
        raise RelationshipError(f"{what}: the matrix holds entries that are not numbers") from None
    broken = np.argwhere(~(np.abs(values) <= LARGEST))
    if len(broken):
        i, j = broken[0]
        raise RelationshipError(f"{what}: the entry of {rows[i]!r} and {rows[j]!r} is {values[i, j]}; give finite numbers")
    difference = np.abs(values - values.T)
    i, j = np.unravel_index(int(np.argmax(difference)), difference.shape)
    notes = asymmetry(float(np.abs(values).max()), rows[i], rows[j], values[i, j], values[j, i], what)
    return 0.5 * (values + values.T), rows, notes


def _triplet_hint(matrix: pd.DataFrame) -> str:
    rows, columns = matrix.shape
    if columns > 4 or columns >= rows:
        return ""
    return "; a table of row, column and value is no matrix: read such triplets with Relationship.triplets (FILE:triplets)"


def sparse_symmetric(
    matrix: sparse.spmatrix | sparse.sparray, items: Sequence[object] | pd.Index, what: str
) -> tuple[sparse.csc_matrix, tuple[str, ...], tuple[str, ...]]:
    """As :func:`symmetric`, of a sparse matrix and the labels of its rows."""
    if np.iscomplexobj(matrix):
        raise RelationshipError(f"{what}: the matrix holds complex numbers; give real ones")
    matrix = sparse.csc_matrix(matrix, dtype=np.float64)
    if not matrix.shape[0]:
        raise RelationshipError(f"{what}: the matrix has no rows")
    labels = labels_of(items, what)
    if matrix.shape != (len(labels), len(labels)):
        raise RelationshipError(f"{what}: {len(labels)} labels for a matrix of shape {matrix.shape}")
    matrix.sum_duplicates()
    broken = np.flatnonzero(~(np.abs(matrix.data) <= LARGEST))
    if len(broken):
        i = int(matrix.indices[broken[0]])
        j = int(np.searchsorted(matrix.indptr, broken[0], side="right")) - 1
        raise RelationshipError(f"{what}: the entry of {labels[i]!r} and {labels[j]!r} is {matrix.data[broken[0]]}; give finite numbers")
    difference = abs(matrix - matrix.T).tocoo()
    notes: tuple[str, ...] = ()
    if difference.nnz:
        worst = int(np.argmax(difference.data))
        i, j = int(difference.row[worst]), int(difference.col[worst])
        notes = asymmetry(float(np.abs(matrix.data).max()), labels[i], labels[j], matrix[i, j], matrix[j, i], what)
    return sparse.csc_matrix(0.5 * (matrix + matrix.T)), labels, notes


def asymmetry(size: float, row: str, column: str, upper: float, lower: float, what: str) -> tuple[str, ...]:
    """What is said of the two entries of a matrix that differ most, `size` being its largest entry.

    Raises
    ------
    RelationshipError
        A difference that no rounding explains.
    """
    gap = abs(upper - lower)
    if gap > ASYMMETRY * size:
        raise RelationshipError(
            f"{what}: not symmetric, {row!r} with {column!r} is {upper:.10g} and {column!r} with {row!r} is {lower:.10g}; "
            "give both triangles with all digits"
        )
    if gap <= ROUNDING * size:
        return ()
    return (f"the {what} matrix is not symmetric to the last digit (by up to {gap:.2g}, as in single precision): the mean is taken",)
