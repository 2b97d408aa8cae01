"""Text as records: the separator recognised, ragged rows and unusable column names refused with their line."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Any

from vcmodel.errors import DataError, choices

# in the order in which they are preferred when several fit equally well
SEPARATORS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar", " ": "blank"}
# records looked at to find the separator
SAMPLE = 200


@dataclass(frozen=True)
class Dialect:
    """How a text is divided.

    Attributes
    ----------
    separator : str
        One of `SEPARATORS`; a blank stands for any number of them.
    names : tuple of str
        Column names, unique, without blanks at their ends.
    rows : str
        The text below the header.
    first_line : int
        Line of the file, from 1, at which `rows` begins.
    remarks : tuple of str
        What was changed in the names.
    """

    separator: str
    names: tuple[str, ...]
    rows: str
    first_line: int
    remarks: tuple[str, ...]


def divided(text: str, where: str, separator: str | None = None) -> Dialect:
    """The dialect of a text: its first line that is not blank holds the column names.

    Raises
    ------
    DataError
        No rows, rows of different length, names that repeat or cannot be used, quotes that are not closed.
    """
    if separator is not None and separator not in SEPARATORS:
        raise DataError(f"separator {separator!r}: {choices(separator, map(repr, SEPARATORS), 'separators')}")
    # a first line `sep=;` is a hint for spreadsheets, not a header
    hint = re.match(r"sep=(.)\r?\n", text)
    skipped = 0
    if hint:
        separator, text, skipped = separator or hint[1], text[hint.end() :], 1
    separator = separator or _separator(text)
    if separator == " ":
        text = "\n".join(line.strip() for line in io.StringIO(text))
    records = _records(text, separator)
    try:
        header: list[str] = next((record for record in records if record), [])
        line = records.line_num
        widths = Counter(map(len, records))
    except csv.Error as problem:
        raise _broken(problem, records.line_num + skipped, where) from None
    widths.pop(0, None)
    if not widths:
        raise DataError(f"data: {where} has column names in line {line + skipped} and no rows below them")
    names, remarks = _names(header, where, line + skipped)
    if set(widths) == {len(header) + 1}:
        # as R's write.table leaves it: the column of row names has no name
        names, remarks = ["Unnamed: 0", *names], [*remarks, "the first column has no name in the header and is called 'Unnamed: 0'"]
    elif set(widths) != {len(header)}:
        raise _ragged(text, separator, len(header), where, skipped)
    stream = io.StringIO(text, newline="")
    for _ in range(line):
        next(stream)
    return Dialect(separator, tuple(names), stream.read(), line + skipped + 1, tuple(remarks))


def _records(text: str, separator: str) -> Any:
    # newline="" keeps line breaks inside of quotes; unlike str.splitlines it knows no other line ends than \n, \r and \r\n
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=separator == " ")


def _separator(text: str) -> str:
    """The one that divides the header and gives most of the first rows the same number of fields; a comma when none does."""
    best, score = ",", (0.0, 0)
    # whole lines; every reader copies its text
    end = text.find("\n", SAMPLE * 500)
    text = text if end < 0 else text[: end + 1]
    for candidate in SEPARATORS:
        sample = text
        if candidate == " ":
            sample = "\n".join(line.strip() for line in islice(io.StringIO(text), SAMPLE))
        try:
            records = [record for record in islice(_records(sample, candidate), SAMPLE) if record]
        except csv.Error:
            continue
        width = len(records[0]) if records else 0
        if width < 2:
            continue
        rows = records[1:]
        same = sum(len(record) in (width, width + 1) for record in rows) / max(1, len(rows))
        # blanks stand inside of names and labels: they separate only what nothing else does
        if candidate == " " and (score[0] > 0.0 or same < 1.0):
            continue
        if (same, width) > score:
            best, score = candidate, (same, width)
    return best


def _broken(problem: csv.Error, line: int, where: str) -> DataError:
    text = str(problem)
    if "unexpected end of data" in text:
        what = "a quote that is opened in the file is never closed"
    elif "field larger" in text:
        what = "a field of more than 131,072 characters, as when a quote is not closed"
    elif "expected after" in text:
        what = "a closing quote is followed by other characters; double the quotes inside of a quoted text"
    else:
        what = text
    return DataError(f"data: {where}, line {line}: {what}; correct the line")


def _ragged(text: str, separator: str, width: int, where: str, skipped: int) -> DataError:
    records = _records(text, separator)
    next(record for record in records if record)
    record = next(record for record in records if record and len(record) != width)
    hint = "; is a decimal comma in a comma-separated file the reason? Quote such numbers or use semicolons" if separator == "," else ""
    more = "more" if len(record) > width else "fewer"
    return DataError(
        f"data: {where}, line {records.line_num + skipped}: {len(record)} fields, {more} than the {width} column names "
        f"(separated by {SEPARATORS[separator]}): complete or correct the row{hint if more == 'more' else ''}"
    )


def _names(header: list[str], where: str, line: int) -> tuple[list[str], list[str]]:
    """The column names and what was changed in them."""
    names, remarks = [], []
    for place, raw in enumerate(header):
        name = " ".join(unicodedata.normalize("NFC", raw).split())
        odd = next((c for c in name if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs")), None)
        if odd is not None:
            raise DataError(
                f"data: {where}, line {line}: the name of column {place + 1}, {name!a}, has an invisible character "
                f"(U+{ord(odd):04X}): rename the column"
            )
        if not name:
            name = f"Unnamed: {place}"
        elif any(c in raw for c in "\n\r\t"):
            remarks.append(f"the line break in the name of column {place + 1} became a blank: {name!r}")
        names.append(name)
    if all(name.startswith("Unnamed: ") for name in names):
        raise DataError(f"data: {where}, line {line}: there are no column names: give every column a name in the first line")
    first: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in first:
            raise DataError(
                f"data: {where}, line {line}: column {name!r} occurs more than once (columns {first[name] + 1} and {place + 1}): "
                "rename one of them"
            )
        first[name] = place
    return names, remarks
