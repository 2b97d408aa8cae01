"""The numerical side of the residual: sections, units, and the pattern of observed cells in each unit."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.design.field_column import LEAST_PLOTS, field_column
from vcmodel.design.terms import combined, product_structure, structured
from vcmodel.errors import DataError, StructureError, choices
from vcmodel.linalg.connected import connected_levels
from vcmodel.spec import Condition, KnownFactor, ResidualSpec, SectionSpec, StructuredFactor, of_kind
from vcmodel.structures.separable import SeparableStructure, worth_separating
from vcmodel.text import few

if TYPE_CHECKING:
    from vcmodel.design.frame import Frame
    from vcmodel.structures.kronecker import KroneckerStructure

# a grid has at most so many places for each observed cell
MOST_ABSENT = 20


@dataclass(frozen=True)
class Pattern:
    """Units in which the same levels were observed.

    Attributes
    ----------
    levels : (g,) array
        Positions in the section's structure.
    cells : (n_units, g) array
        The observed cell of each unit and level.
    """

    levels: np.ndarray
    cells: np.ndarray


@dataclass(frozen=True)
class Section:
    """One block of R = direct sum of sections: I kron Sigma over units, restricted to the observed cells of each unit.

    Attributes
    ----------
    label : str
        ``units``, ``units:trait``, or ``site_S1`` of a direct sum.
    structure : KroneckerStructure or SeparableStructure
        Sigma over the levels present in the section, those of sparse parts left out.
    cells, unit, level : (n,) arrays
        The section's cells, and the unit and level of each: that of Sigma, or with sparse parts Sigma-level * q + level of K.
    patterns : tuple of Pattern
        Units grouped by what was observed in them; levels that the structure leaves uncorrelated stand in patterns of their own. Empty
        with sparse parts, whose grids are completed by the equations.
    level_of_section : str
        Of the factor whose levels are the sections; empty for an undivided residual.
    """

    label: str
    structure: KroneckerStructure | SeparableStructure
    cells: np.ndarray
    unit: np.ndarray
    level: np.ndarray
    patterns: tuple[Pattern, ...]
    level_of_section: str = ""

    @property
    def separable(self) -> SeparableStructure:
        """The structure of a section with sparse parts."""
        if not isinstance(self.structure, SeparableStructure):
            raise TypeError(f"{self.label} has no sparse parts")
        return self.structure

    @property
    def n_places(self) -> int:
        """Levels q of K, 1 without sparse parts."""
        return prod(inverse.order for inverse in self.structure.inverses) if isinstance(self.structure, SeparableStructure) else 1

    @property
    def n_absent(self) -> int:
        """Cells of the completed grids that the data lack."""
        return 0 if self.patterns else (int(self.unit.max(initial=-1)) + 1) * self.structure.size * self.n_places - self.cells.size

    @property
    def sigma_level(self) -> np.ndarray:
        """The level (n,) of Sigma of each cell."""
        return self.level // self.n_places


def group_by_pattern(unit: np.ndarray, level: np.ndarray, cells: np.ndarray) -> list[Pattern]:
    """Units with the same set of observed levels, one :class:`Pattern` per set; cells need not be sorted."""
    order = np.lexsort((level, unit))
    unit, level, cells = unit[order], level[order], cells[order]
    first = np.flatnonzero(np.r_[True, unit[1:] != unit[:-1]])
    sizes = np.diff(np.r_[first, unit.size])
    groups: list[Pattern] = []
    for size in np.unique(sizes):
        start = first[sizes == size]
        position = start[:, None] + np.arange(size)
        kinds, inverse = np.unique(level[position], axis=0, return_inverse=True)
        inverse = inverse.reshape(-1)
        groups += [Pattern(kind, cells[position[inverse == i]]) for i, kind in enumerate(kinds)]
    return groups


def _refuse_duplicates(spec: SectionSpec, where: str, frame: Frame, unit: np.ndarray, level: np.ndarray, cells: np.ndarray) -> None:
    """Refuse two cells of the same unit and level; `where` is the section, if it is one of several."""
    order = np.lexsort((level, unit))
    same = (np.diff(unit[order]) == 0) & (np.diff(level[order]) == 0)
    if not same.any():
        return
    pair = np.flatnonzero(same)[0]
    first, second = (frame.row_number(frame.row[cells[order[i]]]) for i in (pair, pair + 1))
    raise DataError(
        f"residual {spec.text!r}: rows {first} and {second} are the same combination of {', '.join(f.factor for f in spec.factors)}"
        f"{where and f' in {where}'} ({int(same.sum())} such pairs); the factors of a residual must identify each row: "
        + _remedy(spec, frame, unit * (int(level.max()) + 1) + level, cells)
    )


def _remedy(spec: SectionSpec, frame: Frame, place: np.ndarray, cells: np.ndarray) -> str:
    """What to do where several rows are one combination of levels, `place` (n,) of the cells."""
    if not any(item.placed for item in of_kind(spec.factors, StructuredFactor)):
        return "add a factor that tells them apart, or use id(units)"
    columns = [column for item in spec.factors for column in item.columns()]
    correct = f"a plot has one place: correct {few(columns)}, or leave a row out"
    found = field_column(frame.table.iloc[frame.row[cells]], place, columns)
    # a few such rows are mistakes, whatever tells them apart
    if found is None or (cells.size - np.unique(place).size) * LEAST_PLOTS < cells.size:
        return f"{correct}, or add a factor that tells them apart"
    return f"{correct}; for plots of several fields write dsum(~ {spec.text} | {found[0]})"


def build_section(spec: SectionSpec, frame: Frame, active: np.ndarray, within: str = "", level_of_section: str = "") -> Section:
    """The section over the `active` cells (N,) bool: all, or those at one level of the factor `within`.

    Raises
    ------
    DataError
        Two cells with the same combination of the residual's factors.
    """
    known = of_kind(spec.factors, KnownFactor)
    if known:
        raise StructureError(f"residual {spec.text!r}: {known[0].label} is not available in a residual; put it in random")
    label = f"{within}_{level_of_section}" if within else residual_label(spec)
    conditions = (Condition(within, (level_of_section,)),) if within else ()
    parts, by_structure = structured(of_kind(spec.factors, StructuredFactor), frame, active, conditions)
    # every active cell has one unit and one level: missing ones were refused
    unit = combined(spec.factors, frame, active).values.indices.astype(np.int64)
    level = by_structure.indices.astype(np.int64)
    cells = np.flatnonzero(active)
    _refuse_duplicates(spec, label if within else "", frame, unit, level, cells)
    structure = product_structure(parts)
    if _is_field(structure, unit, cells.size):
        separable = SeparableStructure(structure)
        return Section(label, separable, cells, unit, separable.level(level), (), level_of_section)
    block = connected_levels(structure.pattern())[level]
    patterns: list[Pattern] = []
    for b in np.unique(block):
        inside = block == b
        patterns += group_by_pattern(unit[inside], level[inside], cells[inside])
    return Section(label, structure, cells, unit, level, tuple(patterns), level_of_section)


def _is_field(structure: KroneckerStructure, unit: np.ndarray, n_cells: int) -> bool:
    """Whether units of these levels are taken as grids: large ones with sparse parts, of which the cells fill enough."""
    return worth_separating(structure) and int(unit.max(initial=-1) + 1) * structure.size <= MOST_ABSENT * n_cells


def residual_label(spec: SectionSpec) -> str:
    """The label of an undivided residual: its factors joined by ``:``."""
    return ":".join(item.factor for item in spec.factors)


def build_residual(spec: ResidualSpec, frame: Frame) -> tuple[Section, ...]:
    """The sections of R, covering every cell once.

    Raises
    ------
    DataError
        A cell outside every section, a section level that is not in the data, or duplicate cells.
    """
    everywhere = np.ones(frame.y.size, dtype=bool)
    if spec.section is None:
        return (build_section(spec.alternatives[0], frame, everywhere),)
    factor = frame.cell_factor(spec.section)
    sections, covered = [], np.zeros(frame.y.size, dtype=bool)
    chosen: dict[str, SectionSpec] = {}
    for alternative in spec.alternatives:
        for level in alternative.levels or factor.labels:
            if level not in factor.labels:
                raise DataError(
                    f"residual {alternative.text!r}: {spec.section} has no level {level!r}; {choices(level, factor.labels, 'levels')}"
                )
            if level in chosen:
                raise StructureError(f"residual: level {level!r} of {spec.section} stands in two sections; give each level one structure")
            chosen[level] = alternative
    for code, level in enumerate(factor.labels):
        if level not in chosen:
            continue
        active = factor.codes == code
        covered |= active
        if active.any():
            sections.append(build_section(chosen[level], frame, active, spec.section, level))
    if not covered.all():
        outside = np.unique(factor.codes[~covered])
        names = few([factor.labels[i] for i in outside], 5)
        raise DataError(
            f"residual: {int((~covered).sum())} observations lie outside every section ({spec.section} = {names}); "
            "give these levels a structure, or remove their rows"
        )
    return tuple(sections)
