"""Correlation matrices as heat maps with their numbers and standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from vcmodel.report.figures.style import GREY, INK, WIDTH, label, new_figure, sentence, text_width, tidy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

# levels up to which a cell has room for the standard error, and for a number at all
WITH_ERROR, WITH_NUMBER = 7, 14
LARGEST = 40
# inches above a matrix, and for the scale beside it
ABOVE, BESIDE = 0.35, 0.65


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
    sizes = [_margins(panel) for panel in shown]
    height = max(side + bottom + ABOVE for side, _, bottom in sizes)
    width = sum(left + side + BESIDE for side, left, _ in sizes)
    figure = new_figure(width, height)
    x = 0.0
    for panel, (side, left, _) in zip(shown, sizes, strict=True):
        x += left
        matrix = figure.add_axes((x / width, (height - ABOVE - side) / height, side / width, side / height))
        bar = figure.add_axes(((x + side + 0.12) / width, (height - ABOVE - 0.9 * side) / height, 0.12 / width, 0.8 * side / height))
        _matrix(figure, matrix, bar, panel)
        x += side + BESIDE
    return figure


def _margins(panel: Panel) -> tuple[float, float, float]:
    """Side of the matrix, and the margins left and below, in inches."""
    names, size, turned = _names(panel)
    longest = max(text_width(name, size) for name in names)
    left = 0.15 + longest
    bottom = 0.15 + (0.87 * longest + 0.1 if turned else 0.16)
    return min(WIDTH - left - BESIDE, 2.6 if len(panel.levels) <= 3 else WIDTH), left, bottom


def _names(panel: Panel) -> tuple[list[str], float, bool]:
    """Level names as shown, their size, and whether those below are turned."""
    k = len(panel.levels)
    names = [label(level, 18 if k <= 4 else 14) for level in panel.levels]
    size = 9.0 if k <= WITH_ERROR else 7.5 if k <= WITH_NUMBER else 5.5
    return names, size, k > 4 or max(map(len, names)) > 10


def describe(panel: Panel) -> str:
    """The matrix in words."""
    items = []
    for (row, column), pair in panel.pairs.items():
        value = panel.values[panel.levels.index(row)][panel.levels.index(column)]
        items.append(f"{row} with {column} {_number(value)}{_with_error(pair)}")
    return f"Heat map of the correlations of {panel.term}: {sentence(items)}."


def _matrix(figure: Figure, axes: Any, bar_axes: Any, panel: Panel) -> None:
    k = len(panel.levels)
    scale, colours = Normalize(-1.0, 1.0), colormaps["RdBu"]
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
            axes.add_patch(
                Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=fill, edgecolor="white" if value is not None else GREY, hatch=hatch)
            )
            if k <= WITH_NUMBER:
                _cell(axes, i, j, value, pair, k)
    axes.set_xlim(-0.5, k - 0.5)
    axes.set_ylim(k - 0.5, -0.5)
    tidy(axes)
    axes.spines[:].set_visible(False)
    names, size, turned = _names(panel)
    axes.set_xticks(
        range(k), names, fontsize=size, rotation=60 if turned else 0, ha="right" if turned else "center", rotation_mode="anchor"
    )
    axes.set_yticks(range(k), names, fontsize=size)
    axes.tick_params(length=0)
    kind = "Residual" if panel.kind == "residual" else "Random"
    axes.set_title(f"{kind}: {label(panel.term, 28)}", fontsize=10, loc="left", fontweight="bold")
    bar = figure.colorbar(ScalarMappable(scale, colours), cax=bar_axes, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.outline.set_visible(False)
    bar_axes.tick_params(labelsize=7.5, length=2)


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
    return "none" if value is None else f"{value:z.2f}"


def _with_error(pair: Mapping[str, float | None]) -> str:
    return "" if pair["std_error"] is None else f" (SE {pair['std_error']:.2f})"
