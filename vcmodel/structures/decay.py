"""Correlations that decay with distance, as functions of a rate v that is zero where everything is correlated.

Distances are in units of the least one, so that exponents are 0 or at least 1, whatever the units of the coordinates.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import kv

from vcmodel.errors import StructureError
from vcmodel.structures.chart import Array

# orders of the Matern function that double precision and the working coordinate can follow
LEAST_ORDER, LARGEST_ORDER = 0.05, 30.0


class Decay(ABC):
    """A correlation function of the distance x >= 0 (0, or at least 1) and the rate v > 0."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """What decays with comparable parameters are called."""

    @abstractmethod
    def distance(self, difference: Array) -> Array:
        """X of coordinates that differ so much, both in the same unit."""

    @abstractmethod
    def value(self, x: Array, v: float) -> Array:
        """The correlation."""

    @abstractmethod
    def slope(self, x: Array, v: float) -> Array:
        """Its derivative by v."""

    @abstractmethod
    def bend(self, x: Array, v: float) -> Array:
        """Its second derivative by v."""

    @abstractmethod
    def range_of(self, v: float) -> float:
        """The range, in units of the least distance."""

    @abstractmethod
    def rate_of(self, span: float) -> float:
        """V of a range in units of the least distance."""

    @abstractmethod
    def log_range_slope(self, v: float) -> float:
        """Derivative of the logarithm of the range by v."""

    @abstractmethod
    def log_range_bend(self, v: float) -> float:
        """Its second derivative."""


@dataclass(frozen=True)
class PowerDecay(Decay):
    """exp(-(d / range)^p) = exp(-v x), x = d^p and range^p = 1 / v: exponential (p = 1) and Gaussian (p = 2)."""

    power: int

    @property
    def kind(self) -> str:
        """By the power."""
        return "exponential decays" if self.power == 1 else "Gaussian decays"

    def distance(self, difference: Array) -> Array:
        """D^p."""
        return np.asarray(difference**self.power, dtype=float)

    def value(self, x: Array, v: float) -> Array:
        """exp(-v x)."""
        return np.exp(-v * x)

    def slope(self, x: Array, v: float) -> Array:
        """-x exp(-v x)."""
        return -x * np.exp(-v * x)

    def bend(self, x: Array, v: float) -> Array:
        """X^2 exp(-v x)."""
        return x**2 * np.exp(-v * x)

    def range_of(self, v: float) -> float:
        """V^(-1/p)."""
        return float(v ** (-1.0 / self.power)) if v > 0.0 else np.inf

    def rate_of(self, span: float) -> float:
        """range^-p."""
        return float(span ** (-self.power)) if span > 0.0 else np.inf

    def log_range_slope(self, v: float) -> float:
        """-1 / (p v)."""
        return -1.0 / (self.power * v)

    def log_range_bend(self, v: float) -> float:
        """1 / (p v^2)."""
        return 1.0 / (self.power * v**2)


@dataclass(frozen=True)
class MaternDecay(Decay):
    """2^(1 - nu) / Gamma(nu) z^nu K_nu(z) with z = d / range = x u(v); nu = 1/2 is exponential.

    u = v^s (1 + v)^(1 - s) with s = 1 / min(2 nu, 2): correlations leave one in proportion to v for every nu, and vanish like exp(-v).

    Attributes
    ----------
    order : float
        Nu.

    References
    ----------
    Stein, M. L. (1999). Interpolation of Spatial Data. Springer. Section 2.10.
    """

    order: float

    @property
    def kind(self) -> str:
        """Ranges of one order."""
        return f"Matern decays of nu = {self.order:g}"

    @staticmethod
    def check(order: object) -> None:
        """Refuse an order that cannot be.

        Raises
        ------
        StructureError
        """
        if isinstance(order, bool) or not isinstance(order, int | float) or not order > 0.0:
            raise StructureError(f"nu = {order} is no positive number; it says how smooth the field is: 0.5 (exponential), 1.5, 2.5, ...")
        if not LEAST_ORDER <= order <= LARGEST_ORDER:
            near = "the Gaussian correlation (gau, igau) is its limit" if order > LARGEST_ORDER else "there is hardly any correlation below"
            raise StructureError(f"nu = {order:g} lies outside of {LEAST_ORDER:g} to {LARGEST_ORDER:g}: {near}")

    @property
    def _share(self) -> float:
        return 1.0 / min(2.0 * self.order, 2.0)

    def distance(self, difference: Array) -> Array:
        """D itself."""
        return difference

    def _scale(self, v: float) -> tuple[float, float, float]:
        """U, du/dv and d2u/dv2."""
        s = self._share
        u = v**s * (1.0 + v) ** (1.0 - s)
        first = s / v + (1.0 - s) / (1.0 + v)
        return u, u * first, u * (first**2 - s / v**2 - (1.0 - s) / (1.0 + v) ** 2)

    def _function(self, z: Array) -> tuple[Array, Array, Array]:
        """The correlation at z, and its two derivatives by z (zero at z = 0, where products with dz are)."""
        nu = self.order
        inside = np.where(z > 0.0, z, 1.0)
        constant = exp((1.0 - nu) * log(2.0) - lgamma(nu))
        power = constant * inside**nu
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            value = power * kv(nu, inside)
            first = -power * kv(nu - 1.0, inside)
            second = first / inside + power * kv(nu - 2.0, inside)
        near = z > 0.0
        return np.where(near, value, 1.0), np.where(near, first, 0.0), np.where(near, second, 0.0)

    def value(self, x: Array, v: float) -> Array:
        """The correlation."""
        return self._function(x * self._scale(v)[0])[0]

    def slope(self, x: Array, v: float) -> Array:
        """Chain rule."""
        u, first, _ = self._scale(v)
        return self._function(x * u)[1] * x * first

    def bend(self, x: Array, v: float) -> Array:
        """Chain rule."""
        u, first, second = self._scale(v)
        _, by_z, twice = self._function(x * u)
        return twice * (x * first) ** 2 + by_z * x * second

    def range_of(self, v: float) -> float:
        """1 / u."""
        return 1.0 / self._scale(v)[0] if v > 0.0 else np.inf

    def rate_of(self, span: float) -> float:
        """V with u(v) = 1 / range."""
        if span <= 0.0:
            return np.inf
        u, s = 1.0 / span, self._share
        if s == 1.0:
            return u
        if s == 0.5:
            return 2.0 * u**2 / (1.0 + sqrt(1.0 + 4.0 * u**2))
        low, high = sorted((log(u), log(u) / s))
        root = brentq(lambda t: s * t + (1.0 - s) * float(np.logaddexp(0.0, t)) - log(u), low - 10.0, high + 10.0, xtol=1e-14)
        return exp(float(root))

    def log_range_slope(self, v: float) -> float:
        """-d log u / dv."""
        s = self._share
        return -(s / v + (1.0 - s) / (1.0 + v))

    def log_range_bend(self, v: float) -> float:
        """-d2 log u / dv2."""
        s = self._share
        return s / v**2 + (1.0 - s) / (1.0 + v) ** 2


EXPONENTIAL, GAUSSIAN = PowerDecay(1), PowerDecay(2)
