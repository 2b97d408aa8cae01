"""The rows below the column names: what stands around them left out or refused, row names told from shifted columns."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import DataError
from vcmodel.tables.numbers import is_number, may_be_number
from vcmodel.tables.options import SEPARATORS
from vcmodel.tables.records import Lines, Record, broken_quotes

# a text of more characters is not kept as records
SMALL = 4_000_000
# records at the end that are looked at for a footer
TAIL = 20
# what begins a line that sums up the rows above it
SUMMARIES = re.compile(
    r"(?:grand |overall |general |trial )?(?:means?|average|avg|totals?|sum)|l\.?s\.?d\.?|c\.?v\.?[ ]?%?|s\.?e\.?(?:[dm]\.?)?|sd|std|stdev|"
    r"standard deviation|min|max|minimum|maximum|median|count|variance",
    re.IGNORECASE,
)


# the two parts of a number that a decimal comma, or a blank between thousands, would leave in two fields
SPLIT = {
    ",": (re.compile(r"[-+]?[0-9]+"), re.compile(r"[0-9]+")),
    " ": (re.compile(r"[-+]?[1-9][0-9]{0,2}"), re.compile(r"[0-9]{3}")),
}


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a table as text.

    Attributes
    ----------
    lines : (n,) int array
        The line of the file in which each row begins.
    records : list of lists or None
        The fields, as many as there are columns; None for a text that is too long for that.
    text : str
        The rows as text, empty when there are records.
    width : int
        Fields of a row in `text`, those without a column included.
    """

    lines: NDArray[np.int64]
    records: list[list[str]] | None
    text: str
    width: int


def rows_of(
    lines: Lines, header: Record, names: list[str], separator: str, where: str, recognise: bool
) -> tuple[Rows, list[str], list[str]]:
    """The rows, the column names (row names included), and remarks on what was left out.

    Raises
    ------
    DataError
        No rows, rows of different length, columns that may have been shifted by decimal commas, lines that sum up others.
    """
    small = sum(map(len, lines.text)) <= SMALL
    width = len(names)
    # a separator at the end of the header makes no column
    named = next((i + 1 for i in reversed(range(width)) if header.fields[i].strip()), width)
    fields, places, left_out = [], [], []
    lengths: Counter[int] = Counter()
    bad: list[Record] = []
    n_bad = surplus = 0
    tail: deque[Record] = deque(maxlen=TAIL)
    names_again = [item.strip() for item in header.fields] if width > 1 else None
    try:
        for record in lines.records(separator):
            if record.line <= header.last:
                continue
            n = len(record.fields)
            if n == width and names_again is not None and [item.strip() for item in record.fields] == names_again:
                left_out.append(record)
                continue
            lengths[n] += 1
            beyond = any(item.strip() for item in record.fields[named:])
            if beyond or n < named:
                n_bad += 1
                if len(bad) < TAIL:
                    bad.append(record)
            elif n > width:
                surplus += 1
            places.append(record.line)
            tail.append(record)
            if small:
                fields.append(record.fields)
    except csv.Error as problem:
        raise broken_quotes(problem, lines, separator, where) from None
    if not places:
        raise DataError(f"data: {where} has column names in line {header.line} and no rows below them")
    remarks = []
    if left_out:
        remarks.append(f"column names repeated {_in_lines(left_out)} left out")
    if n_bad and set(lengths) == {width + 1}:
        _require_row_names(lines, header, separator, where)
        names = ["Unnamed: 0", *names]
        remarks.append("the first column has no name in the header and is called 'Unnamed: 0'")
        width, n_bad, bad, named = width + 1, 0, [], named + 1
    end = _footer(lines, tail, named, width) if recognise else []
    if n_bad > sum(len(record.fields) < named for record in end):
        raise _ragged(lines, bad, lengths, separator, (named, width), where, len(places))
    if end:
        shown = ", ".join(repr(_text(record)) for record in end[:3])
        remarks.append(f"{len(end)} line{'s' * (len(end) != 1)} below the rows left out: {shown}")
        places = places[: len(places) - len(end)]
        fields = fields[: len(places)]
    if not places:
        raise DataError(f"data: {where} has column names in line {header.line} and no rows below them")
    if recognise:
        _refuse_summaries(lines, list(tail)[: len(tail) - len(end)], where)
    if surplus:
        remarks.append(f"the separator at the end of {surplus:,} row{'s' * (surplus != 1)} makes no column")
    if small:
        fields = [row[:width] if len(row) >= width else [*row, *[""] * (width - len(row))] for row in fields]
        return Rows(np.array(places, dtype=np.int64), fields, "", width), names, remarks
    gone = [*left_out, *end]
    kept = lines.without([line for record in gone for line in range(record.line, record.last + 1)]).text[header.last :]
    if separator == " ":
        kept = [" ".join(line.split("\t")).strip() for line in kept]
    return Rows(np.array(places, dtype=np.int64), None, "\n".join(kept), max(lengths)), names, remarks


def _in_lines(records: Sequence[Record]) -> str:
    shown = ", ".join(str(record.line) for record in records[:5])
    return f"in line{'s' * (len(records) != 1)} {shown}{', …' if len(records) > 5 else ''}"


def _text(record: Record) -> str:
    text = " ".join(item.strip() for item in record.fields if item.strip())
    return text if len(text) <= 40 else f"{text[:39]}…"


# --- below the rows


