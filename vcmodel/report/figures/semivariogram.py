"""Semivariograms of residuals along rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.report.figures.style import BLUE, INK, ORANGE, WIDTH, axes_column, label, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure


def draw(tables: Mapping[str, pd.DataFrame], row_name: str, column_name: str) -> Figure:
    """Per trait: semivariance at lags along the columns and along the rows, and at all displacements."""
    figure, rows = axes_column(len(tables), 2.6, 2, WIDTH, left=0.55, right=0.2)
    for (trait, table), (lines, plane) in zip(tables.items(), rows, strict=True):
        along = (
            (table[table["column_lag"] == 0], "row_lag", row_name, BLUE, "o", "-"),
            (table[table["row_lag"] == 0], "column_lag", column_name, ORANGE, "s", "--"),
        )
        for part, lag, name, colour, mark, style in along:
            lines.plot(part[lag], part["semivariance"], color=colour, marker=mark, markersize=3.5, linestyle=style, label=label(name, 12))
        lines.set_ylim(bottom=0.0)
        lines.grid(axis="y", color="#e6e6e6", linewidth=0.6)
        lines.locator_params(axis="x", integer=True)
        lines.legend(fontsize=7, frameon=False, title="lag in", title_fontsize=7)
        named(lines, label(trait, 20), "lag (plots)", "semivariance")
        square = table.pivot(index="row_lag", columns="column_lag", values="semivariance")
        drawn = plane.pcolormesh(square.columns, square.index, square.to_numpy(), cmap="Greys", shading="nearest", rasterized=True)
        named(plane, "", f"lag in {label(column_name, 12)}", f"lag in {label(row_name, 12)}")
        plane.locator_params(integer=True, nbins=6)
        bar = figure.colorbar(drawn, ax=plane, fraction=0.08, pad=0.03)
        bar.ax.tick_params(labelsize=6.5, colors=INK)
    return figure


def describe(tables: Mapping[str, pd.DataFrame], row_name: str, column_name: str) -> str:
    """Semivariances between neighbours."""
    parts = []
    for trait, table in tables.items():
        for lag, other, name in (("row_lag", "column_lag", row_name), ("column_lag", "row_lag", column_name)):
            part = table[(table[other] == 0) & (table[lag] > 0)]
            if len(part):
                ends = [f"{item['semivariance']:.2f} at lag {int(item[lag])}" for _, item in part.iloc[[0, -1]].iterrows()]
                parts.append(f"{trait} in {name}: {ends[0]}, {ends[1]}")
    return f"Semivariogram of the standardised residuals, {'; '.join(parts)}."
