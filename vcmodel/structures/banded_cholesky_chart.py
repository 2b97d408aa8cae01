"""The charts of a banded Cholesky factor: its entries, or those of a free one in pivoted order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.bands import band
from vcmodel.structures.central_differences import differences
from vcmodel.structures.chart import Array, Chart, Edge, Scale
from vcmodel.structures.cholesky_chart import CholeskyChart
from vcmodel.structures.conditional import unit_factor
from vcmodel.structures.linear import LinearChart

# the entry by which a column is kept from zero is chosen anew when it falls below this fraction of the column's largest
TURNED = 0.5


@dataclass(frozen=True, eq=False)
class BandedCholeskyChart(LinearChart):
    """Coordinates are the entries of the root, its diagonal first, then the band row-wise.

    Sigma is even in each column, which vanishes as a whole; an *anchor*, its largest entry, is kept positive.

    Attributes
    ----------
    bands : int
    reference : (w,) array
        Standard deviation of the data at each level.
    anchors : tuple of int
        Row of the anchor of each column.
    floored : bool
        Whether the columns have edges; else the diagonal entries are scales.
    """

    bands: int
    reference: Array
    anchors: tuple[int, ...]
    floored: bool = True

    @classmethod
    def of(cls, theta: Array, bands: int, reference: Array, floored: bool) -> tuple[BandedCholeskyChart, Array]:
        """The chart, and the coordinates of conditional variances and the entries of a unit root."""
        reference = np.asarray(reference, dtype=float)
        w = len(reference)
        deviations = np.sqrt(theta[:w])
        chart = cls(bands, reference, tuple(range(w)), floored)
        return chart._anchored(np.concatenate([deviations, theta[w:] * deviations[chart.places[1][w:]]]))

    @cached_property
    def places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of each coordinate."""
        rows, columns = band(len(self.reference), self.bands)
        levels = np.arange(len(self.reference))
        return np.append(levels, rows), np.append(levels, columns)

    @cached_property
    def basis(self) -> Array:  # type: ignore[override]
        """One entry of the root each, (m, w, w)."""
        rows, columns = self.places
        result = np.zeros((len(rows), len(self.reference), len(self.reference)))
        result[np.arange(len(rows)), rows, columns] = 1.0
        return result

    def reported(self, phi: Array) -> Array:
        """Squares of the diagonal, and the other entries relative to it; NaN in a column with nothing there."""
        w = self.order
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = phi[w:] / phi[:w][self.places[1][w:]]
        return np.concatenate([phi[:w] ** 2, np.where(np.isfinite(ratios), ratios, np.nan)])

    def jacobian(self, phi: Array) -> Array:
        """Derivative of the reported parameters, (m, m)."""
        result = self.constrained_jacobian(phi)
        diagonal = np.arange(self.order)
        result[diagonal, diagonal] = 2.0 * phi[: self.order]
        return result

    def bent(self) -> NDArray[np.bool_]:
        """All coordinates."""
        return np.ones(self.size, dtype=bool)

    def _columns(self, phi: Array) -> list[NDArray[np.intp]]:
        """The coordinates of each column."""
        return [np.flatnonzero(self.places[1] == column) for column in range(self.order)]

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each column at zero."""
        if not self.floored:
            return ()
        found = []
        for column, anchor in zip(self._columns(phi), self.anchors, strict=True):
            own = column[self.places[0][column] == anchor]
            found.append(Edge(int(own[0]), tuple(column.tolist()), float(self.reference[anchor]), singular=True))
        return tuple(found)

    def _anchored(self, phi: Array) -> tuple[BandedCholeskyChart, Array]:
        """Anchors at large entries, or on the diagonal of scales, and positive."""
        phi, anchors = phi.copy(), []
        for column, anchor in zip(self._columns(phi), self.anchors, strict=True):
            rows = self.places[0][column]
            sizes = np.abs(phi[column]) / self.reference[rows]
            kept = sizes[rows == anchor][0] >= TURNED * sizes.max() or not self.floored
            anchors.append(anchor if kept else int(rows[np.argmax(sizes)]))
            if phi[column][rows == anchors[-1]][0] < 0.0:
                phi[column] *= -1.0
        return self if tuple(anchors) == self.anchors else replace(self, anchors=tuple(anchors)), phi

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Anchors at large entries and positive."""
        return self._anchored(phi)

    def constrained(self, phi: Array) -> Array:
        """The diagonal, and the other entries relative to it."""
        return np.concatenate([phi[: self.order], self.reported(phi)[self.order :]])

    def constrained_jacobian(self, phi: Array) -> Array:
        """Derivative of :meth:`constrained`; NaN rows beside a diagonal entry of zero."""
        w, columns = self.order, self.places[1][self.order :]
        result = np.eye(self.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1.0 / phi[:w][columns]
            lower = np.arange(w, self.size)
            result[lower, lower] = np.where(np.isfinite(inverse), inverse, np.nan)
            result[lower, columns] = -self.reported(phi)[w:] * inverse
        return result

    def constrained_curvature(self, phi: Array, weights: Array) -> Array:
        """By central differences, of the ratios."""
        return differences(lambda point: weights @ self.constrained_jacobian(point), phi)

    def scale_coordinates(self, phi: Array) -> tuple[Scale, ...]:
        """Each diagonal entry, unless the columns have edges."""
        return () if self.floored else tuple(Scale(index, scale, True) for index, scale in enumerate(self.reference.tolist()))


class UnitCholeskyChart(CholeskyChart):
    """The free Cholesky factor, reported as D and L of Sigma = L D L' with the levels in their order."""

    @staticmethod
    def parameters_of(sigma: Array) -> Array:
        """D, then L row-wise; NaN below a D of zero."""
        lower, variances, _, _ = unit_factor(sigma, np.zeros((0, *sigma.shape)))
        return np.append(variances, lower[np.tril_indices(len(sigma), -1)])

    @staticmethod
    def slopes_of(sigma: Array, derivative: Array) -> Array:
        """Their derivative; zero for a D of zero, NaN below it."""
        _, _, turns, moves = unit_factor(sigma, derivative)
        rows, columns = np.tril_indices(len(sigma), -1)
        return np.ascontiguousarray(np.concatenate([moves, turns[:, rows, columns]], axis=1).T)
