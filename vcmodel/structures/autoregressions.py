"""Autoregressions of higher order over levels in their order, free and with double roots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vcmodel.structures.chart import Array
from vcmodel.structures.correlations import LARGEST_START
from vcmodel.structures.levinson import autocorrelations, partials_of_coefficients, partials_of_correlations, predictors
from vcmodel.structures.scaling import with_variances
from vcmodel.structures.series_chart import PartialChart, SeriesChart, Shape
from vcmodel.structures.stationary import Stationary


@dataclass(frozen=True)
class AutoregressiveOrder2(Stationary):
    """x_i = cor1 x_(i-1) + cor2 x_(i-2) + innovation, stationary: rho_1 = cor1 / (1 - cor2)."""

    name: ClassVar[str] = "ar2"
    summary: ClassVar[str] = "autoregression of second order"
    count: ClassVar[str] = "2"
    order: ClassVar[int] = 2
    shapes: ClassVar[tuple[Shape, ...]] = ("cosine",) * 2
    chart_type: ClassVar[type[SeriesChart]] = PartialChart

    factor: str
    levels: tuple[str, ...]

    def inner(self, theta: Array) -> Array:
        """Partial autocorrelations."""
        return partials_of_coefficients(theta)

    def outer(self, q: Array) -> Array:
        """Coefficients."""
        return predictors(q)[0][-1]

    def outer_derivative(self, q: Array) -> Array:
        """Of the Durbin-Levinson recursion."""
        return predictors(q)[1][-1].T

    def series(self, q: Array) -> tuple[Array, Array]:
        """From the Yule-Walker equations."""
        return autocorrelations(q, self.size)

    def from_correlations(self, lags: Array) -> Array:
        """The coefficients with these correlations, partial ones at most 0.9."""
        return self.outer(partials_of_correlations(lags, LARGEST_START))


@dataclass(frozen=True)
class AutoregressiveOrder3(AutoregressiveOrder2):
    """x_i = cor1 x_(i-1) + cor2 x_(i-2) + cor3 x_(i-3) + innovation, stationary."""

    name: ClassVar[str] = "ar3"
    summary: ClassVar[str] = "autoregression of third order"
    count: ClassVar[str] = "3"
    order: ClassVar[int] = 3
    shapes: ClassVar[tuple[Shape, ...]] = ("cosine",) * 3


@dataclass(frozen=True)
class DoubleRoot(Stationary):
    """The second-order autoregression with coefficients g, -g^2/4, whose polynomial is (1 - g z / 2)^2: rho_1 = g / (1 + g^2 / 4).

    The inner parameter is the inverse root a = g / 2; rho_j = a^j (1 + j (1 - a^2) / (1 + a^2)).
    """

    name: ClassVar[str] = "sar"
    summary: ClassVar[str] = "symmetric autoregression: of second order with a double root"
    count: ClassVar[str] = "1"
    shapes: ClassVar[tuple[Shape, ...]] = ("reciprocal",)

    factor: str
    levels: tuple[str, ...]

    def inner(self, theta: Array) -> Array:
        """G / 2."""
        return 0.5 * theta

    def outer(self, q: Array) -> Array:
        """2 a."""
        return 2.0 * q

    def outer_derivative(self, q: Array) -> Array:
        """Two."""
        return np.array([[2.0]])

    def series(self, q: Array) -> tuple[Array, Array]:
        """In closed form."""
        (a,) = q
        lags = np.arange(self.size)
        ratio = (1.0 - a**2) / (1.0 + a**2)
        change = lags * a ** np.maximum(lags - 1.0, 0.0) * (1.0 + lags * ratio) - a**lags * lags * 4.0 * a / (1.0 + a**2) ** 2
        return a**lags * (1.0 + lags * ratio), change[None]

    def from_correlations(self, lags: Array) -> Array:
        """From rho_1."""
        return 2.0 * reciprocal_of_correlation(np.clip(lags[:1], -LARGEST_START, LARGEST_START))


@dataclass(frozen=True)
class DoubleRootOrder3(Stationary):
    """The third-order autoregression whose polynomial is (1 - cor1 z) (1 - cor2 z)^2."""

    name: ClassVar[str] = "sar2"
    summary: ClassVar[str] = "symmetric autoregression of second kind: of third order with a double root"
    count: ClassVar[str] = "2"
    order: ClassVar[int] = 2
    shapes: ClassVar[tuple[Shape, ...]] = ("cosine", "reciprocal")

    factor: str
    levels: tuple[str, ...]

    def inner(self, theta: Array) -> Array:
        """The inverse roots, as reported."""
        return theta

    def coefficients(self, q: Array) -> tuple[Array, Array]:
        """Those of the autoregression (3,), and their derivative (3, 2) by the inverse roots."""
        g, h = q
        values = np.array([g + 2.0 * h, -h * (2.0 * g + h), g * h**2])
        return values, np.array([[1.0, 2.0], [-2.0 * h, -2.0 * g - 2.0 * h], [h**2, 2.0 * g * h]])

    def series(self, q: Array) -> tuple[Array, Array]:
        """From the Yule-Walker equations of third order."""
        values, moves = self.coefficients(q)
        partials = partials_of_coefficients(values)
        correlations, by_partial = autocorrelations(partials, self.size)
        try:
            by_coefficient = np.linalg.solve(predictors(partials)[1][-1], by_partial)
        except np.linalg.LinAlgError:
            by_coefficient = np.full((3, self.size), np.nan)
        return correlations, moves.T @ by_coefficient

    def from_correlations(self, lags: Array) -> Array:
        """A double root half as large as the single one, near rho_1."""
        first = float(np.clip(lags[0], -LARGEST_START, LARGEST_START))
        return np.array([0.5 * first, 0.25 * first])


def reciprocal_of_correlation(correlation: Array) -> Array:
    """The a between -1 and 1 with 2 a / (1 + a^2) = correlation."""
    return np.asarray(correlation / (1.0 + np.sqrt(1.0 - correlation**2)))


DoubleRootHomogeneous, DoubleRootHeterogeneous = with_variances(DoubleRoot)
DoubleRootOrder3Homogeneous, DoubleRootOrder3Heterogeneous = with_variances(DoubleRootOrder3)
AutoregressiveOrder2Homogeneous, AutoregressiveOrder2Heterogeneous = with_variances(AutoregressiveOrder2)
AutoregressiveOrder3Homogeneous, AutoregressiveOrder3Heterogeneous = with_variances(AutoregressiveOrder3)
