"""Codes for what is not known: missing values in files, and unknown individuals of pedigrees and random terms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# what stands for a missing value in every file; others, like -9, only on request
MISSING = ("", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", ".", "*")
# values that are often meant as missing but are numbers
SENTINELS = (-9.0, -99.0, -999.0, -9999.0)

# what stands for an unknown individual in any case, where no individual is called so
WORDS = frozenset(
    [
        *("na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "nan", "nat", "null", "#null!", "nil", "none", "missing", "miss"),
        *("unk", "unkn", "ukn", "unknown", "unknown_sire", "unknown_dam", "unknown_parent", "unknown sire", "unknown dam"),
        *(".", "..", "*", "**", "***", "-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "\N{MINUS SIGN}", "?", "??", "???", "_"),
    ]
)
# what a spreadsheet shows for a number it cannot compute
ERRORS = frozenset(["#nv", "#value!", "#div/0!", "#ref!", "#num!", "#name?"])
NUMBERS = frozenset({0.0, -1.0, *SENTINELS, -99999.0})
# without exponents: 0E5 may be a name
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")


def is_unknown(text: str, codes: Iterable[str] = ()) -> bool:
    """Whether a label is a code for an unknown individual: a common one (0, -9, -999, NA, ``.``, ``?``, unknown ...) or one of `codes`.

    Case and blanks at the ends do not count, and numbers are compared by their value. A label for which there is an individual, a row of
    its own in the pedigree, is no code: that is for the caller to see to.

    >>> [is_unknown(text) for text in ("0", "0.0", " Unk ", "-999.0", "#N/A", "", "7", "NAD")]
    [True, True, True, True, True, True, False, False]
    >>> is_unknown("9999", codes=["9999"])
    True
    """
    key = _key(text)
    return key in WORDS or key in NUMBERS or key == "" or any(key == _key(code) for code in codes)


def is_number_code(text: str) -> bool:
    """Whether a code is a number, as 0 and -9 are.

    >>> is_number_code("-9"), is_number_code("NA")
    (True, False)
    """
    return _key(text) in NUMBERS


def means_nothing(text: str) -> bool:
    """Whether a text beside numbers stands for a missing one; in a column of text it may be a label.

    >>> [means_nothing(text) for text in ("-", "n/a", "#DIV/0!", "<5", "0")]
    [True, True, True, False, False]
    """
    return text.casefold() in WORDS or text.casefold() in ERRORS


def _key(text: str) -> str | float:
    """What is compared: the value of a number, other text without case."""
    text = str(text).strip().casefold()
    return float(text) if _NUMBER.fullmatch(text) else text
