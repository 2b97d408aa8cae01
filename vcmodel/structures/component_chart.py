"""A component with parameters in both of its parts: Sigma through its loading, the relationship through its precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vcmodel.structures.chart import Array, Chart, Edge

if TYPE_CHECKING:
    from vcmodel.structures.precision_chart import PrecisionChart


@dataclass(frozen=True, eq=False)
class ComponentChart(Chart):
    """Coordinates of Sigma, then those of K: derivatives of Sigma by the latter are zero.

    Attributes
    ----------
    sigma : Chart
    precision : PrecisionChart
        What the coordinates of K report is theirs: they are their own parameters.
    """

    linear: ClassVar[bool] = False

    sigma: Chart
    precision: PrecisionChart

    @property
    def size(self) -> int:
        """Coordinates of both."""
        return self.sigma.size + self.precision.size

    @property
    def order(self) -> int:
        """Rows of Sigma, k."""
        return self.sigma.order

    def _own(self, phi: Array) -> Array:
        return phi[: self.sigma.size]

    def _padded(self, derivative: Array) -> Array:
        return np.concatenate([derivative, np.zeros((self.precision.size, *derivative.shape[1:]))])

    def loading(self, phi: Array) -> Array:
        """Lambda (k, r)."""
        return self.sigma.loading(self._own(phi))

    def loading_derivative(self, phi: Array) -> Array:
        """(m, k, r), zero by the coordinates of K."""
        return self._padded(self.sigma.loading_derivative(self._own(phi)))

    def value(self, phi: Array) -> Array:
        """Sigma (k, k)."""
        return self.sigma.value(self._own(phi))

    def derivative(self, phi: Array) -> Array:
        """(m, k, k), zero by the coordinates of K."""
        return self._padded(self.sigma.derivative(self._own(phi)))

    def curvature(self, phi: Array, gradient: Array) -> Array:
        """That of Sigma, (m, m)."""
        result = np.zeros((self.size, self.size))
        result[: self.sigma.size, : self.sigma.size] = self.sigma.curvature(self._own(phi), gradient)
        return result

    def reported(self, phi: Array) -> Array:
        """The parameters of Sigma, then the coordinates of K."""
        return np.concatenate([self.sigma.reported(self._own(phi)), phi[self.sigma.size :]])

    def jacobian(self, phi: Array) -> Array:
        """Block diagonal."""
        own = self.sigma.jacobian(self._own(phi))
        result = np.zeros((own.shape[0] + self.precision.size, self.size))
        result[: own.shape[0], : self.sigma.size] = own
        result[own.shape[0] :, self.sigma.size :] = np.eye(self.precision.size)
        return result

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Those of Sigma."""
        return self.sigma.edges(self._own(phi))

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Sigma in a better chart."""
        sigma, own = self.sigma.renormalise(self._own(phi))
        return ComponentChart(sigma, self.precision), np.concatenate([own, phi[self.sigma.size :]])

    def feasible(self, phi: Array) -> bool:
        """Whether Sigma is; the precision says so itself by being positive definite."""
        return bool(np.all(np.isfinite(phi))) and self.sigma.feasible(self._own(phi))
