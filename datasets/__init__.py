"""Example data sets, by name. ``README.md`` beside them tells what each holds, where it comes from and its licence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from vcmodel.errors import DataError, choices

_FOLDER = Path(__file__).resolve().parent
_ALIASES = {"oats": "oats_yates"}


def names() -> tuple[str, ...]:
    """Names of the data sets, sorted.

    >>> "oats_yates" in names()
    True
    """
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.csv")))


def path(name: str) -> Path:
    """Path of the CSV file of a data set.

    Raises
    ------
    DataError
        If there is no such data set; the message lists the names.
    """
    known = names()
    stem = _ALIASES.get(str(name), str(name))
    if stem not in known:
        raise DataError(f"there is no data set {name!r}: {choices(name, [*known, *_ALIASES], 'data sets')}")
    return _FOLDER / f"{stem}.csv"


def load(name: str) -> pd.DataFrame:
    """Data set `name` as a table; ``NA`` is missing.

    Raises
    ------
    DataError
        If there is no such data set; the message lists the names.

    Examples
    --------
    >>> load("oats").shape
    (72, 8)
    """
    return pd.read_csv(path(name))
