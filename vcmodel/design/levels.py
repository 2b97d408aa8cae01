"""Columns as factors and as numbers: labels, level order, missing values."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vcmodel.errors import DataError
from vcmodel.tables.labels import label, level_order


@dataclass(frozen=True)
class Factor:
    """A coded column.

    Attributes
    ----------
    codes : (n,) int array
        Position in `labels`; -1 where missing.
    labels : tuple of str
        The levels present, in level order.
    """

    codes: NDArray[np.int64]
    labels: tuple[str, ...]

    def take(self, rows: NDArray[np.int64]) -> Factor:
        """The factor over `rows`, levels unchanged."""
        return Factor(self.codes[rows], self.labels)


def factor_of(column: pd.Series) -> Factor:
    """The coded column: categorical order if there is one, else :func:`level_order`; unused categories dropped.

    >>> factor_of(pd.Series([2.0, 10.0, None, 1.0])).labels
    ('1', '2', '10')
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        raw = column.cat.codes.to_numpy().astype(np.int64)
        names = [label(item) for item in column.cat.categories]
        used = np.unique(raw[raw >= 0])
        order = list(dict.fromkeys(names[i] for i in used))
    else:
        try:
            raw, uniques = pd.factorize(column, use_na_sentinel=True)
        except (TypeError, NotImplementedError):
            kind = next((type(value).__name__ for value in column if not isinstance(value, Hashable)), "unknown")
            problem = f"column {column.name!r} holds values that are no labels (of type {kind}): make text or numbers of them"
            raise DataError(problem) from None
        names = [label(item) for item in uniques]
        order = level_order(list(dict.fromkeys(names)))
    place = {name: i for i, name in enumerate(order)}
    lookup = np.array([*(place.get(name, -1) for name in names), -1], dtype=np.int64)  # the last one for code -1
    return Factor(lookup[raw], tuple(order))


def is_number(column: pd.Series) -> bool:
    """Whether the column holds numbers (true and false included, complex numbers not)."""
    return bool(pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype))


def numbers(column: pd.Series, name: str, use: str, reason: str = "") -> NDArray[np.float64]:
    """The column as (n,) floats, NaN where missing; `reason` is why the reader of its file kept it as text.

    Raises
    ------
    DataError
        Values that are not numbers, with the first of them and its row.
    """
    if is_number(column):
        with np.errstate(over="ignore"):  # what is beyond double precision becomes infinite, and is refused as such
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
    try:
        values = pd.to_numeric(column.astype(object), errors="coerce")
    except (TypeError, ValueError, OverflowError):  # cells that pandas cannot even look at, whole numbers beyond double precision
        raise DataError(f"{use} {name!r} is not numeric: convert the column to numbers, missing values empty or NA") from None
    if np.iscomplexobj(values):
        raise DataError(f"{use} {name!r} holds complex numbers: make columns of their real and imaginary parts")
    broken = np.flatnonzero(column.notna().to_numpy() & pd.isna(values).to_numpy())
    text = pd.api.types.is_string_dtype(column.dtype) and not pd.api.types.is_object_dtype(column.dtype)
    if broken.size or text or isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        first = f"row {broken[0] + 1} is {column.iloc[broken[0]]!r}" if broken.size else f"its type is {column.dtype}"
        if reason:
            raise DataError(f"{use} {name!r} is not numeric: {reason}")
        raise DataError(f"{use} {name!r} is not numeric ({first}): convert the column to numbers, missing values empty or NA")
    return np.asarray(values, dtype=np.float64)


def coordinates(column: pd.Series, name: str, where: str) -> NDArray[np.float64]:
    """The column as (n,) coordinates, NaN where missing: numbers, or labels that are numbers.

    Raises
    ------
    DataError
        Values that are no numbers, with the first of them and its row.
    """
    if is_number(column) and not pd.api.types.is_bool_dtype(column.dtype):
        return numbers(column, name, "coordinate")
    written = pd.Series([None if pd.isna(value) else label(value) for value in column], dtype=object)
    values = pd.to_numeric(written, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    broken = np.flatnonzero(written.notna().to_numpy() & ~np.isfinite(values))
    if broken.size:
        raise DataError(
            f"column {name!r} holds the coordinates of a structure of distances{where}, and row {broken[0] + 1} is "
            f"{column.iloc[broken[0]]!r}: give numbers in one unit, or use a structure of levels such as ar1({name})"
        )
    return values


def fractions(column: pd.Series) -> bool:
    """Whether the column holds numbers that are not whole."""
    if isinstance(column.dtype, pd.CategoricalDtype) or not pd.api.types.is_float_dtype(column.dtype):
        return False
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    values = values[np.isfinite(values)]
    return bool(np.any(values != np.round(values)))
