"""Fields that the covariance of a component describes: its factors say where the plots are, its levels who is a neighbour of whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.design.conditions import meets
from vcmodel.formula.columns import Coordinates
from vcmodel.formula.factor_specs import IdentityFactor, StructuredFactor, of_kind
from vcmodel.results.field import Field
from vcmodel.results.field_covariance import PlacesCovariance, SeparableCovariance
from vcmodel.results.layout import column_named, row_named
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.kronecker_chart import split
from vcmodel.structures.separable import SeparableStructure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.reml.estimate import Estimate
    from vcmodel.results.field_covariance import FieldCovariance
    from vcmodel.spec import FactorSpec, SectionSpec
    from vcmodel.structures.base import Structure

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Axis:
    """One direction of a field; that of a field in one line has no name and one level.

    Attributes
    ----------
    name : str
    labels : tuple of str
        The levels in order.
    place : (N,) int array
        Place of each cell among them; -1 outside the field.
    matrix : (w, w) array
        Covariance of the levels.
    """

    name: str
    labels: tuple[str, ...]
    place: Integers
    matrix: Array


@dataclass(frozen=True, eq=False)
class FieldProduct:
    """A component that is a field: a product over rows and columns, with or without ``trait``.

    Attributes
    ----------
    index : int
        Position among the components.
    name : str
        The field in words; empty for a single one.
    factors : tuple of FactorSpec
    active : (N,) bool array
        Its cells.
    """

    estimate: Estimate
    index: int
    name: str
    factors: tuple[FactorSpec, ...]
    active: NDArray[np.bool_]

    def fields(self, values: Array) -> list[Field]:
        """A field for each trait, with these values of the cells (N,)."""
        own = _without_trait(self.factors)
        rows, columns, level = self._plane(own[0]) if len(own) == 1 and _n_axes(own[0]) == 2 else (*self._lines(own), None)
        frame, component = self.estimate.design.frame, self.estimate.components[self.index]
        found = []
        for number, trait in enumerate(frame.responses):
            cells = np.flatnonzero(self.active & (frame.trait == number))
            # a random term may have several plots at one place, which share its effect
            _, first = np.unique(rows.place[cells] * len(columns.labels) + columns.place[cells], return_index=True)
            cells = cells[first]
            if cells.size:
                found.append(
                    Field(
                        section=component.label,
                        name=self.name,
                        trait=trait,
                        row_name=rows.name,
                        column_name=columns.name,
                        rows=rows.labels,
                        columns=columns.labels,
                        row=rows.place[cells],
                        column=columns.place[cells],
                        cells=cells,
                        values=values[cells],
                        covariance=_covariance(self._variance(trait), rows, columns, level),
                        term=component.index if component.is_random else None,
                    )
                )
        return found

    def _pieces(self) -> list[tuple[Structure, Array]]:
        """Structure and parameters of each structured factor, after the single variance where there is one."""
        structure = self.estimate.components[self.index].structure
        whole = structure.whole if isinstance(structure, SeparableStructure) else structure
        assert isinstance(whole, KroneckerStructure)  # as every component's
        return list(zip(whole.all_parts, split(self.estimate.theta[self.index], whole.sizes), strict=True))

    def _piece(self, item: FactorSpec) -> tuple[Structure, Array]:
        structured: list[FactorSpec] = [*of_kind(self.factors, StructuredFactor)]
        return self._pieces()[-len(structured) :][structured.index(item)]

    def _variance(self, trait: str) -> float:
        """What the covariance of rows and columns is multiplied by for one trait."""
        pieces = self._pieces()
        structured = of_kind(self.factors, StructuredFactor)
        value = float(pieces[0][1][0]) if len(pieces) > len(structured) else 1.0
        for item in structured:
            if item.factor == "trait":
                structure, theta = self._piece(item)
                place = structure.levels.index(trait)
                value *= float(structure.value(theta)[place, place])
        return value

    def _lines(self, own: Sequence[FactorSpec]) -> tuple[_Axis, _Axis]:
        """Rows and columns of one or two factors."""
        axes = [self._axis(item) for item in own]
        if len(axes) == 1:
            alone = _Axis("", ("",), np.zeros_like(axes[0].place), np.eye(1))
            return (axes[0], alone) if row_named(axes[0].name) else (alone, axes[0])
        first, second = axes
        return (second, first) if column_named(first.name) or row_named(second.name) else (first, second)

    def _axis(self, item: FactorSpec) -> _Axis:
        """One factor as a direction."""
        labels, place = self._levels(item)
        if isinstance(item, IdentityFactor):
            return _Axis(item.factor, labels, place, np.eye(len(labels)))
        structure, theta = self._piece(item)
        matrix = structure.value(theta)
        if _n_axes(item):
            order = np.argsort([position[0] for position in structure.positions])  # type: ignore[attr-defined]
            rank = np.append(np.argsort(order), -1)
            return _Axis(item.factor, tuple(labels[i] for i in order), rank[place], matrix[np.ix_(order, order)])
        return _Axis(item.factor, labels, place, matrix)

    def _plane(self, item: FactorSpec) -> tuple[_Axis, _Axis, Integers]:
        """Rows and columns of a factor of two coordinates, the first of which has the matrix, and its level at each place."""
        _, level = self._levels(item)
        structure, theta = self._piece(item)
        matrix = structure.value(theta)
        names = item.columns()
        values, ranks = zip(
            *(np.unique(axis, return_inverse=True) for axis in np.array(structure.positions).T),  # type: ignore[attr-defined]
            strict=True,
        )
        turned = column_named(names[0]) or row_named(names[1])
        first, second = (1, 0) if turned else (0, 1)
        at = np.full((values[first].size, values[second].size), -1)
        at[ranks[first], ranks[second]] = np.arange(len(matrix))
        labels = [tuple(f"{value:g}" for value in axis) for axis in values]
        places = [np.append(rank, -1)[level] for rank in ranks]
        rows = _Axis(names[first], labels[first], places[first], matrix)
        return rows, _Axis(names[second], labels[second], places[second], matrix), at

    def _levels(self, item: FactorSpec) -> tuple[tuple[str, ...], Integers]:
        """The levels of a factor in the order of its structure, and the place of every cell (N,) among them, -1 outside the field."""
        columns = item.matrix(self.estimate.design.frame).within(self.active)
        if isinstance(item, StructuredFactor):
            labels = self._piece(item)[0].levels
        else:
            columns = columns.seen()
            labels = columns.labels
        place_of = {label: place for place, label in enumerate(labels)}
        place = np.full(self.active.size, -1)
        entries = np.diff(columns.values.indptr) > 0
        place[entries] = np.array([place_of.get(label, -1) for label in columns.labels], dtype=np.int64)[columns.values.indices]
        return labels, place


def field_product(estimate: Estimate, index: int) -> FieldProduct | None:
    """A component as a field; None where it is none.

    A field is a product of two factors beside ``trait`` whose levels have an order or coordinates (one of them may be independent, where
    its name is that of rows or columns), or one factor of two coordinates. A residual over one line of ordered levels is one too.
    """
    design, component = estimate.design, estimate.components[index]
    frame = design.frame
    if component.is_random:
        spec = design.terms[component.index].spec
        if spec.members or spec.covariates:
            return None
        factors, active = spec.factors, meets(spec.conditions, frame)
        name = " ".join(f"{item.factor} {level}" for item in spec.conditions for level in item.levels or ())
    else:
        section = design.sections[component.index]
        active = np.zeros(frame.y.size, dtype=bool)
        active[section.cells] = True
        level = section.level_of_section
        factors = _alternative(estimate, level).factors
        name = f"{design.spec.residual.section} {level}" if level else ""
    own = _without_trait(factors)
    spatial = [isinstance(item, StructuredFactor) and item.placed for item in own]
    named = [isinstance(item, IdentityFactor) and (row_named(item.factor) or column_named(item.factor)) for item in own]
    alone = len(own) == 1 and (not component.is_random or _n_axes(own[0]) == 2)
    pair = len(own) == 2 and all(_n_axes(item) < 2 for item in own)
    if not (alone or pair) or not any(spatial) or not all(a or b for a, b in zip(spatial, named, strict=True)):
        return None
    return FieldProduct(estimate, index, name, factors, active)


def _covariance(variance: float, rows: _Axis, columns: _Axis, level: Integers | None) -> FieldCovariance:
    """Of a product of two directions, or of the levels that stand at the places."""
    if level is None:
        return SeparableCovariance(variance * rows.matrix, columns.matrix)
    return PlacesCovariance(variance * rows.matrix, level)


def _alternative(estimate: Estimate, level: str) -> SectionSpec:
    """What is written for a level of the residual's sections."""
    alternatives = estimate.design.spec.residual.alternatives
    return next(item for item in alternatives if item.levels is None or level in item.levels)


def _without_trait(factors: Sequence[FactorSpec]) -> list[FactorSpec]:
    return [item for item in factors if item.factor != "trait"]


def _n_axes(item: FactorSpec) -> int:
    """Number of coordinates of a factor; 0 where it has none."""
    return len(item.source.axes) if isinstance(item.source, Coordinates) else 0
