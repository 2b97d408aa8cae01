"""Written numbers: decimal and thousands marks, and numbers that are names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

# what is written between groups of three digits, by the mark that stands for it in an option
GROUPING = {",": ",", ".": r"\.", " ": "[ \u00a0\u2009\u202f]", "'": "['\u2019]"}
LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
LONG = re.compile(r"[-+]?[0-9]{16,}")
# 1E2, as entries are called; programs write 100, 1e+02 or 1.0E2
DIGITS_E_DIGITS = re.compile(r"[0-9]+[eE][0-9]+")


@dataclass(frozen=True)
class Marks:
    """The decimal mark, and the thousands mark or ``""``."""

    decimal: str
    thousands: str = ""


@cache
def _plain(decimal: str) -> re.Pattern[str]:
    mark = re.escape(decimal)
    return re.compile(rf"[-+]?(?:[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][-+]?[0-9]+)?")


@cache
def _grouped(marks: Marks) -> re.Pattern[str]:
    # one and the same mark within a number
    groups = rf"[1-9][0-9]{{0,2}}({GROUPING[marks.thousands]})[0-9]{{3}}(?:\1[0-9]{{3}})*"
    return re.compile(rf"[-+]?{groups}(?:{re.escape(marks.decimal)}[0-9]*)?")


_UNGROUPED = re.compile(r"[-+]?[0-9]{4,}")


def is_number(text: str, marks: Marks = Marks(".")) -> bool:
    """Whether a text is a number with these marks.

    float() alone would take "nan", "inf", "1_0" and digits of other scripts.

    >>> is_number("-1.5e3"), is_number("1_0"), is_number("1,234", Marks(".", ","))
    (True, False, True)
    """
    if _plain(marks.decimal).fullmatch(text):
        return True
    return bool(marks.thousands) and _grouped(marks).fullmatch(text) is not None


_ANY = tuple(Marks(mark, group) for mark in ".," for group in ("." if mark == "," else ",", " ", "'"))


def may_be_number(text: str) -> bool:
    """Whether a text is a number with some decimal and some thousands mark."""
    return any(is_number(text, marks) for marks in _ANY)


def is_grouped(text: str, marks: Marks) -> bool:
    """Whether a text is a number with at least one thousands mark."""
    return _grouped(marks).fullmatch(text) is not None


def as_numbers(values: Sequence[str], marks: Marks, mixed: bool = False) -> NDArray[np.float64] | None:
    """The values as numbers, if all of them are.

    With a thousands mark in some value a number of four digits or more without one is refused unless `mixed`: within a column numbers are
    written in one way, and what looks like a thousands mark may be a decimal one.
    """
    # cheap before thorough: most columns of text end at their first value
    if not values or values[0].lstrip("+-")[:1] not in tuple("0123456789.,"):
        return None
    if not all(is_number(item, marks) for item in values):
        return None
    if marks.thousands:
        grouped = [is_grouped(item, marks) for item in values]
        if any(grouped) and not mixed and any(_UNGROUPED.match(item) for item in values):
            return None
        group = re.compile(GROUPING[marks.thousands])
        values = [group.sub("", item) if own else item for item, own in zip(values, grouped, strict=True)]
    if marks.decimal != ".":
        values = [item.replace(marks.decimal, ".") for item in values]
    found = np.array(values, dtype=np.float64)
    return found if bool(np.all(np.isfinite(found))) else None


def decimals(text: str, decimal: str) -> str | None:
    """The digits behind the decimal mark; None without a mark or with an exponent.

    >>> decimals("1.10", "."), decimals("12", ".")
    ('10', None)
    """
    _, mark, digits = text.partition(decimal)
    return digits if mark and digits.isdigit() else None


@dataclass(frozen=True)
class Spelling:
    """Why numbers are better read as names.

    Attributes
    ----------
    reason : str
        ``leading zeros (007)``.
    certain : bool
        False where they may be numbers written carelessly: 5.1 beside 5.10.
    """

    reason: str
    certain: bool


def names_in_digits(values: Sequence[str], numbers: NDArray[np.float64], decimal: str) -> Spelling | None:
    """Why the distinct values, all of them numbers, are names of something: as numbers two would become one, or change their spelling.

    Zeros behind the decimal mark change nothing where every number has as many decimals (2.50, 3.25) or where they only mark a decimal
    number (2.0, 3.25), as programs write them; 2.0 is labelled 2 everywhere.
    """
    for pattern, what in ((LEADING_ZERO, "leading zeros"), (LONG, "more than 15 digits"), (DIGITS_E_DIGITS, "digits around an E")):
        found = next((item for item in values if pattern.fullmatch(item) or (pattern is LEADING_ZERO and pattern.match(item))), None)
        if found is not None:
            return Spelling(f"{what} ({found})", True)
    twins = _equal(values, numbers)
    parts = {item: decimals(item, decimal) for item in values}
    behind = [digits for digits in parts.values() if digits is not None]
    fixed = len({len(digits) for digits in behind}) <= 1
    padded = None if fixed else next((item for item, digits in parts.items() if digits and len(digits) > 1 and digits[-1] == "0"), None)
    if twins is None and padded is None:
        return None
    if twins is not None:
        reason = f"{twins[0]} and {twins[1]} would be one number"
    else:
        length = len(parts[str(padded)] or "")
        other = next(item for item, digits in parts.items() if digits is not None and len(digits) != length)
        reason = f"{padded} beside {other}: as a number it would lose its last zero"
    return Spelling(reason, _counted(values, decimal))


def _equal(values: Sequence[str], numbers: NDArray[np.float64]) -> tuple[str, str] | None:
    """Two different spellings of one number; those of zero aside, as -0.0 is what rounding leaves."""
    order = np.argsort(numbers, kind="stable")
    same = np.flatnonzero((np.diff(numbers[order]) == 0.0) & (numbers[order][1:] != 0.0))
    return None if same.size == 0 else (values[order[same[0]]], values[order[same[0] + 1]])


def _counted(values: Sequence[str], decimal: str) -> bool:
    """Whether the digits behind the mark count on from 9 to 10, as in 1.1, 1.2 … 1.9, 1.10: replicate and block, not a measurement."""
    counted: dict[str, set[str]] = {}
    for item in values:
        whole, mark, digits = item.partition(decimal)
        if not mark or not digits.isdigit() or digits[0] == "0" or len(digits) > 3:
            return False
        counted.setdefault(whole, set()).add(digits)
    runs = [{int(digits) for digits in found} for found in counted.values()]
    # without gaps worth speaking of, in every group
    return max(map(max, runs)) >= 10 and all(max(run) <= 2 * len(run) for run in runs)
