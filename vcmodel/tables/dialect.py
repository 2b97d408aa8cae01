"""Text as records: the separator recognised, the lines around the table told from it, and columns that never shift."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from vcmodel.errors import DataError
from vcmodel.tables.missing import MISSING
from vcmodel.tables.numbers import may_be_number
from vcmodel.tables.options import SEPARATORS, ReadOptions
from vcmodel.tables.records import Lines, Record, broken_quotes
from vcmodel.tables.rows import Rows, rows_of
from vcmodel.text import plural

# records looked at to find the separator and the column names
SAMPLE = 200
# lines above the column names that are looked through
HEAD = 40


@dataclass(frozen=True)
class Dialect:
    """How a text is divided.

    Attributes
    ----------
    separator : str
        One of `SEPARATORS`; a blank stands for any number of them.
    names : tuple of str
        Column names, unique, without blanks at their ends.
    rows : Rows
    remarks : tuple of str
        What was left out, and what was changed in the names.
    """

    separator: str
    names: tuple[str, ...]
    rows: Rows
    remarks: tuple[str, ...]


def divided(text: str, where: str, options: ReadOptions) -> Dialect:
    """The layout of a text: its first line that is not blank, a comment or a title holds the column names.

    Raises
    ------
    DataError
        No rows, rows of different length, names that repeat or cannot be used, quotes that are not closed, lines of which it cannot be
        told whether they belong to the table.
    """
    lines = Lines.of(text, options)
    comments = lines.comments(options.comment)
    table = lines.without(comments)
    if options.comment is None and comments and table.is_blank():
        comments, table = [], lines
    separator = options.separator or lines.hint or _separator(table, recognise=options.skip is None)
    remarks: list[str] = []
    header, titles = _header(table, separator, where, recognise=options.skip is None)
    if options.comment is None and comments:
        table, header, comments = _checked_comments(lines, table, comments, header, separator, where)
    if comments:
        mark = options.comment or "#"
        remarks.append(f"{len(comments):,} {plural(len(comments), 'line')} beginning with {mark} left out")
    if titles:
        shown = ", ".join(repr(_short(lines.text[record.line - 1])) for record in titles[:3]) + (", …" if len(titles) > 3 else "")
        remarks.append(f"{len(titles):,} {plural(len(titles), 'line')} above the column names left out: {shown}")
    names, changes = _names(header.fields, where, header.line)
    rows, names, found = rows_of(table, header, names, separator, where, recognise=options.skip is None)
    return Dialect(separator, tuple(names), rows, (*remarks, *changes, *found))


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 40 else f"{text[:39]}…"


# --- the separator


def _separator(lines: Lines, recognise: bool) -> str:
    """The one that gives most of the first rows as many fields as there are names; a comma when none divides the names."""
    best, score = ",", (0.0, 0)
    for candidate in SEPARATORS:
        try:
            records = list(islice(lines.records(candidate), SAMPLE))
        except csv.Error:
            continue
        if not records:
            continue
        place = _header_place(records, recognise)
        width = len(records[place].fields)
        rows = records[place + 1 :]
        if (width < 2 or candidate == " ") and any(mark in lines.text[records[place].line - 1] for mark in "\t;,|" if mark != candidate):
            # names that one of these divides are not one name, nor divided by blanks
            continue
        if width < 2 and not _beside_one_name(rows, lines, candidate):
            continue
        same = sum(len(record.fields) in (width, width + 1) for record in rows) / max(1, len(rows))
        # blanks stand inside of names and labels: they separate only what nothing else does
        if candidate == " " and (score[0] > 0.0 or same < 1.0):
            continue
        if (same, width) > score:
            best, score = candidate, (same, width)
    return best


def _beside_one_name(rows: Sequence[Record], lines: Lines, separator: str) -> bool:
    """Whether every row has further fields below a single name: an empty one at the end, row names, or others to be refused."""
    if not rows or len(rows[0].fields) < 2 or any(len(row.fields) != len(rows[0].fields) for row in rows):
        return False
    if separator != " ":
        return True
    quoted = all(lines.text[row.line - 1].lstrip().startswith('"') for row in rows)
    return quoted or [row.fields[0] for row in rows] == [str(i + 1) for i in range(len(rows))]


# --- the column names


def _header(lines: Lines, separator: str, where: str, recognise: bool) -> tuple[Record, list[Record]]:
    """The record with the column names, and titles above it."""
    stream = lines.records(separator)
    try:
        head = list(islice(stream, SAMPLE))
    except csv.Error as problem:
        raise broken_quotes(problem, lines, separator, where) from None
    if not head:
        raise DataError(f"data: {where} has no line that is not blank or a comment: it needs a line of column names and the rows")
    place = _header_place(head, recognise)
    return head[place], head[:place]


def _header_place(records: Sequence[Record], recognise: bool) -> int:
    """Which record has the column names: the first, unless it and further ones are titles and one that looks like names follows."""
    if not recognise or _names_columns(records, 0):
        return 0
    for place in range(1, min(HEAD, len(records) - 1)):
        width = len(records[place].fields)
        if all(_is_title(record, width) for record in records[:place]) and _names_columns(records, place):
            return place
    return 0


def _is_title(record: Record, width: int) -> bool:
    """Whether a record above one with `width` fields is a title: a text or two, the rest empty."""
    filled = sum(bool(item.strip()) for item in record.fields)
    # the names of R's tables are one fewer than the fields of a row
    return filled <= (1 if width < 4 else 2) and filled < width


def _names_columns(records: Sequence[Record], place: int) -> bool:
    """Whether a record looks like names of columns, some of which hold numbers."""
    fields = [item.strip() for item in records[place].fields]
    if not fields or len(set(fields)) < len(fields) or any(item in MISSING or may_be_number(item) for item in fields):
        return False
    rows = [record.fields for record in records[place + 1 :] if len(record.fields) in (len(fields), len(fields) + 1)]
    if len(rows) * 2 < len(records) - place - 1 or not rows:
        return False
    return any(sum(may_be_number(row[j].strip()) for row in rows) * 2 > len(rows) for j in range(len(fields)))


def _checked_comments(
    lines: Lines, table: Lines, comments: list[int], header: Record, separator: str, where: str
) -> tuple[Lines, Record, list[int]]:
    """The table without comments, or with a last one above the rows that holds the column names; refuses lines that may be rows."""
    width = len(header.fields)
    above = [line for line in comments if line < header.line]
    if above:
        last = above[-1]
        named = lines.split(last, separator, drop=1)
        if len(named) == width >= 2 and not any(map(may_be_number, named)) and any(map(may_be_number, header.fields)):
            # the names stand behind a comment mark, as in many formats
            return table.from_line(last + 1), Record(last, last, named), [line for line in comments if line != last]
    for line in comments:
        if line > header.line and len(lines.split(line, separator)) >= width >= 2:
            raise DataError(
                f"data: {where}, line {line} begins with # and has as many fields as a row: comment='#' (--comment '#') leaves such "
                "lines out, comment='' keeps them as rows"
            )
    return table, header, comments


def _names(header: Sequence[str], where: str, line: int) -> tuple[list[str], list[str]]:
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
