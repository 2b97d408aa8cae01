"""What columns a factor of a random term or residual has: the levels of a data column, or what a design function makes of data.

A design function is a class here or in a file of its own, and one line in `DESIGN_FUNCTIONS`: parser, messages, frame, design and reports
ask the class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import numpy as np

from vcmodel.formula.tree import RESERVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.errors import FormulaError
    from vcmodel.formula.conditions import Condition
    from vcmodel.formula.tree import Argument, Call, Span
    from vcmodel.incidence import FactorColumns


class Cells(Protocol):
    """What a factor may ask of the data: N observed cells, one for each row and trait with a response."""

    def indicator(self, column: str) -> FactorColumns:
        """An indicator of the levels of a column, of ``trait`` or of ``units``."""

    def cell_numbers(self, column: str) -> NDArray[np.float64]:
        """A column as numbers (N,); NaN where a missing value was not needed."""

    def cell_coordinates(self, column: str) -> NDArray[np.float64]:
        """A column of numbers, or of labels that are numbers, as coordinates (N,); NaN where a missing value was not needed."""

    def every_level(self, column: str, conditions: Sequence[Condition]) -> tuple[str, ...]:
        """The levels of a column: those that a categorical one lists, else those in any row that meets `conditions`, response or not."""


class ColumnSource(ABC):
    """Where the columns of a factor come from. Frozen: names, never numbers."""

    use: ClassVar[Literal["factor", "covariate", "coordinate"]]  # what its data columns stand as
    size: int = 0  # the number of levels where that stands in place of a factor, us(2) in str(); else 0

    @property
    @abstractmethod
    def name(self) -> str:
        """What the factor is called in labels and row names."""

    @property
    def written(self) -> str:
        """How it stands inside a call."""
        return self.name

    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The data columns it needs; ``trait`` and ``units`` are none."""

    @abstractmethod
    def matrix(self, cells: Cells) -> FactorColumns:
        """The columns over the cells (N,)."""

    def every_level(self, cells: Cells, conditions: Sequence[Condition]) -> tuple[str, ...]:
        """The labels in their order that a structure of ordered levels has under `conditions`."""
        return self.matrix(cells).labels


class ColumnReader(Protocol):
    """What reads the arguments of a function: :class:`vcmodel.formula.factors.Reader`."""

    def fail(self, message: str, span: Span) -> FormulaError:
        """The error to raise, with the place in the formula."""

    def column(self, node: Argument, where: str) -> str:
        """The column an argument names."""


class DesignFunction(ColumnSource):
    """A function that may stand in place of a factor: ``f(x, 2)``, ``us(f(x, 2)):id(subject)``."""

    @classmethod
    @abstractmethod
    def read(cls, node: Call, reader: ColumnReader) -> DesignFunction:
        """What a call means.

        Raises
        ------
        FormulaError
            Arguments it cannot have.
        """


@dataclass(frozen=True)
class Levels(ColumnSource):
    """The levels of one column, of ``trait`` or of ``units``."""

    use: ClassVar[Literal["factor", "covariate", "coordinate"]] = "factor"

    column: str

    @property
    def name(self) -> str:
        """The column."""
        return self.column

    def columns(self) -> tuple[str, ...]:
        """The column, unless every model has it."""
        return () if self.column in RESERVED else (self.column,)

    def matrix(self, cells: Cells) -> FactorColumns:
        """An indicator."""
        return cells.indicator(self.column)

    def every_level(self, cells: Cells, conditions: Sequence[Condition]) -> tuple[str, ...]:
        """Those of the column."""
        return cells.every_level(self.column, conditions)


@dataclass(frozen=True)
class Coordinates(ColumnSource):
    """Places in space or time, for structures of distances: a level for every combination of the numbers in some columns."""

    use: ClassVar[Literal["factor", "covariate", "coordinate"]] = "coordinate"

    axes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The columns joined by ``:``."""
        return ":".join(self.axes)

    @property
    def written(self) -> str:
        """The columns as arguments."""
        return ", ".join(self.axes)

    def columns(self) -> tuple[str, ...]:
        """One for each axis."""
        return self.axes

    def matrix(self, cells: Cells) -> FactorColumns:
        """An indicator of the places, with their coordinates."""
        numbers = np.column_stack([cells.cell_coordinates(axis) for axis in self.axes])
        places = reduce(lambda one, other: one.joined(other), [cells.indicator(axis) for axis in self.axes])
        return places.located(numbers, self.name)


@dataclass(frozen=True)
class Size(ColumnSource):
    """A number of levels in place of a factor: ``us(2)`` in str(), which joins so many terms."""

    use: ClassVar[Literal["factor", "covariate", "coordinate"]] = "factor"

    size: int

    @property
    def name(self) -> str:
        """The number."""
        return str(self.size)

    def columns(self) -> tuple[str, ...]:
        """None."""
        return ()

    def matrix(self, cells: Cells) -> FactorColumns:
        """None of its own: the terms that are joined have them."""
        raise TypeError("a number of levels has no columns")


DESIGN_FUNCTIONS: dict[str, type[DesignFunction]] = {}
