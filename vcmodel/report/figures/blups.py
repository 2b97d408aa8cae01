"""Predicted effects in order with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vcmodel.report.figures.style import BLUE, GREY, INK, ORANGE, PALE, as_pixels, axes_column, label, named, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# levels up to which each has its name, its own interval line, and panels drawn
NAMED, APART, MOST = 32, 250, 6


@dataclass(frozen=True)
class Effects:
    """Predicted effects of a term: ``effect``, ``lower``, ``upper`` are (q, k), levels by columns of its matrix."""

    term: str
    levels: list[str]
    columns: list[str]
    effect: Array
    lower: Array
    upper: Array


def effects_of(term: str, table: pd.DataFrame) -> Effects:
    """From the table of a term's effects with ``lower`` and ``upper``, by level or by level and column."""
    if table.index.nlevels == 1:
        levels, columns = [str(level) for level in table.index], [""]
    else:
        columns = [str(name) for name in dict.fromkeys(table.index.get_level_values(1))]
        levels = [str(level) for level in table.index.get_level_values(0)[:: len(columns)]]
    parts = [table[name].to_numpy(dtype=float).reshape(len(levels), len(columns)) for name in ("effect", "lower", "upper")]
    return Effects(term, levels, columns, *parts)


def draw(effects: Effects, shown: Sequence[int]) -> Figure:
    """One panel per column `shown` of the matrix, levels in ascending order of their effect."""
    q = len(effects.levels)
    named_levels = q <= NAMED
    names = [label(level, 18) for level in effects.levels] if named_levels else []
    left = max(0.72, 0.15 + max(text_width(name, 7.5) for name in names)) if named_levels else 0.78
    figure, table = axes_column(len(shown), max(1.6, 0.155 * q + 0.85) if named_levels else 2.7, left=left)
    for j, (axes,) in zip(shown, table, strict=True):
        order = np.argsort(effects.effect[:, j], kind="stable")
        (_by_name if named_levels else _by_rank)(axes, effects, j, order)
    return figure


def describe(effects: Effects, j: int) -> str:
    """The extremes of a column in words."""
    values = effects.effect[:, j]
    low, high = int(np.argmin(values)), int(np.argmax(values))
    what = f"{effects.term}, {effects.columns[j]}," if effects.columns[j] else effects.term
    ends = f"from {values[low]:.4g} ({effects.levels[low]}) to {values[high]:.4g} ({effects.levels[high]})"
    return f"Caterpillar plot of the {len(effects.levels)} predicted effects of {what} with 95 % intervals: {ends}."


def _title(effects: Effects, j: int) -> str:
    return label(f"{effects.term}, {effects.columns[j]}" if effects.columns[j] else effects.term, 46)


def _by_name(axes: Any, effects: Effects, j: int, order: NDArray[np.int64]) -> None:
    place = np.arange(order.size)
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.hlines(place, effects.lower[order, j], effects.upper[order, j], color=BLUE, linewidth=1.4)
    axes.plot(effects.effect[order, j], place, "o", color=INK, markersize=3.5)
    axes.set_yticks(place, [label(effects.levels[i], 18) for i in order], fontsize=7.5 if order.size < 24 else 6.5)
    axes.set_ylim(-0.7, order.size - 0.3)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    named(axes, _title(effects, j), "predicted effect, 95 % interval")


def _by_rank(axes: Any, effects: Effects, j: int, order: NDArray[np.int64]) -> None:
    place = np.arange(1, order.size + 1)
    low, middle, high = effects.lower[order, j], effects.effect[order, j], effects.upper[order, j]
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    if order.size <= APART:
        axes.vlines(place, low, high, color=BLUE, linewidth=0.8, alpha=0.6)
    else:
        axes.fill_between(place, low, high, color=PALE, linewidth=0, rasterized=as_pixels(order.size))
    axes.plot(place, middle, ".", color=INK, markersize=3, rasterized=as_pixels(order.size))
    # names stand where an ascending curve never is
    lowest, highest = ([label(effects.levels[i], 14) for i in part] for part in (order[:3], order[:-4:-1]))
    axes.text(0.99, 0.03, f"lowest: {', '.join(lowest)}", transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5, color=ORANGE)
    axes.text(0.02, 0.97, f"highest: {', '.join(highest)}", transform=axes.transAxes, ha="left", va="top", fontsize=7.5, color=ORANGE)
    low_end, high_end = float(np.nanmin(low)), float(np.nanmax(high))
    axes.set_ylim(low_end - 0.12 * (high_end - low_end), high_end + 0.12 * (high_end - low_end))
    named(axes, _title(effects, j), f"rank among {order.size}", "effect, 95 % interval")
