"""What all pictures share: sizes, inks, labels that are only text, and a figure as an image that stands in a page."""

from __future__ import annotations

import base64
import unicodedata
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from vcmodel.report.table import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

# inches; a phone shows this width at about three quarters of its size, so that the small print stays legible
WIDTH = 4.8
INK, BLUE, ORANGE, GREY, PALE = "#1a1a1a", "#1f5a94", "#b3541e", "#6f6f6f", "#d9e4ef"
# marks of an SVG beyond which a layer is drawn as pixels
MOST_MARKS = 1500
DPI = 160


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes
    ----------
    uri : str
        The image itself, as a data address.
    alt : str
        The same in words, for those who do not see it.
    caption : str
        How to read it.
    wide : bool
        Whether it takes the width of two.
    """

    uri: str
    alt: str
    caption: str
    wide: bool = False


def readable(text: object) -> str:
    """`text` with its control, surrogate and direction characters replaced, which no image or page can hold.

    >>> readable("a\\x00b\\u202ec")
    'a\ufffdb\ufffdc'
    """
    return "".join("\ufffd" if unicodedata.category(letter) in ("Cc", "Cs", "Cf") else letter for letter in str(text))


def label(text: object, width: int = 24) -> str:
    """`text` for a picture: short, readable, and never read as a mathematical formula.

    >>> print(label("a $x^2$"))
    a \\$x^2\\$
    """
    return shortened(readable(text), width).replace("$", r"\$")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches, outside any global state."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def axes_column(rows: int, height: float, columns: int = 1, width: float = WIDTH) -> tuple[Figure, list[list[Any]]]:
    """A figure with `rows` x `columns` axes, each `height` inches high."""
    figure = new_figure(width, height * rows)
    table = [list(line) for line in figure.subplots(rows, columns, squeeze=False)]
    for line in table:
        for axes in line:
            tidy(axes)
    return figure, table


def tidy(axes: Any) -> None:
    """Small print and no box."""
    axes.tick_params(labelsize=8, length=3, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.label.set_size(8.5)
    axes.yaxis.label.set_size(8.5)
    axes.title.set_size(9.5)


def named(axes: Any, title: str = "", x: str = "", y: str = "") -> None:
    """Title and axis labels of one size; they are `label`-ed already where they come from the user."""
    if title:
        axes.set_title(title, fontsize=9.5, loc="left", fontweight="bold")
    axes.set_xlabel(x, fontsize=8.5)
    axes.set_ylabel(y, fontsize=8.5)


def as_pixels(count: int) -> bool:
    """Whether a layer of so many marks is better drawn as pixels."""
    return count > MOST_MARKS


def picture(figure: Figure, alt: str, caption: str, wide: bool = False) -> Picture:
    """The figure as an SVG image; its text stays text, and equal figures give equal bytes."""
    buffer = BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "vcmodel"}), warnings.catch_warnings():
        # letters that the drawing font lacks are measured as boxes; the reader's fonts show them
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure.savefig(buffer, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    return Picture(f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}", readable(alt), readable(caption), wide)


def sentence(items: Sequence[str], most: int = 12) -> str:
    """Parts of a description, joined and cut.

    >>> sentence(["a", "b", "c"], 2)
    'a; b; and 1 more'
    """
    return "; ".join([*items[:most], *([f"and {len(items) - most} more"] if len(items) > most else [])])
