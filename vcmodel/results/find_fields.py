"""The fields of a fit: those of the model's covariance over rows and columns, and those that the data's columns tell of.

The values are free of a nugget: residuals without the effects of ``units`` where the residual is the field or independent, the predicted
effects where a random term is the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import VcmodelError, choices
from vcmodel.results.diagnostics import residual_deviations
from vcmodel.results.field import Field
from vcmodel.results.field_covariance import SeparableCovariance
from vcmodel.results.field_of_model import field_product
from vcmodel.results.layout import field_layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.design.residual import Section
    from vcmodel.reml.components import Component
    from vcmodel.reml.estimate import Estimate
    from vcmodel.results.layout import FieldLayout

    Array = NDArray[np.float64]


# why there are none
NO_PLACES = (
    "the plots have no known places: write the residual over rows and columns, ar1(row):ar1(column), or give the data columns named row "
    "and column with whole numbers"
)


def fields(estimate: Estimate, row: str = "", column: str = "") -> list[Field]:
    """The fields of an estimate: those of the model, and for the cells outside them those of the data.

    Parameters
    ----------
    row, column : str
        Columns of the data that tell the places where the model does not; by default those of the model's fields elsewhere, else those
        that are named like rows and columns.
    """
    outside = np.ones(estimate.design.frame.y.size, dtype=bool)
    found: list[Field] = []
    # a residual field first: beside it a random one is no nugget-free part
    for index, component in sorted(enumerate(estimate.components), key=lambda item: item[1].is_random):
        product = field_product(estimate, index)
        if product is not None and np.all(outside[product.active]):
            outside &= ~product.active
            found += product.fields(_values(estimate, component))
    if outside.any():
        names = (row, column) if row or column or not found else (found[0].row_name, found[0].column_name)
        for section in estimate.design.sections:
            if outside[section.cells].any():
                found += _fields_of_data(estimate, section, outside, *names)
    return found


def require_fields(estimate: Estimate, row: str = "", column: str = "") -> list[Field]:
    """The :func:`fields` of an estimate.

    Raises
    ------
    VcmodelError
        There is none, or a column that is not in the data.
    """
    present = list(estimate.design.frame.table.columns)
    for name in (row, column):
        if name and name not in present:
            raise VcmodelError(f"variogram: no column {name!r} in the data; {choices(name, present, 'columns')}")
    found = fields(estimate, row, column)
    if not found:
        raise VcmodelError(f"variogram: {NO_PLACES}")
    return found


def _values(estimate: Estimate, component: Component) -> Array:
    """Residuals, or the predicted effects of a random term, of the cells (N,)."""
    frame = estimate.design.frame
    if not component.is_random:
        return (frame.y - estimate.equations.fitted()) * frame.weight_root
    effects, _ = estimate.equations.effects(component.index)
    return estimate.design.terms[component.index].incidence @ effects.ravel() / frame.weight_root


def _fields_of_data(estimate: Estimate, section: Section, outside: NDArray[np.bool_], row: str, column: str) -> list[Field]:
    """Fields of those cells of a residual section that are `outside` those of the model, as the data's columns tell."""
    frame = estimate.design.frame
    own = section.cells[outside[section.cells]]
    rows = np.unique(frame.row[own])
    if any(name and name not in frame.table.columns for name in (row, column)):
        return []
    layout = field_layout(frame.table.iloc[rows], row, column)
    if layout is None:
        return []
    residual = (frame.y - estimate.equations.fitted()) * frame.weight_root
    variance = (residual_deviations(estimate) * frame.weight_root) ** 2
    found = []
    for trait, response in enumerate(frame.responses):
        cells = own[frame.trait[own] == trait]
        at = np.searchsorted(rows, frame.row[cells])
        for number, label in enumerate(layout.fields):
            here = (layout.field[at] == number) & (layout.row[at] >= 0) & (layout.column[at] >= 0)
            if here.any():
                level = section.level_of_section
                column_of, value = (layout.field_name, label) if layout.field_name else (estimate.design.spec.residual.section, level)
                found.append(
                    Field(
                        section=f"{column_of}_{value}" if value else section.label,
                        name=f"{column_of} {value}" if value else "",
                        trait=response,
                        row_name=layout.row_name,
                        column_name=layout.column_name,
                        rows=layout.rows,
                        columns=layout.columns,
                        row=layout.row[at[here]],
                        column=layout.column[at[here]],
                        cells=cells[here],
                        values=residual[cells[here]],
                        covariance=_independent(layout, float(np.mean(variance[cells[here]]))),
                    )
                )
    return found


def _independent(layout: FieldLayout, variance: float) -> SeparableCovariance:
    return SeparableCovariance(variance * np.eye(len(layout.rows)), np.eye(len(layout.columns)))
