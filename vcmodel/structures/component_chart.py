"""A component with parameters in both of its parts: Sigma through its loading, K through its sparse inverse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.structures.kronecker_chart import KroneckerChart, split
from vcmodel.structures.precision_chart import KroneckerPrecision, PrecisionPoint, StructurePrecision

if TYPE_CHECKING:
    from vcmodel.structures.chart import Array, Chart
    from vcmodel.structures.sparse_inverse import SparseInverse


@dataclass(frozen=True, eq=False)
class ComponentChart(KroneckerChart):
    """Coordinates of Sigma, then those of each sparse part: the loading and its derivatives are those of Sigma alone.

    Attributes
    ----------
    parts : tuple of Chart
        Of Sigma, then of the sparse parts.
    inverses : tuple of SparseInverse
        Of the sparse parts.
    places : tuple of int
        Where each reported parameter stands among those of the parts.
    """

    inverses: tuple[SparseInverse, ...]
    places: tuple[int, ...]

    @property
    def sigma(self) -> Chart:
        """The chart of Sigma."""
        return self.parts[0]

    @cached_property
    def n_sparse(self) -> int:  # type: ignore[override]
        """Coordinates of the sparse parts."""
        return self.size - self.sigma.size

    def beside(self, sigma: Chart) -> ComponentChart:
        """Another chart of Sigma beside the same sparse parts."""
        return replace(self, parts=(sigma, *self.parts[1:]))

    @cached_property
    def precision(self) -> KroneckerPrecision:
        """K, the product of the sparse parts, in the last coordinates."""
        return KroneckerPrecision(tuple(StructurePrecision(*pair) for pair in zip(self.parts[1:], self.inverses, strict=True)))

    def points(self, phi: Array) -> list[PrecisionPoint]:
        """The sparse parts where the coordinates stand."""
        own = split(phi, self.sizes)[1:]
        return [PrecisionPoint(*triple) for triple in zip(self.parts[1:], self.inverses, own, strict=True)]

    @property
    def order(self) -> int:
        """Rows of Sigma, k."""
        return self.sigma.order

    def _own(self, phi: Array) -> Array:
        return phi[: self.sigma.size]

    def _padded(self, derivative: Array) -> Array:
        return np.concatenate([derivative, np.zeros((self.n_sparse, *derivative.shape[1:]))])

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

    def leaving(self, phi: Array, gradient: Array) -> tuple[Chart, Array]:
        """Sigma's."""
        sigma, own = self.sigma.leaving(self._own(phi), gradient)
        return self if sigma is self.sigma else self.beside(sigma), np.concatenate([own, phi[len(own) :]])

    def _vanishing(self, phi: Array) -> list[bool]:
        """Sigma never; the sparse parts where Sigma is zero."""
        return [False, *(not np.any(self.value(phi)),) * len(self.inverses)]

    def reported(self, phi: Array) -> Array:
        """The parameters as written; NaN those of K where Sigma is zero."""
        return super().reported(phi)[list(self.places)]

    def jacobian(self, phi: Array) -> Array:
        """One block for each part."""
        parts = KroneckerChart.reported(self, phi)
        result = self._blocks(phi)
        result[np.isnan(parts)] = np.nan
        return result[list(self.places)]

    def constrained(self, phi: Array) -> Array:
        """Those of the parts."""
        return super().constrained(phi)[list(self.places)]

    def constrained_jacobian(self, phi: Array) -> Array:
        """One block for each part."""
        return super().constrained_jacobian(phi)[list(self.places)]

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """Block diagonal."""
        by_part = np.empty_like(weights)
        by_part[list(self.places)] = weights
        return super().constrained_curvature(phi, by_part)
