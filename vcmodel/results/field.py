"""Residuals on the ground: where the plots stand, and how alike neighbours are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]

ROW_NAMES = ("row", "rows", "fieldrow", "plotrow")
COLUMN_NAMES = ("col", "cols", "column", "columns", "range", "fieldcol", "fieldcolumn", "plotcol")
# a grid wider than this is not one of plots: the numbers are codes of another kind
WIDEST = 500
# a column that tells fields apart must leave this many plots in each on average
LEAST_PLOTS = 4
# a mean over fewer pairs says nothing
LEAST_PAIRS = 10
# displacements looked at in each direction
MOST_LAGS = 20


@dataclass(frozen=True)
class FieldLayout:
    """Where each row of the data stands.

    Attributes
    ----------
    row, column : (n,) int arrays
        Position from 0; -1 where it is not known.
    field : (n,) int array
        Which of `fields`.
    row_name, column_name : str
        Columns of the data.
    first : tuple of int
        The numbers of row and column at position 0.
    fields : tuple of str
        Labels of the fields; one empty label for a single field.
    field_name : str
        The column that tells fields apart; empty for a single field.
    """

    row: Integers
    column: Integers
    field: Integers
    row_name: str
    column_name: str
    first: tuple[int, int]
    fields: tuple[str, ...]
    field_name: str


def field_layout(table: pd.DataFrame) -> FieldLayout | None:
    """The layout of the plots, or None when the data have no columns named like rows and columns of a field with whole numbers.

    When a position occurs twice, the rows come from several fields: the column of the data with the fewest levels within whose levels
    every position occurs once tells them apart; without one there is no layout.
    """
    names = {_simple(name): str(name) for name in reversed(list(table.columns))}
    row_name = next((names[name] for name in ROW_NAMES if name in names), None)
    column_name = next((names[name] for name in COLUMN_NAMES if name in names), None)
    if row_name is None or column_name is None:
        return None
    rows, columns = _positions(table[row_name]), _positions(table[column_name])
    if rows is None or columns is None:
        return None
    (row, first_row), (column, first_column) = rows, columns
    first = first_row, first_column
    known = (row >= 0) & (column >= 0)
    if not known.any():
        return None
    place = np.where(known, row * (WIDEST + 1) + column, -1)
    if _distinct(place[known]):
        return FieldLayout(row, column, np.zeros(len(table), dtype=np.int64), row_name, column_name, first, ("",), "")
    best: tuple[Integers, tuple[str, ...], str] | None = None
    for name in table.columns:
        if str(name) in (row_name, column_name) or pd.api.types.is_float_dtype(table[name].dtype):
            continue
        codes, labels = pd.factorize(table[name])
        if len(labels) * LEAST_PLOTS > known.sum() or (best is not None and len(labels) >= len(best[1])) or (codes[known] < 0).any():
            continue
        if _distinct(codes[known] * (WIDEST + 1) ** 2 + place[known]):
            best = codes.astype(np.int64), tuple(str(label) for label in labels), str(name)
    return None if best is None else FieldLayout(row, column, best[0], row_name, column_name, first, best[1], best[2])


def _simple(name: object) -> str:
    return re.sub(r"[^a-z]", "", str(name).lower())


def _distinct(values: Integers) -> bool:
    return np.unique(values).size == values.size


def _positions(column: pd.Series) -> tuple[Integers, int] | None:
    """Whole numbers from 0, -1 where missing, and the number at 0; of labels like ``R12`` the number; None for anything else."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        text = column.astype("string").str.extract(r"^\D*(\d{1,6})$", expand=False)
        if (text.isna() & column.notna()).any():
            return None
        column = text
    values = pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
    seen = np.isfinite(values)
    if not seen.any() or np.any(values[seen] != np.round(values[seen])) or np.ptp(values[seen]) > WIDEST:
        return None
    first = int(values[seen].min())
    return np.where(seen, np.where(seen, values, 0.0) - first, -1).astype(np.int64), first


def grid(row: Integers, column: Integers, values: ArrayLike) -> Array:
    """The values (n,) at their places, (rows, columns), NaN where there is none."""
    x = np.asarray(values, dtype=float)
    result = np.full((int(row.max()) + 1, int(column.max()) + 1), np.nan) if x.size else np.zeros((0, 0))
    result[row, column] = x
    return result


def semivariogram(grids: list[Array]) -> pd.DataFrame:
    """``row_lag column_lag semivariance pairs``: half the mean squared difference of the values that far apart, over all grids.

    Displacements to either side count as one. Lags up to half of the largest grid and `MOST_LAGS`; (0, 0) and lags with fewer than
    `LEAST_PAIRS` pairs are left out. For independent values it is flat at their variance; it rises from the origin where neighbours are
    alike.

    References
    ----------
    Gilmour, A. R., Cullis, B. R. & Verbyla, A. P. (1997). Accounting for natural and extraneous variation in the analysis of field
    experiments. J. Agric. Biol. Environ. Stat. 2, 269-293: the sample variogram as a diagnostic.
    """
    rows = min(MOST_LAGS, max((g.shape[0] for g in grids), default=0) // 2)
    columns = min(MOST_LAGS, max((g.shape[1] for g in grids), default=0) // 2)
    found = []
    for a in range(rows + 1):
        for b in range(columns + 1):
            sums = [_differences(g, a, b) for g in grids] if a or b else []
            pairs = sum(n for _, n in sums)
            if pairs >= LEAST_PAIRS:
                found.append((a, b, sum(total for total, _ in sums) / (2 * pairs), pairs))
    return pd.DataFrame(found, columns=["row_lag", "column_lag", "semivariance", "pairs"])


def _differences(values: Array, a: int, b: int) -> tuple[float, int]:
    """Sum of squared differences and number of pairs at lag (a, b), and at (a, -b) when that is another."""
    m, n = values.shape
    if a >= m or b >= n:
        return 0.0, 0
    parts = [values[a:, b:] - values[: m - a, : n - b]]
    if a and b:
        parts.append(values[a:, : n - b] - values[: m - a, b:])
    known = [part[~np.isnan(part)] for part in parts]
    return float(sum((part**2).sum() for part in known)), sum(part.size for part in known)
