"""Predicted effects of one trait against those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.report.figures.style import BLUE, GREY, ORANGE, WIDTH, as_pixels, axes_column, label, named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vcmodel.report.figures.blups import Effects

# columns of the matrix in the picture
MOST = 5
# labelled points of a panel
LABELLED = 4


def draw(effects: Effects) -> Figure:
    """Pairs of columns below the diagonal of a table of panels; those furthest from the origin have their names."""
    k = min(len(effects.columns), MOST)
    side = WIDTH if k == 2 else max(WIDTH / (k - 1), 2.3)
    figure, table = axes_column(k - 1, side * 0.85, k - 1, side * (k - 1))
    scale = np.abs(effects.effect).max(axis=0)
    for i in range(1, k):
        for j in range(k - 1):
            axes = table[i - 1][j]
            if j >= i:
                axes.set_visible(False)
                continue
            x, y = effects.effect[:, j], effects.effect[:, i]
            axes.axhline(0.0, color=GREY, linewidth=0.6)
            axes.axvline(0.0, color=GREY, linewidth=0.6)
            axes.plot(x, y, "o", color=BLUE, markersize=4 if x.size < 200 else 2.5, alpha=0.75, rasterized=as_pixels(x.size))
            _names(axes, effects, x, y, scale[j], scale[i], LABELLED if k == 2 else 2)
            named(axes, "", label(effects.columns[j], 20), label(effects.columns[i], 20))
    table[0][0].set_title(label(effects.term, 40), fontsize=9.5, loc="left", fontweight="bold")
    return figure


def _names(axes: object, effects: Effects, x: np.ndarray, y: np.ndarray, sx: float, sy: float, most: int) -> None:
    if not (sx > 0.0 and sy > 0.0):
        return
    for point in np.argsort((x / sx) ** 2 + (y / sy) ** 2)[::-1][:most]:
        right = x[point] > 0.0
        axes.annotate(  # type: ignore[attr-defined]
            label(effects.levels[point], 12), (x[point], y[point]), xytext=(-4 if right else 4, 3), ha="right" if right else "left",
            textcoords="offset points", fontsize=7, color=ORANGE,
        )  # fmt: skip


def describe(effects: Effects) -> str:
    """What is plotted."""
    shown = effects.columns[:MOST]
    rest = f" (the first {MOST} of {len(effects.columns)})" if len(effects.columns) > MOST else ""
    return f"Scatter plots of the {len(effects.levels)} predicted effects of {effects.term}, pairs of {', '.join(shown)}{rest}."
