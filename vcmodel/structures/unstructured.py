"""An arbitrary positive semi-definite matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Parameter
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.cholesky_chart import CholeskyChart
from vcmodel.structures.constrained_roots import constrained_root, places_of
from vcmodel.structures.correlations import pair_label
from vcmodel.structures.linear import LinearStructure


@dataclass(frozen=True)
class Unstructured(LinearStructure):
    """Variances and covariances, lower triangle row-wise."""

    name: ClassVar[str] = "us"
    carries_variance: ClassVar[bool] = True
    summary: ClassVar[str] = "unstructured: every variance and covariance"
    count: ClassVar[str] = "w (w + 1) / 2"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """11, 21, 22, 31, … named later:earlier."""
        return tuple(
            Parameter(pair_label(self.factor, later, earlier), "variance" if i == j else "covariance", "P", self.factor, (later, earlier))
            for i, later in enumerate(self.levels)
            for j, earlier in enumerate(self.levels[: i + 1])
        )

    @cached_property
    def basis(self) -> Array:
        """One entry and its mirror image each, (k(k+1)/2, k, k)."""
        rows, columns = np.tril_indices(self.size)
        index = np.arange(len(rows))
        result = np.zeros((len(rows), self.size, self.size))
        result[index, rows, columns] = 1.0
        result[index, columns, rows] = 1.0
        return result

    def start(self, covariance: Array) -> Array:
        """The matrix itself."""
        return np.asarray(covariance, dtype=float)[np.tril_indices(self.size)]

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The free Cholesky factor in pivoted order."""
        return CholeskyChart.of(self.value(self.require_admissible(theta)), reference)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """Rows with a constrained variance as scale times direction, the others free."""
        sigma = self.value(theta)
        deviations = np.sqrt(np.maximum(np.diagonal(sigma), 0.0))
        scale = np.where(deviations > 0.0, deviations, np.inf)
        correlation = np.clip(sigma / scale[:, None] / scale, -1.0, 1.0)
        np.fill_diagonal(correlation, 1.0)
        places = places_of(self.parameters, *np.tril_indices(self.size), constrained)
        return constrained_root(places, deviations, correlation, (), reference)
