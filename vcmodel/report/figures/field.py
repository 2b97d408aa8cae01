"""Residuals or predicted effects at their places in the field."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator

from vcmodel.report.figures.style import INK, WIDTH, axes_column, label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from vcmodel.results.field import Field

# residuals of this many standard deviations get a mark; the colour scale ends one later
MARKED = 2.0
NO_PLOT = "#c9c9c9"
# maps drawn, and maps beside one another
MOST, ACROSS = 12, 2


def draw(fields: Sequence[Field]) -> Figure:
    """A map per trait and field: colour for the value in standard deviations, triangles where it is beyond two."""
    shown = fields[:MOST]
    shapes = [(len(item.rows), len(item.columns)) for item in shown]
    across = min(ACROSS, len(shown)) if max(n for _, n in shapes) <= 30 else 1
    down = ceil(len(shown) / across)
    height = float(np.clip(max(m / n for m, n in shapes) * WIDTH / across * 0.8, 1.4, 4.5)) + 0.7
    figure, table = axes_column(down, height, across, left=0.5, right=0.35)
    scale = Normalize(-MARKED - 1.0, MARKED + 1.0)
    places = [axes for line in table for axes in line]
    for axes in places[len(shown) :]:
        axes.set_visible(False)
    for axes, item in zip(places, shown, strict=False):
        _map(axes, item, scale)
        axes.set_title(label(item.title, 30 if across == 2 else 50), fontsize=8.5, loc="left", fontweight="bold")
    legend = places[len(shown) - 1].inset_axes((1.02, 0.0, 0.035, 1.0))
    bar = figure.colorbar(ScalarMappable(scale, "RdBu"), cax=legend)
    bar.outline.set_visible(False)
    legend.tick_params(labelsize=6.5, length=2)
    legend.set_title("SD", fontsize=7)
    return figure


def _map(axes: Any, field: Field, scale: Normalize) -> None:
    """One field on its axes; a place without an observed plot is grey."""
    values = field.standardised
    axes.set_facecolor(NO_PLOT)
    axes.imshow(values, cmap="RdBu", norm=scale, aspect="auto", interpolation="nearest")
    size = float(np.clip(110.0 / max(values.shape), 1.5, 5.0))
    for sign, mark in ((1, "^"), (-1, "v")):
        where = np.argwhere(np.nan_to_num(sign * values) > MARKED)
        axes.plot(where[:, 1], where[:, 0], mark, color=INK, markersize=size, markerfacecolor="white", markeredgewidth=0.7)
    for axis, labels in ((axes.xaxis, field.columns), (axes.yaxis, field.rows)):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axis.set_major_formatter(FuncFormatter(partial(_level, labels)))
    axes.tick_params(labelsize=7)
    axes.set_xlabel(label(field.column_name), fontsize=7.5)
    axes.set_ylabel(label(field.row_name), fontsize=7.5)


def _level(labels: Sequence[str], place: float, _: int | None = None) -> str:
    """The level at a place of an axis; nothing beside the field.

    >>> _level(("7", "8"), 1.0), _level(("7", "8"), 0.5), _level(("7", "8"), 2.0)
    ('8', '', '')
    """
    return label(labels[int(place)], 6) if place == int(place) and 0 <= place < len(labels) else ""


def words(fields: Sequence[Field]) -> str:
    """What the values of the maps are."""
    return "Predicted field" if any(item.predicted for item in fields) else "Residuals"


def describe(fields: Sequence[Field]) -> str:
    """How many values are large on each map."""
    parts = []
    for item in fields[:MOST]:
        large = int(np.sum(np.nan_to_num(np.abs(item.standardised)) > MARKED))
        parts.append(f"{item.title}: {len(item.rows)} rows by {len(item.columns)} columns, {large} beyond two standard deviations")
    rest = f"; {len(fields) - MOST} more fields are not drawn" if len(fields) > MOST else ""
    return f"Map of the field, {words(fields).lower()} in standard deviations, {'; '.join(parts)}{rest}."
