"""The chart of moving averages of second order: coefficients inside, inverse roots near the unit circle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.chart import Array, Chart, Edge
from vcmodel.structures.series_chart import SeriesChart, SeriesFamily, angles_of

# inverse roots with a modulus above NEAR become coordinates, below FAR coefficients do; so do roots that are less than MERGED apart
NEAR, FAR = 0.8, 0.7
APART, MERGED = 0.2, 0.1
ROUNDING = 1e-12  # of a root on the circle


@dataclass(frozen=True, eq=False)
class MovingAverageChart(SeriesChart):
    """Coefficients t_1, t_2 themselves, or angles of the inverse roots of 1 - t_1 z - t_2 z^2 (see :class:`SeriesChart`).

    Two real roots have an angle each; a pair of conjugate ones has that of the modulus and the argument.

    Attributes
    ----------
    roots : str
        ``"none"``, ``"real"`` or ``"conjugate"``.
    """

    roots: Literal["none", "real", "conjugate"] = "none"

    @classmethod
    def of(cls, structure: SeriesFamily, theta: Array, floored: bool) -> tuple[Chart, Array]:
        """The chart that suits invertible coefficients, and its coordinates."""
        first, second = inverse_roots(theta)
        if abs(first) < NEAR or abs(first - second) < APART:
            return cls(structure, np.ones(2), floored), np.asarray(theta, dtype=float)
        if first.imag == 0.0:
            found = np.array([first.real, second.real])
            return cls(structure, np.where(found < 0.0, -1.0, 1.0), floored, "real"), angles_of(np.abs(found), ("reciprocal",) * 2)
        (angle,) = angles_of(np.array([abs(first)]), ("reciprocal",))
        return cls(structure, np.ones(2), floored, "conjugate"), np.array([angle, np.angle(first)])

    @property
    def _n_angles(self) -> int:
        """Coordinates that are angles of moduli, the first ones."""
        return {"none": 0, "conjugate": 1, "real": 2}[self.roots]

    @property
    def _reciprocal(self) -> NDArray[np.bool_]:
        return np.arange(2) < self._n_angles

    def inner(self, phi: Array) -> Array:
        """The coefficients."""
        if self.roots == "none":
            return phi
        moduli = super().inner(phi)
        if self.roots == "real":
            return np.array([moduli.sum(), -moduli.prod()])
        return np.array([2.0 * moduli[0] * np.cos(phi[1]), -(moduli[0] ** 2)])

    def inner_derivative(self, phi: Array) -> Array:
        """Their derivative (2, 2)."""
        if self.roots == "none":
            return np.eye(2)
        moduli, slopes = super().inner(phi), super().inner_derivative(phi)
        if self.roots == "real":
            return np.array([[1.0, 1.0], -moduli[::-1]]) @ slopes
        modulus, slope = moduli[0], slopes[0, 0]
        return np.array([[2.0 * np.cos(phi[1]) * slope, -2.0 * modulus * np.sin(phi[1])], [-2.0 * modulus * slope, 0.0]])

    def feasible(self, phi: Array) -> bool:
        """Whether coefficients are invertible; roots always are."""
        return bool(np.all(np.isfinite(phi))) and (self.roots != "none" or invertible(phi))

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each modulus of one."""
        return tuple(Edge(index, (index,), 1.0) for index in range(self._n_angles))

    def angles(self) -> NDArray[np.bool_]:
        """Those of moduli."""
        return self._reciprocal

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Angles counted from the nearer end; another kind of coordinates where the roots have come near the circle, or left it."""
        if not self.feasible(phi):
            return self, phi
        theta = self.inner(phi)
        first, second = inverse_roots(theta)
        leaving = self.roots == "none" or abs(first) < FAR or abs(first - second) < MERGED
        chart, moved = self.of(self.structure, theta, self.floored) if leaving else (self, phi)
        if not isinstance(chart, MovingAverageChart) or chart.roots == self.roots == "none":
            return self, phi
        if chart is not self:
            return chart, moved
        counted, angles = super().renormalise(np.where(self._reciprocal, phi, 0.0))
        signs = counted.signs if isinstance(counted, MovingAverageChart) else self.signs
        kept = self if np.array_equal(signs, self.signs) else replace(self, signs=signs)
        return kept, np.where(self._reciprocal, angles, phi)


def inverse_roots(theta: Array) -> tuple[complex, complex]:
    """The inverse roots of 1 - t_1 z - t_2 z^2, the larger one, or that of positive imaginary part, first."""
    half, product = 0.5 * float(theta[0]), -float(theta[1])
    gap = half**2 - product
    if gap < 0.0:
        return complex(half, np.sqrt(-gap)), complex(half, -np.sqrt(-gap))
    larger = half + np.copysign(np.sqrt(gap), half)
    return complex(larger), complex(product / larger if larger != 0.0 else 0.0)


def invertible(theta: Array) -> bool:
    """Whether the inverse roots lie on or inside the unit circle."""
    return bool(np.all(np.isfinite(theta))) and abs(inverse_roots(theta)[0]) <= 1.0 + ROUNDING
