"""Autoregressions over levels in their order, free and with double roots."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vcmodel.structures.autoregressive_chart import DoubleRootChart, PartialChart
from vcmodel.structures.autoregressive_inverse import AutoregressiveInverse, FirstOrderInverse
from vcmodel.structures.chart import Array
from vcmodel.structures.correlations import LARGEST_START
from vcmodel.structures.levinson import autocorrelations, partials_of_coefficients, partials_of_correlations, predictors
from vcmodel.structures.parameter import Kind
from vcmodel.structures.scaling import with_variances
from vcmodel.structures.series_chart import SeriesChart, Shape
from vcmodel.structures.sparse_inverse import SparseInverse
from vcmodel.structures.stationary import Stationary


class AutoregressiveSeries(Stationary):
    """x_i = f_1 x_(i-1) + ... + f_p x_(i-p) + innovation, with p coefficients f that follow from the parameters."""

    chart_type: ClassVar[type[SeriesChart]] = DoubleRootChart
    order_of_series: ClassVar[int] = 1  # p

    @abstractmethod
    def autoregression(self, theta: Array) -> tuple[Array, Array]:
        """The coefficients (p,) at reported parameters, and their derivative (p, k)."""

    @abstractmethod
    def partials(self, q: Array) -> tuple[Array, Array]:
        """Partial autocorrelations (p,) at inner parameters, and their derivative (p, k)."""

    def series(self, q: Array) -> tuple[Array, Array]:
        """From the Yule-Walker equations."""
        partials, slopes = self.partials(q)
        correlations, change = autocorrelations(partials, self.size)
        return correlations, slopes.T @ change

    def sparse_inverse(self) -> SparseInverse:
        """With p bands on either side of the diagonal."""
        if self.size == 1:
            return AutoregressiveInverse(1, lambda theta: (np.zeros(0), np.zeros((0, 0))), 0)
        return AutoregressiveInverse(self.size, self.autoregression, self.order_of_series)


class FreeAutoregression(AutoregressiveSeries):
    """The coefficients are the parameters, stationary; the inner parameters are partial autocorrelations."""

    chart_type: ClassVar[type[SeriesChart]] = PartialChart

    def autoregression(self, theta: Array) -> tuple[Array, Array]:
        """As reported."""
        return theta, np.eye(self.order)

    def partials(self, q: Array) -> tuple[Array, Array]:
        """The inner parameters."""
        return q, np.eye(self.order)

    def inner(self, theta: Array) -> Array:
        """Partial autocorrelations."""
        return partials_of_coefficients(theta)

    def outer(self, q: Array) -> Array:
        """Coefficients."""
        return predictors(q)[0][-1]

    def outer_derivative(self, q: Array) -> Array:
        """Of the Durbin-Levinson recursion."""
        return predictors(q)[1][-1].T

    def from_correlations(self, lags: Array) -> Array:
        """The coefficients with these correlations, partial ones at most 0.9."""
        return self.outer(partials_of_correlations(lags, LARGEST_START))


@dataclass(frozen=True)
class Autoregressive(FreeAutoregression):
    """R_ij = cor^|i - j| between the i-th and the j-th level."""

    name: ClassVar[str] = "ar1"
    summary: ClassVar[str] = "autoregression of first order"
    count: ClassVar[str] = "1"
    kind: ClassVar[Kind] = "correlation"
    shapes: ClassVar[tuple[Shape, ...]] = ("cosine",)

    factor: str
    levels: tuple[str, ...]

    def outer(self, q: Array) -> Array:
        """The coefficient is its own partial autocorrelation."""
        return q

    def outer_derivative(self, q: Array) -> Array:
        """One."""
        return np.ones((1, 1))

    def sparse_inverse(self) -> SparseInverse:
        """With one band on either side of the diagonal."""
        return FirstOrderInverse(self.size) if self.size > 1 else super().sparse_inverse()


@dataclass(frozen=True)
class AutoregressiveOrder2(FreeAutoregression):
    """x_i = cor1 x_(i-1) + cor2 x_(i-2) + innovation: rho_1 = cor1 / (1 - cor2)."""

    name: ClassVar[str] = "ar2"
    summary: ClassVar[str] = "autoregression of second order"
    count: ClassVar[str] = "2"
    order: ClassVar[int] = 2
    order_of_series: ClassVar[int] = 2
    shapes: ClassVar[tuple[Shape, ...]] = ("cosine",) * 2

    factor: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class AutoregressiveOrder3(FreeAutoregression):
    """x_i = cor1 x_(i-1) + cor2 x_(i-2) + cor3 x_(i-3) + innovation."""

    name: ClassVar[str] = "ar3"
    summary: ClassVar[str] = "autoregression of third order"
    count: ClassVar[str] = "3"
    order: ClassVar[int] = 3
    order_of_series: ClassVar[int] = 3
    shapes: ClassVar[tuple[Shape, ...]] = ("cosine",) * 3

    factor: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class DoubleRoot(AutoregressiveSeries):
    """The second-order autoregression with coefficients g, -g^2/4, whose polynomial is (1 - g z / 2)^2: rho_1 = g / (1 + g^2 / 4).

    The inner parameter is the inverse root a = g / 2.
    """

    name: ClassVar[str] = "sar"
    summary: ClassVar[str] = "symmetric autoregression: of second order with a double root"
    count: ClassVar[str] = "1"
    order_of_series: ClassVar[int] = 2
    shapes: ClassVar[tuple[Shape, ...]] = ("reciprocal",)

    factor: str
    levels: tuple[str, ...]

    def autoregression(self, theta: Array) -> tuple[Array, Array]:
        """G and -g^2 / 4."""
        g = float(theta[0])
        return np.array([g, -0.25 * g**2]), np.array([[1.0], [-0.5 * g]])

    def partials(self, q: Array) -> tuple[Array, Array]:
        """2 a / (1 + a^2) and -a^2."""
        a = float(q[0])
        return np.array([2.0 * a / (1.0 + a**2), -(a**2)]), np.array([[2.0 * (1.0 - a**2) / (1.0 + a**2) ** 2], [-2.0 * a]])

    def inner(self, theta: Array) -> Array:
        """G / 2."""
        return 0.5 * theta

    def outer(self, q: Array) -> Array:
        """2 a."""
        return 2.0 * q

    def outer_derivative(self, q: Array) -> Array:
        """Two."""
        return np.array([[2.0]])

    def from_correlations(self, lags: Array) -> Array:
        """From rho_1."""
        return 2.0 * reciprocal_of_correlation(np.clip(lags[:1], -LARGEST_START, LARGEST_START))


@dataclass(frozen=True)
class DoubleRootOrder3(AutoregressiveSeries):
    """The third-order autoregression whose polynomial is (1 - cor1 z) (1 - cor2 z)^2."""

    name: ClassVar[str] = "sar2"
    summary: ClassVar[str] = "symmetric autoregression of second kind: of third order with a double root"
    count: ClassVar[str] = "2"
    order: ClassVar[int] = 2
    order_of_series: ClassVar[int] = 3
    shapes: ClassVar[tuple[Shape, ...]] = ("cosine", "reciprocal")

    factor: str
    levels: tuple[str, ...]

    def autoregression(self, theta: Array) -> tuple[Array, Array]:
        """G + 2 h, -h (2 g + h) and g h^2, of inverse roots g = cor1 and h = cor2."""
        g, h = theta
        values = np.array([g + 2.0 * h, -h * (2.0 * g + h), g * h**2])
        return values, np.array([[1.0, 2.0], [-2.0 * h, -2.0 * g - 2.0 * h], [h**2, 2.0 * g * h]])

    def partials(self, q: Array) -> tuple[Array, Array]:
        """By the step-down recursion; NaN where both roots are one."""
        coefficients, change = self.autoregression(q)
        partials = partials_of_coefficients(coefficients)
        try:
            return partials, np.asarray(np.linalg.solve(predictors(partials)[1][-1].T, change), dtype=float)
        except np.linalg.LinAlgError:
            return partials, np.full(change.shape, np.nan)

    def inner(self, theta: Array) -> Array:
        """The inverse roots, as reported."""
        return theta

    def from_correlations(self, lags: Array) -> Array:
        """A double root half as large as the single one, near rho_1."""
        first = float(np.clip(lags[0], -LARGEST_START, LARGEST_START))
        return np.array([0.5 * first, 0.25 * first])


def reciprocal_of_correlation(correlation: Array) -> Array:
    """The a between -1 and 1 with 2 a / (1 + a^2) = correlation."""
    return np.asarray(correlation / (1.0 + np.sqrt(1.0 - correlation**2)))


AutoregressiveHomogeneous, AutoregressiveHeterogeneous = with_variances(Autoregressive)
AutoregressiveOrder2Homogeneous, AutoregressiveOrder2Heterogeneous = with_variances(AutoregressiveOrder2)
AutoregressiveOrder3Homogeneous, AutoregressiveOrder3Heterogeneous = with_variances(AutoregressiveOrder3)
DoubleRootHomogeneous, DoubleRootHeterogeneous = with_variances(DoubleRoot)
DoubleRootOrder3Homogeneous, DoubleRootOrder3Heterogeneous = with_variances(DoubleRootOrder3)
