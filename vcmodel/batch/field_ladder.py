"""The usual models for one field trial, from independent residuals to neighbours that are alike, as a ladder for one file or a hundred.

In the terms of the field: *global trend* and the effects of whole rows and columns are random effects of these, *local trend* is a
separable autoregressive residual, ar1 x ar1, and a *nugget* is the error of the single plot on top of it.

References
----------
Gilmour, A. R., Cullis, B. R. & Verbyla, A. P. (1997). Accounting for natural and extraneous variation in the analysis of field experiments.
J. Agric. Biol. Environ. Stat. 2, 269-293.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.batch.traits import quoted
from vcmodel.errors import VcmodelError, choices, row_list

if TYPE_CHECKING:
    import pandas as pd

# a model with fewer parameters is taken where its AIC is no more than this above the smallest
WITHIN = 2.0


@dataclass(frozen=True)
class FieldModel:
    """One model of the ladder.

    Attributes
    ----------
    name : str
    row, column : str
        Columns of the data.
    lines : bool
        Whether rows and columns have random effects.
    along_row, along_column : bool
        Whether neighbouring rows and neighbouring columns are correlated (ar1).
    nugget : bool
        Whether plots have an error of their own on top of that.
    """

    name: str
    row: str
    column: str
    lines: bool = False
    along_row: bool = False
    along_column: bool = False
    nugget: bool = False

    def formulas(self, random: str | None, several: bool) -> tuple[str | None, str | None]:
        """``random`` and ``residual``, with `random` as the terms of all models; of `several` traits every term has a matrix."""
        row, column = quoted(self.row), quoted(self.column)
        by_trait = "us(trait):" if several else ""
        terms = [] if random is None else [random]
        terms += [f"{by_trait}{name}" for name in (row, column) if self.lines]
        terms += [f"{by_trait}units"] if self.nugget else []
        residual = None
        if self.along_row or self.along_column:
            ways = (("ar1" if along else "id", name) for along, name in ((self.along_row, row), (self.along_column, column)))
            residual = by_trait + ":".join(f"{structure}({name})" for structure, name in ways)
        return " + ".join(terms) or None, residual

    def left_out(self, data: pd.DataFrame, responses: Sequence[str]) -> str:
        """Why the model cannot be fitted to a file for want of rows and columns; empty where it can, as far as these go."""
        if not (self.lines or self.along_row or self.along_column):
            return ""
        if any(name not in data.columns for name in responses):
            return ""  # which is another fault, and told when the model is fitted
        observed = data[list(responses)].notna().any(axis=1).to_numpy()
        for name, needed in ((self.row, self.lines or self.along_row), (self.column, self.lines or self.along_column)):
            if name not in data.columns:
                return f"the data have no column {name!r}"
            absent = data[name].isna().to_numpy() & observed
            if absent.any():
                return f"{name!r} is missing in {row_list(np.flatnonzero(absent))} where a response is observed"
            levels = data.loc[observed, name].unique()
            if needed and len(levels) < 2:
                return f"{name!r} has one level, {str(levels[0]) if len(levels) else 'none'}: nothing varies along it"
        return ""


def field_models(row: str, column: str, names: Sequence[str] = ()) -> tuple[FieldModel, ...]:
    """The ladder for a field with these columns of the data, from simple to rich; those called `names`, if any are given.

    ``independent``; ``row + column`` (random effects); ``ar1(row)``, ``ar1(column)`` (in one direction); ``ar1 x ar1``; ``ar1 x ar1 +
    nugget``; and these two with random effects of rows and columns beside them.

    Raises
    ------
    VcmodelError
        One column in both places, an unknown name, a name twice.
    """
    if row == column:
        raise VcmodelError(f"the rows and the columns of the field are both {row!r}: name two columns of the data")
    both = {"along_row": True, "along_column": True}
    models = (
        FieldModel("independent", row, column),
        FieldModel("row + column", row, column, lines=True),
        FieldModel("ar1(row)", row, column, along_row=True),
        FieldModel("ar1(column)", row, column, along_column=True),
        FieldModel("ar1 x ar1", row, column, **both),
        FieldModel("ar1 x ar1 + nugget", row, column, **both, nugget=True),
        FieldModel("row + column + ar1 x ar1", row, column, lines=True, **both),
        FieldModel("row + column + ar1 x ar1 + nugget", row, column, lines=True, **both, nugget=True),
    )
    menu = [model.name for model in models]
    for name in names:
        if name not in menu:
            raise VcmodelError(f"there is no model {name!r} for a field; {choices(name, menu, 'models')}")
    if len(set(names)) < len(names):
        raise VcmodelError("a model for a field is named twice; leave one out")
    return tuple(model for model in models if not names or model.name in names)
