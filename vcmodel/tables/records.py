"""The lines of a text and the records in them; a line that is left out stays as an empty one, so that numbers of lines are the file's."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from vcmodel.errors import DataError
from vcmodel.tables.numbers import may_be_number
from vcmodel.tables.options import ReadOptions

# what a spreadsheet writes for a value it cannot compute; such a line is no comment
_ERRORS = re.compile(r"#(?:N/A|NA|NV|VALUE!|DIV/0!|REF!|NUM!|NAME\?|NULL!|\*)", re.IGNORECASE)
# a first line `sep=;` is a hint for spreadsheets, not a header
_HINT = re.compile(r"sep=(.|\\t)")


class Record(NamedTuple):
    """A record: its first and last line in the file, from 1, and its fields."""

    line: int
    last: int
    fields: list[str]


@dataclass(frozen=True)
class Lines:
    """The lines of a file, from 1 in all numbers, without their ends.

    Attributes
    ----------
    text : list of str
        Left-out lines are empty.
    hint : str or None
        The separator that the file names itself.
    """

    text: list[str]
    hint: str | None = None

    @classmethod
    def of(cls, text: str, options: ReadOptions) -> Lines:
        """The lines of a text but for those that `options.skip` leaves out."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = cls(text.split("\n"))
        hint = _HINT.fullmatch(lines.text[0])
        if hint:
            lines = replace(lines.without([1]), hint="\t" if hint[1] == "\\t" else hint[1])
        skip = options.skip or ()
        if isinstance(skip, tuple) and skip and skip[-1] > len(lines.text):
            raise DataError(f"skip: there is no line {skip[-1]}, the file has {len(lines.text)} lines")
        return lines.without(range(1, min(skip, len(lines.text)) + 1) if isinstance(skip, int) else skip)

    def without(self, numbers: Collection[int]) -> Lines:
        """The lines with those of these numbers empty."""
        if not numbers:
            return self
        text = list(self.text)
        for number in numbers:
            text[number - 1] = ""
        return replace(self, text=text)

    def from_line(self, number: int) -> Lines:
        """The lines with those above `number` empty."""
        return self.without(range(1, number))

    def is_blank(self) -> bool:
        """Whether at most one line is left, which would be the column names."""
        return sum(bool(line.strip()) for line in self.text) <= 1

    def comments(self, mark: str | None) -> list[int]:
        """The numbers of lines that begin with a comment mark, inside of quotes aside; without `mark` those beginning with #."""
        if mark == "":
            return []
        found, quoted = [], False
        for number, line in enumerate(self.text, start=1):
            if not quoted and line.lstrip().startswith(mark or "#") and (mark is not None or not _ERRORS.match(line.lstrip())):
                found.append(number)
            else:
                quoted ^= line.count('"') % 2 == 1
        return found

    def records(self, separator: str) -> Iterator[Record]:
        """The records that are not blank.

        Raises
        ------
        csv.Error
            Quotes that are not closed, or closed in a later row.
        """
        # without the ends of lines a quoted field would lose its line breaks
        lines: Iterable[str] = (f"{line}\n" for line in self.text)
        if separator == " ":
            lines = (" ".join(line.split("\t")).strip() + "\n" for line in self.text)
        reader = _reader(lines, separator)
        first = 1
        for fields in reader:
            if reader.line_num > first and _swallowed(self.text[first - 1 : reader.line_num], separator, len(fields)):
                raise csv.Error(f"a quoted text that begins here and ends in line {reader.line_num} has whole rows in it")
            # an empty field in quotes is a row of one missing value, an empty line is none
            if len(fields) > 1 or (fields and (fields[0].strip() or '"' in self.text[first - 1])):
                yield Record(first, reader.line_num, fields)
            first = reader.line_num + 1

    def split(self, number: int, separator: str, drop: int = 0) -> list[str]:
        """The fields of a line without its first `drop` characters; none when they cannot be told."""
        line = self.text[number - 1].strip()[drop:].strip()
        try:
            return next(_reader([line], separator), [])
        except csv.Error:
            return []


def _reader(lines: Iterable[str], separator: str):  # type: ignore[no-untyped-def]
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=separator == " ")


def _swallowed(lines: list[str], separator: str, width: int) -> bool:
    """Whether lines that quotes make one record are rows: each has as many fields as the record, with the numbers in the same places."""
    rows = [[may_be_number(item.strip().strip('"')) for item in line.strip().split(separator)] for line in lines]
    return width > 1 and len(rows[0]) == width and any(rows[0]) and all(row == rows[0] for row in rows)


def broken_quotes(problem: csv.Error, lines: Lines, separator: str, where: str) -> DataError:
    """What is said of a text that is no sequence of records, with the line."""
    line = 0
    try:
        for record in lines.records(separator):
            line = record.last
    except csv.Error:
        pass
    text = str(problem)
    if "unexpected end of data" in text:
        what = "a quote that is opened in the file is never closed"
    elif "field larger" in text:
        what = "a field of more than 131,072 characters, as when a quote is not closed"
    elif "expected after" in text:
        what = "a closing quote is followed by other characters; double the quotes inside of a quoted text"
    else:
        what = text
    return DataError(f"data: {where}, line {line + 1}: {what}; correct the line")
