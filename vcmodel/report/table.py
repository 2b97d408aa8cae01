"""Tables as text within a line width."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

WIDTH = 100


def number(value: float, form: str = ".6g") -> str:
    """A number in the given format; a missing one as an empty place.

    >>> number(0.123456789), number(12345678.9), number(float("nan")), number(0.5, ".4f")
    ('0.123457', '1.23457e+07', '', '0.5000')
    """
    return "" if isnan(value) else format(value, form)


def shortened(text: str, width: int) -> str:
    """`text` within `width` characters, cut in the middle, where labels differ least.

    >>> shortened("trait:vm(animal, A)!trait_y", 15)
    'trait:v…trait_y'
    """
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def table(frame: pd.DataFrame, formats: Mapping[str, str], label: str = "", most: int | None = None) -> str:
    """A table as aligned text: the index left, numbers right.

    Parameters
    ----------
    formats : mapping
        Format of each number column; other columns are written as text.
    label : str
        Head of the index.
    most : int, optional
        Rows shown; a last line tells how many are left out.
    """
    shown = frame if most is None or len(frame) <= most else frame.iloc[:most]
    columns = []
    for name in frame.columns:
        values = shown[name].tolist()
        cells = [number(float(value), formats[name]) if name in formats else str(value) for value in values]
        columns.append([str(name), *cells])
    widths = [max(map(len, cells)) for cells in columns]
    left = [label, *map(str, shown.index.tolist())]
    room = WIDTH - sum(widths) - 2 * len(widths)
    first = min(max(map(len, left)), max(room, 12))
    lines = []
    for i, text in enumerate(left):
        cells = [column[i].rjust(width) for column, width in zip(columns, widths, strict=True)]
        lines.append("  ".join([shortened(text, first).ljust(first), *cells]).rstrip())
    if len(shown) < len(frame):
        lines.append(f"… {len(frame) - len(shown)} more")
    return "\n".join(lines)


def wrapped(text: str, first: str, rest: str) -> str:
    """A paragraph within the width; `first` and `rest` are put before its first and its other lines."""
    lines, line = [], first
    for word in text.split():
        if len(line) + 1 + len(word) > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = rest
        line += ("" if line in (first, rest) else " ") + word
    lines.append(line.rstrip())
    return "\n".join(lines)


def listed(items: Sequence[str]) -> str:
    """Notes as a list."""
    return "\n".join(wrapped(item, "- ", "  ") for item in items)
