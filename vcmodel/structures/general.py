"""General correlation: one for every pair of levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Parameter
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.cholesky_chart import CorrelationCholeskyChart
from vcmodel.structures.constrained_roots import constrained_root, places_of
from vcmodel.structures.correlation_chart import CorrelationChart
from vcmodel.structures.correlations import DEFAULT_START, LARGEST_START, correlation_matrix, pair_label, pairs
from vcmodel.structures.linear import LinearStructure
from vcmodel.structures.scaling import Heterogeneous, Homogeneous


@dataclass(frozen=True)
class General(LinearStructure):
    """A correlation for each pair, row-wise; none for a single level."""

    name: ClassVar[str] = "corg"
    carries_variance: ClassVar[bool] = False
    summary: ClassVar[str] = "general correlation: one for every pair"
    count: ClassVar[str] = "w (w - 1) / 2"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """21, 31, 32, … named later:earlier."""
        names = [(self.levels[i], self.levels[j]) for i, j in zip(*pairs(self.size), strict=True)]
        return tuple(Parameter(f"{pair_label(self.factor, *pair)}.cor", "correlation", "U", self.factor, pair) for pair in names)

    @cached_property
    def basis(self) -> Array:
        """One entry and its mirror image each, (k(k-1)/2, k, k)."""
        rows, columns = pairs(self.size)
        index = np.arange(len(rows))
        result = np.zeros((len(rows), self.size, self.size))
        result[index, rows, columns] = 1.0
        result[index, columns, rows] = 1.0
        return result

    def start(self, covariance: Array) -> Array:
        """The correlations, drawn towards zero where they are within a tenth of the way from the boundary."""
        matrix = correlation_matrix(covariance)
        values = matrix[pairs(self.size)]
        if not np.any(values):
            return np.full(len(values), DEFAULT_START)
        # On the ray I + c (C - I) the smallest eigenvalue 1 - c (1 - lambda) is zero at c = 1 / (1 - lambda).
        smallest = np.linalg.eigvalsh(matrix)[0]
        return min(1.0, LARGEST_START / max(1.0 - smallest, LARGEST_START)) * values

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """Unit rows of a pivoted triangular root."""
        return CorrelationChart.of(self.value(self.require_admissible(theta)))

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """Unit directions, shared by pairs whose correlation is held at +-1."""
        rows, columns = pairs(self.size)
        places = places_of(self.parameters, rows, columns, constrained)
        return constrained_root(places, None, self.value(theta), held_at_one(theta, held, rows, columns), reference)


class GeneralHomogeneous(Homogeneous):
    """General correlation, one variance."""

    name: ClassVar[str] = "corgv"
    family = General
    summary: ClassVar[str] = "general correlation, one variance"
    count: ClassVar[str] = "w (w - 1) / 2 + 1"


class GeneralHeterogeneous(Heterogeneous):
    """General correlation, one variance per level: the matrices of us, reported as correlations."""

    name: ClassVar[str] = "corgh"
    family = General
    summary: ClassVar[str] = "general correlation, one variance per level (us on the correlation scale)"
    count: ClassVar[str] = "w (w + 1) / 2"

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The free Cholesky factor of us."""
        return CorrelationCholeskyChart.of(self.value(self.require_admissible(theta)), reference)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """Rows with a constrained variance or correlation as scale times direction, the others free."""
        rho, variances = self.split(theta)
        rows, columns = pairs(self.size)
        levels = np.arange(self.size)
        places = places_of(self.parameters, np.append(rows, levels), np.append(columns, levels), constrained)
        merged = held_at_one(rho, held[: len(rho)], rows, columns)
        return constrained_root(places, np.sqrt(variances), self.correlation.value(rho), merged, reference)


def held_at_one(rho: Array, held: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[tuple[int, int, float]]:
    """The pairs whose correlation is held at +-1, and its sign."""
    found = np.flatnonzero(held & (np.abs(rho) == 1.0))
    return [(int(rows[n]), int(columns[n]), float(rho[n])) for n in found]
