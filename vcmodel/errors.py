"""The hierarchies of errors and warnings: every message says what is wrong, where, and what to do."""

from __future__ import annotations

import sys
import warnings
from difflib import get_close_matches
from typing import TYPE_CHECKING

from vcmodel.text import few, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray


# characters of a message, and of the formula it shows: names and formulas may be as long as a file
LONGEST, WINDOW = 4000, 400


class VcmodelError(Exception):
    """Base class of every error vcmodel raises on purpose; the middle of an endless message is left out."""

    def __init__(self, message: object = "") -> None:
        text = str(message)
        cut = LONGEST // 2
        super().__init__(text if len(text) <= LONGEST else f"{text[:cut]} […] {text[-cut:]}")


class FormulaError(VcmodelError):
    """A model formula that cannot be read or does not make sense.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    text : str, optional
        The formula.
    span : (int, int), optional
        Half-open range of characters of `text` to underline.
    """

    def __init__(self, message: str, text: str | None = None, span: tuple[int, int] | None = None) -> None:
        if text is not None and span is not None:
            start, stop = span
            if len(text) > WINDOW:
                first = max(0, start - WINDOW // 4)
                last = min(len(text), first + WINDOW)
                text = f"{'…' * (first > 0)}{text[first:last]}{'…' * (last < len(text))}"
                start, stop = (min(place, last) - first + (first > 0) for place in (start, stop))
            message = f"{message}\n    {text}\n    {' ' * start}{'^' * max(1, stop - start)}"
        super().__init__(message)


class DataError(VcmodelError):
    """Data that do not fit the model: a column, level, row or value."""


class StructureError(VcmodelError):
    """A covariance structure used where it cannot stand, or with arguments, starts or bounds it cannot have."""


class RelationshipError(VcmodelError):
    """A pedigree or relationship matrix that is inconsistent or does not cover the data."""


class ConvergenceError(VcmodelError):
    """Raised only on request (``fit.require_converged()``): the fit ended with another status than converged."""


class LedgerError(VcmodelError):
    """The record of a batch that another run holds, that is damaged, or that cannot be read or written."""


class VcmodelWarning(UserWarning):
    """Base class of every warning of vcmodel. What one says stands also in ``fit.notes``, which is where programs should look."""


class ConvergenceWarning(VcmodelWarning):
    """A fit that ended with another status than converged."""


class ModelWarning(VcmodelWarning):
    """A model or data that can be fitted but may not be what their user means."""


class CostWarning(VcmodelWarning):
    """A fit that will take long, before it starts."""


def warn(message: str, category: type[VcmodelWarning]) -> None:
    """Warns at the line that called the package, however deep inside it this is called."""
    package = __name__.partition(".")[0]
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def choices(name: str, known: Iterable[str], what: str) -> str:
    """The part of a message that lists the menu of `what`, nearest match first.

    >>> choices("Famly", ["Block", "Family"], "columns")
    "did you mean 'Family'? The columns are: Block, Family"
    """
    menu = [str(item) for item in known]
    close = get_close_matches(str(name), menu, n=1, cutoff=0.6)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}{'The' if hint else 'the'} {what} are: {few(menu, 20)}"


def row_list(rows: Sequence[int] | NDArray[np.int64]) -> str:
    """``row 3`` or ``rows 3, 5, 8, … (12 in all)`` from positions counted from 0.

    >>> row_list([2]), row_list(range(20))
    ('row 3', 'rows 1, 2, 3, 4, 5, … (20 in all)')
    """
    return f"{plural(len(rows), 'row')} {few([str(row + 1) for row in rows], 5)}"
