"""The tidy tables of a batch: what they hold, and how they are written.

A table is made from the ledger alone, in the order of the plan, so that it has the same bytes whatever ran the fits and in whatever order
they ended. It is written beside its place and moved there when complete.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vcmodel.files import beside
from vcmodel.results.csv_text import guarded

OF_FIT = {"file": "text", "model": "text", "traits": "text"}
# name -> column -> kind
TABLES: dict[str, dict[str, str]] = {
    "fits": {
        **OF_FIT,
        "id": "text",
        "status": "text",
        "converged": "flag",
        "message": "text",
        "n_observations": "count",
        "n_fixed": "count",
        "n_parameters": "count",
        "loglik": "number",
        "loglik_full": "number",
        "aic": "number",
        "bic": "number",
        "iterations": "count",
        "selected": "flag",
        "notes": "text",
    },
    "varcomp": {
        **OF_FIT,
        "row": "text",
        "trait": "text",
        "trait2": "text",
        "component": "number",
        "std_error": "number",
        "z_ratio": "number",
        "bound": "text",
        "pct_change": "number",
    },
    "correlations": {
        **OF_FIT,
        "term": "text",
        "row": "text",
        "column": "text",
        "correlation": "number",
        "std_error": "number",
        "lower": "number",
        "upper": "number",
        "p_zero": "number",
    },
    "fixed": {**OF_FIT, "name": "text", "trait": "text", "effect": "number", "std_error": "number", "z_ratio": "number"},
    "random": {
        **OF_FIT,
        "term": "text",
        "level": "text",
        "inner": "text",
        "trait": "text",
        "effect": "number",
        "std_error": "number",
        "pev": "number",
        "reliability": "number",
    },
    "selection": {
        **OF_FIT,
        "criterion": "text",
        "value": "number",
        "against": "text",
        "statistic": "number",
        "df": "count",
        "p_value": "number",
        "selected": "flag",
        "reason": "text",
    },
    "pairs": {
        "file": "text",
        "model": "text",
        "term": "text",
        "trait": "text",
        "trait2": "text",
        "pairwise": "number",
        "std_error": "number",
        "n_fits": "count",
        "combined": "number",
        "change": "number",
        "change_in_se": "number",
        "correlation": "number",
        "note": "text",
    },
    "timings": {**OF_FIT, "id": "text", "seconds": "number", "attempts": "count"},
}
_BATCH = 50_000  # rows from which on a row group of a Parquet file is written

Row = tuple[Any, ...]


class TableWriter:
    """Writes one table as CSV, and as Parquet beside it when pyarrow is there.

    Parameters
    ----------
    folder : Path
    name : str
        One of :data:`TABLES`.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.columns = TABLES[name]
        self.paths = [folder / f"{name}.csv"]
        self._stream = beside(self.paths[0]).open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._stream, lineterminator="\n")
        self._csv.writerow(self.columns)
        self._parquet = _Parquet.open(folder / f"{name}.parquet", self.columns)
        if self._parquet is not None:
            self.paths.append(self._parquet.path)

    def write(self, found: Iterable[Row]) -> None:
        """Adds rows."""
        found = list(found)
        # csv writes floats with all their digits and a missing value as nothing
        self._csv.writerows([_cell(value) for value in row] for row in found)
        if self._parquet is not None:
            self._parquet.write(found)

    def finish(self) -> None:
        """Completes the files beside their places."""
        self._stream.close()
        if self._parquet is not None:
            self._parquet.close()

    def place(self) -> list[Path]:
        """Moves the complete files to their places."""
        for path in self.paths:
            beside(path).replace(path)
        return self.paths

    def abandon(self) -> None:
        """Leaves the places as they were."""
        self._stream.close()
        if self._parquet is not None:
            self._parquet.abandon()
        for path in self.paths:
            beside(path).unlink(missing_ok=True)


class _Parquet:
    """A Parquet file written in groups of rows."""

    def __init__(self, path: Path, columns: dict[str, str]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        kinds = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "flag": pa.bool_()}
        self.path = path
        self._schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._writer = parquet.ParquetWriter(beside(path), self._schema, compression="zstd")
        self._held: list[Row] = []

    @classmethod
    def open(cls, path: Path, columns: dict[str, str]) -> _Parquet | None:
        try:
            return cls(path, columns)
        except ImportError:
            return None

    def write(self, found: list[Row]) -> None:
        self._held += found
        if len(self._held) >= _BATCH:
            self._flush(self._held)
            self._held = []

    def _flush(self, found: list[Row]) -> None:
        import pyarrow as pa

        columns = list(zip(*found, strict=True)) if found else [()] * len(self._schema)
        arrays = [pa.array(values, type=field.type) for values, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        if self._held:
            self._flush(self._held)
            self._held = []
        self._writer.close()

    def abandon(self) -> None:
        self._writer.close()


def _cell(value: Any) -> Any:
    """A flag as a word, text so that no spreadsheet takes it for a formula, anything else as it is."""
    if isinstance(value, str):
        return guarded(value)
    return ("true" if value else "false") if isinstance(value, bool) else value
