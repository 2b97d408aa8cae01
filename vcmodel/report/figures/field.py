"""Residuals at their places in the field."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from vcmodel.report.figures.style import INK, WIDTH, axes_column, label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from vcmodel.results.field import FieldLayout

    Array = NDArray[np.float64]

# residuals of this many standard deviations get a mark; the colour scale ends one later
MARKED = 2.0
# maps drawn, and maps beside one another
MOST, ACROSS = 12, 2


def draw(maps: Mapping[str, Array], layout: FieldLayout) -> Figure:
    """A map per trait and field: colour for the residual in standard deviations, triangles where it is beyond two."""
    shown = list(maps.items())[:MOST]
    across = min(ACROSS, len(shown)) if max(g.shape[1] for _, g in shown) <= 30 else 1
    down = ceil(len(shown) / across)
    tallest = max(g.shape[0] / g.shape[1] for _, g in shown)
    height = float(np.clip(tallest * WIDTH / across * 0.8, 1.4, 4.5)) + 0.7
    figure, table = axes_column(down, height, across, left=0.5, right=0.35)
    scale = Normalize(-MARKED - 1.0, MARKED + 1.0)
    places = [axes for line in table for axes in line]
    for axes in places[len(shown) :]:
        axes.set_visible(False)
    for axes, (title, values) in zip(places, shown, strict=False):
        row, column = layout.first
        extent = (column - 0.5, column + values.shape[1] - 0.5, row + values.shape[0] - 0.5, row - 0.5)
        axes.imshow(values, cmap="RdBu", norm=scale, aspect="auto", interpolation="nearest", extent=extent)
        size = float(np.clip(110.0 / max(values.shape), 1.5, 5.0))
        for sign, mark in ((1, "^"), (-1, "v")):
            where = np.argwhere(np.nan_to_num(sign * values) > MARKED)
            axes.plot(
                where[:, 1] + column, where[:, 0] + row, mark, color=INK, markersize=size, markerfacecolor="white", markeredgewidth=0.7
            )
        axes.tick_params(labelsize=7)
        axes.locator_params(integer=True, nbins=6)
        axes.set_title(label(title, 30 if across == 2 else 50), fontsize=8.5, loc="left", fontweight="bold")
        axes.set_xlabel(label(layout.column_name), fontsize=7.5)
        axes.set_ylabel(label(layout.row_name), fontsize=7.5)
    legend = places[len(shown) - 1].inset_axes((1.02, 0.0, 0.035, 1.0))
    bar = figure.colorbar(ScalarMappable(scale, "RdBu"), cax=legend)
    bar.outline.set_visible(False)
    legend.tick_params(labelsize=6.5, length=2)
    legend.set_title("SD", fontsize=7)
    return figure


def describe(maps: Mapping[str, Array]) -> str:
    """How many residuals are large on each map."""
    parts = []
    for title, g in list(maps.items())[:MOST]:
        large = int(np.sum(np.nan_to_num(np.abs(g)) > MARKED))
        parts.append(f"{title}: {g.shape[0]} rows by {g.shape[1]} columns, {large} beyond two standard deviations")
    rest = f"; {len(maps) - MOST} more fields are not drawn" if len(maps) > MOST else ""
    return f"Map of the standardised residuals in the field, {'; '.join(parts)}{rest}."
