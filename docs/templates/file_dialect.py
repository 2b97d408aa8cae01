"""Template: a dialect of separated text, here fields between carets.

1. the mark and its name in ``vcmodel.tables.options.SEPARATORS``, at its place in the order of preference; recognition, the option
   ``separator=`` and the messages read it;
2. what the dialect writes otherwise (decimal marks, missing values, quotes) in ``decimal_mark.py``, ``missing.py``, ``records.py``:
   ``vcmodel/tables/`` knows nothing of models;
3. a file as the program writes it in ``tests/tables/``: right, and broken in every way it can be (a field too few, quotes left open).
"""

from __future__ import annotations

MARK, NAME = "^", "caret"
EXAMPLE = "plot^yield\n1^5.25\n2^4.75\n3^NA\n"