def _footer(lines: Lines, tail: Sequence[Record], named: int, width: int) -> list[Record]:
    """The records at the end that are no rows: empty ones, and notes of one text in the first field."""
    found: list[Record] = []
    records = list(tail)
    while len(records) > 1:
        record = records.pop()
        before = records[-1]
        filled = [item for item in record.fields if item.strip()]
        gap = not lines.text[record.line - 2].strip() or not any(item.strip() for item in before.fields)
        short = len(record.fields) < named
        first = record.fields[0].strip()
        note = width > 1 and bool(first) and not is_number(first) and all(first != other.fields[0].strip() for other in records)
        # a note of several lines is told by what stands below it, or by the gap above it
        apart = gap or (bool(found) and len(found[-1].fields) < named)
        unfinished = short and (len(filled) == 1 or apart)
        padded = len(filled) == 1 and bool(set(" :") & set(first)) and (gap or (width > 2 and _among_numbers(records)))
        if not filled or (note and (unfinished or padded)):
            found.append(record)
        else:
            break
    return found[::-1]


def _among_numbers(records: Sequence[Record]) -> bool:
    """Whether the first fields of the records before are numbers."""
    return len(records) > 2 and all(is_number(record.fields[0].strip()) for record in records if record.fields[0].strip())


def _refuse_summaries(lines: Lines, tail: Sequence[Record], where: str) -> None:
    """Refuses means and totals below the rows, which would be taken for observations."""
    complete = [record for record in tail if all(item.strip() for item in record.fields)]
    for record in tail[-8:]:
        first = next((item.strip().rstrip(":") for item in record.fields if item.strip()), "")
        unfinished = len(complete) * 2 >= len(tail) and not all(item.strip() for item in record.fields)
        apart = not lines.text[record.line - 2].strip()
        again = sum(first == other.fields[0].strip().rstrip(":") for other in tail) > 1
        if SUMMARIES.fullmatch(first) and (unfinished or apart or (len(record.fields) == 2 and not again)):
            raise DataError(
                f"data: {where}, line {record.line} begins with {first!r} and seems to sum up the rows above: skip=[{record.line}] "
                f"(--skip-line {record.line}) leaves the line out, skip=0 keeps it as a row"
            )


# --- columns that may have been shifted


def _require_row_names(lines: Lines, header: Record, separator: str, where: str) -> None:
    """Refuses rows of one field more than there are names unless the first is a row name as R writes it."""
    seen: set[str] = set()
    quoted = numbered = True
    n = 0
    for record in lines.records(separator):
        if record.line <= header.last:
            continue
        n += 1
        first = record.fields[0].strip()
        seen.add(first)
        quoted = quoted and lines.text[record.line - 1].lstrip().startswith('"')
        numbered = numbered and first == str(n)
    width = len(header.fields)
    if len(seen) == n and (quoted or numbered) and not (quoted and numbered):
        _refuse_split_numbers(lines, header, separator, where)
    if len(seen) == n and (quoted or numbered):
        return
    comma = "; are they decimal commas? Then quote the numbers, or separate by semicolons" if separator == "," else ""
    raise DataError(
        f"data: {where}: every row has {width + 1} fields, one more than the {width} column names (separated by {SEPARATORS[separator]})"
        f"{comma}; row names would be unique, and quoted or 1, 2, 3, …: give every column a name. If the names stand in another line, "
        "skip= (--skip) leaves out the lines above"
    )


def _refuse_split_numbers(lines: Lines, header: Record, separator: str, where: str) -> None:
    """Refuses rows that all have, in two neighbouring fields, the parts of one number.

    The parts before and behind a decimal comma, or a blank between thousands; a decimal point elsewhere speaks against the comma.
    """
    if separator not in SPLIT:
        return
    whole, part = SPLIT[separator]
    pairs = set(range(len(header.fields)))
    for record in lines.records(separator):
        if record.line <= header.last:
            continue
        row = [item.strip() for item in record.fields]
        pairs = {j for j in pairs if len(row) > j + 1 and whole.fullmatch(row[j]) and part.fullmatch(row[j + 1])}
        if not pairs or any("." in item and is_number(item) for item in row):
            return
    what = "decimal commas" if separator == "," else "blanks between thousands"
    raise DataError(
        f"data: {where}: fields {min(pairs) + 1} and {min(pairs) + 2} of every row may be one number split by {what}, since there is no "
        f"column name for each field: quote the numbers or use another separator; if they are two columns, give every column a name in "
        f"line {header.line}, the first too"
    )


def _ragged(
    lines: Lines, bad: Sequence[Record], lengths: Counter[int], separator: str, widths: tuple[int, int], where: str, n: int
) -> DataError:
    named, width = widths
    record = bad[0]
    found = len(record.fields)
    more = "more" if found > named else "fewer"
    if named < found <= width:
        return DataError(
            f"data: {where}, line {record.line}: field {named + 1} has a value, {record.fields[named]!r}, and no column name: give every "
            "column a name, the first too if it holds names of the rows"
        )
    usual, count = lengths.most_common(1)[0]
    head = f"data: {where}, line {record.line}: {found} fields, {more} than the {named} column names (separated by {SEPARATORS[separator]})"
    hints = []
    if separator == "," and more == "more":
        hints.append("is a decimal comma in a comma-separated file the reason? Quote such numbers or use semicolons")
    if usual != width and count * 2 > n:
        record = next(row for row in lines.records(separator) if len(row.fields) == usual)
        first = record.line if not any(may_be_number(item.strip()) for item in record.fields) else 0
        option = f"skip={first - 1} (--skip {first - 1})"
        hints += [f"most rows have {usual} fields: if their names stand in line {first}, {option} reads from there"] * bool(first)
    elif len(bad) < TAIL:
        where_bad = [row.line for row in bad]
        hints.append(
            f"if {'it is' if len(bad) == 1 else 'these lines are'} no row, skip={where_bad} "
            f"(--skip-line) or comment= (--comment) leaves {'it' if len(bad) == 1 else 'them'} out"
        )
    return DataError(f"{head}: complete or correct the row{''.join(f'; {hint}' for hint in hints)}")
