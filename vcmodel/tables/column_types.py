"""Columns of a file: missing values, decimal marks, and what counts as a number."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vcmodel.errors import row_list
from vcmodel.tables.missing import SENTINELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

TRUTH = {"TRUE": True, "True": True, "true": True, "FALSE": False, "False": False, "false": False}
DECIMALS = {".": "point", ",": "comma"}
THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
NAME_IN_DIGITS = re.compile(r"^\s*(?:0[0-9]+|[-+]?[0-9]{16,})\s*$", re.MULTILINE)
# float() alone would take "nan", "inf", "1_0" and digits of other scripts
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Column:
    """What a column of a file was taken for.

    Attributes
    ----------
    kind : str
        ``numbers``, ``whole numbers``, ``true/false``, ``text``, ``empty``, or the type of a Parquet column.
    missing : mapping
        How often each missing-value code occurs; the empty field has the code ``""``.
    remarks : tuple of str
        What may not be meant.
    """

    name: str
    kind: str
    missing: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def fractional(column: pd.Series) -> bool:
    """Whether a column of floats has values that are not whole."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return False
    values = column.to_numpy()
    with np.errstate(invalid="ignore"):
        return bool(np.any(values != np.floor(values)))


class UntypedColumn:
    """A column whose missing values are found and whose decimal mark is open."""

    def __init__(self, column: pd.Series, codes: tuple[str, ...], separator: str) -> None:
        self.column = column
        self.separator = separator
        self.name = str(column.name)
        self.missing: dict[str, int] = {}
        self.remarks: list[str] = []
        self.text = not pd.api.types.is_numeric_dtype(column.dtype)
        self.decimal = ""  # the only mark with which all values are numbers, if it matters
        if self.text:
            self._read_text(codes)
        else:
            self._mark_numbers(codes)

    def _mark_numbers(self, codes: tuple[str, ...]) -> None:
        """Missing codes that are numbers, and values that may be such codes."""
        if pd.api.types.is_bool_dtype(self.column.dtype):
            return
        values = self.column.to_numpy(dtype=np.float64)
        gone = np.zeros(values.size, dtype=bool)
        for code in codes:
            if _is_number(code):
                found = values == float(code)
                if found.any():
                    self.missing[code] = int(found.sum())
                    gone |= found
        if gone.any():
            self.column = pd.Series(np.where(gone, np.nan, values), name=self.name)
        rest = values[~gone]
        self._warn_of_sentinels(rest)

    def _warn_of_sentinels(self, values: NDArray[np.float64]) -> None:
        for code in SENTINELS:
            count = int(np.sum(values == code))
            others = values[values != code]
            if count and others.size and np.all(others >= 0.0):
                self.remarks.append(
                    f"{code:g} stands {count} time{'s' * (count != 1)} beside values that are not negative; if it means missing, "
                    f"ask for it (missing=['{code:g}'], --missing {code:g})"
                )

    def _read_text(self, codes: tuple[str, ...]) -> None:
        """Distinct values without blanks at their ends; -1 in `place` where missing."""
        raw, uniques = pd.factorize(self.column, use_na_sentinel=False)
        self.counts = np.bincount(raw, minlength=len(uniques))
        written = [str(item) for item in uniques]
        stripped = [item.strip() for item in written]
        known = set(codes)
        index: dict[str, int] = {}
        table = np.empty(len(written), dtype=np.int64)
        trimmed = 0
        for i, item in enumerate(stripped):
            if item in known:
                table[i] = -1
                self.missing[item] = self.missing.get(item, 0) + int(self.counts[i])
            else:
                table[i] = index.setdefault(item, len(index))
                trimmed += int(self.counts[i]) if item != written[i] else 0
        self.place, self.values = table[raw], list(index)
        self.trimmed = trimmed
        comma = any("," in item for item in self.values)
        points = _as_numbers(self.values, ".")
        self.numbers = {".": points, ",": _as_numbers(self.values, ",") if comma or points is not None else None}
        fits = [mark for mark, values in self.numbers.items() if values is not None]
        # in a comma-separated file a quoted 1,234 is as likely a thousand
        self.ambiguous = self.separator == "," and all(THOUSANDS.fullmatch(item) for item in self.values if "," in item)
        if len(fits) == 1 and any(fits[0] in item for item in self.values) and not (fits[0] == "," and self.ambiguous):
            self.decimal = fits[0]

    def settled(self, decimal: str) -> tuple[pd.Series, Column]:
        """The column with this decimal mark, and what it was taken for."""
        if not self.text:
            return self.column, self._described(_kind(self.column))
        if not self.values:
            return pd.Series(np.full(self.place.size, np.nan), name=self.name), self._described("empty")
        numbers = self.numbers[decimal]
        if numbers is not None:
            whole = bool(np.all(numbers == np.floor(numbers)))
            values = pd.Series(np.append(numbers, np.nan)[self.place], name=self.name)
            if whole and not self.missing and np.all(np.abs(numbers) < 2**53):
                values = values.astype(np.int64)
            self._warn_of_sentinels(values.to_numpy(dtype=np.float64))
            return values, self._described("whole numbers" if whole else "numbers")
        if all(item in TRUTH for item in self.values):
            truth = np.array([*(TRUTH[item] for item in self.values), pd.NA], dtype=object)[self.place]
            return pd.Series(truth, name=self.name, dtype="boolean"), self._described("true/false")
        return self._as_text(decimal), self._described(f"text, {len(self.values):,} different")

    def _as_text(self, decimal: str) -> pd.Series:
        self._remark_on_text(decimal)
        if not self.missing and not self.trimmed:
            return self.column
        values = np.array([*self.values, None], dtype=object)[self.place]
        return pd.Series(values, name=self.name, dtype=self.column.dtype)

    def _remark_on_text(self, decimal: str) -> None:
        if self.trimmed:
            self.remarks.append(f"blanks at the ends of {self.trimmed:,} value{'s' * (self.trimmed != 1)} removed")
        if self.numbers[","] is not None and decimal == "." and self.ambiguous:
            self.remarks.append("kept as text: the commas may be decimal marks (say decimal=',') or thousands (remove them)")
        elif self.numbers[","] is not None and decimal == ".":
            self.remarks.append("kept as text: decimal commas, while other columns have decimal points")
        elif all(_is_number(item) for item in self.values):
            self.remarks.append("numbers kept as text: leading zeros or more than 15 digits")
        else:
            words = [i for i, item in enumerate(self.values) if not _is_number(item.replace(",", ".") if decimal == "," else item)]
            if len(words) <= max(1, len(self.values) // 10) and len(self.values) >= 5:
                rows = np.flatnonzero(np.isin(self.place, words))
                self.remarks.append(f"text because of {self.values[words[0]]!r} in {row_list(rows)}; all else are numbers")
        self._remark_on_characters()

    def _remark_on_characters(self) -> None:
        """Labels that look alike or have characters nobody sees."""
        odd = [item for item in self.values if not item.isascii()]
        hidden = [item for item in odd if any(unicodedata.category(c) in ("Cf", "Cc") for c in item)]
        if hidden:
            self.remarks.append(f"invisible characters in {len(hidden)} label{'s' * (len(hidden) != 1)}, e.g. {hidden[0]!a}")
        seen: dict[str, str] = {unicodedata.normalize("NFKC", item): item for item in self.values} if odd else {}
        twins = [item for item in odd if seen[unicodedata.normalize("NFKC", item)] != item]
        if twins:
            other = seen[unicodedata.normalize("NFKC", twins[0])]
            self.remarks.append(f"the labels {twins[0]!a} and {other!a} look alike but differ in their characters")

    def _described(self, kind: str) -> Column:
        return Column(self.name, kind, dict(self.missing), tuple(self.remarks))


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column.dtype):
        return "true/false"
    return "whole numbers" if pd.api.types.is_integer_dtype(column.dtype) or not fractional(column.dropna()) else "numbers"


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


def _as_numbers(values: list[str], decimal: str) -> NDArray[np.float64] | None:
    """The values as numbers, if all of them are and none is a name in digits."""
    # cheap before thorough: most text columns end at their first value
    if not values or values[0].lstrip("+-")[:1] not in tuple("0123456789.,"):
        return None
    if decimal == ",":
        if any("." in item for item in values):
            return None
        values = [item.replace(",", ".") for item in values]
    found = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(dtype=np.float64)
    if not np.all(np.isfinite(found)) or NAME_IN_DIGITS.search("\n".join(values)):
        return None
    return found
