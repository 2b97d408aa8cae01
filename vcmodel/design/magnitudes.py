"""Numbers so large or so small that their squares and products leave double precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import DataError

# variances are squares of what was measured, their standard errors products of four such numbers, of a ratio of two for a random slope
MEASURED = 1e35
# the columns of X are scaled to unit length by the root of a sum of squares
COLUMN = 1e100


def refuse_extreme(values: NDArray[np.float64], what: str, limit: float = MEASURED) -> None:
    """Refuses finite values above `limit`, or none above its inverse but zeros.

    Raises
    ------
    DataError
        Naming `what`, with the remedy.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest > limit:
        raise DataError(f"{what} has values up to {largest:.2g}, whose squares leave double precision: divide it by a power of ten")
    if 0.0 < largest < 1.0 / limit:
        raise DataError(f"{what} has no value above {largest:.2g}, whose squares leave double precision: multiply it by a power of ten")
