"""The identity, and the identity times one variance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Parameter
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.constrained_roots import independent_root, places_of
from vcmodel.structures.linear import LinearStructure, RootChart, root_mean_square


@dataclass(frozen=True, eq=False)
class IdentityChart(Chart):
    """The identity of order `order`: a loading without coordinates."""

    levels: int

    @property
    def size(self) -> int:
        """No coordinates."""
        return 0

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.levels

    def loading(self, phi: Array) -> Array:
        """The identity (k, k)."""
        return np.eye(self.levels)

    def loading_derivative(self, phi: Array) -> Array:
        """Empty, (0, k, k)."""
        return np.zeros((0, self.levels, self.levels))

    def reported(self, phi: Array) -> Array:
        """Empty."""
        return np.zeros(0)

    def jacobian(self, phi: Array) -> Array:
        """Empty, (0, 0)."""
        return np.zeros((0, 0))


@dataclass(frozen=True)
class Identity(LinearStructure):
    """Independent levels with unit variance: no parameters."""

    name: ClassVar[str] = "id"
    carries_variance: ClassVar[bool] = False
    summary: ClassVar[str] = "identity: independent levels"
    count: ClassVar[str] = "0"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """None."""
        return ()

    @cached_property
    def basis(self) -> Array:
        """Empty, (0, k, k)."""
        return np.zeros((0, self.size, self.size))

    def start(self, covariance: Array) -> Array:
        """Empty."""
        return np.zeros(0)

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The chart without coordinates."""
        return IdentityChart(self.size), self.require_admissible(theta)


@dataclass(frozen=True)
class IdentityVariance(LinearStructure):
    """Independent levels with one common variance."""

    name: ClassVar[str] = "idv"
    carries_variance: ClassVar[bool] = True
    summary: ClassVar[str] = "independent levels, one variance"
    count: ClassVar[str] = "1"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The one variance."""
        return (Parameter("", "variance", "P"),)

    @cached_property
    def basis(self) -> Array:
        """The identity, (1, k, k)."""
        return np.eye(self.size)[None]

    def start(self, covariance: Array) -> Array:
        """The mean variance."""
        return np.array([np.mean(np.diagonal(covariance))])

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """The standard deviation as coordinate."""
        theta = self.require_admissible(theta)
        return RootChart(self.basis, np.array([root_mean_square(reference)])), np.sqrt(theta)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The standard deviation as the scale of all levels."""
        return independent_root(places_of(self.parameters, [0], [0], constrained), [0] * self.size, np.sqrt(theta), reference)
