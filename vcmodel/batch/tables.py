"""The tidy tables of a batch: what they hold, and how they are written.

A table is made from the ledger alone, in the order of the plan, so that it has the same bytes whatever ran the fits and in whatever order
they ended. It is written beside its place and moved there when complete.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vcmodel.results.csv_text import guarded

if TYPE_CHECKING:
    import pandas as pd

    from vcmodel.batch.result import BatchResult

_OF_FIT = {"file": "text", "model": "text", "traits": "text"}
# name -> column -> kind
TABLES: dict[str, dict[str, str]] = {
    "fits": {
        **_OF_FIT,
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
        **_OF_FIT,
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
        **_OF_FIT,
        "term": "text",
        "row": "text",
        "column": "text",
        "correlation": "number",
        "std_error": "number",
        "lower": "number",
        "upper": "number",
        "p_zero": "number",
    },
    "fixed": {**_OF_FIT, "name": "text", "trait": "text", "effect": "number", "std_error": "number", "z_ratio": "number"},
    "random": {
        **_OF_FIT,
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
        **_OF_FIT,
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
    "timings": {**_OF_FIT, "id": "text", "seconds": "number", "attempts": "count"},
}
OF_RESULT = ("fits", "varcomp", "correlations", "fixed", "random", "timings")
_BATCH = 50_000  # rows from which on a row group of a Parquet file is written

Row = tuple[Any, ...]


def rows(result: BatchResult) -> dict[str, list[Row]]:
    """The rows of one fit by table, in the order of :data:`TABLES`; a failed fit has rows in ``fits`` and ``timings`` only."""
    head = (result.file, result.model, "+".join(result.traits))
    found: dict[str, list[Row]] = {name: [] for name in OF_RESULT}
    fit = result.fit or {}
    counts = [fit.get(name) for name in ("n_observations", "n_fixed", "n_parameters", "loglik", "loglik_full", "aic", "bic")]
    iterations = len(fit["iterations"]) - 1 if fit else None
    state = (result.id, result.status, result.converged, result.message)
    found["fits"] = [(*head, *state, *counts, iterations, result.selected, " | ".join(result.notes) or None)]
    found["timings"] = [(*head, result.id, result.seconds, result.attempts)]
    if not fit or result.kept is None:
        return found
    for name, key in (("varcomp", "varcomp"), ("correlations", "correlations"), ("fixed", "fixed_effects")):
        own = [column for column in TABLES[name] if column not in _OF_FIT]
        found[name] = [(*head, *(item[column] for column in own)) for item in fit[key]]
    for item in result.kept["random"]:
        found["random"] += [(*head, *row) for row in _effects(item, result.traits)]
    return found


def frames(result: BatchResult) -> dict[str, pd.DataFrame]:
    """The tables of one fit as data frames, by name."""
    import pandas as pd

    return {name: pd.DataFrame(found, columns=list(TABLES[name])) for name, found in rows(result).items() if name != "timings"}


def _effects(item: dict[str, Any], traits: tuple[str, ...]) -> Iterator[Row]:
    values = list(zip(*(item[name] for name in ("effect", "std_error", "pev", "reliability")), strict=True))
    for place, level in enumerate(item["level"]):
        inner = None if item["inner"] is None else item["inner"][place]
        if item["factor"] == "trait":
            yield (item["term"], level, None, inner, *values[place])
        else:
            yield (item["term"], level, inner, traits[0] if len(traits) == 1 else None, *values[place])


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
        self._stream = _beside(self.paths[0]).open("w", encoding="utf-8", newline="")
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
            os.replace(_beside(path), path)
        return self.paths

    def abandon(self) -> None:
        """Leaves the places as they were."""
        self._stream.close()
        if self._parquet is not None:
            self._parquet.abandon()
        for path in self.paths:
            _beside(path).unlink(missing_ok=True)


class _Parquet:
    """A Parquet file written in groups of rows."""

    def __init__(self, path: Path, columns: dict[str, str]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        kinds = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "flag": pa.bool_()}
        self.path = path
        self._schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._writer = parquet.ParquetWriter(_beside(path), self._schema, compression="zstd")
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


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _cell(value: Any) -> Any:
    """A flag as a word, text so that no spreadsheet takes it for a formula, anything else as it is."""
    if isinstance(value, str):
        return guarded(value)
    return ("true" if value else "false") if isinstance(value, bool) else value
