"""Correlations that decay with the distance between places, on one axis or on two."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from itertools import product as pairs_of
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.base import Structure
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.decay import EXPONENTIAL, GAUSSIAN, Decay, MaternDecay
from vcmodel.structures.exponential_inverse import ExponentialInverse
from vcmodel.structures.identity import IdentityChart
from vcmodel.structures.metric_chart import MetricChart
from vcmodel.structures.range_parameter import RangeParameter
from vcmodel.structures.scaling import with_variances
from vcmodel.structures.sparse_inverse import SparseInverse

# correlation between a place and its nearest neighbour to start from
NEAR = 0.5


# least theta that derivatives tell from zero, where nothing is correlated, and the distance of theta from one in the same way
LEAST = 1e-18


def inside(theta: Array) -> Array:
    """Theta off zero."""
    return np.maximum(np.asarray(theta, dtype=float), LEAST)


def rates(theta: Array) -> Array:
    """V = -log theta, positive and finite."""
    return np.maximum(-np.log(inside(theta)), LEAST)


@dataclass(frozen=True)
class Metric(Structure):
    """Sigma_ij = product over the directions a of rho(x_a,ij, v_a), x the distances in units of the least and theta_a = exp(-v_a).

    Attributes
    ----------
    positions : tuple of tuple of float
        The coordinates of each level.
    """

    carries_variance: ClassVar[bool] = False
    isotropic: ClassVar[bool] = True  # False: a parameter for each axis
    shows: ClassVar[str] = "pow"  # what the row of a parameter is called

    factor: str
    levels: tuple[str, ...]
    positions: tuple[tuple[float, ...], ...]

    @property
    @abstractmethod
    def decay(self) -> Decay:
        """The correlation function."""

    @cached_property
    def differences(self) -> tuple[Array, ...]:
        """Distances (k, k) in each direction that has a parameter, in units of the coordinates."""
        place = np.array(self.positions, dtype=float)
        apart = np.abs(place[:, None] - place)
        return (np.sqrt(np.sum(apart**2, axis=2)),) if self.isotropic else tuple(np.moveaxis(apart, 2, 0))

    @cached_property
    def least(self) -> tuple[float, ...]:
        """The least distance between two places, in each direction."""
        return tuple(float(np.min(apart[apart > 0.0], initial=np.inf)) if np.any(apart > 0.0) else 1.0 for apart in self.differences)

    @cached_property
    def distances(self) -> tuple[Array, ...]:
        """X (k, k) in each direction: 0, or at least 1."""
        return tuple(self.decay.distance(apart / unit) for apart, unit in zip(self.differences, self.least, strict=True))

    @cached_property
    def parameters(self) -> tuple[RangeParameter, ...]:  # type: ignore[override]
        """One for all directions, or one for each axis; none for a single place."""
        if self.size == 1:
            return ()
        names = self.factor.split(":") if not self.isotropic else [self.factor]
        if len(names) != len(self.least):
            names = [f"{self.factor}_{number + 1}" for number in range(len(self.least))]
        return tuple(
            RangeParameter(f"{name}.{self.shows}", "decay", "U", decay=self.decay, least=unit, most=float(apart.max()))
            for name, unit, apart in zip(names, self.least, self.differences, strict=True)
        )

    def _by_rate(self, theta: Array, which: tuple[int, ...]) -> Array:
        """Sigma (k, k) differentiated once by each of the directions `which`, in rates v = -log theta."""
        result = np.ones((self.size, self.size))
        for a, (x, v) in enumerate(zip(self.distances, rates(theta), strict=True)):
            result = result * (self.decay.value, self.decay.slope, self.decay.bend)[which.count(a)](x, v)
        return result

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        return self._by_rate(theta, ()) if self.size > 1 else np.ones((1, 1))

    def by_rates(self, theta: Array) -> Array:
        """Derivative of Sigma by the rates, (m, k, k)."""
        return np.array([self._by_rate(theta, (a,)) for a in range(len(theta))]).reshape(len(theta), self.size, self.size)

    def bend_by_rates(self, theta: Array, gradient: Array) -> Array:
        """Sum over kl of gradient_kl times the second derivative by the rates, (m, m)."""
        m = range(len(theta))
        return np.array([np.sum(gradient * self._by_rate(theta, which)) for which in pairs_of(m, m)]).reshape(len(theta), len(theta))

    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta: dv = -dtheta / theta."""
        return -self.by_rates(theta) / inside(theta)[:, None, None]

    def curvature(self, theta: Array, gradient: Array) -> Array:
        """Chain rule, second derivative of v included."""
        scale = 1.0 / inside(theta)
        straight = np.tensordot(self.by_rates(theta), gradient, 2)
        return self.bend_by_rates(theta, gradient) * np.outer(scale, scale) + np.diag(straight * scale**2)

    def start(self, covariance: Array) -> Array:
        """A correlation of 0.5 between neighbours as near as most are, whatever the covariance."""
        if self.size == 1:
            return np.zeros(0)
        return np.array([self._theta(x, NEAR) for x in self.distances])

    def _theta(self, x: Array, correlation: float) -> float:
        """Theta with this correlation at the median distance to the nearest neighbour that is not in the same place."""
        apart = np.where(x > 0.0, x, np.inf).min(axis=1)
        near = float(np.median(apart[np.isfinite(apart)])) if np.isfinite(apart).any() else 1.0
        low, high = 0.0, 1.0
        for _ in range(60):  # halving: the correlation rises with theta
            middle = 0.5 * (low + high)
            below = self.decay.value(np.array([near]), float(rates(np.array([middle]))[0]))[0] < correlation
            low, high = (middle, high) if below else (low, middle)
        return 0.5 * (low + high)

    def admissible(self, theta: Array) -> bool:
        """Whether every theta lies between 0 and 1, both included."""
        theta = np.asarray(theta, dtype=float)
        return theta.shape == (len(self.parameters),) and bool(np.all((theta >= 0.0) & (theta <= 1.0)))

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """Angles, counted from the nearer end."""
        theta = self.require_admissible(theta)
        return MetricChart.of(self, theta) if self.size > 1 else (IdentityChart(1), theta)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """Angles without edges."""
        return MetricChart.of(self, self.require_admissible(theta), floored=False)


