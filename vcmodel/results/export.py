"""Tables in the plain types of JSON."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def plain(value: Any) -> Any:
    """`value` in the types of JSON: NaN and infinities become None, arrays and tables lists."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def records(table: pd.DataFrame, key: str | None = None) -> list[dict[str, Any]]:
    """A table as one dictionary per row, with the index under `key` if there is one."""
    columns = {str(name): table[name].tolist() for name in table.columns}
    labels = table.index.tolist()
    return [
        {**({} if key is None else {key: str(labels[i])}), **{name: plain(values[i]) for name, values in columns.items()}}
        for i in range(len(labels))
    ]


def labelled(table: pd.DataFrame) -> dict[str, Any]:
    """A square table as its labels and rows."""
    return {"levels": [str(label) for label in table.index], "values": plain(table.to_numpy())}
