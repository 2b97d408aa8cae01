"""Banded structures: their argument, the entries of a band, and what structures with a banded triangular factor share."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import StructureError
from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Array
from vcmodel.structures.correlations import level_name, pair_label
from vcmodel.structures.parameter import Kind


def check_bands(bands: int | float | str) -> None:
    """Refuse a number of bands that no number of levels makes right.

    Raises
    ------
    StructureError
        It is not a whole number from 1 on.
    """
    if isinstance(bands, bool) or not isinstance(bands, int) or bands < 1:
        raise StructureError(f"the number of bands is {bands}; write a whole number from 1 on")


def require_bands(structure: Structure, bands: int) -> None:
    """Refuse as many bands as there are levels, or more; a single level has none, whatever is written.

    Raises
    ------
    StructureError
        Naming the largest number.
    """
    check_bands(bands)
    if 1 < structure.size <= bands:
        name, factor, size = structure.name, structure.factor, structure.size
        raise StructureError(
            f"{name}({factor}, {bands}) needs more than {bands} levels, not {size}; take {name}({factor}, {size - 1}), which is the largest"
        )


def band(size: int, bands: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column indices of the entries below the diagonal within the band, row-wise: 21, 31, 32, 42, 43 for two bands."""
    rows, columns = np.tril_indices(size, -1)
    inside = rows - columns <= bands
    return rows[inside], columns[inside]


class BandedFactor(Structure):
    """Sigma through a diagonal matrix D and a unit triangular one with k bands."""

    carries_variance: ClassVar[bool] = True
    ordered: ClassVar[bool] = True
    count: ClassVar[str] = "w (k + 1) - k (k + 1) / 2"
    arguments: ClassVar[tuple[str, ...]] = ("k",)
    examples: ClassVar[tuple[tuple[int | float | str, ...], ...]] = ((1,), (2,), (3,))
    diagonal: ClassVar[Kind]  # what D consists of

    factor: str
    levels: tuple[str, ...]
    k: int

    @classmethod
    def check_arguments(cls, *arguments: int | float | str) -> None:
        """A whole number of bands from 1 on."""
        check_bands(*arguments)

    def __post_init__(self) -> None:
        require_bands(self, self.k)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """``f_level.D`` for each level, then ``f_later:earlier.U`` row-wise."""
        factor, levels = self.factor, self.levels
        own = [Parameter(f"{level_name(factor, level)}.D", self.diagonal, "P", factor, (level, level)) for level in levels]
        pairs = [(levels[i], levels[j]) for i, j in zip(*band(self.size, self.k), strict=True)]
        return tuple(own + [Parameter(f"{pair_label(factor, *pair)}.U", "coefficient", "U", factor, pair) for pair in pairs])

    def _unit_factor(self, theta: Array) -> Array:
        """The triangular matrix (w, w), its band below the diagonal."""
        lower = np.eye(self.size)
        lower[band(self.size, self.k)] = theta[self.size :]
        return lower