@dataclass(frozen=True)
class Exponential(Metric):
    """phi^d on one axis."""

    name: ClassVar[str] = "exp"
    metric: ClassVar[tuple[int, ...]] = (1,)
    summary: ClassVar[str] = "exponential: phi^d at distance d on one axis"
    count: ClassVar[str] = "1"
    decay = EXPONENTIAL  # type: ignore[assignment]

    def sparse_inverse(self) -> SparseInverse | None:
        """Tridiagonal in the order along the axis, unless the gaps are of too many lengths."""
        return ExponentialInverse.of(np.array(self.positions)[:, 0] / self.least[0])


@dataclass(frozen=True)
class Gaussian(Metric):
    """phi^(d^2) on one axis."""

    name: ClassVar[str] = "gau"
    metric: ClassVar[tuple[int, ...]] = (1,)
    summary: ClassVar[str] = "Gaussian: phi^(d^2) at distance d on one axis"
    count: ClassVar[str] = "1"
    decay = GAUSSIAN  # type: ignore[assignment]


@dataclass(frozen=True)
class IsotropicExponential(Metric):
    """phi^d in the plane."""

    name: ClassVar[str] = "iexp"
    metric: ClassVar[tuple[int, ...]] = (2,)
    summary: ClassVar[str] = "isotropic exponential: phi^d at Euclidean distance d"
    count: ClassVar[str] = "1"
    decay = EXPONENTIAL  # type: ignore[assignment]


