"""The tables that residual pictures are drawn from, gathered from :mod:`vcmodel.results`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vcmodel.results.diagnostics import normal_quantiles, outside_band, residual_table, trend
from vcmodel.results.find_fields import fields
from vcmodel.results.variogram import variograms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vcmodel.reml.estimate import Estimate
    from vcmodel.results.field import Field

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
    fields : tuple of Field
        Plots at their places, with the nugget-free part of the data.
    variograms : dict
        Title of a field -> its semivariogram, for those that are large enough.
    """

    tables: dict[str, pd.DataFrame]
    trends: dict[str, pd.DataFrame]
    quantiles: dict[str, pd.DataFrame]
    outside: dict[str, int]
    value: str
    fields: tuple[Field, ...] = ()
    variograms: dict[str, pd.DataFrame] = field(default_factory=dict)


def diagnose(estimate: Estimate) -> Diagnosis:
    """The residual tables of an estimate, of its first traits, and its fields."""
    responses = estimate.design.frame.responses
    shown = tuple(item for item in fields(estimate) if item.trait in responses[:MOST_TRAITS])
    found = diagnose_table(residual_table(estimate), responses)
    tables = {item.title: variograms([item]) for item in shown}
    return replace(found, fields=shown, variograms={title: table for title, table in tables.items() if len(table)})


def diagnose_table(whole: pd.DataFrame, traits: Sequence[str]) -> Diagnosis:
    """The same from one row per cell, ``row trait fitted residual`` and where it is known ``standardised``: there are no fields."""
    value = "standardised" if "standardised" in whole.columns else "residual"
    tables = {trait: whole[whole["trait"] == trait] for trait in traits[:MOST_TRAITS]}
    quantiles = {trait: normal_quantiles(table[value]) for trait, table in tables.items()}
    return Diagnosis(
        tables=tables,
        trends={trait: trend(table["fitted"], table[value]) for trait, table in tables.items()},
        quantiles=quantiles,
        outside={trait: outside_band(points) for trait, points in quantiles.items()},
        value=value,
    )
