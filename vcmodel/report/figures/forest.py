"""One correlation over many fits, in order, with its intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vcmodel.report.figures.style import BLUE, GREY, INK, ORANGE, as_pixels, axes_column, label, named, text_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

# fits up to which each has its name, and panels drawn
NAMED, MOST = 30, 8


def draw(groups: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """A panel per correlation: an estimate and its 95 % interval per fit, in ascending order; a square where there is no interval."""
    shown = dict(list(groups.items())[:MOST])
    largest = max(len(items) for items in shown.values())
    names = [label(item["name"], 20) for items in shown.values() for item in items] if largest <= NAMED else [""]
    left = max(0.45, 0.15 + max(text_width(name, 7.0) for name in names))
    figure, rows = axes_column(len(shown), 0.16 * largest + 0.9 if largest <= NAMED else 2.6, left=left)
    for (title, items), (axes,) in zip(shown.items(), rows, strict=True):
        ordered = sorted(items, key=lambda item: item["correlation"])
        for place, item in enumerate(ordered):
            if item["lower"] is not None and item["upper"] is not None:
                axes.plot([item["lower"], item["upper"]], [place, place], color=BLUE, linewidth=1.3 if len(ordered) <= NAMED else 0.6)
        for known, mark, colour in ((True, "o", INK), (False, "s", ORANGE)):
            points = [(item["correlation"], place) for place, item in enumerate(ordered) if (item["lower"] is not None) == known]
            if points:
                axes.plot(*zip(*points, strict=True), mark, color=colour, markersize=3.2, rasterized=as_pixels(len(points)))
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        axes.set_xlim(-1.04, 1.04)
        axes.set_ylim(-0.8, len(ordered) - 0.2)
        if len(ordered) <= NAMED:
            axes.set_yticks(range(len(ordered)), [label(item["name"], 20) for item in ordered], fontsize=7)
        named(axes, label(title, 48), "correlation, 95 % interval", "" if len(ordered) <= NAMED else "fits in order")
    return figure


def describe(groups: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The extremes of each panel."""
    parts = []
    for title, items in list(groups.items())[:MOST]:
        low, high = min(items, key=lambda item: item["correlation"]), max(items, key=lambda item: item["correlation"])
        parts.append(
            f"{title} in {len(items)} fits, from {low['correlation']:.2f} ({low['name']}) to {high['correlation']:.2f} ({high['name']})"
        )
    return f"Correlations with 95 % intervals by fit: {'; '.join(parts)}."
