"""The charts of stationary series: angles of parameters that lie between -1 and 1."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.central_differences import differences
from vcmodel.structures.chart import Array, Chart, Edge
from vcmodel.structures.levinson import lag_sums, toeplitz
from vcmodel.structures.regular_chart import RegularChart

# how an inner parameter follows its angle t: cos t, or cos t / (1 + sin t)
Shape = Literal["cosine", "reciprocal"]


class SeriesFamily(Protocol):
    """What the chart asks of a :class:`vcmodel.structures.stationary.Stationary`."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """How each inner parameter follows its angle."""

    @property
    def size(self) -> int:
        """W."""

    def inner(self, theta: Array) -> Array:
        """Inner parameters of reported ones."""

    def outer(self, q: Array) -> Array:
        """Reported parameters of inner ones."""

    def outer_derivative(self, q: Array) -> Array:
        """Derivative of the reported parameters by the inner ones, (number of reported parameters, k)."""

    def series(self, q: Array) -> tuple[Array, Array]:
        """Correlations (w,) by lag, and their derivatives (k, w) by the inner parameters."""


@dataclass(frozen=True, eq=False)
class SeriesChart(RegularChart):
    """One angle t for each inner parameter, counted from the nearer of its ends 1 and -1, where Sigma is even in t.

    It is +-cos t for partial autocorrelations and single roots. Inverse roots z of moving averages, and double ones of autoregressions, are
    +-cos t / (1 + sin t): the series of z is that of 1 / z, so that 1 - z would be even where t is. Where Sigma is singular at an edge the
    search comes as near to it as its lower bounds are.

    Attributes
    ----------
    structure : SeriesFamily
        Over two levels or more.
    signs : (k,) array
        The end, 1 or -1, from which each angle is counted.
    floored : bool
        Whether the angles of cosines have edges at zero; reciprocals do, beyond which the reported parameters turn back.
    """

    linear: ClassVar[bool] = False

    structure: SeriesFamily
    signs: Array
    floored: bool = True

    @classmethod
    def of(cls, structure: SeriesFamily, theta: Array, floored: bool) -> tuple[Chart, Array]:
        """The chart, and the coordinates of admissible reported parameters."""
        q = structure.inner(theta)
        return cls(structure, np.where(q < 0.0, -1.0, 1.0), floored), angles_of(np.abs(q), structure.shapes)

    @property
    def size(self) -> int:
        """Number of angles, k."""
        return len(self.signs)

    @property
    def order(self) -> int:
        """Number of rows, w."""
        return self.structure.size

    @cached_property
    def _reciprocal(self) -> NDArray[np.bool_]:
        return np.array([shape == "reciprocal" for shape in self.structure.shapes], dtype=bool)

    @cached_property
    def _only_cosines(self) -> bool:
        return not self._reciprocal.any()

    def inner(self, phi: Array) -> Array:
        """Inner parameters."""
        cosines = self.signs * np.cos(phi)
        return cosines if self._only_cosines else cosines / np.where(self._reciprocal, 1.0 + np.abs(np.sin(phi)), 1.0)

    def inner_derivative(self, phi: Array) -> Array:
        """Their derivative by the angles, (k, k)."""
        sine = np.sin(phi)
        slopes = sine if self._only_cosines else np.where(self._reciprocal, np.sign(sine) / (1.0 + np.abs(sine)), sine)
        return np.diag(-self.signs * slopes)

    def reported(self, phi: Array) -> Array:
        """The reported parameters."""
        return self.structure.outer(self.inner(phi))

    def jacobian(self, phi: Array) -> Array:
        """Chain rule."""
        return self.structure.outer_derivative(self.inner(phi)) @ self.inner_derivative(phi)

    def _lags(self, phi: Array) -> Array:
        """Derivative of the correlations by the angles, (k, w)."""
        return self.inner_derivative(phi).T @ self.structure.series(self.inner(phi))[1]

    def value(self, phi: Array) -> Array:
        """Sigma (w, w)."""
        return toeplitz(self.structure.series(self.inner(phi))[0])

    def derivative(self, phi: Array) -> Array:
        """Derivative of Sigma by the angles, (k, w, w)."""
        return toeplitz(self._lags(phi))

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Central differences of the derivative."""
        weights = lag_sums(gradient)
        return differences(lambda point: self._lags(point) @ weights, phi)

    def bent(self) -> NDArray[np.bool_]:
        """All coordinates."""
        return np.ones(self.size, dtype=bool)

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each angle at zero."""
        return tuple(Edge(index, (index,), 1.0) for index in np.flatnonzero(self.floored | self._reciprocal).tolist())

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """The angles counted from the nearer end; both shapes are mirrored there, a reciprocal root is that of the same series."""
        inside = (phi >= 0.0) & (phi <= 0.5 * np.pi)
        angles = np.where(inside, phi, np.abs(np.remainder(phi + np.pi, 2.0 * np.pi) - np.pi))
        far = angles > 0.5 * np.pi
        return (replace(self, signs=np.where(far, -self.signs, self.signs)) if far.any() else self), np.where(far, np.pi - angles, angles)

    def angles(self) -> NDArray[np.bool_]:
        """All of them."""
        return np.ones(self.size, dtype=bool)

    def constrained(self, phi: Array) -> Array:
        """The reported parameters."""
        return self.reported(phi)

    def constrained_jacobian(self, phi: Array) -> Array:
        """That of the reported parameters."""
        return self.jacobian(phi)

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Central differences of the Jacobian."""
        return differences(lambda point: weights @ self.jacobian(point), phi)


def angles_of(sizes: Array, shapes: tuple[Shape, ...]) -> Array:
    """The angles, from zero to a right one, of the absolute values of inner parameters."""
    reciprocal = np.array([shape == "reciprocal" for shape in shapes], dtype=bool)
    return np.where(reciprocal, 0.5 * np.pi - 2.0 * np.arctan(sizes), np.arccos(np.clip(sizes, -1.0, 1.0)))
