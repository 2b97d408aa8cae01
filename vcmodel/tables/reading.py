"""Tables from files and other objects, with a record of what was recognised.

What is a number: every value of the column, missing ones aside, is written as one. Numbers that are names stay text, since as numbers
two of them would become one or change their spelling: 007, 1E2, whole numbers of more than 15 digits, 1.1 beside 1.10.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vcmodel.errors import DataError
from vcmodel.tables.column_types import Column
from vcmodel.tables.declared import declared
from vcmodel.tables.decoding import decoded, existing_file, file_bytes, spelled
from vcmodel.tables.dialect import divided
from vcmodel.tables.labels import lookalikes
from vcmodel.tables.options import DECIMALS, SEPARATORS, THOUSANDS, ReadOptions
from vcmodel.tables.typed import typed

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

# rows among which names of columns are looked for
HEAD = 40
RULE = (
    "numbers are covariates in `fixed`, where C(x) makes a factor of them, and factors in `random` and `residual`, labelled 1 also where "
    "the file has 1.0; numbers that look like names (007, 1E2, more than 15 digits, 1.1 beside 1.10) are kept as text"
)


@dataclass(frozen=True, eq=False)
class Reading:
    """A table and how it was read; accepted as `data` wherever a table is.

    Attributes
    ----------
    table : DataFrame
    path : Path or None
        None for a table that was not read from a file; the fields below are empty then.
    form : str
        ``"semicolon-separated text, Latin-1, decimal comma"``, ``"Parquet"``.
    columns : tuple of Column
    remarks : tuple of str
        About the file as a whole.
    lines : (n,) int array or None
        The line of a text file in which each row begins, from 1.
    """

    table: pd.DataFrame
    path: Path | None = None
    form: str = ""
    columns: tuple[Column, ...] = ()
    remarks: tuple[str, ...] = ()
    lines: NDArray[np.int64] | None = None

    @property
    def missing(self) -> dict[str, int]:
        """How often each missing-value code occurs in the file."""
        total: dict[str, int] = {}
        for column in self.columns:
            for code, count in column.missing.items():
                total[code] = total.get(code, 0) + count
        return total

    def column(self, name: str) -> Column | None:
        """What the column was taken for; None for a table that was not read from a file."""
        return next((column for column in self.columns if column.name == name), None)

    def renamed(self, names: Mapping[str, str]) -> Reading:
        """The same reading with new names of columns by old ones."""
        if not names:
            return self
        columns = tuple(replace(column, name=names.get(column.name, column.name)) for column in self.columns)
        return replace(self, table=self.table.rename(columns=dict(names)), columns=columns)

    def line_of(self, text: str) -> int | None:
        """The line of one of the first rows that has `text` as a value, as column names that were not recognised are."""
        if self.lines is None:
            return None
        for row, values in enumerate(self.table.head(HEAD).astype(object).itertuples(index=False, name=None)):
            if text in values:
                return int(self.lines[row])
        return None

    def headline(self) -> str:
        """File, format, size and missing-value codes in one sentence."""
        n, p = self.table.shape
        size = f"{n:,} row{'s' * (n != 1)}, {p} column{'s' * (p != 1)}"
        if self.path is None:
            return f"table with {size}"
        codes = ", ".join(f"{code or 'empty'} ({count:,})" for code, count in self.missing.items())
        return f"{spelled(self.path.name)} read as {self.form}: {size}; missing values: {codes or 'none'}"

    def notes(self, used: Iterable[str] = (), as_numbers: Container[str] = ()) -> list[str]:
        """What the report of a fit says: the headline, and the remarks on the file and the columns `used`, some of them `as_numbers`."""
        if self.path is None:
            return []
        wanted = [column for column in self.columns if column.name in set(used)]
        own = [f"column {column.name!r}: {text}" for column in wanted for text in column.notes(column.name in as_numbers)]
        return [f"data: {self.headline()}", *(f"data: {text}" for text in self.remarks), *own]

    def describe(self) -> str:
        """The headline, the rule on numbers as levels, and a line per column."""
        width = max((len(column.name) for column in self.columns), default=0)
        lines = [self.headline(), *self.remarks]
        for column in self.columns:
            gaps = sum(column.missing.values())
            parts = [column.kind, *([f"{gaps:,} missing"] if gaps else []), *column.notes(), *self._alike(column)]
            lines.append(f"  {column.name:<{width}}  {'; '.join(parts)}")
        return "\n".join([*lines, f"rule: {RULE}"] if self.columns else lines)

    def _alike(self, column: Column) -> list[str]:
        if not column.kind.startswith(("text", "factor")):
            return []
        groups = lookalikes([str(item) for item in self.table[column.name].dropna().unique()])
        return [f"look alike: {', '.join(map(repr, group))} differ only in {what}" for group, what in groups[:3]]


def read(data: Any, options: ReadOptions | Mapping[str, Any] | None = None, **given: Any) -> Reading:
    """The table in a file, or another object as a table; what is not given is recognised.

    Parameters
    ----------
    data : path, DataFrame, polars or pyarrow table, or Reading
        A file holds separated text, also compressed with gzip, or Parquet.
    options : ReadOptions or mapping, optional
    **given
        The same options by name, see :class:`ReadOptions`: ``read(path, skip=2, missing=["-9"], types={"block": "text"})``. For a
        DataFrame only `missing` and `types` have a meaning.

    Raises
    ------
    DataError
        Nothing that can be read as a table, or not with certainty; the message names file, line and option.

    Examples
    --------
    >>> reading = read(pd.DataFrame({"y": [1.0, 2.0]}))
    >>> reading.headline()
    'table with 2 rows, 1 column'
    """
    chosen = ReadOptions.of(options, **given)
    if isinstance(data, str | PathLike):
        return _file(Path(data), chosen)
    if chosen.of_file_only():
        raise DataError(
            f"{', '.join(chosen.of_file_only())}: for files of separated text; of a DataFrame only missing and types can be told, the rest "
            "is done before it is given"
        )
    if isinstance(data, Reading):
        if chosen.given():
            raise DataError("the data were read already: give the options to vcmodel.read")
        return data
    if isinstance(data, pd.DataFrame):
        table = data.copy(deep=False)
    elif hasattr(data, "to_pandas"):
        table = data.to_pandas()
    else:
        raise DataError(f"data must be a DataFrame or the path of a CSV, not {'missing' if data is None else type(data).__name__}")
    return Reading(declared(_numbers_as_numbers(_named(table)), chosen))


def read_table(data: Any, options: ReadOptions | Mapping[str, Any] | None = None, **given: Any) -> pd.DataFrame:
    """`data` as a DataFrame with unique text column names; see :func:`read`."""
    return read(data, options, **given).table


def _numbers_as_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The table with columns of objects that are all numbers as columns of numbers."""
    for name in [name for name, kind in table.dtypes.items() if pd.api.types.is_object_dtype(kind)]:
        kind = pd.api.types.infer_dtype(table[name], skipna=True)
        try:
            if kind == "integer":
                table[name] = table[name].astype("Int64")  # exact beside missing values
            elif kind in ("floating", "mixed-integer-float", "decimal"):
                table[name] = table[name].astype(np.float64)
        except (TypeError, ValueError, OverflowError):  # beyond the range of numbers: refused, or labels, as they stand
            continue
    return table


