"""Fits in orthonormal columns: which terms take part, and the way to and from the basis that the user wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.design.orthonormal import orthonormalised
from vcmodel.reml.components import row_names
from vcmodel.reml.point import Point
from vcmodel.structures.cholesky_chart import CholeskyChart
from vcmodel.structures.rebased_chart import RebasedChart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.reml.components import Component
    from vcmodel.reml.constraints import Constraints
    from vcmodel.structures.base import Structure

    Array = NDArray[np.float64]


def in_orthonormal_columns(design: Design, bounds: Mapping[str, str] | None = None, equal: Sequence[Sequence[str]] | None = None) -> Design:
    """The design with orthonormal columns in every term whose matrix is free; held and tied parameters mean the basis as written."""
    asked = {row for row, code in (bounds or {}).items() if code == "F"} | {row for group in equal or () for row in group}
    terms = tuple(
        orthonormalised(term) if chart_of(term.structure) is not None and asked.isdisjoint(row_names(term.label, term.structure)) else term
        for term in design.terms
    )
    return design if all(new is old for new, old in zip(terms, design.terms, strict=True)) else replace(design, terms=terms)


def chart_of(structure: Structure) -> CholeskyChart | None:
    """A chart of a structure that is any covariance matrix; None for others."""
    if structure.size < 2 or not structure.pattern().all():
        return None
    chart, _ = structure.chart(structure.start(np.eye(structure.size)), np.ones(structure.size))
    return chart if isinstance(chart, CholeskyChart) else None


def basis_of(design: Design, component: Component) -> Array | None:
    """M of a component, None where it is worked as written."""
    return design.terms[component.index].basis if component.is_random else None


def written_theta(design: Design, component: Component, theta: Array) -> Array:
    """Parameters of M Sigma M' from those of Sigma."""
    return _changed(component, theta, basis_of(design, component))


def worked_constraints(design: Design, components: Sequence[Component], constraints: Constraints, defaults: Sequence[Array]) -> Constraints:
    """The constraints with starting values in the basis worked in: `defaults`, or those of the user carried over."""
    theta = []
    for component, asked, default in zip(components, constraints.theta, defaults, strict=True):
        basis = basis_of(design, component)
        if basis is None:
            theta.append(asked)
        elif np.array_equal(asked, written_theta(design, component, default)):
            theta.append(default)
        else:
            theta.append(_changed(component, asked, np.asarray(np.linalg.inv(basis), dtype=np.float64)))
    return replace(constraints, theta=tuple(theta))


def _changed(component: Component, theta: Array, basis: Array | None) -> Array:
    chart = chart_of(component.structure)
    if basis is None or chart is None:
        return theta
    sigma = basis @ component.structure.value(theta) @ basis.T
    values, vectors = np.linalg.eigh(0.5 * (sigma + sigma.T))
    if values[0] < 0.0:  # a singular matrix, but for rounding of its entries far from the data
        sigma = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return chart.parameters_of(sigma)


def _written(design: Design, component: Component) -> Component:
    """The component with the standard deviations of the data at the levels as written."""
    basis = basis_of(design, component)
    return component if basis is None else replace(component, reference=np.sqrt(basis**2 @ component.reference**2))


def written_point(design: Design, point: Point) -> Point:
    """The same coordinates with components as written, and charts whose matrices are those of the columns as written."""
    positions = []
    for part in point:
        basis, chart = basis_of(design, part.component), part.chart
        rebased = RebasedChart(chart, basis) if basis is not None and isinstance(chart, CholeskyChart) else chart
        positions.append((_written(design, part.component), rebased, part.phi))
    return Point.of(positions)
