"""Semivariograms of fields along rows, along columns, and at all displacements, beside those that the estimates imply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import EngFormatter

from vcmodel.report.figures.style import BLUE, INK, ORANGE, WIDTH, axes_column, label, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from vcmodel.results.field import Field

# fields drawn
MOST = 8
# semivariances between which numbers are written out, not in thousands or millions
SHORT = (1e-2, 1e4)


def draw(fields: Sequence[Field], tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Per field: semivariance at lags along the columns and along the rows, and at all displacements; lines as the estimates imply."""
    shown = [item for item in fields if item.title in tables][:MOST]
    figure, axes = axes_column(len(shown), 2.6, 2, WIDTH, left=0.62, right=0.3)
    for item, (lines, plane) in zip(shown, axes, strict=True):
        table = tables[item.title]
        _along(lines, item, table)
        named(lines, label(item.title, 30), "lag (plots)", "semivariance")
        drawn = _all_displacements(plane, item, table)
        bar = figure.colorbar(drawn, ax=plane, fraction=0.08, pad=0.03)
        bar.ax.tick_params(labelsize=6.5, colors=INK)
        if not SHORT[0] <= np.nanmax(table["semivariance"]) < SHORT[1]:
            bar.formatter = EngFormatter(sep="")
            lines.yaxis.set_major_formatter(EngFormatter(sep=""))
    return figure


def _along(axes: Any, field: Field, table: pd.DataFrame) -> None:
    """Points of the sample and lines of the estimates in both directions."""
    for lag, other, name, colour, mark, style in (
        ("row_lag", "column_lag", field.row_name, BLUE, "o", "-"),
        ("column_lag", "row_lag", field.column_name, ORANGE, "s", "--"),
    ):
        part = table[table[other] == 0]
        if len(part):
            axes.plot(part[lag], part["semivariance"], mark, color=colour, markersize=3.5, label=label(name, 12))
            axes.plot(part[lag], part["expected"], color=colour, linewidth=1.1, linestyle=style)
    axes.set_ylim(bottom=0.0)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    axes.locator_params(axis="x", integer=True)
    axes.legend(fontsize=7, frameon=False, title="lag in", title_fontsize=7)


def _all_displacements(axes: Any, field: Field, table: pd.DataFrame) -> Any:
    """Shades of the sample, and contours of the estimates where these are no plane."""
    square = table.pivot(index="row_lag", columns="column_lag", values="semivariance")
    drawn = axes.pcolormesh(square.columns, square.index, square.to_numpy(), cmap="Greys", shading="nearest", rasterized=True)
    expected = table.pivot(index="row_lag", columns="column_lag", values="expected").to_numpy()
    if min(expected.shape) > 1 and np.nanmax(expected) - np.nanmin(expected) > 1e-9 * np.nanmax(np.abs(expected)):
        axes.contour(square.columns, square.index, expected, levels=5, colors=ORANGE, linewidths=0.7)
    named(axes, "", f"lag in {label(field.column_name, 12)}", f"lag in {label(field.row_name, 12)}")
    axes.locator_params(integer=True, nbins=6)
    return drawn


def describe(fields: Sequence[Field], tables: Mapping[str, pd.DataFrame]) -> str:
    """Semivariances between neighbours, and those that the estimates imply."""
    parts = []
    for item in fields:
        table = tables.get(item.title)
        for lag, other, name in (("row_lag", "column_lag", item.row_name), ("column_lag", "row_lag", item.column_name)):
            part = None if table is None else table[(table[other] == 0) & (table[lag] > 0)]
            if part is not None and len(part):
                ends = [
                    f"{end['semivariance']:.3g} at lag {int(end[lag])} (by the estimates {end['expected']:.3g})"
                    for _, end in part.iloc[[0, -1]].iterrows()
                ]
                parts.append(f"{item.title} in {name}: {ends[0]}, {ends[1]}")
    rest = f"; {len(tables) - MOST} more are not drawn" if len(tables) > MOST else ""
    return f"Semivariogram of the field, {'; '.join(parts)}{rest}."
