"""One variance per level, no covariances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Parameter
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.constrained_roots import independent_root, places_of
from vcmodel.structures.correlations import level_name
from vcmodel.structures.linear import LinearStructure, RootChart


@dataclass(frozen=True)
class Diagonal(LinearStructure):
    """Independent levels, each with its own variance."""

    name: ClassVar[str] = "diag"
    carries_variance: ClassVar[bool] = True
    summary: ClassVar[str] = "independent levels, one variance each"
    count: ClassVar[str] = "w"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The variances in level order."""
        return tuple(Parameter(level_name(self.factor, level), "variance", "P", self.factor, (level, level)) for level in self.levels)

    @cached_property
    def basis(self) -> Array:
        """One diagonal entry each, (k, k, k)."""
        unit = np.eye(self.size)
        return unit[:, :, None] * unit[:, None, :]

    def start(self, covariance: Array) -> Array:
        """The diagonal."""
        return np.diagonal(covariance).astype(float)

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The standard deviations as coordinates."""
        theta = self.require_admissible(theta)
        return RootChart(self.basis, np.asarray(reference, dtype=float)), np.sqrt(theta)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The standard deviations as scales."""
        levels = range(self.size)
        return independent_root(places_of(self.parameters, levels, levels, constrained), levels, np.sqrt(theta), reference)
