"""Predicted effects of one trait against those of another."""

from __future__ import annotations

from itertools import combinations
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from vcmodel.report.figures.style import BLUE, GREY, ORANGE, WIDTH, as_pixels, axes_column, label, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from vcmodel.report.figures.blups import Effects

# columns of the matrix that are paired, and labelled points of a panel
MOST, LABELLED = 5, 4


def pairs(effects: Effects) -> list[tuple[int, int]]:
    """Pairs of columns to draw: those of the first `MOST`."""
    return list(combinations(range(min(len(effects.columns), MOST)), 2))


def draw(effects: Effects, shown: Sequence[tuple[int, int]]) -> Figure:
    """A panel per pair of columns, up to three beside one another; the points furthest from the origin have their names."""
    across = min(3, len(shown))
    figure, table = axes_column(ceil(len(shown) / across), 3.9, across, WIDTH * 0.9 * across, left=0.78)
    places = [axes for line in table for axes in line]
    for axes in places[len(shown) :]:
        axes.set_visible(False)
    for axes, (j, i) in zip(places, shown, strict=False):
        _panel(axes, effects, j, i)
    return figure


def _panel(axes: Any, effects: Effects, j: int, i: int) -> None:
    x, y = effects.effect[:, j], effects.effect[:, i]
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    axes.axvline(0.0, color=GREY, linewidth=0.6)
    axes.plot(x, y, "o", color=BLUE, markersize=4 if x.size < 200 else 2.5, alpha=0.75, rasterized=as_pixels(x.size))
    sx, sy = np.abs(x).max(), np.abs(y).max()
    far = np.argsort((x / sx) ** 2 + (y / sy) ** 2)[::-1][:LABELLED] if sx > 0.0 and sy > 0.0 else ()
    for point in far:
        right = x[point] > 0.0
        axes.annotate(
            label(effects.levels[point], 12),
            (x[point], y[point]),
            xytext=(-5 if right else 5, 3),
            textcoords="offset points",
            ha="right" if right else "left",
            fontsize=7.5,
            color=ORANGE,
        )
    named(axes, label(effects.term, 40), label(effects.columns[j], 30), label(effects.columns[i], 30))


def describe(effects: Effects, j: int, i: int) -> str:
    """What is plotted."""
    return (
        f"Scatter plot of the {len(effects.levels)} predicted effects of {effects.term}, {effects.columns[i]} against {effects.columns[j]}."
    )
