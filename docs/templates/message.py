"""Template: a message, and the test of its words.

An error is a subclass of ``VcmodelError``: what is wrong, where (quoted as the user wrote it), what to do. It is raised next to what it is
about, as early as it can be known. What the fit goes on with is a note instead.
"""

from __future__ import annotations

import pandas as pd
import pytest

from vcmodel.errors import DataError, choices


def require_column(data: pd.DataFrame, name: str) -> pd.Series:
    """The column.

    Raises
    ------
    DataError
        There is none.
    """
    if name not in data:
        raise DataError(f"data: no column {name!r}; {choices(name, list(data.columns), 'columns')}")
    return data[name]


def test_a_misspelt_column_is_named_with_the_nearest() -> None:
    """The words a user needs."""
    with pytest.raises(DataError, match=r"no column 'blok'.*'block'"):
        require_column(pd.DataFrame({"block": [1], "y": [2.0]}), "blok")
