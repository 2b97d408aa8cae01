"""Columns of text in a table that was not read from a file: what a file would have been read as numbers or as missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vcmodel.design.levels import factor_of
from vcmodel.tables.missing import MISSING, is_number_code, is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vcmodel.design.variables import Use


def is_text(column: pd.Series) -> bool:
    """Whether the column holds text, not as categories."""
    return bool(pd.api.types.is_string_dtype(column.dtype)) and not isinstance(column.dtype, pd.CategoricalDtype)


def fractions_as_text(table: pd.DataFrame, uses: Iterable[Use]) -> Iterator[tuple[str, int]]:
    """Columns of text that are factors in `fixed` by their type but read as numbers, not all of them whole; how many these are.

    Whole numbers as text are labels: that is how tables mark a factor.
    """
    for name in dict.fromkeys(use.column for use in uses if use.kind == "bare"):
        if not is_text(table[name]):
            continue
        written = pd.Series(factor_of(table[name]).labels).str.strip()
        values = pd.to_numeric(written[~written.isin(MISSING)], errors="coerce").to_numpy(dtype=np.float64)
        if values.size and np.all(np.isfinite(values)) and np.any(values != np.round(values)):
            yield name, values.size


def levels_for_unknown(table: pd.DataFrame, uses: Iterable[Use]) -> Iterator[tuple[str, list[str], bool]]:
    """Columns of text with levels that mostly mean an unknown value, those levels, and whether a file has them as missing values."""
    names = dict.fromkeys(use.column for use in uses if use.kind not in ("covariate", "coordinate") and not use.relationship)
    for name in names:
        if not is_text(table[name]):
            continue
        found = [level for level in factor_of(table[name]).labels if is_unknown(level) and not is_number_code(level)]
        if found:
            yield name, found, any(level.strip() in MISSING for level in found)