def _named(table: pd.DataFrame) -> pd.DataFrame:
    table.columns = [str(name) for name in table.columns]
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        raise DataError(f"data: column {repeated[0]!r} occurs more than once: rename one of them")
    return table


def _file(path: Path, options: ReadOptions) -> Reading:
    content, compressed = file_bytes(existing_file(path))
    where = repr(str(path))
    if content.startswith(b"PAR1"):
        return _parquet(path, content, options)
    text, name = decoded(content, where, options.encoding)
    del content
    dialect = divided(text, where, options)
    del text
    # an empty column without a name is what a separator at the end of every line leaves
    found = typed(dialect.rows, dialect.names, dialect.separator, where, options)
    kept = [i for i, column in enumerate(found.columns) if not (column.name.startswith("Unnamed: ") and column.kind == "empty")]
    columns = tuple(found.columns[i] for i in kept)
    options.require_columns([column.name for column in columns])
    table = pd.DataFrame({found.columns[i].name: found.series[i] for i in kept})
    marks = f"decimal {DECIMALS[found.decision.mark]}"
    if found.decision.thousands is not None:
        marks += f", {THOUSANDS[found.decision.thousands]}s between thousands"
    form = f"{SEPARATORS[dialect.separator]}-separated {'text in gzip' if compressed else 'text'}, {name}, {marks}"
    return Reading(table, path, form, columns, (*dialect.remarks, *found.remarks), found.lines)


def _parquet(path: Path, content: bytes, options: ReadOptions) -> Reading:
    if options.of_file_only():
        raise DataError(f"data: {str(path)!r} is Parquet, which says itself what {', '.join(options.of_file_only())} would: leave it out")
    try:
        table = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        raise DataError("data: reading Parquet needs pyarrow: pip install 'vcmodel[parquet]'") from None
    except Exception as problem:  # pyarrow has no common base class of its errors
        raise DataError(f"data: {str(path)!r} is a damaged Parquet file: {problem}") from None
    table = declared(_named(table), options)
    columns = []
    for name in table.columns:
        gaps = int(table[name].isna().sum())
        columns.append(Column(name, str(table[name].dtype), {"null": gaps} if gaps else {}))
    return Reading(table, path, "Parquet", tuple(columns))
