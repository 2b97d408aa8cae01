"""What can be fitted over levels whose order matters but is seldom meant: gaps, a single level, sections of one row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vcmodel.design.caution import Caution
from vcmodel.design.conditions import meets, single_conditions
from vcmodel.spec import Condition, StructuredFactor, of_kind
from vcmodel.text import few

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vcmodel.design.frame import Frame
    from vcmodel.spec import FactorSpec, ModelSpec

_NUMBERED = re.compile(r"([^0-9]*?)(-?[0-9]{1,9})")


class _Product(NamedTuple):
    """A product of factors under conditions, as written."""

    text: str
    factors: Sequence[FactorSpec]
    conditions: tuple[Condition, ...]

    @property
    def place(self) -> str:
        """Which product, under which conditions."""
        return self.text + "".join(f", {item.factor} {level}" for item in self.conditions for level in item.levels or ())


def seldom_meant_of_neighbours(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """Cautions about ordered levels, and about sections of the residual with one observation."""
    products = list(_products(spec, frame))
    for product in products:
        yield from _gaps(product, frame)
        yield from _single_levels(product, frame)
    yield from _single_rows(spec, frame)


def _products(spec: ModelSpec, frame: Frame) -> Iterator[_Product]:
    for term in spec.random:
        for conditions in single_conditions(term, "random", frame):
            yield _Product(term.text, term.factors, conditions)
    section = spec.residual.section
    for item in spec.residual.alternatives:
        if section is None:
            yield _Product(item.text, item.factors, ())
        else:
            for level in item.levels or frame.cell_factor(section).labels:
                yield _Product(item.text, item.factors, (Condition(section, (level,)),))


def _gaps(product: _Product, frame: Frame) -> Iterator[Caution]:
    """Numbers left out in the sequence of levels whose order matters: the levels beside them are neighbours."""
    for factor in of_kind(product.factors, StructuredFactor):
        missing = _left_out(factor.source.every_level(frame, product.conditions)) if factor.ordered else []
        if missing and not all(frame.lists_its_levels(column) for column in factor.columns()):
            yield Caution(
                f"{product.place}: no row has {factor.factor} {few(missing, 5)}, so that the levels before and after are taken as "
                f"neighbours: add rows without a response, or make a categorical column of {factor.factor} with all its levels"
            )


def _left_out(labels: Sequence[str]) -> list[str]:
    """The numbers missing among labels that are whole numbers after the same letters, where fewer are missing than there."""
    found = [_NUMBERED.fullmatch(item) for item in labels]
    prefixes = {item[1] for item in found if item is not None}
    if not labels or None in found or len(prefixes) > 1:
        return []
    (prefix,) = prefixes
    numbers = {int(item[2]) for item in found if item is not None}
    first, last = min(numbers), max(numbers)
    return [] if last - first >= 2 * len(numbers) else [f"{prefix}{i}" for i in range(first, last) if i not in numbers]


def _single_levels(product: _Product, frame: Frame) -> Iterator[Caution]:
    """One level in order, or at one place: a field of one row."""
    for factor in of_kind(product.factors, StructuredFactor):
        levels = _present(factor, product, frame) if factor.placed else ()
        if len(levels) == 1:
            others = ":".join(item.text for item in product.factors if item is not factor) or "id(units)"
            yield Caution(
                f"{product.place}: {factor.factor} has one level, {levels[0]}, so that there is no correlation along it: write {others} "
                f"here, or check the column {factor.factor}"
            )


def _present(factor: StructuredFactor, product: _Product, frame: Frame) -> tuple[str, ...]:
    """The levels that a structure has under the conditions of its product."""
    if factor.ordered:
        return factor.source.every_level(frame, product.conditions)
    return factor.matrix(frame).within(meets(product.conditions, frame)).seen().labels


def _single_rows(spec: ModelSpec, frame: Frame) -> Iterator[Caution]:
    """Sections of the residual with one observed row, which tells no variance apart from the fixed effects."""
    section = spec.residual.section
    if section is None:
        return
    for level in frame.cell_factor(section).labels:
        rows = np.unique(frame.row[meets((Condition(section, (level,)),), frame)])
        if rows.size == 1:
            yield Caution(
                f"residual: the section {section} {level} has one row with a response, row {frame.row_number(int(rows[0]))}, which says "
                f"next to nothing about a variance of its own: leave it out, or take a column with one label for it and another section"
            )
