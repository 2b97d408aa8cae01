"""The column of the data that tells several fields apart, where plots of all of them have the same rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vcmodel.design.levels import Factor

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

# such a column must leave this many plots in each field on average
LEAST_PLOTS = 4


def field_column(table: pd.DataFrame, place: NDArray[np.int64], used: Collection[str]) -> tuple[str, Factor] | None:
    """The column with the fewest levels within whose levels every place occurs once, coded in order of appearance; None without one.

    Parameters
    ----------
    table : DataFrame
        A row for each plot.
    place : (n,) int array
        Its place, -1 where that is not known.
    used : names of columns
        Those that are not looked at; numbers with fractions are not either.
    """
    known = place >= 0
    best: tuple[str, Factor] | None = None
    for name in table.columns:
        if str(name) in used or pd.api.types.is_float_dtype(table[name].dtype):
            continue
        codes, labels = pd.factorize(table[name])
        if len(labels) * LEAST_PLOTS > known.sum() or (best is not None and len(labels) >= len(best[1].labels)) or (codes[known] < 0).any():
            continue
        if distinct(codes[known] * (int(place.max()) + 1) + place[known]):
            best = str(name), Factor(codes.astype(np.int64), tuple(str(label) for label in labels))
    return best


def distinct(values: NDArray[np.int64]) -> bool:
    """Whether no value occurs twice."""
    return np.unique(values).size == values.size
