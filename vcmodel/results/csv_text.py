"""Text as a cell of a CSV file that no spreadsheet takes for a formula.

Spreadsheets run cells that begin with ``=``, ``+``, ``-`` or ``@`` as formulas, also when a level of the user's data wrote them. In CSV
files such cells get an apostrophe before them, unless they are plain numbers. The rule can be undone: take one apostrophe off every
cell that matches `GUARDED`. JSON, Parquet and the Python tables hold the text itself.
"""

from __future__ import annotations

import re

from vcmodel.tables.labels import NUMBER

# apostrophes are counted in, so that a text that had one already can be told from a text that got one
DANGEROUS = re.compile(r"'*[=+\-@\t\r\n]")
GUARDED = re.compile(r"''*[=+\-@\t\r\n]")


def guarded(text: str) -> str:
    """The text as it is written to a CSV file.

    >>> guarded("=1+1"), guarded("-2.5"), guarded("-x"), guarded("T-4")
    ("'=1+1", '-2.5', "'-x", 'T-4')
    """
    return f"'{text}" if DANGEROUS.match(text) and not NUMBER.fullmatch(text) else text


def unguarded(cell: str) -> str:
    """The text that :func:`guarded` made a cell of.

    >>> unguarded("'=1+1"), unguarded("T-4")
    ('=1+1', 'T-4')
    """
    return cell[1:] if GUARDED.match(cell) else cell
