"""Tables from files and other objects, with a record of what was recognised.

What is a number: every value of the column, missing ones aside, is written as one. Numbers with leading zeros (``007``) and whole
numbers of more than 15 digits are names of something and stay text, since as numbers some of them would become equal.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vcmodel.errors import DataError
from vcmodel.tables.column_types import DECIMALS, NAME_IN_DIGITS, Column, UntypedColumn
from vcmodel.tables.decoding import decoded, existing_file, file_bytes
from vcmodel.tables.dialect import SEPARATORS, Dialect, divided
from vcmodel.tables.missing import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


RULE = (
    "numbers are covariates in `fixed`, where C(x) makes a factor of them, and factors in `random` and `residual`, labelled 1 also where "
    "the file has 1.0; numbers with leading zeros and whole numbers of more than 15 digits are kept as text"
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
    """

    table: pd.DataFrame
    path: Path | None = None
    form: str = ""
    columns: tuple[Column, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def missing(self) -> dict[str, int]:
        """How often each missing-value code occurs in the file."""
        total: dict[str, int] = {}
        for column in self.columns:
            for code, count in column.missing.items():
                total[code] = total.get(code, 0) + count
        return total

    def headline(self) -> str:
        """File, format, size and missing-value codes in one sentence."""
        n, p = self.table.shape
        size = f"{n:,} row{'s' * (n != 1)}, {p} column{'s' * (p != 1)}"
        if self.path is None:
            return f"table with {size}"
        codes = ", ".join(f"{code or 'empty'} ({count:,})" for code, count in self.missing.items())
        return f"{self.path.name} read as {self.form}: {size}; missing values: {codes or 'none'}"

    def notes(self, used: Iterable[str] = ()) -> list[str]:
        """What the report of a fit says: the headline, and the remarks on the file and the columns `used`."""
        if self.path is None:
            return []
        wanted = set(used)
        own = [f"column {column.name!r}: {text}" for column in self.columns if column.name in wanted for text in column.remarks]
        return [f"data: {self.headline()}", *(f"data: {text}" for text in self.remarks), *own]

    def describe(self) -> str:
        """The headline, the rule on numbers as levels, and a line per column."""
        width = max((len(column.name) for column in self.columns), default=0)
        lines = [self.headline(), *self.remarks]
        for column in self.columns:
            gaps = sum(column.missing.values())
            parts = [column.kind, *([f"{gaps:,} missing"] if gaps else []), *column.remarks]
            lines.append(f"  {column.name:<{width}}  {'; '.join(parts)}")
        return "\n".join([*lines, f"rule: {RULE}"] if self.columns else lines)


def read(
    data: Any, *, missing: Sequence[str] = (), separator: str | None = None, decimal: str | None = None, encoding: str | None = None
) -> Reading:
    """The table in a file, or another object as a table; what is not given is recognised.

    Parameters
    ----------
    data : path, DataFrame, polars or pyarrow table, or Reading
        A file holds separated text, also compressed with gzip, or Parquet.
    missing : sequence of str
        Codes for a missing value beside empty, NA, ``.`` and ``*``: ``["-9"]``.
    separator : str, optional
        ``","``, ``";"``, tab, ``"|"``, or a blank for any number of them.
    decimal : str, optional
        ``"."`` or ``","``.
    encoding : str, optional
        As Python names it.

    Raises
    ------
    DataError
        Nothing that can be read as a table; the message names file and line.

    Examples
    --------
    >>> reading = read(pd.DataFrame({"y": [1.0, 2.0]}))
    >>> reading.headline()
    'table with 2 rows, 1 column'
    """
    if isinstance(missing, str):
        raise DataError(f"missing takes a list of codes: missing=[{missing!r}]")
    if decimal is not None and decimal not in DECIMALS:
        raise DataError(f"decimal must be '.' or ',', not {decimal!r}")
    if isinstance(data, str | PathLike):
        codes = dict.fromkeys([*MISSING, *(str(code).strip() for code in missing)])
        return _file(Path(data), tuple(codes), separator, decimal, encoding)
    if missing or separator or decimal or encoding:
        raise DataError("missing, separator, decimal and encoding are for files; prepare a DataFrame before it is given")
    if isinstance(data, Reading):
        return data
    if isinstance(data, pd.DataFrame):
        table = data.copy(deep=False)
    elif hasattr(data, "to_pandas"):
        table = data.to_pandas()
    else:
        raise DataError(f"data must be a DataFrame or the path of a CSV, not {'missing' if data is None else type(data).__name__}")
    return Reading(_named(table))


def read_table(data: Any) -> pd.DataFrame:
    """`data` as a DataFrame with unique text column names; see :func:`read`."""
    return read(data).table


def _named(table: pd.DataFrame) -> pd.DataFrame:
    table.columns = [str(name) for name in table.columns]
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        raise DataError(f"data: column {repeated[0]!r} occurs more than once: rename one of them")
    return table


def _file(path: Path, codes: tuple[str, ...], separator: str | None, decimal: str | None, encoding: str | None) -> Reading:
    content, compressed = file_bytes(existing_file(path))
    where = repr(str(path))
    if content.startswith(b"PAR1"):
        return _parquet(path, content)
    text, name = decoded(content, where, encoding)
    del content
    dialect = divided(text, where, separator)
    table, columns, decimal = _columns(dialect, codes, decimal, where)
    form = f"{SEPARATORS[dialect.separator]}-separated {'text in gzip' if compressed else 'text'}, {name}, decimal {DECIMALS[decimal]}"
    return Reading(table, path, form, columns, dialect.remarks)


def _parquet(path: Path, content: bytes) -> Reading:
    try:
        table = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        raise DataError("data: reading Parquet needs pyarrow: pip install 'vcmodel[parquet]'") from None
    except Exception as problem:  # pyarrow has no common base class of its errors
        raise DataError(f"data: {str(path)!r} is a damaged Parquet file: {problem}") from None
    table = _named(table)
    columns = []
    for name in table.columns:
        gaps = int(table[name].isna().sum())
        columns.append(Column(name, str(table[name].dtype), {"null": gaps} if gaps else {}))
    return Reading(table, path, "Parquet", tuple(columns))


def _columns(dialect: Dialect, codes: tuple[str, ...], decimal: str | None, where: str) -> tuple[pd.DataFrame, tuple[Column, ...], str]:
    """The table, its columns, and the decimal mark."""
    raw = parsed(dialect, where)
    wanted = pd.api.types.is_numeric_dtype
    suspicious = [name for name in raw.columns if wanted(raw[name].dtype) and not pd.api.types.is_bool_dtype(raw[name].dtype)]
    named = _names_in_digits(raw, dialect, suspicious, where)
    for name, values in named.items():
        raw[name] = values
    # 1.0 counts too: a column of floats without a missing value was written with points (or exponents)
    points = any(pd.api.types.is_float_dtype(raw[name].dtype) for name in raw.columns)
    drafts = {name: UntypedColumn(raw[name], codes, dialect.separator) for name in raw.columns}
    if decimal is None:
        points = points or any(draft.decimal == "." for draft in drafts.values())
        commas = any(draft.decimal == "," for draft in drafts.values())
        decimal = "," if commas and not points else "."
    settled = [draft.settled(decimal) for draft in drafts.values()]
    kept = [i for i, (_, column) in enumerate(settled) if not (column.name.startswith("Unnamed: ") and column.kind == "empty")]
    table = pd.DataFrame({settled[i][1].name: settled[i][0] for i in kept})
    return table, tuple(settled[i][1] for i in kept), decimal


def parsed(dialect: Dialect, where: str, **options: Any) -> pd.DataFrame:
    """The rows as a table, in the types that pandas sees in them or, with ``dtype=str``, as text."""
    try:
        return pd.read_csv(
            io.StringIO(dialect.rows),
            sep=r"\s+" if dialect.separator == " " else dialect.separator,
            header=None,
            names=list(dialect.names),
            index_col=False,
            # missing values are recognised, and counted, by the drafts
            na_filter=False,
            low_memory=False,
            **options,
        )
    except (ValueError, OverflowError, MemoryError) as problem:
        raise DataError(f"data: {where} cannot be read as a table: {problem}") from None


def _names_in_digits(raw: pd.DataFrame, dialect: Dialect, numeric: list[str], where: str) -> dict[str, pd.Series]:
    """The numeric columns, as text, whose values are names: leading zeros or more than 15 digits."""
    long = [name for name in numeric if len(raw) and float(np.abs(raw[name].to_numpy(dtype=np.float64)).max()) >= 1e15]
    whole = [name for name in numeric if pd.api.types.is_integer_dtype(raw[name].dtype)]
    zeros = whole if _leading_zero(dialect) else []
    suspects = list(dict.fromkeys([*long, *zeros]))
    if not suspects:
        return {}
    text = parsed(dialect, where, dtype=str, usecols=suspects)
    return {name: text[name] for name in suspects if NAME_IN_DIGITS.search("\n".join(text[name].unique()))}


def _leading_zero(dialect: Dialect) -> bool:
    """Whether some field may begin with a zero and another digit."""
    text = np.frombuffer(f"\n{dialect.rows}".encode(), dtype=np.uint8)
    opens = np.zeros(256, dtype=bool)
    opens[[ord(mark) for mark in f'{dialect.separator}"\n\r ']] = True
    # unsigned, so that what stands before "0" in the character table wraps round
    return bool(np.any(opens[text[:-2]] & (text[1:-1] == ord("0")) & (text[2:] - ord("0") < 10)))
