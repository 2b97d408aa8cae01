"""Moving averages over levels in their order, alone and beside an autoregression.

The sign is that of x_i = a_i - t_1 a_(i-1) - t_2 a_(i-2): the correlations are those of (1, -t_1, -t_2). Parameters are reported in the
invertible region, where the inverse roots lie on or inside the unit circle; Sigma is regular on its edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vcmodel.structures.autoregressive import reciprocal_of_correlation
from vcmodel.structures.chart import Array
from vcmodel.structures.correlations import LARGEST_START
from vcmodel.structures.moving_average_chart import MovingAverageChart, invertible
from vcmodel.structures.scaling import with_variances
from vcmodel.structures.series_chart import SeriesChart, Shape
from vcmodel.structures.stationary import Stationary

# a start keeps this distance between the two coefficients of arma: where they are equal there is no correlation and both are undetermined
APART = 0.2


class PlainSeries(Stationary):
    """Inner parameters are the reported ones."""

    def inner(self, theta: Array) -> Array:
        """The same."""
        return theta


@dataclass(frozen=True)
class MovingAverage(PlainSeries):
    """x_i = a_i - t a_(i-1): rho_1 = -t / (1 + t^2), the others zero; -1 <= t <= 1."""

    name: ClassVar[str] = "ma1"
    summary: ClassVar[str] = "moving average of first order"
    count: ClassVar[str] = "1"
    shapes: ClassVar[tuple[Shape, ...]] = ("reciprocal",)

    factor: str
    levels: tuple[str, ...]

    def series(self, q: Array) -> tuple[Array, Array]:
        """One correlation beside one."""
        return moving_average(q, self.size)

    def from_correlations(self, lags: Array) -> Array:
        """From rho_1."""
        return -reciprocal_of_correlation(np.clip(2.0 * lags[:1], -LARGEST_START, LARGEST_START))


@dataclass(frozen=True)
class MovingAverageOrder2(PlainSeries):
    """x_i = a_i - t_1 a_(i-1) - t_2 a_(i-2); |t_2| <= 1, t_2 + t_1 <= 1, t_2 - t_1 <= 1."""

    name: ClassVar[str] = "ma2"
    summary: ClassVar[str] = "moving average of second order"
    count: ClassVar[str] = "2"
    order: ClassVar[int] = 2
    chart_type: ClassVar[type[SeriesChart]] = MovingAverageChart

    factor: str
    levels: tuple[str, ...]

    def admissible(self, theta: Array) -> bool:
        """Whether it is invertible."""
        theta = np.asarray(theta, dtype=float)
        if theta.shape != (len(self.parameters),) or not np.all(np.isfinite(theta)):
            return False
        return self.size == 1 or invertible(theta)

    def series(self, q: Array) -> tuple[Array, Array]:
        """Two correlations beside one."""
        return moving_average(q, self.size)

    def from_correlations(self, lags: Array) -> Array:
        """The moving average that predicts the series from innovations, by its first two correlations drawn to the invertible region."""
        first, second = lags
        lowest = min(1.0 + 2.0 * second + 2.0 * first, 1.0 + 2.0 * second - 2.0 * first)
        if second > 0.0 and abs(first) < 4.0 * second:
            lowest = min(lowest, 1.0 - 2.0 * second - first**2 / (4.0 * second))
        drawn = np.array([first, second]) * min(1.0, LARGEST_START / max(1.0 - lowest, LARGEST_START))
        roots = np.roots([drawn[1], drawn[0], 1.0, drawn[0], drawn[1]])
        inside = roots[np.abs(roots) < 1.0]
        if len(inside) != 2:  # the second correlation vanishes
            return np.append(-reciprocal_of_correlation(2.0 * drawn[:1]), 0.0)
        return np.array([inside.sum().real, -inside.prod().real])


@dataclass(frozen=True)
class AutoregressiveMovingAverage(PlainSeries):
    """x_i = cor1 x_(i-1) + a_i - cor2 a_(i-1): phi = cor1, theta = cor2, both between -1 and 1.

    rho_1 = (phi - theta)(1 - phi theta) / (1 + theta^2 - 2 phi theta), rho_j = phi rho_(j-1).
    """

    name: ClassVar[str] = "arma"
    summary: ClassVar[str] = "autoregression and moving average, both of first order"
    count: ClassVar[str] = "2"
    order: ClassVar[int] = 2
    shapes: ClassVar[tuple[Shape, ...]] = ("cosine", "reciprocal")

    factor: str
    levels: tuple[str, ...]

    def series(self, q: Array) -> tuple[Array, Array]:
        """A geometric series from rho_1 on; where both roots are one and cancel, as beside it where only that of the autoregression is."""
        phi, theta = q
        first, by_phi, by_theta = float(np.sign(phi)), 0.0, 0.0
        # sums in which nothing cancels near the ends: Sigma stays positive definite
        below = (1.0 - phi) * (1.0 + phi) + (theta - phi) ** 2
        if below > 0.0:
            first = (phi - theta) * ((1.0 - phi) + phi * (1.0 - theta) if phi > 0.0 else (1.0 + phi) - phi * (1.0 + theta)) / below
            by_phi = 1.0 + 2.0 * theta * first / below
            by_theta = -((1.0 - theta) * (1.0 + theta) + (theta - phi) ** 2 + 2.0 * (theta - phi) * first) / below
        steps = np.arange(self.size) - 1.0
        powers = np.append(0.0, phi ** steps[1:])
        change = np.append(0.0, steps[1:] * phi ** np.maximum(steps[1:] - 1.0, 0.0))
        correlations = first * powers
        correlations[0] = 1.0
        return correlations, np.stack([by_phi * powers + first * change, by_theta * powers])

    def from_correlations(self, lags: Array) -> Array:
        """The ratio of the first two correlations, and the moving average that goes with it."""
        first = float(np.clip(lags[0], -LARGEST_START, LARGEST_START))
        phi = float(np.clip(lags[1] / first if first != 0.0 else 0.0, -LARGEST_START, LARGEST_START))
        # theta + 1 / theta = (1 + phi^2 - 2 phi rho_1) / (phi - rho_1)
        ratio = 2.0 * (phi - first) / (1.0 + phi**2 - 2.0 * phi * first)
        theta = float(reciprocal_of_correlation(np.clip(ratio, -LARGEST_START, LARGEST_START)))
        if abs(phi - theta) < APART:
            theta = phi - APART if phi > 0.0 else phi + APART
        return np.array([phi, theta])


def moving_average(theta: Array, size: int) -> tuple[Array, Array]:
    """Correlations (size,) of the moving average (1, -theta), by lag, and their derivatives (q, size)."""
    weights = np.append(1.0, -theta)
    moves = -np.eye(len(weights))[1:]
    total = weights @ weights
    correlations, change = np.zeros(max(size, len(weights))), np.zeros((len(theta), max(size, len(weights))))
    for lag in range(len(weights)):
        ahead, behind = slice(lag, None), slice(None, len(weights) - lag)
        correlations[lag] = weights[ahead] @ weights[behind] / total
        product = moves[:, ahead] @ weights[behind] + moves[:, behind] @ weights[ahead]
        change[:, lag] = (product - 2.0 * correlations[lag] * (moves @ weights)) / total
    return correlations[:size], change[:, :size]


MovingAverageHomogeneous, MovingAverageHeterogeneous = with_variances(MovingAverage)
MovingAverageOrder2Homogeneous, MovingAverageOrder2Heterogeneous = with_variances(MovingAverageOrder2)
AutoregressiveMovingAverageHomogeneous, AutoregressiveMovingAverageHeterogeneous = with_variances(AutoregressiveMovingAverage)
