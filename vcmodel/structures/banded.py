"""Banded correlations: one for each number of steps between levels, up to b; zero beyond."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.autoregressive_chart import PartialChart
from vcmodel.structures.bands import check_bands, require_bands
from vcmodel.structures.base import Parameter
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.correlations import DEFAULT_START, LARGEST_START, SNAP
from vcmodel.structures.identity import IdentityChart
from vcmodel.structures.levinson import autocorrelations, partials_of_correlations, toeplitz
from vcmodel.structures.linear import LinearStructure
from vcmodel.structures.radial_chart import RadialChart, reach
from vcmodel.structures.scaling import with_variances
from vcmodel.structures.series_chart import Shape
from vcmodel.structures.stationary import decaying, halfway, mean_correlations, shrunk


@dataclass(frozen=True)
class Banded(LinearStructure):
    """Correlations at lags 1, ..., b, wherever the Toeplitz matrix of the w levels is positive semi-definite; b = w - 1 is any of these."""

    name: ClassVar[str] = "corb"
    carries_variance: ClassVar[bool] = False
    ordered: ClassVar[bool] = True
    summary: ClassVar[str] = "banded correlation: one for each lag up to b (Toeplitz)"
    count: ClassVar[str] = "b"
    arguments: ClassVar[tuple[str, ...]] = ("b",)
    examples: ClassVar[tuple[tuple[int | float | str, ...], ...]] = ((1,), (2,), (3,), (4,))

    factor: str
    levels: tuple[str, ...]
    b: int

    @classmethod
    def check_arguments(cls, *arguments: int | float | str) -> None:
        """A whole number of bands from 1 on."""
        check_bands(*arguments)

    def __post_init__(self) -> None:
        require_bands(self, self.b)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """``.cor1`` to ``.corb``; none for a single level."""
        return tuple(Parameter(f"{self.factor}.cor{lag + 1}", "correlation", "U") for lag in range(self.b if self.size > 1 else 0))

    @cached_property
    def basis(self) -> Array:
        """Ones at one lag each, (b, k, k)."""
        return toeplitz(np.eye(self.size)[1 : 1 + len(self.parameters)])

    def pattern(self) -> NDArray[np.bool_]:
        """All entries: the roots of its charts are full."""
        return np.ones((self.size, self.size), dtype=bool)

    def start(self, covariance: Array) -> Array:
        """The mean correlations at each lag, within 0.9 of the way from independence to the boundary."""
        if self.size == 1:
            return np.zeros(0)
        lags = mean_correlations(covariance, self.b)
        if np.all(np.abs(lags) <= SNAP):
            lags = decaying(DEFAULT_START, self.b)
        if self.b == self.size - 1:
            return self.outer(partials_of_correlations(lags, LARGEST_START))
        return lags * min(1.0, LARGEST_START * reach(self.basis, np.zeros(self.b), lags))

    def alternatives_to(self, theta: Array, end: Array) -> tuple[Array, ...]:
        """Halfway from the boundary, where there may be several maxima."""
        return halfway(self, end) if self.b == self.size - 1 and self.size > 1 else ()

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """Angles of partial autocorrelations for all lags; for a band, an angle towards the boundary and a direction."""
        return self._chart(self.require_admissible(theta), True)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The same without edges, at the nearest admissible correlations."""
        return self._chart(shrunk(self, theta), False)

    def _chart(self, theta: Array, floored: bool) -> tuple[Chart, Array]:
        if self.size == 1:
            return IdentityChart(1), theta
        return PartialChart.of(self, theta, floored) if self.b == self.size - 1 else RadialChart.of(self.basis, theta, floored)

    # --- what the chart of all lags asks ------------------------------------------------------------------------------------------------

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Cosines."""
        return tuple("cosine" for _ in range(self.b))

    def inner(self, theta: Array) -> Array:
        """Partial autocorrelations."""
        return partials_of_correlations(theta)

    def outer(self, q: Array) -> Array:
        """Correlations of partial autocorrelations."""
        return autocorrelations(q, self.size)[0][1:]

    def outer_derivative(self, q: Array) -> Array:
        """Of the Durbin-Levinson recursion."""
        return autocorrelations(q, self.size)[1][:, 1:].T

    def series(self, q: Array) -> tuple[Array, Array]:
        """Correlations by lag, and their derivatives."""
        return autocorrelations(q, self.size)


BandedHomogeneous, BandedHeterogeneous = with_variances(Banded)
