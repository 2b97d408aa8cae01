"""How alike neighbours are: the semivariogram of a field beside the one that the estimates imply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from vcmodel.results.field import Field

    Array = NDArray[np.float64]

# a mean over fewer pairs says nothing
LEAST_PAIRS = 10
# displacements looked at in each direction
MOST_LAGS = 20


def variograms(fields: Iterable[Field]) -> pd.DataFrame:
    """The semivariograms of fields: ``section trait row_lag column_lag semivariance pairs expected``.

    ``expected`` is what the estimated covariance of the field implies, variance x (1 - correlation at that lag). The values of a field are
    residuals or predicted effects, which vary less than the field itself: the more so the larger the nugget.
    """
    parts = []
    for field in fields:
        table = semivariogram(field.grid)
        lags = zip(table["row_lag"], table["column_lag"], strict=True)
        table["expected"] = [field.covariance.semivariance(int(a), int(b)) for a, b in lags]
        table.insert(0, "section", field.section)
        table.insert(1, "trait", field.trait)
        parts.append(table)
    columns = ["section", "trait", "row_lag", "column_lag", "semivariance", "pairs", "expected"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def semivariogram(grid: Array) -> pd.DataFrame:
    """``row_lag column_lag semivariance pairs``: half the mean squared difference of the values (rows, columns) that far apart.

    Displacements to either side count as one; places without a value (NaN) are in no pair. Lags up to half of the grid and `MOST_LAGS`;
    (0, 0) and lags with fewer than `LEAST_PAIRS` pairs are left out. For independent values it is flat at their variance; it rises from
    the origin where neighbours are alike.

    References
    ----------
    Gilmour, A. R., Cullis, B. R. & Verbyla, A. P. (1997). Accounting for natural and extraneous variation in the analysis of field
    experiments. J. Agric. Biol. Environ. Stat. 2, 269-293: the sample variogram as a diagnostic.
    """
    rows, columns = (min(MOST_LAGS, length // 2) for length in grid.shape)
    found = []
    for a in range(rows + 1):
        for b in range(columns + 1):
            total, pairs = _differences(grid, a, b) if a or b else (0.0, 0)
            if pairs >= LEAST_PAIRS:
                found.append((a, b, total / (2 * pairs), pairs))
    return pd.DataFrame(found, columns=["row_lag", "column_lag", "semivariance", "pairs"])


def _differences(values: Array, a: int, b: int) -> tuple[float, int]:
    """Sum of squared differences and number of pairs at lag (a, b), and at (a, -b) when that is another."""
    m, n = values.shape
    parts = [values[a:, b:] - values[: m - a, : n - b]]
    if a and b:
        parts.append(values[a:, : n - b] - values[: m - a, b:])
    known = [part[~np.isnan(part)] for part in parts]
    return float(sum((part**2).sum() for part in known)), sum(part.size for part in known)
