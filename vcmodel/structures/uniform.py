"""Uniform correlation: every pair of levels has the same one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Parameter
from vcmodel.structures.chart import Array, Chart, Edge
from vcmodel.structures.correlations import DEFAULT_START, LARGEST_START, SNAP, correlation_matrix, pairs, snapped
from vcmodel.structures.identity import IdentityChart
from vcmodel.structures.linear import LinearStructure, RootChart, root_mean_square
from vcmodel.structures.scaling import Heterogeneous, Homogeneous


@dataclass(frozen=True)
class Uniform(LinearStructure):
    """One correlation for all pairs, between -1/(k-1) and 1; none for a single level."""

    name: ClassVar[str] = "cor"
    carries_variance: ClassVar[bool] = False
    summary: ClassVar[str] = "uniform correlation"
    count: ClassVar[str] = "1"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The correlation, if there are two levels."""
        return (Parameter(f"{self.factor}.cor", "correlation", "U"),) if self.size > 1 else ()

    @cached_property
    def basis(self) -> Array:
        """Ones off the diagonal, (1, k, k)."""
        return (np.ones((self.size, self.size)) - np.eye(self.size))[None][: len(self.parameters)]

    def start(self, covariance: Array) -> Array:
        """The average correlation, within 0.9 of its bounds."""
        if self.size == 1:
            return np.zeros(0)
        average = float(np.mean(correlation_matrix(covariance)[pairs(self.size)]))
        if abs(average) <= SNAP:
            return np.array([DEFAULT_START])
        return np.array([min(max(average, -LARGEST_START / (self.size - 1)), LARGEST_START)])

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """One angle, counted from the nearer boundary."""
        theta = self.require_admissible(theta)
        if self.size == 1:
            return IdentityChart(1), theta
        rho, k = theta[0], self.size
        # sin^2 and cos^2 of the angle; an admissible rho makes them negative by rounding only, where zero is meant.
        equal = np.sqrt(max((rho + 1.0 / (k - 1)) * (k - 1) / k, 0.0))
        contrast = np.sqrt(max((1.0 - rho) * (k - 1) / k, 0.0))
        return AngleChart(k, False).renormalise(np.array([np.arctan2(contrast, equal)]))

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The same: one angle."""
        return self.chart(theta, reference)


@dataclass(frozen=True, eq=False)
class AngleChart(Chart):
    """One angle t: the roots of the eigenvalues are alpha = sqrt(k) cos t (equal levels) and beta = sqrt(k/(k-1)) sin t (contrasts).

    Then alpha^2 + (k-1) beta^2 = k: unit variances for every t. Lambda = alpha J/k + beta (I - J/k), J all ones.

    Attributes
    ----------
    levels : int
        The order k, at least 2.
    lower : bool
        Whether t is counted from the lower boundary, rho = -1/(k-1), instead of from rho = 1 (sine and cosine change places).
    """

    linear: ClassVar[bool] = False

    levels: int
    lower: bool

    @property
    def size(self) -> int:
        """One."""
        return 1

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.levels

    @cached_property
    def _ends(self) -> tuple[Array, Array]:
        """The loadings for rho = 1 and for rho = -1/(k-1)."""
        k = self.levels
        equal = np.ones((k, k)) / k
        return np.sqrt(k) * equal, np.sqrt(k / (k - 1)) * (np.eye(k) - equal)

    @cached_property
    def _from(self) -> tuple[Array, Array]:
        """The loadings at t = 0 and at a right angle."""
        upper, lower = self._ends
        return (lower, upper) if self.lower else (upper, lower)

    def loading(self, phi: Array) -> Array:
        """Lambda (k, k)."""
        near, far = self._from
        return np.cos(phi[0]) * near + np.sin(phi[0]) * far

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by t (1, k, k)."""
        near, far = self._from
        return (np.cos(phi[0]) * far - np.sin(phi[0]) * near)[None]

    def loading_curvature(self, phi: Array, weights: Array) -> Array:
        """The second derivative is minus the loading."""
        return np.array([[-np.sum(weights * self.loading(phi))]])

    def reported(self, phi: Array) -> Array:
        """The correlation."""
        near, far = np.cos(phi) ** 2, np.sin(phi) ** 2
        equal, contrast = (far, near) if self.lower else (near, far)
        return snapped(equal - contrast / (self.levels - 1))

    def jacobian(self, phi: Array) -> Array:
        """Derivative of rho by t."""
        sign = 1.0 if self.lower else -1.0
        return (sign * np.sin(2.0 * phi) * (self.levels / (self.levels - 1)))[:, None]

    def angles(self) -> NDArray[np.bool_]:
        """The angle."""
        return np.ones(1, dtype=bool)

    def constrained(self, phi: Array) -> Array:
        """The correlation."""
        return self.reported(phi)

    def constrained_jacobian(self, phi: Array) -> Array:
        """Derivative of rho by t."""
        return self.jacobian(phi)

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Second derivative of rho by t."""
        sign = 1.0 if self.lower else -1.0
        return (2.0 * sign * weights * np.cos(2.0 * phi) * (self.levels / (self.levels - 1)))[:, None]

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """The boundary from which t is counted."""
        return (Edge(0, (0,), 1.0, singular=True),)

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """The angle between zero and 45 degrees, counted from the nearer boundary."""
        if 0.0 <= phi[0] <= np.pi / 4:
            return self, phi
        # Only the squares of sine and cosine count: reflect into the first quadrant.
        angle = np.arctan2(np.abs(np.sin(phi)), np.abs(np.cos(phi)))
        if angle[0] <= np.pi / 4:
            return self, angle
        return replace(self, lower=not self.lower), np.pi / 2 - angle


class UniformHomogeneous(Homogeneous):
    """Uniform correlation, one variance."""

    name: ClassVar[str] = "corv"
    family = Uniform
    summary: ClassVar[str] = "uniform correlation, one variance (compound symmetry)"
    count: ClassVar[str] = "2"

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """Square roots of the two eigenvalues."""
        theta = self.require_admissible(theta)
        scale = root_mean_square(reference)
        if self.size == 1:
            return RootChart(np.ones((1, 1, 1)), np.array([scale])), np.sqrt(theta)
        (rho, variance), k = theta, self.size
        equal = np.full((k, k), 1.0 / k)
        eigenvalues = variance * np.array([(rho + 1.0 / (k - 1)) * (k - 1), 1.0 - rho])
        # The admissibility test lets rounding of +-1e-12 pass: zero is the eigenvalue that is meant.
        phi = np.sqrt(np.maximum(eigenvalues, 0.0))
        return EigenvalueChart(np.stack([equal, np.eye(k) - equal]), np.array([scale, scale])), phi


class EigenvalueChart(RootChart):
    """Square roots of the eigenvalues sigma^2 (1 + (k-1) rho) of equal levels and sigma^2 (1 - rho) of contrasts."""

    def reported(self, phi: Array) -> Array:
        """Correlation (NaN for a zero matrix) and variance."""
        k = self.order
        equal, contrast = phi**2
        total = equal + (k - 1) * contrast
        rho = np.array([(equal - contrast) / total if total > 0.0 else np.nan])
        return np.append(snapped(rho), total / k)

    def jacobian(self, phi: Array) -> Array:
        """Derivative of (rho, sigma^2) by phi (2, 2)."""
        k = self.order
        equal, contrast = phi**2
        total = equal + (k - 1) * contrast
        by_rho = np.array([k * contrast, -k * equal]) / total**2 if total > 0.0 else np.full(2, np.nan)
        by_variance = np.array([1.0, k - 1.0]) / k
        return np.stack([by_rho, by_variance]) * (2.0 * phi)


class UniformHeterogeneous(Heterogeneous):
    """Uniform correlation, one variance per level."""

    name: ClassVar[str] = "corh"
    family = Uniform
    summary: ClassVar[str] = "uniform correlation, one variance per level"
    count: ClassVar[str] = "1 + w"

    def alternatives(self, theta: Array) -> tuple[Array, ...]:
        """The other sign of the correlation, half-way to its bound: on small data sets the likelihood often has a maximum on each side."""
        if self.size == 1:
            return ()
        other = np.array(theta, dtype=float)
        other[0] = -0.5 / (self.size - 1) if theta[0] > 0.0 else 0.5
        return (other,)
