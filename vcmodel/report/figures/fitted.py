"""Residuals against fitted values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vcmodel.report.figures.style import BLUE, GREY, ORANGE, RESIDUAL, as_pixels, axes_column, label, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure


def draw(tables: Mapping[str, pd.DataFrame], trends: Mapping[str, pd.DataFrame], value: str = "standardised") -> Figure:
    """One panel per trait."""
    figure, rows = axes_column(len(tables), 2.7)
    for trait, (axes,) in zip(tables, rows, strict=True):
        panel(axes, trait, tables[trait], trends[trait], value)
    return figure


def panel(axes: Any, trait: str, table: pd.DataFrame, means: pd.DataFrame, value: str = "standardised") -> None:
    """Residuals of one trait against fitted values, and their mean in groups of neighbours."""
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    for level in (-3.0, 3.0) if value == "standardised" else ():
        axes.axhline(level, color=GREY, linewidth=0.6, linestyle=":")
    size = 3 if len(table) < 600 else 1.8
    pixels = as_pixels(len(table))
    axes.plot(table["fitted"], table[value], "o", color=BLUE, markersize=size, alpha=0.55, mew=0, rasterized=pixels)
    if len(means) > 1:
        axes.plot(means["x"], means["y"], color=ORANGE, marker="D", markersize=3.5, linewidth=1.2)
    named(axes, label(trait, 40), "fitted value", RESIDUAL[value])


def describe(tables: Mapping[str, pd.DataFrame], value: str = "standardised") -> str:
    """What is plotted, and the largest residual of each trait."""
    parts = []
    for trait, table in tables.items():
        known = table[value].dropna()
        parts.append(f"{trait}: {len(known)} residuals from {known.min():.2f} to {known.max():.2f}" if len(known) else f"{trait}: none")
    return f"Scatter plot of residuals against fitted values, {'; '.join(parts)}."
