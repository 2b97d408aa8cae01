"""The path of logL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator, NullLocator, StrMethodFormatter

from vcmodel.report.figures.style import BLUE, ORANGE, axes_column, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure


def draw(iterations: Sequence[Mapping[str, Any]], panels: Sequence[str] = ("loglik", "gain_left")) -> Figure:
    """The path of logL, and on a log scale the gain that the next step promised."""
    figure, rows = axes_column(len(panels), 2.3, left=0.85)
    for name, (axes,) in zip(panels, rows, strict=True):
        (_loglik if name == "loglik" else _gain)(axes, iterations)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        axes.set_xlim(-0.3, max(len(iterations) - 0.7, 0.7))
        axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    return figure


def _loglik(axes: Any, iterations: Sequence[Mapping[str, Any]]) -> None:
    axes.plot(range(len(iterations)), [item["loglik"] for item in iterations], marker="o", markersize=4, color=BLUE)
    named(axes, "logL", "iteration", "REML logL")


def _gain(axes: Any, iterations: Sequence[Mapping[str, Any]]) -> None:
    gains = [(i, item["gain_left"]) for i, item in enumerate(iterations) if item["gain_left"] is not None and item["gain_left"] > 0.0]
    if gains:
        axes.semilogy(*zip(*gains, strict=True), marker="s", markersize=4, color=ORANGE)
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.0e}"))
        axes.yaxis.set_minor_locator(NullLocator())
    named(axes, "Gain promised by the next step", "iteration", "logL units")


def describe(iterations: Sequence[Mapping[str, Any]], panel: str) -> str:
    """The path in words."""
    first, last, count = iterations[0], iterations[-1], len(iterations) - 1
    if panel == "loglik":
        return f"Line plot of logL: from {first['loglik']:.4f} at the start to {last['loglik']:.4f} after {count} iterations."
    ends = ["none" if item["gain_left"] is None else f"{item['gain_left']:.2g}" for item in (first, last)]
    return f"Line plot of the gain in logL that the next step promised: from {ends[0]} at the start to {ends[1]} after {count} iterations."
