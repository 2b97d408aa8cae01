"""The charts of autoregressions: a root in closed form, for matrices of any rank."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vcmodel.structures.chart import Array, Chart, Edge
from vcmodel.structures.correlations import LARGEST_START, snapped
from vcmodel.structures.levinson import lag_sums, prediction_root, prediction_root_derivative
from vcmodel.structures.series_chart import SeriesChart, SeriesFamily

# angle off an edge at which the partial autocorrelations beyond it are looked at
OFF = 0.1
LOOKED = 6  # of them


class AutoregressiveFamily(SeriesFamily, Protocol):
    """What :class:`DoubleRootChart` asks of a structure."""

    def partials(self, q: Array) -> tuple[Array, Array]:
        """Partial autocorrelations (p,) at inner parameters, and their derivative (p, k)."""


class PartialChart(SeriesChart):
    """The inner parameters are partial autocorrelations +-cos t; what comes after one of +-1 means nothing and counts as zero."""

    def _means_something(self, phi: Array) -> NDArray[np.bool_]:
        """Which partial autocorrelations do."""
        return np.concatenate([[True], np.cumsum(phi[:-1] == 0.0) == 0])

    def inner(self, phi: Array) -> Array:
        """Partial autocorrelations."""
        found = super().inner(phi)
        return found if found.size == 1 else np.where(self._means_something(phi), found, 0.0)

    def inner_derivative(self, phi: Array) -> Array:
        """Their derivative by the angles, (k, k)."""
        found = super().inner_derivative(phi)
        return found if found.size == 1 else np.where(self._means_something(phi), found, 0.0)

    def _partials(self, phi: Array) -> tuple[Array, Array, Array, Array]:
        """Partial autocorrelations (p,), the roots of what each leaves, and the derivatives (p, k) of both."""
        return self.inner(phi), np.sin(phi), self.inner_derivative(phi), np.diag(np.cos(phi))

    def loading(self, phi: Array) -> Array:
        """The Cholesky factor (w, w); its columns from a partial autocorrelation of +-1 on are zero."""
        partials, sines, _, _ = self._partials(phi)
        return prediction_root(partials, sines, self.order)

    def loading_derivative(self, phi: Array) -> Array:
        """Derivative of the Cholesky factor (k, w, w)."""
        partials, sines, change, lifted = self._partials(phi)
        by_partial, by_sine = prediction_root_derivative(partials, sines, self.order)
        return np.tensordot(change.T, by_partial, 1) + np.tensordot(lifted.T, by_sine, 1)

    def leaving(self, phi: Array, gradient: Array) -> tuple[Chart, Array]:
        """The later partial autocorrelations where tr(gradient Sigma) is largest just off the first edge: at ends, it is linear in each."""
        at_edge = np.flatnonzero(phi[:-1] == 0.0)
        if not at_edge.size:
            return self, phi
        weights, first = lag_sums(gradient), int(at_edge[0])
        q = SeriesChart.inner(self, np.where(np.arange(self.size) == first, OFF, phi))
        looked = min(self.size - first - 1, LOOKED)
        rest = np.zeros(self.size - first - 1 - looked)
        trials = [np.concatenate([q[: first + 1], ends, rest]) for ends in product((-LARGEST_START, LARGEST_START), repeat=looked)]
        q = max(trials, key=lambda trial: float(self.structure.series(trial)[0] @ weights))
        angles = np.where(np.arange(self.size) <= first, phi, np.arccos(np.abs(q)))
        return replace(self, signs=np.where(np.arange(self.size) <= first, self.signs, np.where(q < 0.0, -1.0, 1.0))), angles

    def feasible(self, phi: Array) -> bool:
        """Always."""
        return bool(np.all(np.isfinite(phi)))

    def edges(self, phi: Array) -> tuple[Edge, ...]:
        """Each angle at zero, where the levels from there on follow from those before."""
        return tuple(replace(edge, singular=True) for edge in super().edges(phi))


@dataclass(frozen=True, eq=False)
class DoubleRootChart(PartialChart):
    """Inner parameters from which partial autocorrelations follow."""

    structure: AutoregressiveFamily

    def _means_something(self, phi: Array) -> NDArray[np.bool_]:
        return np.ones(len(phi), dtype=bool)

    def _partials(self, phi: Array) -> tuple[Array, Array, Array, Array]:
        """Partial autocorrelations (p,), the roots of what each leaves, and the derivatives (p, k) of both."""
        partials, by_inner = self.structure.partials(self.inner(phi))
        partials = snapped(partials)
        sines = np.sqrt(np.maximum(1.0 - partials**2, 0.0))
        change = by_inner @ self.inner_derivative(phi)
        slopes = np.where(sines > 0.0, -partials / np.where(sines > 0.0, sines, 1.0), 0.0)
        return partials, sines, change, slopes[:, None] * change

    def leaving(self, phi: Array, gradient: Array) -> tuple[Chart, Array]:
        """As it is: few parameters."""
        return self, phi

    def feasible(self, phi: Array) -> bool:
        """Unless both roots are one."""
        return bool(np.all(np.isfinite(phi)) and np.all(np.isfinite(self.structure.partials(self.inner(phi))[0])))
