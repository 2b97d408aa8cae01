"""Relationship matrices as triplets: row, column and value of each entry, a form in which other programs write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.matching import Directory, matched, spelled
from vcmodel.design.symmetric import LARGEST, ROUNDING, asymmetry, labels_of, real_numbers, refuse_no_numbers
from vcmodel.errors import DataError, RelationshipError, row_list
from vcmodel.tables.as_written import read_lines, read_texts
from vcmodel.tables.reading import read_table
from vcmodel.text import few

Codes = NDArray[np.int64]

# names by which the columns are known whatever their order; other names are taken in the order row, column, value
ROLES = (
    ("row", "i", "id1", "iid1", "level1", "rownum", "rowname"),
    ("column", "col", "j", "id2", "iid2", "level2", "colnum", "colname"),
    ("value", "k", "x", "kinship", "relationship", "coefficient", "ainv", "ainverse", "ginv", "inverse", "grm", "val"),
)
_POSITION = re.compile(r"0|[1-9][0-9]{0,9}")
# share of 1 ... q that must occur for whole numbers to be positions: a file may lack a few of them by mistake
COVERED = 0.9
REMEDY = "labels=[...] or labels='file' (FILE:triplets:LABELS on the command line, labels = ... in a job)"


@dataclass(frozen=True)
class Triplets:
    """A symmetric matrix (q, q) with labels, and what was noted while it was put together."""

    matrix: sparse.csc_matrix
    labels: tuple[str, ...]
    notes: tuple[str, ...]


def read_triplets(table: Any, labels: Any = None) -> Triplets:
    """The matrix of a table, or the path of one, with one row per entry.

    Raises
    ------
    RelationshipError
        Columns that are not row, column and value, positions without labels, labels that are not found, entries that are missing,
        conflict, or leave a level without a diagonal, triangles that differ.
    """
    try:
        frame = read_texts(table, header=None) if isinstance(table, str | PathLike) else read_table(table)
        row, column, value, notes = _columns(frame)
        given = None if labels is None else _given_labels(labels)
    except DataError as problem:
        raise RelationshipError(f"triplets: {problem}") from None
    values = _values(value)
    codes, texts = spelled(pd.concat([row, column], ignore_index=True), "triplets")
    gone = np.flatnonzero(codes < 0) % len(row)
    if gone.size:
        raise RelationshipError(f"triplets: {row_list(np.unique(gone))}: the row or the column is missing; complete the entry")
    places, names, note = _places(texts, given)
    i, j = places[codes].reshape(2, -1)
    matrix, found = _assembled(i, j, values, names)
    return Triplets(matrix, names, (*notes, *note, *found))


def is_inverse(table: Any) -> bool:
    """Whether the name of the file says that it holds the inverse (``.giv``)."""
    return isinstance(table, str | PathLike) and ".giv" in [suffix.lower() for suffix in Path(table).suffixes]


def _columns(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series, list[str]]:
    """Row, column, value, and notes."""
    notes = []
    if len(frame) == 0:
        raise RelationshipError("triplets: the table has no rows")
    first = _as_numbers(frame.iloc[:, 0])
    if frame.shape[1] > 3 and str(frame.columns[0]).startswith("Unnamed") and np.array_equal(first, np.arange(len(frame)) + first[0]):
        frame = frame.iloc[:, 1:]
        notes.append("the first column numbers the rows of the file and was left out")
    names = [str(name).strip().casefold() for name in frame.columns]
    roles = [[place for place, name in enumerate(names) if name in words] for words in ROLES]
    width = frame.shape[1]
    if width == 3 and all(len(places) == 1 for places in roles):
        row, column, value = (places[0] for places in roles)
    elif width == 3:
        row, column, value = 0, 1, 2
    elif width == 4 and _counts(frame.iloc[:, 2]):
        # as GCTA writes it: the third column is the number of markers behind an entry
        row, column, value = 0, 1, 3
        notes.append("the third of four columns is taken for numbers of markers and not used")
    else:
        raise RelationshipError(
            f"triplets: {width} columns ({', '.join(map(repr, list(frame.columns)[:6]))}); they must be row, column and value, or GCTA's "
            "row, column, number of markers and value: choose these columns"
        )
    return frame.iloc[:, row], frame.iloc[:, column], frame.iloc[:, value], notes


def _as_numbers(column: pd.Series) -> NDArray[np.float64]:
    """The entries that are numbers, NaN elsewhere."""
    numbers = pd.to_numeric(column, errors="coerce")
    if pd.api.types.is_complex_dtype(numbers.dtype):
        return np.full(len(column), np.nan)
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan)


def _counts(column: pd.Series) -> bool:
    numbers = _as_numbers(column)
    return bool(np.all(numbers >= 1.0) and np.all(numbers == np.floor(numbers)))


def _values(column: pd.Series) -> NDArray[np.float64]:
    """The values (n,), of numbers or of text with either decimal mark."""
    refuse_no_numbers(column.to_frame(), "triplets")
    if pd.api.types.is_string_dtype(column.dtype):
        texts = column.astype(object).map(lambda item: item.strip() if isinstance(item, str) else item)
        commas = any("," in item for item in texts if isinstance(item, str))
        points = any("." in item for item in texts if isinstance(item, str))
        numbers = pd.to_numeric(texts.str.replace(",", ".") if commas and not points else texts, errors="coerce")
        column = pd.Series(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
        written = texts
    else:
        written = column
    try:
        values = real_numbers(column.to_frame(), "triplets")[:, 0]
    except (TypeError, ValueError):
        raise RelationshipError(f"triplets: the values (column {column.name!r}) are not numbers") from None
    broken = np.flatnonzero(~(np.abs(values) <= LARGEST))
    if broken.size:
        entry = written.iloc[broken[0]]
        shown = repr(entry) if isinstance(entry, str) else str(entry)
        raise RelationshipError(
            f"triplets: {row_list(broken)}: the value is {shown}; every entry needs a finite number, an entry that is zero may be left out"
        )
    return values


def _given_labels(labels: Any) -> tuple[str, ...] | list[list[str]]:
    """Labels of a sequence; the fields of the lines of a file, since its header is told by the number of lines only."""
    if isinstance(labels, pd.DataFrame):
        labels = labels.iloc[:, min(1, labels.shape[1] - 1)] if 0 < labels.shape[1] < 3 else None
    if isinstance(labels, str | PathLike):
        return read_lines(labels)
    if isinstance(labels, pd.Series):
        labels = pd.Index(labels)
    if not isinstance(labels, Sequence | pd.Index | np.ndarray) or np.ndim(labels) > 1:
        raise RelationshipError(
            f"triplets: labels must be a list of the labels, or a file with one (or two, as GCTA's .grm.id) in a line, not "
            f"{type(labels).__name__}"
        )
    return labels_of(labels if isinstance(labels, pd.Index) else list(labels), "triplets: labels")


def _places(texts: Sequence[str], given: tuple[str, ...] | list[list[str]] | None) -> tuple[Codes, tuple[str, ...], list[str]]:
    """The place of every text, the labels, and notes."""
    numbers = np.array([int(text) if _POSITION.fullmatch(text) else -1 for text in _canonical(texts)], dtype=np.int64)
    whole, least, most = bool(np.all(numbers >= 0)), int(numbers.min()), int(numbers.max())
    size = most + (least == 0)  # of the matrix, when the numbers are positions
    positions = whole and least <= 1 and len(texts) >= COVERED * size
    if given is None:
        if positions:
            raise RelationshipError(
                f"triplets: rows and columns are numbered {least} ... {most}, which are positions: give the labels in that order, "
                f"{REMEDY}; if the levels are called so, labels=range({least}, {most + 1})"
            )
        return np.arange(len(texts)), tuple(texts), []
    note: list[str] = []
    if isinstance(given, list):
        given, note = _labels_of_file(given, size if positions else len(texts))
    if whole and size <= len(given):
        start = int(least > 0)
        if set(given) >= set(texts) and any(given[number - start] != text for number, text in zip(numbers, texts, strict=True)):
            example = next(text for number, text in zip(numbers, texts, strict=True) if given[number - start] != text)
            note.append(
                f"the labels are numbers too: row {example!r} was taken for position {example}, which is the label "
                f"{given[int(example) - start]!r}; if rows and columns hold the labels, give these in ascending order"
            )
        if start == 0:
            note.append("rows and columns are positions counted from 0")
        return numbers - start, given, note
    places = matched(Directory(given), texts)
    absent = np.flatnonzero(places < 0)
    if absent.size:
        what = f"position {most} beyond the {len(given)} labels" if whole else f"{texts[absent[0]]!r} is not among the {len(given)} labels"
        raise RelationshipError(f"triplets: {what} ({absent.size} such in all); give the label of every row and column")
    return places, given, note


def _canonical(texts: Sequence[str]) -> list[str]:
    # 3.0 where another column has gaps
    return [text.partition(".")[0] if re.fullmatch(r"[0-9]+\.0*", text) else text for text in texts]


def _labels_of_file(lines: list[list[str]], size: int) -> tuple[tuple[str, ...], list[str]]:
    """The labels, and which column they were taken from."""
    if len(lines) == size + 1:
        lines = lines[1:]  # a header
    if len(lines) != size:
        raise RelationshipError(f"triplets: {len(lines)} lines of labels for a matrix of {size} rows; give one label per row, in order")
    widths = {len(fields) for fields in lines}
    if len(widths) > 1 or max(widths) > 2:
        raise RelationshipError("triplets: the file of labels must have one column, or two as GCTA's .grm.id (the second counts)")
    note = ["labels from the second of two columns"] if widths == {2} else []
    return labels_of([fields[-1] for fields in lines], "triplets: labels"), note


def _assembled(i: Codes, j: Codes, values: NDArray[np.float64], names: tuple[str, ...]) -> tuple[sparse.csc_matrix, list[str]]:
    """Both triangles of the matrix from entries of either, and notes."""
    q, size = len(names), float(np.abs(values).max())
    key, first, group = np.unique(i * q + j, return_index=True, return_inverse=True)
    gap = np.abs(values - values[first[group]])
    notes = []
    if gap.max() > ROUNDING * size:
        worst = int(np.argmax(gap))
        raise RelationshipError(
            f"triplets: row {names[i[worst]]!r}, column {names[j[worst]]!r} has the values {values[first[group[worst]]]:.10g} (row "
            f"{first[group[worst]] + 1} of the table) and {values[worst]:.10g} (row {worst + 1}); keep the right one"
        )
    if len(key) < len(values):
        notes.append(f"{len(values) - len(key):,} repeated entries counted once")
    i, j, values = i[first], j[first], values[first]
    low, high = np.minimum(i, j), np.maximum(i, j)
    _, pair, count = np.unique(high * q + low, return_inverse=True, return_counts=True)
    total = np.bincount(pair, weights=values)
    mean = total / count
    gap = np.abs(values - mean[pair])
    worst = int(np.argmax(gap))
    upper, lower = values[worst], 2.0 * mean[pair[worst]] - values[worst]
    notes.extend(asymmetry(size, names[i[worst]], names[j[worst]], upper, lower if count[pair[worst]] == 2 else upper, "triplet"))
    off = i != j
    single = off & (count[pair] == 1) & (values != 0.0)
    if single.any() and single.sum() < np.sum(off & (count[pair] == 2)) / 2:
        k = int(np.argmax(single))
        raise RelationshipError(
            f"triplets: row {names[i[k]]!r}, column {names[j[k]]!r} is given and row {names[j[k]]!r}, column {names[i[k]]!r} is not, while "
            "most entries stand in both triangles; give one triangle or both"
        )
    lacking = np.setdiff1d(np.arange(q), i[~off])
    if lacking.size:
        shown = few([repr(names[k]) for k in lacking], 5)
        raise RelationshipError(f"triplets: no diagonal entry (row and column the same) for {shown}; complete the table")
    matrix = sparse.coo_matrix((mean[pair] / np.where(off, count[pair], 1), (high, low)), shape=(q, q)).tocsc()
    strict = sparse.tril(matrix, -1)
    return sparse.csc_matrix(matrix + strict.T), notes
