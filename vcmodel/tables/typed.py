"""The rows of a text as typed columns."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vcmodel.errors import DataError
from vcmodel.tables.column_types import Column, UntypedColumn, marked, sentinel_remarks
from vcmodel.tables.decimal_mark import Decision, Evidence, decided
from vcmodel.tables.numbers import may_be_number
from vcmodel.tables.options import ReadOptions
from vcmodel.tables.rows import Rows

# cells read as text at a time from a text too long to be kept as records
BLOCK = 4_000_000
# characters looked at at a time
CHUNK = 16_000_000


@dataclass(frozen=True, eq=False)
class Typed:
    """Columns with their types.

    Attributes
    ----------
    series : list of Series
    columns : list of Column
    decision : Decision
        The decimal mark.
    remarks : list of str
        On a row of units.
    lines : (n,) int array
        The line of the file in which each row begins.
    """

    series: list[pd.Series]
    columns: list[Column]
    decision: Decision
    remarks: list[str]
    lines: NDArray[np.int64]


def typed(rows: Rows, names: Sequence[str], separator: str, where: str, options: ReadOptions) -> Typed:
    """The columns of `rows`, the marks of numbers recognised together.

    Raises
    ------
    DataError
        A declared type that the column does not have.
    """
    if rows.records is None:
        return _of_long_text(rows, names, separator, where, options)
    written = list(zip(*rows.records, strict=True))
    drafts = [UntypedColumn(name, values, options) for name, values in zip(names, written, strict=True)]
    remarks: list[str] = []
    lines = rows.lines
    if options.skip is None:
        units = _units(drafts)
        if units:
            remarks.append(f"line {lines[0]} left out as a row of units: {units}")
            lines = lines[1:]
            drafts = [UntypedColumn(name, values[1:], options) for name, values in zip(names, written, strict=True)]
    decision = decided([(draft.name, draft.evidence()) for draft in drafts], separator, options)
    settled = [draft.typed(decision, lines) for draft in drafts]
    return Typed([series for series, _ in settled], [column for _, column in settled], decision, remarks, lines)


def as_written(rows: Rows, names: Sequence[str], separator: str, where: str) -> pd.DataFrame:
    """The columns of `rows` as text."""
    if rows.records is None:
        return _parsed(rows, names, separator, where, dtype=str)
    columns = zip(names, zip(*rows.records, strict=True), strict=True)
    return pd.DataFrame({name: pd.array(list(values), dtype="str") for name, values in columns})


def _units(drafts: Sequence[UntypedColumn]) -> str:
    """The units that the first row gives for every column of numbers; empty when it is a row like the others."""
    found = []
    for place, draft in enumerate(drafts):
        if place == 0 and draft.name == "Unnamed: 0":
            # names of the rows, the row of units included
            continue
        first, others = draft.first()
        rest = [item for item in others if item not in draft.blanks]
        numeric = bool(rest) and all(map(may_be_number, rest))
        if numeric and first and first not in others and not may_be_number(first) and first not in draft.blanks:
            found.append(f"{draft.name} in {first}")
        elif first and not (first[0] in "([" and first[-1] in ")]") and first not in draft.blanks:
            return ""
    return ", ".join(found)


# --- long texts


def _of_long_text(rows: Rows, names: Sequence[str], separator: str, where: str, options: ReadOptions) -> Typed:
    """As :func:`typed`, with numbers converted by pandas where reading them as text first would change nothing."""
    raw = _parsed(rows, names, separator, where)
    if len(raw) != len(rows.lines):
        raise DataError(f"data: {where}: its rows cannot be told apart with certainty; check the quotes in it")
    numeric = [name for name in names if pd.api.types.is_numeric_dtype(raw[name].dtype)]
    plain = [] if options.decimal == "," or options.thousands else _plain(raw, numeric, rows.text, separator, options)
    evidence = [(name, Evidence(".", True, example="1.5")) for name in plain if pd.api.types.is_float_dtype(raw[name].dtype)][:1]
    others = [name for name in names if name not in set(plain)]
    drafts = {name: UntypedColumn(name, values, options) for name, values in _as_text(rows, raw, others, names, separator, where)}
    decision = decided([*((name, draft.evidence()) for name, draft in drafts.items()), *evidence], separator, options)
    if decision.mark == "," and evidence:
        late = {name: UntypedColumn(name, values, options) for name, values in _as_text(rows, raw, plain, names, separator, where)}
        drafts, plain = drafts | late, []
    found = [drafts[name].typed(decision, rows.lines) if name in drafts else _numbers(raw[name], options) for name in names]
    return Typed([series for series, _ in found], [column for _, column in found], decision, [], rows.lines)


def _parsed(rows: Rows, names: Sequence[str], separator: str, where: str, **options: Any) -> pd.DataFrame:
    # fields beyond the names are those of separators at the end of rows
    every = [*names, *(f"\0{i}" for i in range(rows.width - len(names)))]
    try:
        return pd.read_csv(
            io.StringIO(rows.text),
            sep=r"\s+" if separator == " " else separator,
            header=None,
            names=every,
            **({"usecols": list(names)} | options),
            index_col=False,
            # missing values are recognised, and counted, column by column
            na_filter=False,
            low_memory=False,
        )
    except (ValueError, OverflowError, MemoryError) as problem:
        raise DataError(f"data: {where} cannot be read as a table: {problem}") from None


def _as_text(
    rows: Rows, raw: pd.DataFrame, wanted: Sequence[str], names: Sequence[str], separator: str, where: str
) -> list[tuple[str, NDArray[np.object_]]]:
    """Columns as they are written, a block at a time."""
    texts = [name for name in wanted if not pd.api.types.is_numeric_dtype(raw[name].dtype) and raw[name].dtype != object]
    found = {name: raw[name].to_numpy(dtype=object) for name in texts}
    rest = [name for name in wanted if name not in found]
    step = max(1, BLOCK // max(1, len(raw)))
    for start in range(0, len(rest), step):
        block = rest[start : start + step]
        table = _parsed(rows, names, separator, where, usecols=block, dtype=str)
        found |= {name: table[name].to_numpy(dtype=object) for name in block}
    return [(name, found[name]) for name in wanted]


def _plain(raw: pd.DataFrame, numeric: Sequence[str], text: str, separator: str, options: ReadOptions) -> list[str]:
    """The numeric columns that reading as text would read the same."""
    if re.search(r"[0-9][eE][0-9]", text) or re.search(r"(?<![0-9.eE])0[0-9]", text) or re.search(r"[-+]\.|\.(?![0-9])", text):
        return []
    floats = separator != ";" and _regular(text)
    found = []
    for name in numeric:
        if pd.api.types.is_bool_dtype(raw[name].dtype) or name in options.types:
            continue
        values = raw[name].to_numpy()
        if pd.api.types.is_float_dtype(values.dtype):
            # within numbers of three decimals the point may stand between thousands
            thousandths = values * 1000.0
            finer = np.abs(thousandths - np.round(thousandths)) > 1e-6 * np.maximum(1.0, np.abs(thousandths))
            small = bool(np.any((np.abs(values) < 1.0) & (values != 0.0)) or np.any(finer))
            if not (floats and small and np.all(np.isfinite(values))):
                continue
        if float(np.abs(values.astype(np.float64)).max(initial=0.0)) < 1e15:
            found.append(name)
    return found


def _regular(text: str) -> bool:
    """Whether numbers have no zero at the end behind the point, or all of them as many decimals."""
    widths: set[int] = set()
    zeros = False
    for start in range(0, len(text), CHUNK):
        # a number that is cut in two is met whole in the piece before, which goes on a little
        piece = np.frombuffer(text[start : start + CHUNK + 64].encode("ascii", "replace"), dtype=np.uint8)
        digit = (piece >= ord("0")) & (piece <= ord("9"))
        ends = np.append(np.flatnonzero(~digit), piece.size)
        points = np.flatnonzero(piece[:CHUNK] == ord("."))
        stop = ends[np.searchsorted(ends, points, side="right")]
        widths.update(np.unique(stop - points - 1).tolist())
        zeros = zeros or bool(np.any(piece[stop - 1] == ord("0")))
        if zeros and len(widths) > 1:
            return False
    return True


def _numbers(column: pd.Series, options: ReadOptions) -> tuple[pd.Series, Column]:
    """A column that pandas converted, with its missing values."""
    missing: dict[str, int] = {}
    name = str(column.name)
    series = marked(column, options.codes(name), missing)
    values = series.to_numpy(dtype=np.float64)
    present = values[~np.isnan(values)]
    whole = bool(np.all(present == np.floor(present)))
    if whole and present.size == values.size:
        series = series.astype(np.int64)
    return series, Column(name, "whole numbers" if whole else "numbers", missing, tuple(sentinel_remarks(values)))
