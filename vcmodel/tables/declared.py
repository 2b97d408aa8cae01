"""Declared types and missing-value codes applied to a table that is not separated text."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vcmodel.errors import DataError, row_list
from vcmodel.tables.column_types import marked
from vcmodel.tables.labels import label, level_order
from vcmodel.tables.missing import MISSING
from vcmodel.tables.numbers import Marks, as_numbers
from vcmodel.tables.options import ReadOptions


def declared(table: pd.DataFrame, options: ReadOptions) -> pd.DataFrame:
    """The table with missing-value codes missing and columns of the types that were asked for.

    Raises
    ------
    DataError
        A column that is not there, a value that is no number in a column declared one.
    """
    options.require_columns(list(table.columns))
    table = table.copy(deep=False)
    for name in table.columns:
        codes = options.codes(name)
        if codes:
            table[name] = _without(table[name], codes)
    for name, kind in options.types.items():
        table[name] = {"text": _text, "number": _number, "factor": _factor}[kind](table[name])
    return table


def _without(column: pd.Series, codes: tuple[str, ...]) -> pd.Series:
    if pd.api.types.is_bool_dtype(column.dtype):
        return column
    if pd.api.types.is_numeric_dtype(column.dtype):
        return marked(column, codes, {})
    written = column.map(lambda value: label(value).strip(), na_action="ignore")
    return column.mask(written.isin(codes).to_numpy())


def _text(column: pd.Series) -> pd.Series:
    return column.map(label, na_action="ignore").astype("str")


def _number(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    text = column.map(lambda value: label(value).strip(), na_action="ignore").astype("str")
    gone = (column.isna() | text.isin(MISSING)).to_numpy()
    values = text[~gone].unique().tolist()
    numbers = as_numbers(values, Marks(".")) if values else np.empty(0)
    if numbers is None:
        broken = [item for item in values if as_numbers([item], Marks(".")) is None]
        wrong = np.flatnonzero(~gone & text.isin(broken).to_numpy())
        raise DataError(
            f"data: column {column.name!r} was declared a number, but {row_list(wrong)} "
            f"{'is' if wrong.size == 1 else 'are'} not, {text.iloc[wrong[0]]!r} first"
        )
    return text.where(~gone).map(dict(zip(values, numbers.tolist(), strict=True)), na_action="ignore").astype(np.float64)


def _factor(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    labels = column.map(label, na_action="ignore")
    return labels.astype(pd.CategoricalDtype(level_order(dict.fromkeys(labels.dropna()))))
