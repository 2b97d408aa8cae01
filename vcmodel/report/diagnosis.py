"""The tables that residual pictures are drawn from, gathered from :mod:`vcmodel.results`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vcmodel.results.diagnostics import normal_quantiles, outside_band, residual_table, trend
from vcmodel.results.field import Layout, field_layout, grid, semivariogram

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from vcmodel.reml.estimate import Estimate

# traits beyond these are not drawn
MOST_TRAITS = 6


@dataclass(frozen=True)
class Diagnosis:
    """Residuals by trait, ready to draw.

    Attributes
    ----------
    tables, trends, quantiles : dict
        Trait -> residual table, means of neighbours, normal quantiles.
    outside : dict of int
        Trait -> points outside the band of the quantile plot.
    layout : Layout or None
        Where the plots stand.
    maps : dict
        Title (trait and field) -> grid of standardised residuals.
    variograms : dict
        Trait -> semivariogram.
    """

    tables: dict[str, pd.DataFrame]
    trends: dict[str, pd.DataFrame]
    quantiles: dict[str, pd.DataFrame]
    outside: dict[str, int]
    layout: Layout | None
    maps: dict[str, NDArray[np.float64]]
    variograms: dict[str, pd.DataFrame]


def diagnose(estimate: Estimate) -> Diagnosis:
    """The residual tables of an estimate, of its first traits."""
    frame = estimate.design.frame
    whole = residual_table(estimate)
    tables = {trait: whole[whole["trait"] == trait] for trait in frame.responses[:MOST_TRAITS]}
    quantiles = {trait: normal_quantiles(table["standardised"]) for trait, table in tables.items()}
    layout = field_layout(frame.table)
    maps: dict[str, NDArray[np.float64]] = {}
    variograms = {}
    for trait, table in tables.items() if layout is not None else ():
        own = _maps(layout, table)
        maps |= {f"{trait}, {layout.field_name} {field}" if layout.field_name else trait: values for field, values in own.items()}
        found = semivariogram(list(own.values()))
        if len(found):
            variograms[trait] = found
    return Diagnosis(
        tables=tables,
        trends={trait: trend(table["fitted"], table["standardised"]) for trait, table in tables.items()},
        quantiles=quantiles,
        outside={trait: outside_band(points) for trait, points in quantiles.items()},
        layout=layout,
        maps=maps,
        variograms=variograms,
    )


def _maps(layout: Layout, table: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """The grids of one trait by field."""
    rows = table["row"].to_numpy()
    row, column, field = layout.row[rows], layout.column[rows], layout.field[rows]
    values = table["standardised"].to_numpy()
    result = {}
    for number, name in enumerate(layout.fields):
        here = (field == number) & (row >= 0) & (column >= 0)
        if here.any():
            result[name] = grid(row[here], column[here], values[here])
    return result
