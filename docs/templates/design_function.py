"""Template: a function that stands in place of a factor and brings columns of its own, here the powers of a covariate.

1. the class, in a file of its own in ``vcmodel/formula/``;
2. one line in ``vcmodel.formula.columns.DESIGN_FUNCTIONS``: ``"powers": Powers``. Parser, messages, frame and design ask the class;
3. a test against a dense V written out by hand: ``tests/design/test_design_functions.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from scipy import sparse

from vcmodel.formula.columns import Cells, DesignFunction
from vcmodel.incidence import FactorColumns

if TYPE_CHECKING:
    from vcmodel.formula.columns import ColumnReader
    from vcmodel.formula.tree import Call


@dataclass(frozen=True)
class Powers(DesignFunction):
    """``powers(x, k)``: the columns 1, x, ..., x^k."""

    use: ClassVar[Literal["factor", "covariate"]] = "covariate"  # what its data columns are read as

    column: str
    degree: int

    @classmethod
    def read(cls, node: Call, reader: ColumnReader) -> Powers:
        """What a call means; refuse here, with a FormulaError, what no data could make right."""
        column, degree = node.arguments
        return cls(reader.column(column, "powers()"), degree.value)

    @property
    def name(self) -> str:
        """As in labels and row names."""
        return f"powers({self.column}, {self.degree})"

    def columns(self) -> tuple[str, ...]:
        """The data columns needed."""
        return (self.column,)

    def matrix(self, cells: Cells) -> FactorColumns:
        """Its columns over the observed cells."""
        values = np.vander(cells.cell_numbers(self.column), self.degree + 1, increasing=True)
        return FactorColumns(sparse.csr_matrix(values), tuple(f"order{i}" for i in range(self.degree + 1)))
