"""The tables that residual pictures are drawn from, gathered from :mod:`vcmodel.results`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vcmodel.results.diagnostics import normal_quantiles, outside_band, residual_table, trend
from vcmodel.results.field import FieldLayout, field_layout, grid, semivariogram

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    value : str
        The column that is drawn: ``standardised``, or ``residual`` when the standard deviations were not kept.
    layout : FieldLayout or None
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
    value: str
    layout: FieldLayout | None
    maps: dict[str, NDArray[np.float64]]
    variograms: dict[str, pd.DataFrame]


def diagnose(estimate: Estimate) -> Diagnosis:
    """The residual tables of an estimate, of its first traits."""
    frame = estimate.design.frame
    return diagnose_table(residual_table(estimate), frame.responses, field_layout(frame.table))


def diagnose_table(whole: pd.DataFrame, traits: Sequence[str], layout: FieldLayout | None = None) -> Diagnosis:
    """The same from one row per cell: ``row trait fitted residual`` and ``standardised``; without the last there are no maps."""
    value = "standardised" if "standardised" in whole.columns else "residual"
    layout = layout if value == "standardised" else None
    tables = {trait: whole[whole["trait"] == trait] for trait in traits[:MOST_TRAITS]}
    quantiles = {trait: normal_quantiles(table[value]) for trait, table in tables.items()}
    maps: dict[str, NDArray[np.float64]] = {}
    variograms = {}
    if layout is not None:
        for trait, table in tables.items():
            own = _maps(layout, table, value)
            maps |= {f"{trait}, {layout.field_name} {field}" if layout.field_name else trait: values for field, values in own.items()}
            found = semivariogram(list(own.values()))
            if len(found):
                variograms[trait] = found
    return Diagnosis(
        tables=tables,
        trends={trait: trend(table["fitted"], table[value]) for trait, table in tables.items()},
        quantiles=quantiles,
        outside={trait: outside_band(points) for trait, points in quantiles.items()},
        value=value,
        layout=layout,
        maps=maps,
        variograms=variograms,
    )


def _maps(layout: FieldLayout, table: pd.DataFrame, value: str) -> dict[str, NDArray[np.float64]]:
    """The grids of one trait by field."""
    rows = table["row"].to_numpy()
    row, column, field = layout.row[rows], layout.column[rows], layout.field[rows]
    values = table[value].to_numpy()
    result = {}
    for number, name in enumerate(layout.fields):
        here = (field == number) & (row >= 0) & (column >= 0)
        if here.any():
            result[name] = grid(row[here], column[here], values[here])
    return result
