"""Stationary series over levels in their order: the correlation of two levels depends on the number of steps between them."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import StructureError
from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.correlations import DEFAULT_START, SNAP, correlation_matrix
from vcmodel.structures.identity import IdentityChart
from vcmodel.structures.levinson import toeplitz
from vcmodel.structures.parameter import Kind
from vcmodel.structures.series_chart import SeriesChart, SeriesFamily, Shape

# a correlation above this is one of a trend rather than of neighbours
NEARLY_ONE = 0.99
# a start beside parameters that are given is drawn to zero by this factor until the series is stationary and invertible
SHRINK = 0.8


class Stationary(Structure):
    """A correlation structure with k = 1, 2 or 3 parameters; none for a single level.

    The *inner* parameters q, one for each reported one, lie between -1 and 1, each whatever the others: partial autocorrelations, or
    inverse roots of the polynomials of the series. The solver's coordinates are angles of them.
    """

    carries_variance: ClassVar[bool] = False
    ordered: ClassVar[bool] = True
    order: ClassVar[int] = 1  # number of parameters
    kind: ClassVar[Kind] = "coefficient"
    shapes: ClassVar[tuple[Shape, ...]] = ()  # how the inner parameters follow their angles
    chart_type: ClassVar[type[SeriesChart]] = SeriesChart

    factor: str
    levels: tuple[str, ...]

    def __post_init__(self) -> None:
        if 1 < self.size <= self.order:
            raise StructureError(
                f"{self.name}({self.factor}) has {self.order} parameters and needs more than {self.order} levels, not {self.size}; "
                "take a structure with fewer parameters, e.g. ar1"
            )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """One is named ``.cor``, several ``.cor1``, ``.cor2``, ..."""
        if self.size == 1:
            return ()
        numbers = [""] if self.order == 1 else [str(number + 1) for number in range(self.order)]
        return tuple(Parameter(f"{self.factor}.cor{number}", self.kind, "U") for number in numbers)

    # --- the family ---------------------------------------------------------------------------------------------------------------------

    @abstractmethod
    def inner(self, theta: Array) -> Array:
        """Inner parameters (k,) of reported ones; outside of -1 to 1, or NaN, for those that are not admissible."""

    def outer(self, q: Array) -> Array:
        """Reported parameters (k,) of inner ones, by default the same."""
        return q

    def outer_derivative(self, q: Array) -> Array:
        """Derivative of the reported parameters by the inner ones, (k, k)."""
        return np.eye(len(q))

    @abstractmethod
    def series(self, q: Array) -> tuple[Array, Array]:
        """Correlations (w,) at lags 0, 1, ..., and their derivatives (k, w) by the inner parameters."""

    @abstractmethod
    def from_correlations(self, lags: Array) -> Array:
        """Reported parameters whose first correlations are near `lags` (k,), well inside the bounds."""

    # --- the structure ------------------------------------------------------------------------------------------------------------------

    def value(self, theta: Array) -> Array:
        """Sigma (w, w)."""
        return toeplitz(self.series(self.inner(np.asarray(theta, dtype=float)))[0]) if self.size > 1 else np.ones((1, 1))

    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta, (k, w, w); NaN where the inner parameters do not follow the reported ones."""
        if self.size == 1:
            return np.zeros((0, 1, 1))
        q = self.inner(np.asarray(theta, dtype=float))
        try:
            by_theta = np.asarray(np.linalg.solve(self.outer_derivative(q).T, self.series(q)[1]), dtype=float)
        except np.linalg.LinAlgError:
            by_theta = np.full((self.order, self.size), np.nan)
        return toeplitz(by_theta)

    def admissible(self, theta: Array) -> bool:
        """Whether the inner parameters lie between -1 and 1."""
        theta = np.asarray(theta, dtype=float)
        if theta.shape != (len(self.parameters),) or not np.all(np.isfinite(theta)):
            return False
        return self.size == 1 or bool(np.all(np.abs(self.inner(theta)) <= 1.0))

    def start(self, covariance: Array) -> Array:
        """From the average correlations at the first lags."""
        if self.size == 1:
            return np.zeros(0)
        lags = mean_correlations(covariance, self.order)
        return self.from_correlations(decaying(DEFAULT_START, self.order) if abs(lags[0]) <= SNAP else lags)

    def alternatives_to(self, theta: Array, end: Array) -> tuple[Array, ...]:
        """Beside independent errors there may be maxima at both ends: where neighbours ended as contrary or nearly the same, a half.

        Halfway back from the boundary, where the end is near another one.
        """
        if self.size == 1:
            return ()
        q = self.inner(end)
        if not np.all(np.isfinite(q)) or not 0.0 <= self.series(q)[0][1] <= NEARLY_ONE:
            return (self.from_correlations(decaying(0.5, self.order)),)
        return halfway(self, end)

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """Angles of the inner parameters."""
        return self._chart(self.require_admissible(theta), True)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """The same without edges, at the nearest admissible parameters."""
        return self._chart(shrunk(self, theta), False)

    def _chart(self, theta: Array, floored: bool) -> tuple[Chart, Array]:
        return self.chart_type.of(self, theta, floored) if self.size > 1 else (IdentityChart(1), theta)


def shrunk(structure: Structure, theta: Array) -> Array:
    """Parameters drawn towards zero, all alike, until they are admissible."""
    theta = np.asarray(theta, dtype=float)
    while not structure.admissible(theta):
        theta = SHRINK * theta
    return theta


def mean_correlations(covariance: Array, lags: int) -> Array:
    """The mean correlations at lags 1, ..., of a covariance matrix; zero beyond its levels."""
    matrix = correlation_matrix(covariance)
    return np.array([np.mean(np.diagonal(matrix, lag)) if lag < len(matrix) else 0.0 for lag in range(1, lags + 1)])


def decaying(first: float, lags: int) -> Array:
    """Correlations to start from that become smaller with the lag, but not those of a first-order autoregression."""
    return first / np.sqrt(np.arange(1.0, lags + 1.0))


def halfway(structure: SeriesFamily, end: Array) -> tuple[Array, ...]:
    """A start halfway to independence from an `end` at the boundary; none for another end."""
    q = structure.inner(end)
    return (structure.outer(0.5 * q),) if np.all(np.isfinite(q)) and np.any(np.abs(q) > NEARLY_ONE) else ()
