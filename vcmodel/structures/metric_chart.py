"""The chart of a correlation that decays with distance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.chart import Array, Chart, Edge
from vcmodel.structures.symmetric_root import SymmetricRoot

if TYPE_CHECKING:
    from vcmodel.structures.range_parameter import RangeParameter

# angles this near to an end have the derivatives that they have here
OFF_END = 1e-7


class RatedMatrix(Protocol):
    """What the chart asks of :class:`vcmodel.structures.metric.Metric`."""

    @property
    def size(self) -> int:
        """K."""

    @property
    def parameters(self) -> tuple[RangeParameter, ...]:
        """One for each direction."""

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""

    def by_rates(self, theta: Array) -> Array:
        """Derivative by the rates v = -log theta, (m, k, k)."""

    def bend_by_rates(self, theta: Array, gradient: Array) -> Array:
        """Contracted second derivative by the rates, (m, m)."""


@dataclass(frozen=True, eq=False)
class MetricChart(Chart):
    """An angle t for each theta = cos^2 t, counted from theta = 1, where all is alike, or from theta = 0, where nothing is correlated.

    Sigma is even in the angle at both ends. The loading is the symmetric root, which a matrix may have that is singular, if only by
    rounding, as the Gaussian ones are.

    Attributes
    ----------
    structure : RatedMatrix
    from_one : (m,) bool array
        Angles counted from theta = 1.
    floored : bool
        Whether the angles have edges at zero.
    """

    linear: ClassVar[bool] = False

    structure: RatedMatrix
    from_one: NDArray[np.bool_]
    floored: bool = True
    _last: dict[bytes, SymmetricRoot] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, structure: RatedMatrix, theta: Array, floored: bool = True) -> tuple[MetricChart, Array]:
        """The chart, and the angles of `theta`."""
        chart = cls(structure, np.ones(theta.size, dtype=bool), floored)
        return chart._nearer(np.arctan2(np.sqrt(1.0 - theta), np.sqrt(theta)))

    @property
    def size(self) -> int:
        """Number of directions with a parameter."""
        return self.from_one.size

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return self.structure.size

    def reported(self, phi: Array) -> Array:
        """Squares of the cosines, or of the sines."""
        return np.where(self.from_one, np.cos(phi), np.sin(phi)) ** 2

    def jacobian(self, phi: Array) -> Array:
        """Diagonal."""
        return np.diag(np.where(self.from_one, -1.0, 1.0) * np.sin(2.0 * phi))

    def _rates(self, phi: Array) -> tuple[Array, Array, Array]:
        """Theta, dv and d2v of v = -2 log cos t: 2 tan t and 2 / cos^2 t; an angle from the other end turns the first."""
        angle = np.where(np.abs(phi) < OFF_END, np.copysign(OFF_END, phi), phi)
        cosine = np.where(self.from_one, np.cos(angle), np.sin(angle))
        other = np.where(self.from_one, np.sin(angle), -np.cos(angle))
        return cosine**2, 2.0 * other / cosine, 2.0 / cosine**2

    def value(self, phi: Array) -> Array:
        """The structure's matrix."""
        return self.structure.value(self.reported(phi))

    def derivative(self, phi: Array) -> Array:
        """Chain rule through the rates (m, k, k); zero at an end."""
        theta, first, _ = self._rates(phi)
        return self.structure.by_rates(theta) * np.where(phi == 0.0, 0.0, first)[:, None, None]

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """Chain rule through the rates."""
        theta, first, second = self._rates(phi)
        straight = np.tensordot(self.structure.by_rates(theta), gradient, 2)
        return self.structure.bend_by_rates(theta, gradient) * np.outer(first, first) + np.diag(straight * second)

    def _root(self, phi: Array) -> SymmetricRoot:
        """The root at the point last asked for, an eigendecomposition made once."""
        key = phi.tobytes()
        if key not in self._last:
            self._last.clear()
            self._last[key] = SymmetricRoot.of(self.value(phi))
        return self._last[key]

    def loading(self, phi: Array) -> Array:
        """The symmetric root (k, k)."""
        return self._root(phi).matrix

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of the symmetric root (m, k, k)."""
        return self._root(phi).derivative(self.derivative(phi))

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each angle at zero."""
        return tuple(Edge(index, (index,), 1.0) for index in range(self.size)) if self.floored else ()

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Angles counted from the nearer end, between 0 and 45 degrees."""
        return self._nearer(np.arctan2(np.abs(np.sin(phi)), np.abs(np.cos(phi))))

    def _nearer(self, phi: Array) -> tuple[MetricChart, Array]:
        far = phi > 0.25 * np.pi
        if not far.any():
            return self, phi
        return replace(self, from_one=self.from_one ^ far, _last={}), np.where(far, 0.5 * np.pi - phi, phi)

    def constrained(self, phi: Array) -> Array:
        """The logarithms of the ranges."""
        return np.array([one.regular(theta) for one, theta in zip(self.structure.parameters, self.reported(phi).tolist(), strict=True)])

    def _log_ranges(self, phi: Array) -> tuple[Array, Array]:
        """The first two derivatives of the logarithms of the ranges by the rates."""
        v = -np.log(self._rates(phi)[0])
        pairs = list(zip(self.structure.parameters, v.tolist(), strict=True))
        first = [one.decay.log_range_slope(rate) for one, rate in pairs]
        return np.array(first), np.array([one.decay.log_range_bend(rate) for one, rate in pairs])

    def constrained_jacobian(self, phi: Array) -> Array:
        """Diagonal."""
        return np.diag(self._log_ranges(phi)[0] * self._rates(phi)[1])

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Diagonal."""
        (slope, bend), (_, first, second) = self._log_ranges(phi), self._rates(phi)
        return np.diag(weights * (bend * first**2 + slope * second))

    def bent(self) -> NDArray[np.bool_]:
        """All of them."""
        return np.ones(self.size, dtype=bool)

    def angles(self) -> NDArray[np.bool_]:
        """All of them."""
        return np.ones(self.size, dtype=bool)
