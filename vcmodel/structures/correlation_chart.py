"""Correlation matrices as triangular roots with unit rows.

Row a of L (in pivot order) is a point of the unit sphere in a + 1 dimensions. It is written as x / |x|, where one entry of x, the
*anchor*, is +1 or -1 and the others are free (the gnomonic projection). That is smooth everywhere on the half sphere, every coordinate
vector is feasible, and an entry of L is zero exactly where its coordinate is. The anchor is the row's largest entry, chosen anew when
the row turns away from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.chart import Array, Chart, Edge
from vcmodel.structures.cholesky_chart import SMALL
from vcmodel.structures.correlations import correlations, pairs
from vcmodel.structures.pivoting import pivoted_cholesky, pivoted_root

TURNED = 0.5  # the anchor is chosen anew when it falls below this fraction of the row's largest entry


@dataclass(frozen=True, eq=False)
class CorrelationChart(Chart):
    """Coordinates are the free entries of x, row-wise.

    Attributes
    ----------
    pivot : tuple of int
        Order of the levels.
    anchors : tuple of int
        Column of each row's anchor.
    signs : tuple of float
        The anchors, +1 or -1.
    """

    linear: ClassVar[bool] = False

    pivot: tuple[int, ...]
    anchors: tuple[int, ...]
    signs: tuple[float, ...]

    @classmethod
    def of(cls, matrix: Array) -> tuple[CorrelationChart, Array]:
        """The chart that suits a correlation matrix, and its coordinates."""
        return cls._around(*pivoted_cholesky(matrix, np.ones(len(matrix))))

    @classmethod
    def _around(cls, pivot: tuple[int, ...], lower: Array) -> tuple[CorrelationChart, Array]:
        """The chart anchored at the largest entries of the rows of `lower`."""
        anchors = np.argmax(np.abs(lower), axis=1)
        entries = lower[np.arange(len(lower)), anchors]
        chart = cls(pivot, tuple(anchors.tolist()), tuple(np.sign(entries).tolist()))
        return chart, (lower / np.abs(entries)[:, None])[chart.free]

    @property
    def order(self) -> int:
        """Number of rows, k."""
        return len(self.pivot)

    @property
    def size(self) -> int:
        """k(k-1)/2."""
        return self.order * (self.order - 1) // 2

    @cached_property
    def free(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row (in pivot order) and column of each coordinate."""
        rows, columns = np.tril_indices(self.order)
        kept = columns != np.array(self.anchors)[rows]
        return rows[kept], columns[kept]

    def _directions(self, phi: Array) -> tuple[Array, Array]:
        """The rows x (k, k) in pivot order and 1 / |x| (k,)."""
        result = np.zeros((self.order, self.order))
        result[np.arange(self.order), list(self.anchors)] = self.signs
        result[self.free] = phi
        return result, 1.0 / np.linalg.norm(result, axis=1)

    def _lower(self, phi: Array) -> Array:
        """L (k, k)."""
        directions, inverse = self._directions(phi)
        return directions * inverse[:, None]

    def loading(self, phi: Array) -> Array:
        """Lambda (k, k): the rows of L in level order."""
        result = np.empty((self.order, self.order))
        result[list(self.pivot)] = self._lower(phi)
        return result

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of Lambda by phi (m, k, k): each coordinate moves one row."""
        rows, columns = self.free
        directions, inverse = self._directions(phi)
        index, places = np.arange(self.size), np.array(self.pivot)[rows]
        result = np.zeros((self.size, self.order, self.order))
        result[index, places] = -(inverse[rows] ** 3 * phi)[:, None] * directions[rows]
        result[index, places, columns] += inverse[rows]
        return result

    def loading_curvature(self, phi: Array, weights: Array) -> Array:
        """Second derivative of x / |x|, within rows.

        With n = 1/|x|: d2(n x) = -n^3 (z_b e_a + z_a e_b) + (3 n^5 z_a z_b - n^3 delta_ab) x.
        """
        rows, columns = self.free
        directions, inverse = self._directions(phi)
        pull = weights[list(self.pivot)]
        along = np.sum(directions * pull, axis=1)[rows]
        cubes = inverse[rows] ** 3
        mixed = np.outer(phi, pull[rows, columns])
        result = -cubes[:, None] * (mixed + mixed.T) + (3.0 * inverse[rows] ** 5 * along)[:, None] * np.outer(phi, phi)
        result[np.diag_indices(self.size)] -= cubes * along
        return np.where(rows[:, None] == rows, result, 0.0)

    def reported(self, phi: Array) -> Array:
        """Correlations row-wise in level order."""
        return correlations(self.value(phi))

    def jacobian(self, phi: Array) -> Array:
        """Their derivative: variances are constant."""
        rows, columns = pairs(self.order)
        return np.ascontiguousarray(self.derivative(phi)[:, rows, columns].T)

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each diagonal element of L that is free and can vanish together with all columns from there on."""
        rows, columns = self.free
        result = []
        for b in range(1, self.order):
            if max(self.anchors[b:]) < b:
                coordinate = int(np.flatnonzero((rows == b) & (columns == b))[0])
                result.append(Edge(coordinate, tuple(np.flatnonzero(columns >= b).tolist()), 1.0, singular=True))
        return tuple(result)

    def renormalise(self, phi: Array) -> tuple[Chart, Array]:
        """Diagonal of L made non-negative, levels in greedy order when a pivot has become small, anchors at large entries."""
        pivot, lower = self.pivot, self._lower(phi)
        if np.any(np.abs(lower.diagonal()) < SMALL):
            places, triangle = pivoted_root(lower, np.ones(self.order))
            if places != tuple(range(self.order)):
                pivot, lower = tuple(self.pivot[place] for place in places), triangle
        negative = lower.diagonal() < 0.0
        sizes = np.abs(lower)
        held = sizes[np.arange(self.order), list(self.anchors)]
        if pivot == self.pivot and not np.any(negative) and np.all(held >= TURNED * sizes.max(axis=1)):
            return self, phi
        return self._around(pivot, lower * np.where(negative, -1.0, 1.0))
