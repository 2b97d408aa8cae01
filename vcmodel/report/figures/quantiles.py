"""Normal quantile plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vcmodel.report.figures.style import BLUE, GREY, RESIDUAL, as_pixels, axes_column, label, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure


def draw(points: Mapping[str, pd.DataFrame], value: str = "standardised") -> Figure:
    """One panel per trait."""
    figure, rows = axes_column(len(points), 2.7)
    for (trait, table), (axes,) in zip(points.items(), rows, strict=True):
        panel(axes, trait, table, value)
    return figure


def panel(axes: Any, trait: str, table: pd.DataFrame, value: str = "standardised") -> None:
    """Ordered residuals of one trait against those expected of a normal sample, with the line and its band."""
    pixels = as_pixels(len(table))
    axes.fill_between(table["expected"], table["lower"], table["upper"], color="#e3e3e3", linewidth=0, rasterized=pixels)
    axes.plot(table["expected"], table["line"], color=GREY, linewidth=1.0)
    axes.plot(table["expected"], table["value"], "o", color=BLUE, markersize=2.6, mew=0, rasterized=pixels)
    named(axes, label(trait, 40), "expected of a normal sample", RESIDUAL[value])


def describe(points: Mapping[str, pd.DataFrame], outside: Mapping[str, int]) -> str:
    """How many points leave the band."""
    parts = [f"{trait}: {outside[trait]} of {len(table)} points outside the 95 % band" for trait, table in points.items()]
    return f"Normal quantile plot of the residuals, {'; '.join(parts)}."
