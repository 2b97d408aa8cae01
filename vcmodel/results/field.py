"""A field: plots by row and column, and that part of the data in which neighbours are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.results.field_covariance import FieldCovariance

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Field:
    """The plots of one field and trait.

    Attributes
    ----------
    section : str
        Label of the residual section or random term, or of the level of the data that is the field.
    name : str
        The field in words, ``site S1``; empty for a single one.
    trait : str
    row_name, column_name : str
        The factors; empty for that of a field in one line.
    rows, columns : tuple of str
        Their levels in order.
    row, column : (n,) int arrays
        Place of each observed plot.
    cells : (n,) int array
        Its position among the observed cells.
    values : (n,) array
        What is alike among neighbours, without nugget, on the scale of weight 1.
    covariance : FieldCovariance
        As estimated.
    term : int or None
        Position of the random term whose predicted effects the values are; None for residuals.
    """

    section: str
    name: str
    trait: str
    row_name: str
    column_name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row: Integers
    column: Integers
    cells: Integers
    values: Array
    covariance: FieldCovariance
    term: int | None = None

    @property
    def predicted(self) -> bool:
        """Whether the values are predicted effects of a random term, not residuals."""
        return self.term is not None

    @property
    def title(self) -> str:
        """Trait and field."""
        return f"{self.trait}, {self.name}" if self.name else self.trait

    @property
    def grid(self) -> Array:
        """The values at their places (rows, columns), NaN where no plot was observed."""
        return self._grid(self.values)

    @property
    def standardised(self) -> Array:
        """The values in standard deviations at their places."""
        deviation = self.covariance.deviation(self.row, self.column)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._grid(np.where(deviation > 0.0, self.values / deviation, np.nan))

    def _grid(self, values: Array) -> Array:
        result = np.full((len(self.rows), len(self.columns)), np.nan)
        result[self.row, self.column] = values
        return result