@dataclass(frozen=True)
class IsotropicGaussian(Metric):
    """phi^(d^2) in the plane."""

    name: ClassVar[str] = "igau"
    metric: ClassVar[tuple[int, ...]] = (2,)
    summary: ClassVar[str] = "isotropic Gaussian: phi^(d^2) at Euclidean distance d"
    count: ClassVar[str] = "1"
    decay = GAUSSIAN  # type: ignore[assignment]


@dataclass(frozen=True)
class AnisotropicExponential(Metric):
    """phi_x^|dx| phi_y^|dy|."""

    name: ClassVar[str] = "aexp"
    metric: ClassVar[tuple[int, ...]] = (2,)
    isotropic: ClassVar[bool] = False
    summary: ClassVar[str] = "anisotropic exponential: phi_x^dx phi_y^dy at dx, dy apart"
    count: ClassVar[str] = "2"
    decay = EXPONENTIAL  # type: ignore[assignment]


@dataclass(frozen=True)
class AnisotropicGaussian(Metric):
    """phi_x^(dx^2) phi_y^(dy^2)."""

    name: ClassVar[str] = "agau"
    metric: ClassVar[tuple[int, ...]] = (2,)
    isotropic: ClassVar[bool] = False
    summary: ClassVar[str] = "anisotropic Gaussian: phi_x^(dx^2) phi_y^(dy^2) at dx, dy apart"
    count: ClassVar[str] = "2"
    decay = GAUSSIAN  # type: ignore[assignment]


@dataclass(frozen=True)
class Matern(Metric):
    """Matern function of order nu of the distance on one axis or in the plane.

    Attributes
    ----------
    nu : float
    """

    name: ClassVar[str] = "mtrn"
    metric: ClassVar[tuple[int, ...]] = (1, 2)
    shows: ClassVar[str] = "range"
    summary: ClassVar[str] = "Matern of order nu (0.5 if not given) at Euclidean distance"
    count: ClassVar[str] = "1"
    arguments: ClassVar[tuple[str, ...]] = ("nu",)
    defaults: ClassVar[tuple[float, ...]] = (0.5,)
    examples: ClassVar[tuple[tuple[int | float | str, ...], ...]] = ((0.5,), (1.5,), (0.8,), (2.5,))

    nu: float

    @classmethod
    def check_arguments(cls, *arguments: int | float | str) -> None:
        """A positive order."""
        MaternDecay.check(arguments[0])

    @cached_property
    def decay(self) -> Decay:  # type: ignore[override]
        """Of this order."""
        return MaternDecay(float(self.nu))


ExponentialHomogeneous, ExponentialHeterogeneous = with_variances(Exponential)
GaussianHomogeneous, GaussianHeterogeneous = with_variances(Gaussian)
IsotropicExponentialHomogeneous, IsotropicExponentialHeterogeneous = with_variances(IsotropicExponential)
IsotropicGaussianHomogeneous, IsotropicGaussianHeterogeneous = with_variances(IsotropicGaussian)
AnisotropicExponentialHomogeneous, AnisotropicExponentialHeterogeneous = with_variances(AnisotropicExponential)
AnisotropicGaussianHomogeneous, AnisotropicGaussianHeterogeneous = with_variances(AnisotropicGaussian)
MaternHomogeneous, MaternHeterogeneous = with_variances(Matern)

# for the registry
METRIC: tuple[type[Structure], ...] = (
    *(Exponential, ExponentialHomogeneous, ExponentialHeterogeneous),
    *(Gaussian, GaussianHomogeneous, GaussianHeterogeneous),
    *(IsotropicExponential, IsotropicExponentialHomogeneous, IsotropicExponentialHeterogeneous),
    *(IsotropicGaussian, IsotropicGaussianHomogeneous, IsotropicGaussianHeterogeneous),
    *(AnisotropicExponential, AnisotropicExponentialHomogeneous, AnisotropicExponentialHeterogeneous),
    *(AnisotropicGaussian, AnisotropicGaussianHomogeneous, AnisotropicGaussianHeterogeneous),
    *(Matern, MaternHomogeneous, MaternHeterogeneous),
)
