"""The path of logL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator, NullLocator, StrMethodFormatter

from vcmodel.report.figures.style import BLUE, ORANGE, axes_column, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure


def draw(iterations: Sequence[Mapping[str, Any]]) -> Figure:
    """LogL above, and below, on a log scale, the gain that the next step promised."""
    figure, ((above,), (below,)) = axes_column(2, 2.1, left=0.85)
    steps = range(len(iterations))
    above.plot(steps, [item["loglik"] for item in iterations], marker="o", markersize=4, color=BLUE)
    named(above, "logL", y="REML logL")
    gains = [(i, item["gain_left"]) for i, item in enumerate(iterations) if item["gain_left"] is not None and item["gain_left"] > 0.0]
    if gains:
        below.semilogy(*zip(*gains, strict=True), marker="s", markersize=4, color=ORANGE)
        below.yaxis.set_major_formatter(StrMethodFormatter("{x:.0e}"))
    named(below, "Gain promised by the next step", "iteration", "logL units")
    below.yaxis.set_minor_locator(NullLocator())
    for axes in (above, below):
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        axes.set_xlim(-0.3, max(len(iterations) - 0.7, 0.7))
        axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    return figure


def describe(iterations: Sequence[Mapping[str, Any]]) -> str:
    """The path in words."""
    first, last = iterations[0], iterations[-1]
    gain = "" if last["gain_left"] is None else f"; the next step promised a gain of {last['gain_left']:.2g}"
    count = len(iterations) - 1
    return f"Line plot of logL: from {first['loglik']:.4f} at the start to {last['loglik']:.4f} after {count} iterations{gain}."
