"""Correlation matrices as heat maps with their numbers and standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from vcmodel.report.figures.style import GREY, INK, WIDTH, label, new_figure, sentence, tidy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# levels up to which a cell has room for the standard error, and for a number at all
WITH_ERROR, WITH_NUMBER = 7, 14
LARGEST = 40


@dataclass(frozen=True)
class Panel:
    """One correlation matrix.

    Attributes
    ----------
    values : list of lists
        Rows of the matrix; None where a variance is zero.
    pairs : mapping
        (row, column) labels of the correlations the model estimates -> ``std_error lower upper``.
    """

    term: str
    kind: str
    levels: list[str]
    values: list[list[float | None]]
    pairs: Mapping[tuple[str, str], Mapping[str, float | None]]


def panels(record: Mapping[str, Any]) -> list[Panel]:
    """The matrices of a fit (its :meth:`to_dict`) in which the model estimates a correlation, random terms first."""
    result = []
    for term, matrix in record["correlation"].items():
        pairs = {(item["row"], item["column"]): item for item in record["correlations"] if item["term"] == term}
        if pairs and len(matrix["levels"]) <= LARGEST:
            kind = "residual" if term in record.get("residual_terms", ()) else "random"
            result.append(Panel(term, kind, matrix["levels"], matrix["values"], pairs))
    return result


def draw(shown: Sequence[Panel]) -> Figure:
    """The matrices side by side: below the diagonal r (SE), above it the 95 % interval."""
    figure = new_figure(WIDTH * len(shown), max(_height(panel) for panel in shown))
    for panel, axes in zip(shown, figure.subplots(1, len(shown), squeeze=False)[0], strict=True):
        _matrix(figure, axes, panel)
    return figure


def describe(panel: Panel) -> str:
    """The matrix in words."""
    items = []
    for (row, column), pair in panel.pairs.items():
        value = panel.values[panel.levels.index(row)][panel.levels.index(column)]
        items.append(f"{row} with {column} {_number(value)}{_with_error(pair)}")
    return f"Heat map of the correlations of {panel.term}: {sentence(items)}."


def _height(panel: Panel) -> float:
    k = len(panel.levels)
    return 3.9 if k <= 4 else min(8.0, 2.2 + 0.5 * k)


def _matrix(figure: Figure, axes: Any, panel: Panel) -> None:
    k = len(panel.levels)
    scale, colours = Normalize(-1.0, 1.0), _colours()
    for i, row in enumerate(panel.levels):
        for j, column in enumerate(panel.levels[: i + 1]):
            value, pair = panel.values[i][j], panel.pairs.get((row, column))
            if i == j:
                axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor="#efefef", edgecolor="white"))
                if k <= WITH_NUMBER:
                    axes.text(j, i, _number(value) if value is None else "1", ha="center", va="center", fontsize=8.5, color=GREY)
                continue
            fill = "white" if value is None or pair is None else colours(scale(value))
            hatch = "///" if value is None else ""
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=fill, edgecolor="white" if value is not None else GREY, hatch=hatch))
            if k <= WITH_NUMBER:
                _cell(axes, i, j, value, pair, k)
    axes.set_xlim(-0.5, k - 0.5)
    axes.set_ylim(k - 0.5, -0.5)
    axes.set_aspect("equal")
    tidy(axes)
    axes.spines[:].set_visible(False)
    names = [label(level, 14 if k > 4 else 18) for level in panel.levels]
    size = 9 if k <= WITH_ERROR else 7.5 if k <= WITH_NUMBER else 5.5
    axes.set_xticks(range(k), names, fontsize=size, rotation=0 if k <= 4 and max(map(len, names)) <= 9 else 60, ha="center")
    axes.set_yticks(range(k), names, fontsize=size)
    axes.tick_params(length=0)
    axes.set_title(f"{'Residual' if panel.kind == 'residual' else 'Random'}: {label(panel.term, 34)}", fontsize=10, loc="left", fontweight="bold")
    from matplotlib.cm import ScalarMappable

    bar = figure.colorbar(ScalarMappable(scale, colours), ax=axes, shrink=0.75, aspect=24, pad=0.02, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7.5, length=2)


def _colours() -> Any:
    from matplotlib import colormaps

    return colormaps["RdBu"]


def _cell(axes: Any, i: int, j: int, value: float | None, pair: Mapping[str, float | None] | None, k: int) -> None:
    """The number and its standard error, and opposite the diagonal the interval."""
    if pair is None:
        axes.text(j, i, "0" if value == 0.0 else _number(value), ha="center", va="center", fontsize=8, color=GREY)
        return
    ink = "white" if value is not None and abs(value) > 0.62 else INK
    if k > WITH_ERROR:
        axes.text(j, i, _number(value), ha="center", va="center", fontsize=7, color=ink)
        return
    large, small = (13, 9) if k <= 3 else (10.5, 7.5) if k <= 5 else (8.5, 6)
    axes.text(j, i - 0.1, _number(value), ha="center", va="center", fontsize=large, color=ink, fontweight="bold")
    error = pair["std_error"]
    below = f"({error:.2f})" if error is not None else "boundary" if value is not None and abs(value) > 1.0 - 1e-10 else "no SE"
    axes.text(j, i + 0.2, below, ha="center", va="center", fontsize=small, color=ink)
    if pair["lower"] is not None and pair["upper"] is not None:
        text = f"{pair['lower']:.2f}\nto {pair['upper']:.2f}"
        axes.text(i, j, text, ha="center", va="center", fontsize=small, color=GREY)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _with_error(pair: Mapping[str, float | None]) -> str:
    return "" if pair["std_error"] is None else f" (SE {pair['std_error']:.2f})"
