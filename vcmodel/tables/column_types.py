"""Columns of a file: missing values, decimal marks, and what counts as a number."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vcmodel.errors import DataError, row_list
from vcmodel.tables.decimal_mark import Decision, Evidence
from vcmodel.tables.labels import level_order
from vcmodel.tables.missing import MISSING, SENTINELS, means_nothing
from vcmodel.tables.numbers import Marks, Spelling, as_numbers, is_grouped, is_number, may_be_number, names_in_digits
from vcmodel.tables.options import DECIMALS, ReadOptions
from vcmodel.text import plural

# more different whole numbers than this are no codes of a factor
CODES = 20
TRUTH = {"TRUE": True, "True": True, "true": True, "FALSE": False, "False": False, "false": False}


@dataclass(frozen=True)
class Column:
    """What a column of a file was taken for.

    Attributes
    ----------
    kind : str
        ``numbers``, ``whole numbers``, ``true/false``, ``text``, ``factor``, ``empty``, or the type of a Parquet column.
    missing : mapping
        How often each missing-value code occurs; the empty field has the code ``""``.
    remarks : tuple of str
        What may not be meant.
    reason : str
        Why a column whose values look like numbers is not one, with the option that reads it; also among the remarks.
    numbers : (n,) array or None
        Of a column kept as text because its numbers are names: the numbers, for uses that cannot mean names.
    names : Spelling or None
        Of the same columns: why they are names.
    written : Series or None
        Of numbers with thousands marks: the texts, which are the labels where the column is a factor.
    """

    name: str
    kind: str
    missing: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    reason: str = ""
    numbers: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)
    names: Spelling | None = None
    written: pd.Series | None = field(default=None, repr=False, compare=False)

    def notes(self, used_as_numbers: bool = False) -> list[str]:
        """The remarks, and what became of numbers that look like names."""
        if self.names is None or self.reason:
            return list(self.remarks)
        kept = (
            "read as numbers where the model can only mean numbers, though they look like"
            if used_as_numbers
            else "numbers kept as text: they look like"
        )
        other = "" if used_as_numbers else f"; types={{{self.name!r}: 'number'}} (--column {self.name}=number) reads numbers"
        return [*self.remarks, f"{kept} names, {self.names.reason}{other}"]


class UntypedColumn:
    """A column as it is written, missing values found; its type depends on the decimal mark of the file."""

    def __init__(self, name: str, written: Sequence[str] | NDArray[np.object_], options: ReadOptions) -> None:
        self.name = name
        self.type = options.types.get(name, "")
        self.asked = options.codes(name)
        self.missing: dict[str, int] = {}
        self.remarks: list[str] = []
        self._find_values(written)

    def _find_values(self, written: Sequence[str] | NDArray[np.object_]) -> None:
        """Distinct values without blanks at their ends; -1 in `place` where missing."""
        raw, uniques = pd.factorize(np.asarray(written, dtype=object), use_na_sentinel=False)
        counts = np.bincount(raw, minlength=len(uniques))
        known = {*MISSING, *self.asked}
        index: dict[str, int] = {}
        table = np.empty(len(uniques), dtype=np.int64)
        self.trimmed = 0
        for i, item in enumerate(uniques):
            value = item.strip()
            if value in known:
                table[i] = -1
                self.missing[value] = self.missing.get(value, 0) + int(counts[i])
            else:
                table[i] = index.setdefault(value, len(index))
                self.trimmed += int(counts[i]) if value != item else 0
        self.place, self.values = table[raw], list(index)

    @cached_property
    def blanks(self) -> list[str]:
        """Values that mean nothing beside numbers: a dash."""
        return [] if self.type == "text" else [item for item in self.values if means_nothing(item)]

    @cached_property
    def core(self) -> list[str]:
        """The values but for those."""
        return [item for item in self.values if item not in self.blanks] if self.blanks else self.values

    def evidence(self) -> Evidence:
        """What the column says about the decimal mark."""
        if self.type in ("text", "factor"):
            return Evidence()
        for mark, other in ((".", ","), (",", ".")):
            marked = [item for item in self.core if mark in item]
            if not marked or as_numbers(self.core, Marks(mark)) is None:
                continue
            other_way = Marks(other, mark)
            decisive = next((item for item in marked if not is_grouped(item, other_way)), None)
            if decisive is not None:
                return Evidence(mark, True, example=decisive)
            plain = [abs(float(item)) for item in self.core if mark not in item]
            largest = max(abs(float(item.replace(mark, "."))) for item in marked)
            unlikely = any(item.endswith("0") for item in marked) or min((x for x in plain if x > 0.0), default=0.0) > 10.0 * largest
            if plain and not unlikely and as_numbers(self.core, other_way) is None:
                # four digits and more without a mark: then the others have a decimal one
                return Evidence(mark, True, example=marked[0])
            return Evidence(mark, False, bool(plain), bool(plain) and unlikely, marked[0])
        for marks in (Marks(".", ","), Marks(",", "."), *(Marks(mark, group) for group in " '" for mark in ".,")):
            decisive = next((item for item in self.core if is_grouped(item, marks)), "")
            # blanks and apostrophes leave the decimal mark open where no number has one
            told = marks.thousands in ".," or any(marks.decimal in item for item in self.core)
            if decisive and told and as_numbers(self.core, marks) is not None:
                both_ways = marks.thousands in ".," and as_numbers(self.core, Marks(marks.thousands, marks.decimal)) is not None
                return Evidence(marks.decimal, not both_ways, both_ways, both_ways, decisive)
        return Evidence()

    def first(self) -> tuple[str, list[str]]:
        """The value of the first row, empty when missing, and the distinct values of all others."""
        others = set(self.place[1:].tolist())
        value = "" if self.place.size == 0 or self.place[0] < 0 else self.values[self.place[0]]
        return value, [item for i, item in enumerate(self.values) if i in others]

    def typed(self, decision: Decision, lines: NDArray[np.int64]) -> tuple[pd.Series, Column]:
        """The column with this decimal mark, and what it was taken for; `lines` (n,) of the file are for messages.

        Raises
        ------
        DataError
            A column declared a number that is none.
        """
        self.lines = lines
        if not self.values:
            return pd.Series(np.full(self.place.size, np.nan), name=self.name), self._described("empty")
        if self.type == "text":
            return self._as_text()
        found, marks = self._numbers(decision)
        if found is not None:
            spelling = None if self.type == "number" or marks.thousands else names_in_digits(self.core, found, marks.decimal)
            if spelling is None:
                series, column = self._as_numbers(found)
                if marks.thousands and self.type != "factor":
                    texts = pd.array([*self.values, None], dtype="str").take(self.place)
                    column = replace(column, written=pd.Series(texts, name=self.name))
                whole = column.kind == "whole numbers"
                return self._as_factor(series if whole else None) if self.type == "factor" else (series, column)
            if self.type != "factor":
                self._drop_blanks()
                numbers = None if "15 digits" in spelling.reason else np.append(self._spread(found), np.nan)[self.place]
                return self._as_text(numbers=numbers, names=spelling)
        if self.type == "number":
            self._refuse(decision)
        if self.type == "factor":
            return self._as_factor(None)
        if self.core and all(item in TRUTH for item in self.core):
            self._drop_blanks()
            truth = np.array([*(TRUTH.get(item, pd.NA) for item in self.values), pd.NA], dtype=object)[self.place]
            return pd.Series(truth, name=self.name, dtype="boolean"), self._described("true/false")
        reason, names = self._reason(decision)
        if reason:
            self.remarks.append(reason)
        return self._as_text(reason, names=names)

    # --- numbers

    def _numbers(self, decision: Decision) -> tuple[NDArray[np.float64] | None, Marks]:
        """The core as numbers with the marks that fit."""
        if decision.thousands is not None:
            marks = Marks(decision.mark, decision.thousands)
            return as_numbers(self.core, marks, mixed=True), marks
        if decision.open:
            evidence = self.evidence()
            if evidence.mark in decision.open and not evidence.certain:
                return None, Marks(decision.mark)
        for thousands in ("", "." if decision.mark == "," else ",", " ", "'"):
            marks = Marks(decision.mark, thousands)
            found = as_numbers(self.core, marks)
            if found is not None:
                return found, marks
        return None, marks

    def _spread(self, core: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers of the core over all values, NaN for the blanks."""
        if not self.blanks:
            return core
        place = {item: i for i, item in enumerate(self.core)}
        return np.array([core[place[item]] if item in place else np.nan for item in self.values])

    def _drop_blanks(self) -> None:
        for item in self.blanks:
            self.missing[item] = int(np.sum(self.place == self.values.index(item)))
        gone = [i for i, item in enumerate(self.values) if item in self.blanks]
        if gone:
            self.place = np.where(np.isin(self.place, gone), -1, self.place)

    def _as_numbers(self, core: NDArray[np.float64]) -> tuple[pd.Series, Column]:
        values = self._spread(core)
        self._drop_blanks()
        series = marked(pd.Series(np.append(values, np.nan)[self.place], name=self.name), self.asked, self.missing)
        self.remarks += sentinel_remarks(series.to_numpy())
        whole = bool(np.all(core == np.floor(core)))
        if whole and not series.isna().any() and np.all(np.abs(core) < 2**53):
            series = series.astype(np.int64)
        return series, self._described("whole numbers" if whole else "numbers")

    # --- text

    def _as_text(
        self, reason: str = "", numbers: NDArray[np.float64] | None = None, names: Spelling | None = None
    ) -> tuple[pd.Series, Column]:
        if self.trimmed:
            self.remarks.append(f"blanks at the ends of {self.trimmed:,} value{'s' * (self.trimmed != 1)} removed")
        self._remark_on_labels(names is not None)
        values = pd.array([*self.values, None], dtype="str").take(self.place)
        kind = f"text, {len(set(self.place.tolist()) - {-1}):,} different"
        return pd.Series(values, name=self.name), self._described(kind, reason, numbers, names)

    def _as_factor(self, numbers: pd.Series | None) -> tuple[pd.Series, Column]:
        """Levels as written, whole numbers without a fraction; in the order of numbers where all are."""
        if numbers is None:
            text = self._as_text()[0]
            levels = level_order(self.values)
            return text.astype(pd.CategoricalDtype(levels)), self._described(f"factor, {len(levels):,} levels")
        levels = sorted(set(numbers.dropna().tolist()))
        codes = pd.Categorical(numbers, categories=levels).codes
        labels = [str(int(level)) for level in levels]
        return pd.Series(pd.Categorical.from_codes(codes, labels), name=self.name), self._described(f"factor, {len(labels):,} levels")

    def _described(self, kind: str, reason: str = "", numbers: NDArray[np.float64] | None = None, names: Spelling | None = None) -> Column:
        return Column(self.name, kind, dict(self.missing), tuple(self.remarks), reason, numbers, names)

    # --- what is said

    def _reason(self, decision: Decision) -> tuple[str, Spelling | None]:
        """Why a column that nearly holds numbers does not; where it is a covariate as likely as a factor, that in short too."""
        here = Marks(decision.mark)
        other = "," if decision.mark == "." else "."
        evidence = self.evidence()
        if evidence.mark in decision.open and not evidence.certain:
            two = f"{evidence.example} beside {next(item for item in self.core if evidence.mark not in item)}: " if evidence.uneven else ""
            marks = f"{DECIMALS[evidence.mark]}s may be decimal marks or thousands"
            reason = f"{two}the {marks}: say decimal='{evidence.mark}' or thousands='{evidence.mark}' (--decimal, --thousands)"
            return f"kept as text: {reason}", Spelling(f"its {marks}", False)
        if evidence.mark == other:
            marks = f"numbers have decimal {DECIMALS[other]}s ({evidence.example})"
            reason = (
                f"kept as text: its {marks}, and the decimal mark of the file is the "
                f"{DECIMALS[decision.mark]}{f', {decision.why}' if decision.why else ''}; "
                f"decimal='{other}' (--decimal '{other}') says otherwise, and types={{…: 'text'}} (--column …=text) which columns are names"
            )
            return reason, Spelling(f"its {marks}", False)
        words = [i for i, item in enumerate(self.values) if not may_be_number(item) and item not in self.blanks]
        if not words and self.core:
            # numbers, but with marks that do not go together
            words = [i for i, item in enumerate(self.values) if not is_number(item, here) and item not in self.blanks]
        if words and self.core and len(words) <= max(1, len(self.core) // 4) and len(self.core) >= 3:
            rows = np.flatnonzero(np.isin(self.place, words))
            reason = self._because(self.values[words[0]], rows)
            measured = len(self.core) > CODES or any(decision.mark in self.values[i] for i in range(len(self.values)) if i not in words)
            return reason, Spelling(f"{self.values[words[0]]!r} is the only text in it", False) if measured else None
        return "", None

    def _because(self, value: str, rows: NDArray[np.int64]) -> str:
        lines = self.lines[rows[:5]].tolist()
        where = f" ({plural(rows.size, 'line')} {', '.join(map(str, lines))})"
        left_out = f"skip={lines} (--skip-line) leaves {'it' if rows.size == 1 else 'them'} out, " if rows.size <= 5 else ""
        return (
            f"text because of {value!r} in {row_list(rows)}{where}; all else are numbers: {left_out}"
            f"missing={{{self.name!r}: [{value!r}]}} (--missing {self.name}={value}) reads it as missing"
        )

    def _refuse(self, decision: Decision) -> None:
        marks = Marks(decision.mark, decision.thousands or "")
        reason, _ = self._reason(decision)
        wrong = [i for i, item in enumerate(self.values) if item not in self.blanks and not is_number(item, marks)]
        rows = np.flatnonzero(np.isin(self.place, wrong))
        first = f"{self.values[wrong[0]]!r} in {row_list(rows)} is no number" if wrong else "thousands are marked in some numbers only"
        raise DataError(f"data: column {self.name!r} was declared a number, but {first}{f'; {reason}' if reason else ''}")

    def _remark_on_labels(self, names: bool) -> None:
        """Labels that may mean a missing value, or have characters nobody sees."""
        if self.blanks and self.type != "text" and not names:
            shown = self.blanks[0]
            self.remarks.append(
                f"{shown!r} is a label; if it means missing, ask for it (missing={{{self.name!r}: [{shown!r}]}}, "
                f"--missing {self.name}={shown})"
            )
        odd = [item for item in self.values if not item.isascii()]
        hidden = [item for item in odd if any(unicodedata.category(c) in ("Cf", "Cc") for c in item)]
        if hidden:
            self.remarks.append(f"invisible characters in {len(hidden)} label{'s' * (len(hidden) != 1)}, e.g. {hidden[0]!a}")


def marked(column: pd.Series, codes: Sequence[str], missing: dict[str, int]) -> pd.Series:
    """Numbers with those missing that equal one of the codes, counted in `missing`."""
    numeric = [code for code in codes if is_number(code)]
    if not numeric:
        return column
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    gone = np.zeros(values.size, dtype=bool)
    for code in numeric:
        found = (values == float(code)) & ~gone
        if found.any():
            missing[code] = missing.get(code, 0) + int(found.sum())
            gone |= found
    return column.mask(gone) if gone.any() else column


def sentinel_remarks(values: NDArray[np.float64]) -> list[str]:
    """Remarks on numbers that may be codes of a missing value."""
    found = []
    for code in SENTINELS:
        count = int(np.sum(values == code))
        others = values[(values != code) & ~np.isnan(values)]
        if count and others.size and np.all(others >= 0.0):
            found.append(
                f"{code:g} stands {count} time{'s' * (count != 1)} beside values that are not negative; if it means missing, "
                f"ask for it (missing=['{code:g}'], --missing {code:g})"
            )
    return found
