"""Where the plots of data stand that a model says nothing about: columns named like rows and columns of a field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vcmodel.design.field_column import distinct, field_column
from vcmodel.design.levels import factor_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

ROW_NAMES = ("row", "rows", "fieldrow", "plotrow")
COLUMN_NAMES = ("col", "cols", "column", "columns", "range", "fieldcol", "fieldcolumn", "plotcol")
# a grid wider than this is not one of plots: the numbers are codes of another kind
WIDEST = 500


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
    rows, columns : tuple of str
        Labels of the positions.
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
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    fields: tuple[str, ...]
    field_name: str


def field_layout(table: pd.DataFrame, row: str = "", column: str = "") -> FieldLayout | None:
    """The layout of the plots in the columns `row` and `column`; None where they do not tell the places.

    Without names: columns named like rows and columns of a field, with whole numbers or labels like ``R12``; None where there are none.
    Columns that are named may hold any labels, which then stand in level order without gaps. When a position occurs twice, the rows come
    from several fields: the column of the data with the fewest levels within whose levels every position occurs once tells them apart;
    without one there is no layout.
    """
    names = {_simple(name): str(name) for name in reversed(list(table.columns))}
    row_name = row or next((names[name] for name in ROW_NAMES if name in names), None)
    column_name = column or next((names[name] for name in COLUMN_NAMES if name in names), None)
    if row_name is None or column_name is None:
        return None
    rows = _positions(table[row_name]) or (_codes(table[row_name]) if row else None)
    columns = _positions(table[column_name]) or (_codes(table[column_name]) if column else None)
    if rows is None or columns is None:
        return None
    return _layout(table, row_name, column_name, *rows, *columns)


def _layout(
    table: pd.DataFrame, row_name: str, column_name: str, row: Integers, rows: tuple[str, ...], column: Integers, columns: tuple[str, ...]
) -> FieldLayout | None:
    """The layout with the fields told apart."""
    known = (row >= 0) & (column >= 0)
    if not known.any():
        return None
    width = max(len(rows), len(columns)) + 1
    place = np.where(known, row * width + column, -1)
    if distinct(place[known]):
        return FieldLayout(row, column, np.zeros(len(table), dtype=np.int64), row_name, column_name, rows, columns, ("",), "")
    found = field_column(table, place, (row_name, column_name))
    if found is None:
        return None
    name, field = found
    return FieldLayout(row, column, field.codes, row_name, column_name, rows, columns, field.labels, name)


def row_named(name: str) -> bool:
    """Whether a column is named like the rows of a field."""
    return _simple(name) in ROW_NAMES


def column_named(name: str) -> bool:
    """Whether a column is named like the columns of a field."""
    return _simple(name) in COLUMN_NAMES


def _simple(name: object) -> str:
    return re.sub(r"[^a-z]", "", str(name).lower())


def _codes(column: pd.Series) -> tuple[Integers, tuple[str, ...]]:
    """Positions in level order, -1 where missing, and the labels."""
    factor = factor_of(column)
    return factor.codes, factor.labels


def _positions(column: pd.Series) -> tuple[Integers, tuple[str, ...]] | None:
    """Whole numbers from 0, -1 where missing, and all numbers between; of labels like ``R12`` the number; None for anything else."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        text = column.astype("string").str.extract(r"^\D*(\d{1,6})$", expand=False)
        if (text.isna() & column.notna()).any():
            return None
        column = text
    values = pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
    seen = np.isfinite(values)
    if not seen.any() or np.any(values[seen] != np.round(values[seen])) or np.ptp(values[seen]) > WIDEST:
        return None
    first, last = int(values[seen].min()), int(values[seen].max())
    position = np.where(seen, np.where(seen, values, 0.0) - first, -1).astype(np.int64)
    return position, tuple(str(number) for number in range(first, last + 1))
