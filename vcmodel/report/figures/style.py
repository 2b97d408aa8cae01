"""What all pictures share: sizes, inks, labels that are only text, and a figure as an image that stands in a page."""

from __future__ import annotations

import base64
import re
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from vcmodel.report.table import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

# inches; a phone shows this width at about three quarters of its size, so that the small print stays legible
WIDTH = 4.8
INK, BLUE, ORANGE, GREY, PALE = "#1a1a1a", "#1f5a94", "#b3541e", "#6f6f6f", "#d9e4ef"
# marks of an SVG beyond which a layer is drawn as pixels
MOST_MARKS = 400
DPI = 200
# control characters but tab and line feed, lone surrogates, and direction marks, which could show one name as another
UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# axis labels of the two kinds of residuals
RESIDUAL = {"standardised": "residual / SD", "residual": "residual"}


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes
    ----------
    uri : Markup
        The image itself, as a data address of our own making.
    alt : str
        The same in words, for those who do not see it.
    caption : str
        How to read it.
    wide : bool
        Whether it takes the width of two.
    """

    uri: Markup
    alt: str
    caption: str
    wide: bool = False


def printable(text: object) -> str:
    """`text` without what no page or image can hold: control characters, lone surrogates, and marks that turn the direction of reading.

    >>> len(printable("a" + chr(0) + chr(0x202E) + "b")), printable(chr(7)) == chr(0xFFFD)
    (4, True)
    """
    return UNREADABLE.sub("\ufffd", str(text))


def label(text: object, width: int = 24) -> str:
    """`text` for a picture: on one line, short, and never read as a mathematical formula.

    >>> label("a price in $ or $$").count(chr(92))
    3
    """
    return shortened(" ".join(printable(text).split()), width).replace("$", r"\$")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches, outside any global state."""
    return Figure(figsize=(width, height), facecolor="white")


def axes_column(
    rows: int, height: float, columns: int = 1, width: float = WIDTH, left: float = 0.62, right: float = 0.12, between: float = 0.0
) -> tuple[Figure, list[list[Any]]]:
    """A figure with `rows` x `columns` axes, each `height` inches high with its labels.

    Margins are given in inches: a layout found by measuring every text takes as long as drawing.
    """
    top, bottom = 0.3, 0.46
    figure = new_figure(width, height * rows)
    inner_height, inner_width = height - top - bottom, width / columns - left - right
    table = figure.subplots(
        rows,
        columns,
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": 1.0 - right / width,
            "bottom": bottom / (height * rows),
            "top": 1.0 - top / (height * rows),
            "hspace": (top + bottom) / inner_height,
            "wspace": (left + right + between) / inner_width,
        },
    )
    for axes in table.flat:
        tidy(axes)
    return figure, [list(line) for line in table]


def text_width(text: str, size: float) -> float:
    """Inches that a text takes at most, on average letters."""
    return len(text) * size * 0.62 / 72.0


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
    uri = Markup("data:image/svg+xml;base64,") + Markup(base64.b64encode(buffer.getvalue()).decode("ascii"))
    return Picture(uri, alt, caption, wide)


def sentence(items: Sequence[str], most: int = 12) -> str:
    """Parts of a description, joined and cut.

    >>> sentence(["a", "b", "c"], 2)
    'a; b; and 1 more'
    """
    return "; ".join([*items[:most], *([f"and {len(items) - most} more"] if len(items) > most else [])])
