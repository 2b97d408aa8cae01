"""What the equations ask of the residual covariance R, and R as the direct sum of its sections."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from vcmodel.equations.cross_products import Entries
from vcmodel.equations.separable_residual import SeparableResidual
from vcmodel.equations.unit_residual import UnitResidual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vcmodel.design.residual import Section
    from vcmodel.equations.base import Part, PartDerivatives

    Array = NDArray[np.float64]


class ResidualCovariance(Protocol):
    """R of one section over its own rows, in the numbering of all N rows: R^-1 = sum of rho_c A_c with constant A_c.

    The rows are the observed cells, then those that the sections have and the data lack.

    Attributes
    ----------
    rows : (n,) array
        The rows of the section, in any order.
    n_absent : int
        Cells of the section that the data lack.
    coefficients : (n_coefficients,) array
        rho at the last update.
    logdet : float
        log|R| at the last update.
    """

    rows: NDArray[np.int64]
    n_absent: int
    coefficients: Array
    logdet: float

    @property
    def n_coefficients(self) -> int:
        """Number of matrices A_c."""

    def entries(self) -> Entries:
        """The lower triangles (N, N) of the symmetric A_c, all at once: row >= column, c, value."""

    def update(self, part: Part) -> bool:
        """Move to a point; False, and nothing usable, when R is not positive definite there."""

    def solve(self, values: Array, result: Array) -> None:
        """Put R^-1 values, for values (N, ...), into the section's rows of `result`."""

    def change(self, part: Part, weighted: Array, result: Array) -> None:
        """Put dR/dphi R^-1 e, for `weighted` = R^-1 e (N,), into the section's rows of `result` (N, m)."""

    def derivatives(self, part: Part, by_coefficient: Array, weighted: Array) -> PartDerivatives:
        """Score and curvature by the coordinates.

        Parameters
        ----------
        by_coefficient : (n_coefficients,) array
            dlog|C|/drho.
        weighted : (N,) array
            R^-1 e.
        """


def residuals_of(sections: Sequence[Section], n_cells: int) -> list[ResidualCovariance]:
    """R of every section of a design with `n_cells` observed cells."""
    found: list[ResidualCovariance] = []
    for section in sections:
        first_absent = n_cells + sum(one.n_absent for one in found)
        found.append(UnitResidual(section) if section.patterns else SeparableResidual(section, first_absent))
    return found


class DirectSum:
    """R of a design: its sections, which may be of different kinds."""

    def __init__(self, sections: Sequence[ResidualCovariance]) -> None:
        self.sections = tuple(sections)
        ends = np.cumsum([0, *(section.n_coefficients for section in self.sections)])
        self.slices = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self.coefficients: Array = np.zeros(int(ends[-1]))
        self.logdet = 0.0

    @property
    def n_absent(self) -> int:
        """Cells of all sections that the data lack."""
        return sum(section.n_absent for section in self.sections)

    def on_grid(self, n_rows: int) -> NDArray[np.bool_]:
        """The rows (n_rows,) of sections whose cells are neighbours on a grid."""
        result = np.zeros(n_rows, dtype=bool)
        for section in self.sections:
            if isinstance(section, SeparableResidual):
                result[section.rows] = True
        return result

    @property
    def n_coefficients(self) -> int:
        """Number of matrices of all sections."""
        return self.coefficients.size

    def entries(self) -> Entries:
        """The lower triangles of the matrices of all sections."""
        pieces = zip((section.entries() for section in self.sections), self.slices, strict=True)
        return Entries.together([item._replace(coefficient=item.coefficient + own.start) for item, own in pieces])

    def update(self, parts: Sequence[Part]) -> bool:
        """Move every section to its part; False when one is not positive definite."""
        self.logdet = 0.0
        for section, own, part in zip(self.sections, self.slices, parts, strict=True):
            if not section.update(part):
                return False
            self.coefficients[own] = section.coefficients
            self.logdet += section.logdet
        return bool(np.isfinite(self.logdet))

    def solve(self, values: Array) -> Array:
        """R^-1 values for values (N,) or (N, m)."""
        result = np.empty_like(values)
        for section in self.sections:
            section.solve(values, result)
        return result
