"""The data of a fit: the rows kept, and one entry per observed cell (row x trait).

Rows are counted from 1 in every message, as in the file below its header.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vcmodel.design.levels import Factor, coordinates, factor_of, fractions, is_number, label, numbers
from vcmodel.design.magnitudes import refuse_extreme
from vcmodel.design.missing import Unknown, rows_lacking, rows_meeting, unknown_as_missing
from vcmodel.design.names import as_numbers_where_meant, note_lookalikes
from vcmodel.design.variables import Use, column_uses
from vcmodel.errors import DataError, choices, row_list
from vcmodel.formula.tree import RESERVED, backquoted
from vcmodel.incidence import FactorColumns
from vcmodel.tables.reading import Reading, read
from vcmodel.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vcmodel.spec import Condition, ModelSpec


@dataclass(frozen=True, eq=False)
class Frame:
    """The data a model is fitted to.

    Attributes
    ----------
    table : DataFrame
        The n_rows rows kept, index 0 .. n_rows - 1.
    positions : (n_rows,) int array
        Position of each row in the data as given, from 0.
    responses : tuple of str
    row, trait : (N,) int arrays
        Row and trait of each observed cell, sorted by row, then trait.
    y : (N,) array
        The observed values.
    weights : (N,) array or None
    notes : tuple of str
        What was dropped, and what each name was taken for.
    every_row : DataFrame
        All rows of the data as given, those without an observed response included: their levels are levels of ordered factors.
    """

    table: pd.DataFrame
    positions: NDArray[np.int64]
    responses: tuple[str, ...]
    row: NDArray[np.int64]
    trait: NDArray[np.int64]
    y: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    notes: tuple[str, ...]
    every_row: pd.DataFrame
    _factors: dict[str, Factor] = field(default_factory=dict, repr=False)
    _cell_factors: dict[str, Factor] = field(default_factory=dict, repr=False)
    _levels: dict[tuple[str, tuple[Condition, ...]], tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def n_rows(self) -> int:
        """Number of rows kept."""
        return len(self.table)

    @property
    def weight_root(self) -> NDArray[np.float64]:
        """Square roots of the weights (N,); ones without weights."""
        return np.ones(self.y.size) if self.weights is None else np.sqrt(self.weights)

    def row_number(self, row: int) -> int:
        """The number, from 1, that row `row` of the table had in the data as given."""
        return int(self.positions[row]) + 1

    def factor(self, name: str) -> Factor:
        """The column as a factor over the rows (n_rows,); -1 where a missing value was not needed."""
        if name not in self._factors:
            self._factors[name] = factor_of(self._column(name))
        return self._factors[name]

    def cell_factor(self, name: str) -> Factor:
        """A column, ``trait`` or ``units`` as a factor over the cells (N,); ``units`` are labelled by row number in the data as given."""
        if name not in self._cell_factors:
            if name == "trait":
                found = Factor(self.trait, self.responses)
            elif name == "units":
                found = Factor(self.row, tuple(str(position + 1) for position in self.positions.tolist()))
            else:
                found = self.factor(name).take(self.row)
            self._cell_factors[name] = found
        return self._cell_factors[name]

    def covariate(self, name: str) -> NDArray[np.float64]:
        """The column as numbers over the rows (n_rows,); NaN where a missing value was not needed."""
        return numbers(self._column(name), name, "covariate")

    def cell_numbers(self, column: str) -> NDArray[np.float64]:
        """A column as numbers over the cells (N,); NaN where a missing value was not needed."""
        return self.covariate(column)[self.row]

    def cell_coordinates(self, column: str) -> NDArray[np.float64]:
        """A column of numbers, or of labels that are numbers, as coordinates (N,); NaN where a missing value was not needed."""
        return coordinates(self._column(column), column, "")[self.row]

    def indicator(self, column: str) -> FactorColumns:
        """An indicator of the levels of a column, of ``trait`` or of ``units`` over the cells (N,)."""
        factor = self.cell_factor(column)
        return FactorColumns.indicator(factor.codes, factor.labels)

    def lists_its_levels(self, column: str) -> bool:
        """Whether a column is categorical, so that it says itself which levels there are and in which order."""
        return column in self.every_row.columns and isinstance(self.every_row[column].dtype, pd.CategoricalDtype)

    def every_level(self, column: str, conditions: Sequence[Condition]) -> tuple[str, ...]:
        """The levels of a column: those that a categorical one lists, else those in any row that meets `conditions`, response or not."""
        if column in RESERVED:
            return self.cell_factor(column).labels
        values = self.every_row[column]
        if self.lists_its_levels(column):
            return tuple(dict.fromkeys(label(item) for item in values.cat.categories))
        key = column, tuple(conditions)
        if key not in self._levels:
            rows = rows_meeting(self.every_row, key[1], np.ones((len(values), len(self.responses)), dtype=bool), self.responses)
            self._levels[key] = factor_of(values[rows]).labels
        return self._levels[key]

    def _column(self, name: str) -> pd.Series:
        if name not in self.table.columns:
            raise DataError(f"no column {name!r} in the data; {choices(name, self.table.columns, 'columns')}")
        return self.table[name]


def build_frame(
    spec: ModelSpec,
    data: object,
    weights: str | None = None,
    *,
    known: Mapping[str, object] | None = None,
    missing: Unknown = "drop",
) -> Frame:
    """The rows and cells of `data` that `spec` uses.

    Parameters
    ----------
    spec : ModelSpec
    data : DataFrame, polars or pyarrow table, Reading, or path of a file
    weights : str, optional
        Column of positive weights; the residual variance of a row is divided by its weight.
    known : mapping, optional
        Relationships by name: a code for an unknown individual that has a level there is a level.
    missing : str
        What becomes of a record whose level of a random term is unknown: ``"drop"`` leaves it out, ``"zero"`` keeps it without an effect
        from that term.

    Raises
    ------
    DataError
        Data that do not fit the model; the message names the column and the rows.
    """
    reading = read(data)
    reading = reading.renamed({name: backquoted(name) for name in RESERVED if name in reading.table.columns})
    weights = backquoted(weights) if weights in RESERVED else weights
    uses = column_uses(spec)
    _refuse_unknown(reading, spec, uses, weights)
    table, meant = as_numbers_where_meant(reading, spec, uses, weights)
    reasons = {column.name: column.reason for column in reading.columns}
    values = np.column_stack([numbers(table[name], name, "response", reasons.get(name, "")) for name in spec.responses])
    for j, name in enumerate(spec.responses):
        _refuse_infinite(values[:, j], name)
        if len(table) and np.isnan(values[:, j]).all():
            raise DataError(f"response {name!r} has no observed value: remove it from the model")
    observed = ~np.isnan(values)
    some: NDArray[np.bool_] = np.any(observed, axis=1)
    _check_columns(table, uses, some, reasons)
    table, notes = unknown_as_missing(table, uses, known or {})
    dropped, found = rows_lacking(table, uses, observed, spec.responses, missing)
    notes += found
    kept = np.flatnonzero(some & ~dropped)
    if kept.size == 0:
        raise DataError("no row is left after dropping missing values" + (f": {'; '.join(notes)}" if notes else ": the data have no rows"))
    if not some.all():
        notes.insert(0, f"{int((~some).sum())} of {len(table)} rows have no observed response and are left out")
    _refuse_incomplete_residual(table, uses, kept)
    _refuse_poor_responses(values[kept], spec.responses)
    row, trait = np.nonzero(observed[kept])
    weight = None if weights is None else _weights(table[weights], weights, kept)[row]
    notes += _remarks(table.iloc[kept], uses)
    return Frame(
        table=table.iloc[kept].reset_index(drop=True),
        positions=kept,
        responses=spec.responses,
        row=row,
        trait=trait,
        y=values[kept][row, trait],
        weights=weight,
        notes=(*notes, *reading.notes([*spec.responses, *(use.column for use in uses), *([weights] if weights else [])], meant)),
        every_row=table,
    )


def _refuse_unknown(reading: Reading, spec: ModelSpec, uses: tuple[Use, ...], weights: str | None) -> None:
    columns = list(reading.table.columns)
    wanted = [(name, "response in `fixed`") for name in spec.responses]
    wanted += [(use.column, f"used by {use.term!r} in `{use.part}`") for use in uses]
    if weights is not None:
        wanted.append((weights, "the weights"))
    for name, where in wanted:
        if name not in columns:
            line = reading.line_of(name)
            hint = (
                "" if line is None else f"; if line {line} of the file has the names, skip={line - 1} (--skip {line - 1}) reads from there"
            )
            raise DataError(f"no column {name!r} in the data ({where}); {choices(name, columns, 'columns')}{hint}")


def _refuse_infinite(values: NDArray[np.float64], name: str) -> None:
    rows = np.flatnonzero(np.isinf(values))
    if rows.size:
        raise DataError(f"column {name!r} is infinite in {row_list(rows)}: make these values missing or correct them")


def _check_columns(table: pd.DataFrame, uses: tuple[Use, ...], some: NDArray[np.bool_], reasons: Mapping[str, str]) -> None:
    """Refuses infinite values, text as covariates, and fractions as factors."""
    for use in uses:
        column = table[use.column]
        if is_number(column) or pd.api.types.is_complex_dtype(column.dtype):
            values = numbers(column, use.column, "column" if use.kind == "bare" else use.kind)
            _refuse_infinite(np.where(some, values, 0.0), use.column)
        if use.kind == "coordinate":
            coordinates(column, use.column, f" (in {use.term!r})")
        if use.kind == "covariate":
            numbers(column, use.column, f"covariate (in {use.term!r})", reasons.get(use.column, ""))
        if use.kind == "factor" and use.part != "fixed" and fractions(column):
            remedy = f"write lin({use.column}) for a covariate" if use.part == "random" else "number its levels 1, 2, 3, ..."
            raise DataError(
                f"column {use.column!r} has numbers that are not whole and stands as a factor in {use.term!r} of `{use.part}`: "
                f"{remedy}; types={{{use.column!r}: 'text'}} (--column {use.column}=text) reads labels"
            )


def _refuse_incomplete_residual(table: pd.DataFrame, uses: tuple[Use, ...], kept: NDArray[np.int64]) -> None:
    observed = np.zeros((len(table), 1), dtype=bool)
    observed[kept] = True
    for use in uses:
        if use.part != "residual":
            continue
        absent = table[use.column].isna().to_numpy() & rows_meeting(table, use.conditions, observed, ())
        if absent.any():
            raise DataError(
                f"column {use.column!r} places the residual ({use.term!r}) and is missing in {row_list(np.flatnonzero(absent))} "
                "where a response is observed: fill it in, or make the response missing"
            )


def _refuse_poor_responses(values: NDArray[np.float64], responses: tuple[str, ...]) -> None:
    for j, name in enumerate(responses):
        seen = values[~np.isnan(values[:, j]), j]
        if seen.size < 2:
            raise DataError(f"response {name!r} has {counted(seen.size, 'observed value')} in the rows kept: it needs at least 2")
        refuse_extreme(seen, f"response {name!r}")
        if np.all(seen == seen[0]):
            raise DataError(f"response {name!r} is constant ({seen[0]:g}): there is no variance to estimate; remove it or check the column")


def _weights(column: pd.Series, name: str, kept: NDArray[np.int64]) -> NDArray[np.float64]:
    values = numbers(column, name, "weights column")
    chosen = values[kept]
    for broken, what in ((np.isnan(chosen), "missing"), (np.isinf(chosen), "infinite"), (chosen <= 0.0, "not positive")):
        if broken.any():
            raise DataError(f"weights {name!r} are {what} in {row_list(kept[broken])}: give a positive weight or make the response missing")
    refuse_extreme(chosen, f"weights column {name!r}")
    return chosen


def _remarks(table: pd.DataFrame, uses: tuple[Use, ...]) -> list[str]:
    """What each name was taken for."""
    as_factor: dict[str, list[str]] = {}
    as_covariate: dict[str, list[str]] = {}
    as_coordinate: dict[str, list[str]] = {}
    remarks = []
    for use in uses:
        column = table[use.column]
        covariate = use.kind == "covariate" or (use.kind == "bare" and is_number(column))
        taken_as = as_coordinate if use.kind == "coordinate" else as_covariate if covariate else as_factor
        place = taken_as.setdefault(use.column, [])
        if use.part not in place:
            place.append(use.part)
    remarks += note_lookalikes(table, as_factor)
    for name in as_factor:
        if name in as_covariate:
            factor, covariate_of = ", ".join(as_factor[name]), ", ".join(as_covariate[name])
            remarks.append(f"{name!r} is used both as a factor (in {factor}) and as a covariate (in {covariate_of})")
    kinds = (("factors", as_factor), ("covariates", as_covariate), ("coordinates", as_coordinate))
    taken = [f"{what}: {', '.join(names)}" for what, names in kinds if names]
    return ([f"taken as {'; as '.join(taken)}"] if taken else []) + remarks
