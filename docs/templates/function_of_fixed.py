"""Template: a function of `fixed`, here the cube root.

1. its name in ``vcmodel.formula.functions``: in ``ELEMENTWISE`` without further arguments, else in ``STANDARDISING`` or ``BASES`` with an
   ``Option`` for each argument, which parser and messages read;
2. what it computes in ``vcmodel.design.functions``: a line of ``_ONE_COLUMN`` for one column;
3. in ``tests/design/test_functions.py``: its columns against the formula, and ``CELLS`` tries every kind of column with it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vcmodel.formula.functions import Option

NAME = "cbrt"
OPTIONS: tuple[Option, ...] = ()  # of its further arguments, for example (Option("base", "number"),)


def cbrt(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cube root of values (n,). What is not finite is refused by the caller with its row."""
    return np.cbrt(values)
